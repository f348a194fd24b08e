"""Forecasts of a year that happened, made from what was known before it, and their scores.

A scenario starts in the first quarter of the year; its market is that of the December before
(``history.csv`` and ``realised.csv`` beside its tables). The forecast reads the scenario alone;
what happened is read afterwards, to judge it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.batch.run_one import Runner
from sim.errors import Fault, InputError, SimError, SolverError
from sim.scenario.market_tables import market_folder
from sim.scenario.outcomes import (
    HISTORY,
    MARKET,
    REALISED,
    Input,
    Outcomes,
    read_information,
    read_outcomes,
)
from sim.scenario.scenario import Scenario
from sim.stats import Estimate, Interval, clopper_pearson, mean_interval
from sim.stats.forecasts import Score, equal_shares, inside, persistence, score, trend

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

QUARTERS = 4
LEVELS = (0.80, 0.95)
MODEL = "model"
BENCHMARKS = ("persistence", "trend", "equal shares")
# Counts of these are no observation of a firm: what is left of the market, or a guess.
NOT_SCORED = ("remainder", "estimate")


@dataclass(frozen=True)
class Forecast:
    """What R replicates say of the year. F firms.

    Attributes
    ----------
    units
        (R, F) vehicles in the year.
    price_ratio
        (R, F) mean price of the year over that of the base year, at base-year weights; NaN
        where a firm left.
    failed
        Verdicts of replicates that ended early; they are in neither array.
    """

    firms: tuple[str, ...]
    units: FloatArray
    price_ratio: FloatArray
    failed: tuple[str, ...]

    def of(self, firms: Sequence[str]) -> Forecast:
        """The forecast of some of the firms."""
        place = [self.firms.index(firm) for firm in firms]
        return replace(
            self,
            firms=tuple(firms),
            units=self.units[:, place],
            price_ratio=self.price_ratio[:, place],
        )


@dataclass(frozen=True)
class Coverage:
    """How many realised amounts fell in the central band of the replicates."""

    level: float
    inside: int
    count: int

    @property
    def interval(self) -> Interval:
        """95 % interval of the share inside, as if firms were independent."""
        return clopper_pearson(self.inside, self.count)


@dataclass(frozen=True)
class Judged:
    """One measure: amounts by forecaster, and their scores.

    Attributes
    ----------
    firms
        Firms scored.
    last, realised
        (F,) of the base year and of the year.
    forecasts
        By name, the model first: (F,).
    low, high
        (F,) ends of the model's 80 % band.
    """

    measure: str
    firms: tuple[str, ...]
    last: FloatArray
    realised: FloatArray
    forecasts: dict[str, FloatArray]
    scores: dict[str, Score]
    low: FloatArray
    high: FloatArray
    coverage: tuple[Coverage, ...]

    def excess(self, benchmark: str) -> FloatArray:
        """The model's absolute log error less a benchmark's, firm by firm, (F,)."""
        ours, theirs = (
            np.abs(np.log(self.forecasts[name] / self.realised)) for name in (MODEL, benchmark)
        )
        return np.asarray(ours - theirs)

    def nearer(self, benchmark: str) -> int:
        """Firms for which the model is nearer than a benchmark."""
        return int((self.excess(benchmark) < 0.0).sum())

    def mean_excess(self, benchmark: str) -> Estimate:
        """Mean excess with its 95 % interval, as if firms were independent."""
        return mean_interval(self.excess(benchmark))


@dataclass(frozen=True)
class Backtest:
    """A year judged.

    Attributes
    ----------
    total
        Market's units by forecaster; ``realised`` and ``last`` beside them.
    unscored
        Firm -> why its units are not scored.
    """

    scenario: Scenario
    year: int
    forecast: Forecast
    information: tuple[Input, ...]
    judged: tuple[Judged, ...]
    total: dict[str, float]
    unscored: dict[str, str]


def forecast(scenario: Scenario, replicates: int) -> Forecast:
    """Play the year with the luck of replicates 0, 1, ... of the scenario.

    Raises
    ------
    CalibrationError
        The market cannot be calibrated.
    SimError
        Every replicate failed.
    """
    # Mesa takes a second to import.
    from sim.engine.model import PriceWar

    runner, arm = Runner(scenario), scenario.heading.baseline
    values = dict(scenario.reference_point().values)
    firms: tuple[str, ...] = ()
    units, ratios, failed = [], [], []
    for replicate in range(replicates):
        run = runner.run_of(arm, values, replicate)
        industry, model = run.world.industry, PriceWar(run)
        firms = industry.firms
        base = industry.by_firm(industry.units * industry.price)
        sold, paid = np.zeros(len(firms)), np.zeros(len(firms))
        try:
            for _ in range(QUARTERS):
                model.step()
                sold += model.work.units
                on_sale = model.work.units > 0.0
                price = industry.by_firm(industry.units * model.work.price) / base
                paid += np.where(on_sale, price, np.nan) / QUARTERS
        except SolverError as error:
            failed.append(f"replicate {replicate}: {error}")
            continue
        finally:
            model.remove_all_agents()
        units.append(sold)
        ratios.append(paid)
    if not units:
        raise SimError("every replicate failed; the first: " + failed[0])
    return Forecast(firms, np.array(units), np.array(ratios), tuple(failed))


def backtest(scenario: Scenario, replicates: int) -> Backtest:
    """Forecast a year from the December before and judge it by what happened.

    Raises
    ------
    InputError
        The market does not say what happened, something later than its December entered it,
        the scenario does not start a year of four quarters after it, or its luck is antithetic.
    SimError
        The market cannot be calibrated, or every replicate failed.
    """
    scenario = scenario.independent("a backtest")
    year = _year(scenario)
    market = scenario.heading.market
    information = read_information(market, year - 1)
    made = forecast(scenario, replicates)
    history, realised = read_outcomes(market, HISTORY), read_outcomes(market, REALISED)
    return judge(scenario, year, made, information, history, realised)


def _year(scenario: Scenario) -> int:
    """The year that a scenario forecasts."""
    heading = scenario.heading
    start, faults = heading.horizon.start, []
    year, quarter = divmod(start.index, QUARTERS)
    place = scenario.tree.place(("horizon", "start")) or (scenario.file, 0)
    if quarter:
        faults.append(Fault(*place, "horizon.start", str(start), "a first quarter"))
    for file in (HISTORY, REALISED):
        if not (market_folder(heading.market) / file).is_file():
            where = scenario.tree.place(("market",)) or (scenario.file, 0)
            expected = f"a market with {file}: one whose next year has happened"
            faults.append(Fault(*where, "market", heading.market, expected))
            break
    else:
        last = max(of for _, _, of in read_outcomes(heading.market, HISTORY))
        if last + 1 != year:
            expected = f"{last + 1}Q1, the year after the market's"
            faults.append(Fault(*place, "horizon.start", str(start), expected))
    if heading.horizon.quarters < QUARTERS:
        where = scenario.tree.place(("horizon", "quarters")) or (scenario.file, 0)
        length = str(heading.horizon.quarters)
        faults.append(Fault(*where, "horizon.quarters", length, "at least 4"))
    if faults:
        raise InputError(faults)
    return year


def judge(
    scenario: Scenario,
    year: int,
    made: Forecast,
    information: tuple[Input, ...],
    history: Outcomes,
    realised: Outcomes,
) -> Backtest:
    """Hold a forecast and the benchmarks against what happened."""
    everybody, most = made.units.sum(axis=1), float(np.median(made.units, axis=0).sum())
    # Who was not there in December has no benchmark: it counts in the market alone.
    unscored = _unscored(made.firms, history, realised, year)
    made = made.of([firm for firm in made.firms if (firm, "units", year - 1) in history])
    firms = made.firms
    last = np.array([history[firm, "units", year - 1].value for firm in firms])
    before = np.array([_same(history, firm, year - 2, year - 1) for firm in firms])
    grown = [history[MARKET, "units", each].value for each in (year - 1, year - 2)]
    simple = {
        "persistence": persistence(last),
        "trend": trend(last, before, grown[0] / grown[1]),
        "equal shares": equal_shares(last),
    }
    kept = np.array([firm not in unscored for firm in firms])
    happened = np.array(
        [
            realised[f, "units", year].value if k else np.nan
            for f, k in zip(firms, kept, strict=True)
        ]
    )
    market = realised[MARKET, "units", year].value
    units = {MODEL: np.median(made.units, axis=0), **simple}
    shares = {name: values / values.sum() for name, values in simple.items()}
    shares = {MODEL: units[MODEL] / most, **shares}
    drawn = made.units / everybody[:, None]
    judged = (
        _judged("units", firms, kept, last, happened, units, made.units, happened),
        _judged(
            "share", firms, kept, last / last.sum(), happened / market, shares, drawn, happened
        ),
    )
    totals = {name: float(values.sum()) for name, values in units.items()}
    # The median of the sum is not the sum of medians.
    totals[MODEL] = float(np.median(everybody))
    prices = _prices(made, history, realised, year)
    return Backtest(
        scenario, year, made, information, (*judged, *prices),
        {"last": grown[0], "realised": market, **totals}, unscored,
    )  # fmt: skip


def _same(history: Outcomes, firm: str, before: int, last: int) -> float:
    """Units of the year before, NaN where they were not counted as the last year's were."""
    found = history.get((firm, "units", before))
    now = history[firm, "units", last]
    return np.nan if found is None or found.metric != now.metric else found.value


