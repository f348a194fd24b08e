"""One run: scenario x design point x arm x replicate, as a pure function of text and luck."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.batch.recorder import Recorder
from sim.calibration.abroad import RegionMarket, build_regions
from sim.calibration.calibrate import Calibration, calibrate
from sim.calibration.entrants import calibrated_with_new_firms, with_new_firms
from sim.calibration.industry import Industry, build_industry
from sim.decisions.conduct import DynamicNash
from sim.errors import CalibrationError, SolverError
from sim.quarter.calendar import CALENDAR
from sim.quarter.context import Run, Work, first_state, make_run, usual_investor
from sim.quarter.forces import FOREVER
from sim.record.run_record import RunRecord
from sim.scenario.market_tables import read_market
from sim.scenario.scenario import Scenario, plain
from sim.scenario.world import WorldSettings
from sim.world.luck import Luck, draw_luck
from sim.world.state import World

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


# Runs whose agreements and base-year levels are kept for the next replicate.
RUNS_KEPT = 64


WARM_UP = 4  # quarters walked to compile what runs call


@dataclass(frozen=True)
class RunSpec:
    """Which run to make.

    Attributes
    ----------
    number
        Place in the canonical order.
    variant
        Label of the calibration.
    values
        Settings laid over the arm: those of the variant and of the design point.
    """

    number: int
    replicate: int
    point: int
    arm: str
    variant: str
    values: tuple[tuple[str, float], ...]


def _entry(settings: WorldSettings, firms: tuple[str, ...], start: int) -> IntArray:
    """Quarter of the run in which each firm enters, 0 for those that are there, (F,)."""
    quarter = {firm: entry.start.index - start for firm, entry in settings.entries.items()}
    for event in settings.events.values():
        if event.firm is not None:
            # One on a condition is let in by its event.
            quarter[event.firm] = FOREVER if event.start is None else event.start.index - start
    return np.array([quarter.get(firm, 0) for firm in firms], dtype=np.int64)


class Runner:
    """Makes runs of one scenario; keeps the settings, calibrations and luck it has met.

    Parameters
    ----------
    scenario
        A validated scenario.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._tables = read_market(scenario.heading.market)
        self._regions = bool(scenario.regions)
        self._calibrations: dict[str, Calibration | CalibrationError] = {}
        self._settled: dict[
            str, tuple[WorldSettings, Industry, Calibration, tuple[RegionMarket, ...]]
        ] = {}
        self._runs: dict[str, Run] = {}
        self._luck: dict[tuple[str, ...], Luck] = {}
        self._luck_of = -1

    def calibration(self, arm: str, values: Mapping[str, float]) -> Calibration:
        """The calibrated market of an arm at swept values, one per set of structural values.

        Raises
        ------
        CalibrationError
            The market cannot be calibrated there; the verdict is kept and raised again.
        """
        settings = self._scenario.calibration_settings(arm, values)
        # Regions abroad are calibrated beside the market at home, which knows nothing of them.
        settings = settings.model_copy(update={"regions": {}})
        key = json.dumps(plain(settings), sort_keys=True, default=str)
        if key not in self._calibrations:
            try:
                self._calibrations[key] = calibrate(
                    build_industry(self._tables, settings), settings
                )
            except CalibrationError as error:
                self._calibrations[key] = error
        found = self._calibrations[key]
        if isinstance(found, CalibrationError):
            raise CalibrationError(str(found))
        return found

    def compile_kernels(self) -> None:
        """Compile what runs call, or read it where it was compiled before.

        One process does it before many start, else each compiles the same. A baseline that
        cannot be calibrated or solved compiles nothing; its runs will say why.
        """
        try:
            run = self.run_of(self._scenario.heading.baseline, {}, 0)
            # Without Mesa, which takes a second to import; launches are due in the first quarters.
            state, recorder, investor = first_state(run), Recorder(run), usual_investor(run)
            for _ in range(WARM_UP):
                work = Work.blank(run)
                for phase in CALENDAR:
                    if phase.asks:
                        seen = work.views
                        asked = seen.active & np.ones(len(seen.active), dtype=np.bool_)
                        if phase.asks == "plan":
                            work.plans.put(asked, DynamicNash().plan_all(seen, asked))
                        else:
                            work.investments.put(asked, investor.invest_all(seen, asked))
                    phase.run(run, state, work)
                recorder.quarter(state, work)
            recorder.tables()
        except (CalibrationError, SolverError):
            return

    def run_of(self, arm: str, values: Mapping[str, float], replicate: int) -> Run:
        """Assemble the world, contracts and luck of a run.

        Raises
        ------
        InputError, CalibrationError
            The settings are not valid, or the market cannot be calibrated.
        """
        key = json.dumps([arm, sorted(values.items())])
        if key in self._runs:
            run = self._runs.pop(key)
            industry = run.world.industry
            run = run.with_luck(self._draw(industry.firms, industry.lines, replicate))
        else:
            run = self._compile(arm, values, replicate)
        self._runs[key] = run
        if len(self._runs) > RUNS_KEPT:
            # The one not asked for the longest.
            del self._runs[next(iter(self._runs))]
        return run

    def _compile(self, arm: str, values: Mapping[str, float], replicate: int) -> Run:
        """A run from its settings."""
        heading = self._scenario.heading
        settings, industry, calibration, regions = self._setting(arm, values)
        start, quarters = heading.horizon.start.index, heading.horizon.quarters
        world = World(
            industry=industry,
            calibration=calibration,
            settings=settings,
            luck=self._draw(industry.firms, industry.lines, replicate),
            start=start,
            quarters=quarters,
            tax_steps=self._steps("purchase_tax_nev", start),
            subsidy_steps=self._steps("purchase_subsidy", start),
            entry=_entry(settings, industry.firms, start),
            regions=regions,
        )
        return make_run(world, self._outside_stake(industry.firms, settings))

    def _steps(self, measure: str, start: int) -> tuple[tuple[int, float], ...]:
        """Steps of a measure as (quarter of the run, value), in order of time."""
        return tuple(
            (row.start.index - start, row.value)
            for row in sorted(self._tables.measures, key=lambda row: row.start)
            if row.measure == measure
        )

    def _setting(
        self, arm: str, values: Mapping[str, float]
    ) -> tuple[WorldSettings, Industry, Calibration, tuple[RegionMarket, ...]]:
        """What an arm and point are for every replicate."""
        key = json.dumps([arm, sorted(values.items())])
        if key not in self._settled:
            settings = self._scenario.settings(arm, values)
            at_home = self.calibration(arm, values)
            calibration = calibrated_with_new_firms(at_home, settings.events)
            held = self._scenario.calibration_settings(arm, values)
            start = self._scenario.heading.horizon.start.index
            regions = build_regions(self._tables, held, settings, at_home, start)
            industry = with_new_firms(build_industry(self._tables, settings), settings.events)
            self._settled[key] = (settings, industry, calibration, regions)
        return self._settled[key]

    def _draw(self, firms: tuple[str, ...], lines: tuple[str, ...], replicate: int) -> Luck:
        if self._luck_of != replicate:
            self._luck, self._luck_of = {}, replicate
        # Arms may differ in who enters; streams are named, so all else is the same luck.
        key = (*firms, *lines)
        if key not in self._luck:
            heading = self._scenario.heading
            self._luck[key] = draw_luck(
                firms,
                lines,
                heading.horizon.quarters,
                heading.seed,
                replicate,
                antithetic=self._scenario.antithetic,
            )
        return self._luck[key]

    def _outside_stake(self, firms: tuple[str, ...], settings: WorldSettings) -> FloatArray:
        """Largest stake in each firm of a holder who is not in the market."""
        held = np.zeros(len(firms))
        stakes = [(row.holder, row.target, row.share) for row in self._tables.holdings]
        stakes += [(row.holder, row.target, row.share) for row in settings.holdings.values()]
        for holder, target, share in stakes:
            if holder not in firms and target in firms:
                position = firms.index(target)
                held[position] = max(held[position], share)
        return held

    def record(self, spec: RunSpec) -> RunRecord:
        """Make a run and return its rows.

        Raises
        ------
        SimError
            The run ended with a solver's or the calibration's verdict.
        """
        # Mesa takes a second to import; validate and show never need it.
        from sim.engine.model import PriceWar

        run = self.run_of(spec.arm, dict(spec.values), spec.replicate)
        level = self._scenario.heading.record
        model = PriceWar(run)
        recorder = Recorder(run, products=level == "full", regions=self._regions)
        model.walk(run.world.quarters, recorder.quarter)
        model.remove_all_agents()
        tables = recorder.tables()
        if level == "none":
            for table in {"firms", "regions"} & set(tables):
                tables[table] = {name: values[:0] for name, values in tables[table].items()}
        return RunRecord(number=spec.number, tables=tables)

    def run(self, spec: RunSpec) -> bytes:
        """Make a run and return it as bytes."""
        return self.record(spec).encode()

