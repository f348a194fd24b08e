"""What a study asks of each run: one measure, of one firm or of the market, at one quarter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.compare import measures
from sim.compare.measures import Measure
from sim.errors import Fault, InputError
from sim.record.run_record import Columns
from sim.scenario.checks import nearest
from sim.scenario.scenario import Scenario

MARKET = "market"
# Without the cash of a merged pair, which no single firm has.
OF_FIRM = tuple(each for each in measures.OF_FIRM if each is not measures.CASH_TOGETHER)
EXAMPLE = "leapmotor.survives@2030Q4"


@dataclass(frozen=True)
class Outcome:
    """One number of a run.

    Attributes
    ----------
    firm
        Id of the firm; empty for the market.
    measure
        Which measure of :mod:`sim.compare.measures`.
    quarter
        Quarter at whose end it is taken, such as ``2030Q4``.
    """

    firm: str
    measure: Measure
    quarter: str

    def __str__(self) -> str:
        return f"{self.firm or MARKET}.{self.measure.key}@{self.quarter}"


def read_outcome(text: str, scenario: Scenario, firms: Sequence[str]) -> Outcome:
    """Read ``firm.measure@quarter`` or ``market.measure@quarter``.

    Parameters
    ----------
    text
        As typed.
    scenario
        For the quarters of its runs.
    firms
        Firms of its market.

    Raises
    ------
    InputError
        Says which part is wrong and what it could be.
    """
    whom, _, rest = text.partition(".")
    key, _, quarter = rest.partition("@")
    faults = []

    def hold(part: str, known: Sequence[str]) -> None:
        if part not in known:
            shown = ", ".join(known) if len(known) <= 30 else f"{known[0]} .. {known[-1]}"
            near = nearest(part, known)
            faults.append(
                Fault("command line", 0, "--outcome", text, f"such as {EXAMPLE}, with {part!r} "
                      f"one of {shown}", near)
            )

    hold(whom, (MARKET, *firms))
    choice = measures.OF_MARKET if whom == MARKET else OF_FIRM
    hold(key, [measure.key for measure in choice])
    hold(quarter, quarters_of(scenario))
    if faults:
        raise InputError(faults)
    measure = next(each for each in choice if each.key == key)
    return Outcome("" if whom == MARKET else whom, measure, quarter)


def quarters_of(scenario: Scenario) -> tuple[str, ...]:
    """Names of the quarters of a run."""
    first, count = scenario.heading.horizon.start.index, scenario.heading.horizon.quarters
    return tuple(f"{when // 4}Q{when % 4 + 1}" for when in range(first, first + count))


def measured(tables: Mapping[str, Columns], end: int) -> Columns:
    """Every measure of every firm and of the market at the end of one quarter of a run.

    The definitions are those of :func:`sim.compare.outcomes.outcomes`, without data frames:
    units and share are of the trailing year, price and concentration its mean, consumer surplus
    is summed from the start.

    Parameters
    ----------
    tables
        Columns of ``market`` and ``firms`` up to at least that quarter.
    end
        Place of the quarter in the run, from 0.

    Returns
    -------
    dict
        Columns ``firm`` (empty for the market), ``measure``, ``value``.
    """
    market, firms = tables["market"], tables["firms"]
    year = (market["t"] <= end) & (market["t"] > end - measures.TRAILING)
    units = market["units"][year]
    paid = np.where(units > 0.0, market["price_mean"][year], 0.0)
    values: dict[tuple[str, str], float] = {
        ("", measures.PRICE_LEVEL.key): _ratio(float(paid @ units), float(units.sum())),
        ("", measures.CONSUMER_SURPLUS.key): float(
            market["consumer_surplus"][market["t"] <= end].sum()
        ),
        ("", measures.HHI.key): float(np.mean(market["hhi"][year])),
    }
    annual = measures.TRAILING / int(year.sum())
    for place in np.flatnonzero(firms["t"] == end):
        firm = str(firms["firm"][place])
        own = (firms["firm"] == firm) & (firms["t"] <= end)
        sold = float(firms["units"][own & (firms["t"] > end - measures.TRAILING)].sum())
        values[firm, measures.UNITS_SOLD.key] = sold * annual
        values[firm, measures.MARKET_SHARE.key] = _ratio(sold, float(units.sum()))
        stocks = (measures.CASH, measures.OWNER_MONEY, measures.STATE_MONEY)
        for measure in (*measures.SURVIVAL, *stocks):
            values[firm, measure.key] = float(firms[measure.key][place])
    keys = list(values)
    return {
        "firm": np.array([firm for firm, _ in keys], dtype=np.str_),
        "measure": np.array([measure for _, measure in keys], dtype=np.str_),
        "value": np.array(list(values.values()), dtype=np.float64),
    }


def value_of(outcome: Outcome, columns: Columns) -> float:
    """The outcome among the measures of a run; NaN where it has none (a price without sales)."""
    found: NDArray[np.float64] = columns["value"][
        (columns["firm"] == outcome.firm) & (columns["measure"] == outcome.measure.key)
    ]
    return float(found[0]) if len(found) else float("nan")


def _ratio(over: float, under: float) -> float:
    return over / under if under > 0.0 else float("nan")
