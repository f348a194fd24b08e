"""Statistics by which a run shows a fact or does not; ``docs/facts.md`` defines each in words.

Each measure turns the rows of one run into conditions. A fact holds in a run if all its
conditions are met; a condition that cannot be told (NaN) is not met.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.calibration.spread import log_share_changes
from sim.scenario.facts import (
    CutsAnswered,
    CutsFollow,
    Fact,
    OwnedLiveOn,
    PlantsHalfEmpty,
    PricesOutrunCosts,
    ProfitConcentrates,
    SharesMove,
    VolumeWithoutMargin,
)
from sim.scenario.panel import Moment

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

YEAR = 4
# Cuts beyond costs are cuts by more than rounding.
ROUNDING = 1e-9
COMPOSITE = "composite"
SPREAD = "spread"


class Condition(NamedTuple):
    """One number of a run and the band in which the fact has it."""

    name: str
    value: float
    low: float = -np.inf
    high: float = np.inf

    @property
    def met(self) -> bool:
        """Whether the value lies in the band; a value that is not known does not."""
        return bool(self.low <= self.value <= self.high)


@dataclass(frozen=True)
class History:
    """One run: T quarters, F firms, J lines; what is not on sale sells nothing.

    Attributes
    ----------
    start
        First quarter, counted as ``4 year + quarter - 1``.
    firms, kinds
        Names and kinds of firms.
    units, exports, capacity
        (T, F) vehicles a quarter.
    revenue, contribution, own_result
        (T, F) CNY; the own result is without other business and the cost of alliances.
    on_sale
        (T, F) the brand is on sale.
    firm_of
        (J,) place of each line's firm.
    line_units, price, cost
        (T, J) vehicles, CNY a car; price and cost are NaN where a line is not on sale.
    """

    start: int
    firms: tuple[str, ...]
    kinds: tuple[str, ...]
    units: FloatArray
    exports: FloatArray
    capacity: FloatArray
    revenue: FloatArray
    contribution: FloatArray
    own_result: FloatArray
    on_sale: BoolArray
    firm_of: IntArray
    line_units: FloatArray
    price: FloatArray
    cost: FloatArray

    @property
    def single(self) -> BoolArray:
        """Which firms (F,) are one firm, and not what is left of the market."""
        return np.array([kind != COMPOSITE for kind in self.kinds])


def like_for_like(run: History) -> tuple[FloatArray, FloatArray]:
    """Log changes of each firm's prices and costs at equal lines, (T - 1, F) each.

    Means over the lines on sale in both quarters, weighted by mean units of the two; NaN for a
    firm without such a line.
    """
    weight, price, cost = _changes(run)
    weight = np.where(np.isfinite(price), weight, 0.0)
    size = (len(weight), len(run.firms))
    total, moved, dearer = np.zeros(size), np.zeros(size), np.zeros(size)
    for line, firm in enumerate(run.firm_of.tolist()):
        total[:, firm] += weight[:, line]
        moved[:, firm] += weight[:, line] * np.nan_to_num(price[:, line])
        dearer[:, firm] += weight[:, line] * np.nan_to_num(cost[:, line])
    total = np.where(total > 0.0, total, np.nan)
    return moved / total, dearer / total


def _changes(run: History) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean units, log change of price and of cost of each line, (T - 1, J); NaN off sale."""
    weight = (run.line_units[1:] + run.line_units[:-1]) / 2.0
    return weight, np.diff(np.log(run.price), axis=0), np.diff(np.log(run.cost), axis=0)


def leaders_cuts(run: History, fact: CutsFollow) -> BoolArray:
    """In which quarters but the first, (T - 1,), some leader cuts."""
    leads = np.isin(run.firms, fact.leaders)
    return np.asarray(_cuts(run, fact.leader_cut)[:, leads].any(axis=1))


def _cuts(run: History, least: float) -> BoolArray:
    """Which firms cut from one quarter to the next, (T - 1, F).

    A cut is a fall of like-for-like prices by a share and by more than costs.
    """
    price, cost = like_for_like(run)
    cuts: BoolArray = (price <= np.log1p(-least)) & (price < cost - ROUNDING)
    return cuts


def cuts_follow(run: History, fact: CutsFollow, led: BoolArray | None = None) -> list[Condition]:
    """Rivals cut in the quarter of a leader's cut or the next, and more so than at other times.

    Parameters
    ----------
    led
        Quarters of the leaders' cuts, (T - 1,), if not those of this run.
    """
    if led is None:
        led = leaders_cuts(run, fact)
    rivals = ~np.isin(run.firms, fact.leaders) & run.single
    cut = _cuts(run, fact.cut)[:, rivals]
    there = np.isfinite(like_for_like(run)[0][:, rivals])
    # A window is a quarter and the one after it.
    follows, known = cut[:-1] | cut[1:], there[:-1]
    after, other = led[:-1], ~(led[:-1] | led[1:])
    followers = _mean(_share(follows, known)[after])
    elsewhere = _mean(_share(follows, known)[other])
    return [
        Condition("leaders' cuts", float(after.sum()), low=1.0),
        Condition("rivals that follow", followers, low=fact.followers),
        # More than at other times, be it by little.
        Condition("less rivals that cut at other times", followers - elsewhere, low=ROUNDING),
    ]


def _share(yes: BoolArray, known: BoolArray) -> FloatArray:
    """Share (N,) of ones among what is known, row by row; NaN where nothing is."""
    count = known.sum(axis=1).astype(np.float64)
    share: FloatArray = (yes & known).sum(axis=1) / np.where(count > 0.0, count, np.nan)
    return share


