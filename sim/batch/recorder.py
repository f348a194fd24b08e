"""From the quarters of a run to the columns of its tables.

During the run a quarter's numbers are only set aside, each in a row of an array that has been
waiting for it; whatever follows from them is computed once, for all quarters together.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.batch.region_rows import RegionRows
from sim.decisions.conduct import NO_PARTS
from sim.kernels.concentration import hhi
from sim.kernels.grouping import group_sums
from sim.kernels.surplus import consumer_surplus
from sim.quarter.context import Event, Run, Work
from sim.quarter.standing import STATES, standing
from sim.scenario.quarters import Quarter
from sim.world.state import State

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Columns = dict[str, NDArray[np.generic]]

MARKET = "market"
# What is set aside of each firm and quarter, by whose array it is found in.
_PAPERS = ("units", "exports", "runway", "mu")
_INCOME = (
    "revenue", "variable_cost", "fixed_cost", "rd", "interest", "other_business",
    "alliance_cost",
)
_STOCKS = ("cash", "debt", "state_money", "owner_money", "equity_raised", "capacity")
_LINES = ("sold", "price", "cost", "quality")


class Recorder:
    """Collects a row a quarter, a row a quarter and firm, and the events.

    Parameters
    ----------
    run
        The run to record.
    products
        Make a row a quarter and line on sale too.
    regions
        Make a row a quarter, region abroad and firm too.
    """

    def __init__(self, run: Run, *, products: bool = False, regions: bool = False) -> None:
        industry, quarters = run.world.industry, run.world.quarters
        size = (quarters, len(industry.firms))
        self._run = run
        self._with_products = products
        self._regions = RegionRows(industry.firms) if regions else None
        self._count = 0
        self._market: list[dict[str, object]] = []
        self._firms = {
            name: np.empty(size) for name in (*_PAPERS, *_INCOME, *_STOCKS)
        }
        self._parts = np.empty((*size, len(NO_PARTS)))
        self._owner = np.empty(size, dtype=np.int64)
        self._state = np.empty(size, dtype=np.int64)
        self._survival = {
            name: np.empty(size, dtype=np.bool_) for name in ("survives", "brand", "independent")
        }
        self._lines = {name: np.empty((quarters, len(industry.lines))) for name in _LINES}
        self._events: list[Event] = []

    def quarter(self, state: State, work: Work) -> None:
        """Record the quarter just walked; ``state.t`` points to the next one."""
        now, income, problem = self._count, work.income, work.problem
        assert income is not None
        assert problem is not None
        for source, names in ((work, _PAPERS), (income, _INCOME), (state, _STOCKS)):
            for name in names:
                self._firms[name][now] = getattr(source, name)
        self._parts[now] = work.plans.parts
        self._owner[now] = state.owner
        verdict = standing(self._run.world.industry, state, state.t)
        self._state[now] = verdict.state
        for name, held in self._survival.items():
            held[now] = getattr(verdict, name)
        for name, values in zip(
            _LINES, (work.sold, work.price, work.cost, problem.demand.delta), strict=True
        ):
            self._lines[name][now] = values
        surplus = consumer_surplus(problem.demand, work.price)
        self._market.append(
            {
                "t": state.t - 1,
                "market_size": work.market_size,
                "consumer_surplus": surplus * work.market_size,
                "battery_price": work.battery_price,
                "iterations": work.iterations,
                "residual": work.residual,
                "active_firms": np.count_nonzero(verdict.brand),
            }
        )
        self._events.extend(work.events)
        if self._regions is not None:
            self._regions.quarter(state.t - 1, work.abroad)
        self._count += 1

    def tables(self) -> dict[str, Columns]:
        """Columns of the tables of this run."""
        tables = {
            "market": self._market_table(),
            "firms": self._firm_table(),
            "events": self._event_table(),
        }
        if self._with_products:
            tables["products"] = self._product_table()
        if self._regions is not None:
            tables["regions"] = self._regions.table()
        return tables

    def _column(self, name: str) -> NDArray[Any]:
        """What was set aside of the market in each quarter, (T,)."""
        return np.array([row[name] for row in self._market])

    def _of_firms(self, name: str) -> FloatArray:
        """What was set aside of each firm in each quarter, (T, F)."""
        return self._firms[name][: self._count]

    def _of_lines(self, name: str) -> FloatArray:
        """What was set aside of each line in each quarter, (T, J)."""
        return self._lines[name][: self._count]

    def _sums(self, group_of: IntArray, values: FloatArray) -> FloatArray:
        """Sums of ``values`` (T, N) over groups of firms' number, each quarter for itself, (T, F).

        Parameters
        ----------
        group_of
            (N,) the group of each, or (T, N) where it changes with time.
        """
        size = len(self._run.world.industry.firms)
        cells = group_of + size * np.arange(self._count)[:, None]
        sums = group_sums(cells.ravel(), values.ravel(), size * self._count)
        return sums.reshape(self._count, size)

    def _market_table(self) -> Columns:
        world = self._run.world
        units = self._of_firms("units").sum(axis=1)
        buying = units > 0.0
        safe = np.where(buying, units, 1.0)
        size = self._column("market_size").astype(np.float64)
        bought_cars = size / world.settings.demand.no_purchase_margin
        paid = [
            sold @ price
            for sold, price in zip(self._of_lines("sold"), self._of_lines("price"), strict=True)
        ]
        by_owner = self._sums(self._owner[: self._count], self._of_firms("units"))
        concentration = [
            hhi(owned / sold) if sold > 0.0 else np.nan
            for owned, sold in zip(by_owner, units, strict=True)
        ]
        return {
            "t": self._column("t"),
            "quarter": np.array([str(Quarter(world.start + t)) for t in range(self._count)]),
            "units": units,
            "penetration": units / bought_cars,
            "price_mean": np.where(buying, np.array(paid) / safe, np.nan),
            "hhi": np.array(concentration),
            **{
                name: self._column(name)
                for name in (
                    "consumer_surplus", "battery_price", "iterations", "residual",
                    "active_firms",
                )
            },
        }

    def _firm_table(self) -> Columns:
        industry = self._run.world.industry
        names, firms = np.array(industry.firms), len(industry.firms)
        owner = self._owner[: self._count]
        sold, firm_of = self._of_lines("sold"), industry.firm_of
        units = self._of_firms("units")
        selling = units > 0.0
        safe = np.where(selling, units, 1.0)
        total = np.maximum(units.sum(axis=1), 1e-300)[:, None]
        paid = self._sums(firm_of, sold * self._of_lines("price"))
        spent = self._sums(firm_of, sold * self._of_lines("cost"))
        quality = self._sums(firm_of, industry.units * self._of_lines("quality"))
        contribution = self._of_firms("revenue") - self._of_firms("variable_cost")
        other = self._of_firms("other_business")
        spending = [self._of_firms(name) for name in ("fixed_cost", "rd", "interest")]
        result = contribution - spending[0] - spending[1] - spending[2] + other
        learning, idle, war, conduct = np.moveaxis(self._parts[: self._count], -1, 0)
        runway = self._of_firms("runway")
        pooled = self._sums(owner, self._of_firms("cash"))
        columns = {
            "t": np.repeat(np.arange(self._count, dtype=np.int32), firms),
            "firm": np.tile(names, self._count),
            "state": np.array(STATES)[self._state[: self._count]],
            "units": units,
            "exports": self._of_firms("exports"),
            "price": np.where(selling, paid / safe, np.nan),
            "unit_cost": np.where(selling, spent / safe, np.nan),
            "share": units / total,
            "revenue": self._of_firms("revenue"),
            "contribution": contribution,
            "fixed_cost": spending[0],
            "rd": spending[1],
            "interest": spending[2],
            "other_income": other - self._of_firms("alliance_cost"),
            "result": result - self._of_firms("alliance_cost"),
            "cash": self._of_firms("cash"),
            "debt": self._of_firms("debt"),
            "runway": np.where(np.isfinite(runway), runway, np.nan),
            "mu": self._of_firms("mu"),
            # The sum in the order of ``ShadowParts.total``.
            "shadow_value": learning + idle + war - conduct,
            "learning": learning,
            "idle": idle,
            "war": war,
            "conduct_part": conduct,
            "state_money": self._of_firms("state_money"),
            "owner_money": self._of_firms("owner_money"),
            "equity_raised": self._of_firms("equity_raised"),
            "quality": quality / self._run.base_units,
            **{name: values[: self._count] for name, values in self._survival.items()},
            "owner": names[owner],
            "group_cash": np.take_along_axis(pooled, owner, axis=1),
            "capacity": self._of_firms("capacity"),
        }
        return {name: values.ravel() for name, values in columns.items()}

    def _product_table(self) -> Columns:
        industry = self._run.world.industry
        quarter, line = np.nonzero(self._of_lines("sold") > 0.0)
        sold, price, cost, quality = (self._of_lines(name)[quarter, line] for name in _LINES)
        # Summed quarter by quarter over what is on sale, as the shares of firms are not.
        ends = np.searchsorted(quarter, np.arange(self._count + 1))
        total = np.array([sold[a:b].sum() for a, b in pairwise(ends.tolist())])
        return {
            "t": quarter.astype(np.int32),
            "line": np.array(industry.lines)[line],
            "firm": np.array(industry.firms)[industry.firm_of[line]],
            "price": price,
            "cost": cost,
            "units": sold,
            "quality": quality,
            "share": sold / np.maximum(total, 1e-300)[quarter],
        }

    def _event_table(self) -> Columns:
        firms, events = self._run.world.industry.firms, self._events
        return {
            "t": np.array([event.t for event in events], dtype=np.int32),
            "firm": np.array(
                # An event that concerns all firms is the market's.
                [MARKET if event.firm < 0 else firms[event.firm] for event in events],
                dtype=np.str_,
            ),
            "kind": np.array([event.kind for event in events], dtype=np.str_),
            "counterparty": np.array([event.counterparty for event in events], dtype=np.str_),
            "amount": np.array([event.amount for event in events], dtype=np.float64),
            "detail": np.array([event.detail for event in events], dtype=np.str_),
        }
