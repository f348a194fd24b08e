"""Simulated and panel spread of log-share changes, side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.batch.run_one import Runner
from sim.calibration.spread import Spread, spread_of
from sim.scenario.panel import Moment, read_panel_moments
from sim.scenario.scenario import Scenario

FloatArray = NDArray[np.float64]

MOMENT = "spread"
PANEL_QUARTERS = 13  # 2021Q1 to 2024Q1
FLOOR = 10_000.0  # vehicles a quarter at the start of a change


@dataclass(frozen=True)
class Compared:
    """One moment of the panel and what runs give for it."""

    panel: Moment
    simulated: Spread

    @property
    def distance(self) -> float:
        """Simulated less panel, in standard errors of the difference."""
        error = np.hypot(self.panel.standard_error, self.simulated.standard_error)
        return float((self.simulated.value - self.panel.value) / error)


def simulated_units(scenario: Scenario, replicates: int) -> list[FloatArray]:
    """Units (T, F) of the baseline at the reference point, composite firms left out.

    As long as the panel is; the luck of replicates 0, 1, ... of the batch.
    """
    from sim.engine.model import PriceWar

    runner, arm = Runner(scenario), scenario.heading.baseline
    values = dict(scenario.reference_point().values)
    panels = []
    for replicate in range(replicates):
        run = runner.run_of(arm, values, replicate)
        single = np.array([kind != "composite" for kind in run.world.industry.kinds])
        model = PriceWar(run)
        rows = np.empty((PANEL_QUARTERS, len(single)))
        for quarter in range(PANEL_QUARTERS):
            model.step()
            rows[quarter] = model.work.units
        model.remove_all_agents()
        panels.append(rows[:, single])
    return panels


def compare_spread(scenario: Scenario, replicates: int) -> tuple[Compared, ...]:
    """The panel's spread at each of its horizons beside that of ``replicates`` runs.

    Raises
    ------
    InputError
        The market's panel cannot be read, or the scenario's luck is antithetic.
    SimError
        A run failed.
    """
    scenario = scenario.independent("the spread of luck")
    panel = [row for row in read_panel_moments(scenario.heading.market) if row.name == MOMENT]
    units = simulated_units(scenario, replicates)
    return tuple(Compared(row, spread_of(units, row.horizon, FLOOR)) for row in panel)