def _mean(values: FloatArray) -> float:
    return float(values.mean()) if len(values) else float("nan")


def volume_without_margin(run: History, fact: VolumeWithoutMargin) -> list[Condition]:
    """Units of the last year over the first, and the fall of contribution over revenue."""
    units, revenue, contribution = (
        (values[:YEAR].sum(), values[-YEAR:].sum())
        for values in (run.units, run.revenue, run.contribution)
    )
    fall = contribution[0] / revenue[0] - contribution[1] / revenue[1]
    return [
        Condition("growth of units", float(units[1] / units[0] - 1.0), low=fact.growth),
        Condition("fall of the margin", float(fall), low=fact.margin_fall),
    ]


def prices_outrun_costs(run: History, fact: PricesOutrunCosts) -> list[Condition]:
    """Falls of a chained index of prices and of one of costs over the quarters of the war.

    Lines on sale in both quarters, weighted by the mean of their shares in sales of the two
    (Tornqvist); the same weights for costs.
    """
    _, price, cost = _changes(run)
    paid = np.nan_to_num(run.line_units * run.price)
    both = np.isfinite(price)
    before, after = np.where(both, paid[:-1], 0.0), np.where(both, paid[1:], 0.0)
    weight = 0.5 * (
        before / before.sum(axis=1, keepdims=True) + after / after.sum(axis=1, keepdims=True)
    )
    rows = slice(fact.start.index - run.start - 1, fact.end.index - run.start)
    fall, cheaper = (
        -float((weight * np.nan_to_num(change))[rows].sum()) for change in (price, cost)
    )
    return [
        Condition("fall of prices", fall, low=fact.price_fall),
        Condition("less fall of costs", fall - cheaper, low=fact.gap),
    ]


def profit_concentrates(run: History, fact: ProfitConcentrates) -> list[Condition]:
    """Share of the largest in all profits of the last year, and of firms that make one."""
    counted = run.single & run.on_sale[-1]
    own = run.own_result[-YEAR:, counted].sum(axis=0)
    gains = np.sort(own[own > 0.0])[::-1]
    share = float(gains[: fact.largest].sum() / gains.sum()) if len(gains) else float("nan")
    return [
        Condition(f"profit of the {fact.largest} largest", share, low=fact.share),
        Condition("firms with a profit", _mean((own > 0.0) * 1.0), high=fact.profitable),
    ]


def plants_half_empty(run: History, fact: PlantsHalfEmpty) -> list[Condition]:
    """Production over capacity in the last year, median over firms on sale at its end."""
    counted = run.single & run.on_sale[-1]
    made = (run.units + run.exports)[-YEAR:, counted].sum(axis=0)
    could = np.where(run.on_sale, run.capacity, 0.0)[-YEAR:, counted].sum(axis=0)
    use = float(np.median(made / could)) if counted.any() else float("nan")
    return [Condition("utilisation of the median firm", use, high=fact.utilisation)]


def owned_live_on(run: History, fact: OwnedLiveOn) -> list[Condition]:
    """Firms with a rich owner that lose money over the run, and how many of them are on sale."""
    owned = np.isin(run.kinds, fact.kinds)
    weak = owned & (run.own_result.sum(axis=0) < 0.0)
    return [
        Condition("owned firms that lose money", float(weak.sum()), low=float(fact.weak)),
        Condition("of them on sale at the end", _mean(run.on_sale[-1, weak] * 1.0), low=fact.alive),
    ]


def shares_move(run: History, fact: SharesMove, panel: Mapping[int, Moment]) -> list[Condition]:
    """Spread of log-share changes at each horizon, in the band about the panel's.

    Two histories of that length, each with the panel's standard error, differ by less than
    ``errors`` times the error of their difference.
    """
    found = []
    for horizon in fact.horizons:
        changes = log_share_changes(run.units[:, run.single], horizon, fact.floor)
        spread = float(np.sqrt(np.mean(changes**2))) if len(changes) else float("nan")
        moment = panel[horizon]
        reach = fact.errors * np.sqrt(2.0) * moment.standard_error
        found.append(
            Condition(
                f"spread over {horizon} quarter{'s' * (horizon > 1)}", spread,
                moment.value - reach, moment.value + reach,
            )
        )  # fmt: skip
    return found


def conditions(
    run: History, fact: Fact, panel: Mapping[int, Moment], led: BoolArray | None = None
) -> list[Condition]:
    """The conditions of a fact in one run.

    Parameters
    ----------
    led
        Quarters of the true world's cuts by leaders; used by ``CutsAnswered`` alone.
    panel
        Spread of the panel by horizon; needed by ``SharesMove`` alone.
    """
    match fact:
        case CutsAnswered():
            return cuts_follow(run, fact, led)
        case CutsFollow():
            return cuts_follow(run, fact)
        case VolumeWithoutMargin():
            return volume_without_margin(run, fact)
        case PricesOutrunCosts():
            return prices_outrun_costs(run, fact)
        case ProfitConcentrates():
            return profit_concentrates(run, fact)
        case PlantsHalfEmpty():
            return plants_half_empty(run, fact)
        case OwnedLiveOn():
            return owned_live_on(run, fact)
        case SharesMove():
            return shares_move(run, fact, panel)
    raise TypeError(f"no measure of {type(fact).__name__}")