def _unscored(
    firms: tuple[str, ...], history: Outcomes, realised: Outcomes, year: int
) -> dict[str, str]:
    """Firms whose units cannot be held against the forecast, and why."""
    reasons = {}
    for firm in firms:
        then, now = history.get((firm, "units", year - 1)), realised.get((firm, "units", year))
        if then is None:
            told = "no count of the year" if now is None else f"sold {now.value:,.0f}"
            reasons[firm] = f"not on sale before; {told}"
        elif now is None or NOT_SCORED[0] in (then.metric, now.metric):
            reasons[firm] = "what is left of the market"
        elif now.metric in NOT_SCORED:
            reasons[firm] = "no full count of the year"
        elif now.metric != then.metric:
            reasons[firm] = f"counted as {then.metric} before, as {now.metric} then"
    for firm, measure, of in realised:
        if measure == "units" and of == year and firm not in (*firms, MARKET):
            sold = realised[firm, "units", year].value
            reasons[firm] = f"not on sale before; sold {sold:,.0f}"
    return reasons


def _judged(
    measure: str,
    firms: tuple[str, ...],
    kept: BoolArray,
    last: FloatArray,
    realised: FloatArray,
    forecasts: dict[str, FloatArray],
    drawn: FloatArray,
    weights: FloatArray,
) -> Judged:
    """Scores of one measure over the firms kept."""
    happened, replicates = realised[kept], drawn[:, kept]
    amounts = {name: values[kept] for name, values in forecasts.items()}
    tail = (1.0 - LEVELS[0]) / 2.0
    low, high = np.quantile(replicates, [tail, 1.0 - tail], axis=0)
    return Judged(
        measure=measure,
        firms=tuple(firm for firm, keep in zip(firms, kept, strict=True) if keep),
        last=last[kept],
        realised=happened,
        forecasts=amounts,
        scores={name: score(values, happened, weights[kept]) for name, values in amounts.items()},
        low=low,
        high=high,
        coverage=tuple(
            Coverage(level, int(inside(replicates, happened, level).sum()), len(happened))
            for level in LEVELS
        ),
    )


def _prices(
    made: Forecast, history: Outcomes, realised: Outcomes, year: int
) -> tuple[Judged, ...]:
    """List prices over those of the base year, where both are known.

    Weights are the units of the year, as for units and shares; a firm without a count has none.
    """
    counts = [realised.get((firm, "units", year)) for firm in made.firms]
    weights = np.array([0.0 if each is None else each.value for each in counts])
    known = [realised.get((firm, "price_ratio", year)) for firm in made.firms]
    complete = np.isfinite(made.price_ratio).all(axis=0)
    kept = np.array([each is not None for each in known]) & complete
    if not kept.any():
        return ()
    happened = np.array([1.0 if each is None else each.value for each in known])
    earlier = [history.get((firm, "price_ratio", year - 1)) for firm in made.firms]
    unchanged = np.ones(len(happened))
    forecasts = {MODEL: np.median(made.price_ratio, axis=0), "persistence": unchanged}
    if any(each is not None for each in earlier):
        moved = [1.0 if each is None else each.value for each in earlier]
        forecasts["trend"] = np.array(moved)
    return (
        _judged(
            "price", made.firms, kept, unchanged, happened, forecasts, made.price_ratio, weights
        ),
    )
