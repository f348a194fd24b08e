"""From the quarters of a run to the columns of its tables."""

from __future__ import annotations

from itertools import chain

import numpy as np
from numpy.typing import NDArray

from sim.decisions.conduct import ShadowParts
from sim.kernels.concentration import hhi
from sim.kernels.grouping import group_sums
from sim.kernels.surplus import consumer_surplus
from sim.quarter.context import Event, Run, Work
from sim.quarter.phases import pooled
from sim.quarter.standing import STATES, standing
from sim.scenario.quarters import Quarter
from sim.world.state import State

FloatArray = NDArray[np.float64]
Columns = dict[str, NDArray[np.generic]]

MARKET = "market"
NO_PARTS = ShadowParts(0.0, 0.0, 0.0, 0.0)  # of a firm that has left


class Recorder:
    """Collects a row a quarter, a row a quarter and firm, and the events.

    Parameters
    ----------
    run
        The run to record.
    products
        Collect a row a quarter and line on sale too.
    """

    def __init__(self, run: Run, *, products: bool = False) -> None:
        self._run = run
        self._products: dict[str, list[NDArray[np.generic]]] | None = {} if products else None
        self._market: dict[str, list[object]] = {}
        self._firms: dict[str, list[NDArray[np.generic]]] = {}
        self._events: list[Event] = []

    def quarter(self, state: State, work: Work) -> None:
        """Record the quarter just walked; ``state.t`` points to the next one.

        Names are kept as positions until the run is over.
        """
        for name, value in self._market_row(state, work).items():
            self._market.setdefault(name, []).append(value)
        for name, values in self._firm_rows(state, work).items():
            # Phases may write into the arrays of a state; a row is what they held at its time.
            self._firms.setdefault(name, []).append(values.copy())
        if self._products is not None:
            for name, values in self._product_rows(state, work).items():
                self._products.setdefault(name, []).append(values)
        self._events.extend(work.events)

    def _market_row(self, state: State, work: Work) -> dict[str, object]:
        world = self._run.world
        units = float(work.units.sum())
        buying = units > 0.0
        by_owner = group_sums(state.owner, work.units, len(work.units))
        assert work.problem is not None
        surplus = consumer_surplus(work.problem.demand, work.price)
        bought_cars = work.market_size / world.settings.demand.no_purchase_margin
        return {
            "t": state.t - 1,
            "quarter": str(Quarter(world.start + state.t - 1)),
            "units": units,
            "penetration": units / bought_cars,
            "price_mean": float(work.sold @ work.price) / units if buying else np.nan,
            "hhi": hhi(by_owner / units) if buying else np.nan,
            "consumer_surplus": surplus * work.market_size,
            "battery_price": work.battery_price,
            "iterations": work.iterations,
            "residual": work.residual,
            "active_firms": int(state.active.sum()),
        }

    def _firm_rows(self, state: State, work: Work) -> dict[str, NDArray[np.generic]]:
        industry = self._run.world.industry
        income = work.income
        assert income is not None
        size = len(industry.firms)
        units = work.units
        share = units / max(float(units.sum()), 1e-300)
        paid = industry.by_firm(work.sold * work.price)
        spent = industry.by_firm(work.sold * work.cost)
        sold = units > 0.0
        safe = np.where(sold, units, 1.0)
        stated = [NO_PARTS if plan is None else plan.parts for plan in work.plans]
        parts = np.fromiter(chain.from_iterable(stated), np.float64, len(NO_PARTS) * size)
        learning, idle, war, conduct = parts.reshape(size, -1).T
        problem = work.problem
        assert problem is not None
        verdict = standing(industry, state, state.t)
        return {
            "t": np.full(size, state.t - 1, dtype=np.int32),
            "firm": np.arange(size),
            "state": verdict.state,
            "units": units,
            "exports": work.exports,
            "price": np.where(sold, paid / safe, np.nan),
            "unit_cost": np.where(sold, spent / safe, np.nan),
            "share": share,
            "revenue": income.revenue,
            "contribution": income.contribution,
            "fixed_cost": income.fixed_cost,
            "rd": income.rd,
            "interest": income.interest,
            "other_income": income.other_business - income.alliance_cost,
            "result": income.result,
            "cash": state.cash,
            "debt": state.debt,
            "runway": np.where(np.isfinite(work.runway), work.runway, np.nan),
            "mu": work.mu,
            # The sum in the order of ``ShadowParts.total``.
            "shadow_value": learning + idle + war - conduct,
            "learning": learning,
            "idle": idle,
            "war": war,
            "conduct_part": conduct,
            "state_money": state.state_money,
            "owner_money": state.owner_money,
            "equity_raised": state.equity_raised,
            "quality": industry.by_firm(industry.units * problem.demand.delta)
            / self._run.base_units,
            "survives": verdict.survives,
            "brand": verdict.brand,
            "independent": verdict.independent,
            "owner": state.owner,
            "group_cash": pooled(state.cash, state),
        }

    def _product_rows(self, state: State, work: Work) -> dict[str, NDArray[np.generic]]:
        industry, problem = self._run.world.industry, work.problem
        assert problem is not None
        # Choosing by position copies, so no later phase writes into these.
        sold = np.flatnonzero(work.sold > 0.0)
        units = work.sold[sold]
        return {
            "t": np.full(len(sold), state.t - 1, dtype=np.int32),
            "line": sold,
            "firm": industry.firm_of[sold],
            "price": work.price[sold],
            "cost": work.cost[sold],
            "units": units,
            "quality": problem.demand.delta[sold],
            "share": units / max(float(units.sum()), 1e-300),
        }

    def tables(self) -> dict[str, Columns]:
        """Columns of the tables of this run."""
        firms = self._run.world.industry.firms
        names = {"firm": np.array(firms), "owner": np.array(firms), "state": np.array(STATES)}
        rows = {name: np.concatenate(values) for name, values in self._firms.items()}
        for name, texts in names.items():
            rows[name] = texts[rows[name].astype(np.int64)]
        tables = {
            "market": {name: np.array(values) for name, values in self._market.items()},
            "firms": rows,
            "events": {
                "t": np.array([event.t for event in self._events], dtype=np.int32),
                "firm": np.array(
                    # An event that concerns all firms is the market's.
                    [MARKET if event.firm < 0 else firms[event.firm] for event in self._events],
                    dtype=np.str_,
                ),
                "kind": np.array([event.kind for event in self._events], dtype=np.str_),
                "counterparty": np.array(
                    [event.counterparty for event in self._events], dtype=np.str_
                ),
                "amount": np.array([event.amount for event in self._events], dtype=np.float64),
                "detail": np.array([event.detail for event in self._events], dtype=np.str_),
            },
        }
        if self._products is not None:
            products = {name: np.concatenate(values) for name, values in self._products.items()}
            ids = {"line": np.array(self._run.world.industry.lines), "firm": np.array(firms)}
            for name, known in ids.items():
                products[name] = known[products[name].astype(np.int64)]
            tables["products"] = products
        return tables
