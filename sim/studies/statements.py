"""The three statements of firms, quarter by quarter, of one run made again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.batch.run_one import Runner
from sim.compare import Batch, Scope
from sim.errors import Fault, InputError
from sim.finance.books import WorkingCapital, stake_price
from sim.finance.statements import (
    BALANCE,
    Changes,
    Position,
    Statement,
    close_quarter,
    opening_position,
)
from sim.quarter.context import Run, Work
from sim.studies.remake import chosen_run, made_again, scenario_of, walk_again
from sim.world.state import State

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

OPENING = "opening"


class Accountant:
    """Keeps the books of all firms of a run from what its quarters leave behind.

    Attributes
    ----------
    position
        Balance sheet at the end of the last quarter; before the first, the opening one.
    gross
        (F,) CNY, absolute flows and assets of the largest quarter so far, to which a residual is
        relative.
    """

    def __init__(self, run: Run) -> None:
        industry = run.world.industry
        self._run = run
        # Plants stand at what they would cost today: upkeep, within fixed cost, keeps them there.
        cost = run.world.settings.finance.capex_cny_bn_per_100k * 1e9 / 1e5
        self._plants = industry.capacity * 4.0 * cost
        self.gross: FloatArray = np.zeros(len(industry.firms))
        self.position: Position = opening_position(
            industry.cash, run.base_stocks, self._plants, industry.debt, run.world.entry <= 0
        )

    def opening(self) -> Statement:
        """Lines of the opening balance sheet, (F,) CNY each."""
        now = self.position
        return {
            "cash": now.cash,
            "receivables": now.receivable,
            "inventory": now.inventory,
            "plants": now.plants,
            "stakes": now.stakes.sum(axis=1),
            "assets": now.assets,
            "payables": now.payable,
            "debt": now.debt,
            "equity": now.equity,
            "payables_debt_and_equity": now.payable + now.debt + now.equity,
            "residual": now.residual,
        }

    def quarter(self, start: State, state: State, work: Work) -> dict[str, Statement]:
        """Statement -> line -> (F,) CNY of the quarter that ran from ``start`` to ``state``."""
        income, stocks = work.income, work.stocks
        assert income is not None
        assert stocks is not None
        entered = start.waiting & ~state.waiting
        industry = self._run.world.industry
        open_books = WorkingCapital(
            receivable=np.where(start.active, stocks.receivable, 0.0),
            inventory=np.where(start.active, stocks.inventory, 0.0),
            payable=np.where(start.active, stocks.payable, 0.0),
        )
        moved = np.abs(work.ledger.flows).sum(axis=0) + np.abs(self.position.assets)
        self.gross = np.maximum(self.gross, moved)
        self.position, statements = close_quarter(
            self.position,
            income,
            industry.other_cash_share,
            open_books,
            work.ledger,
            Changes(
                cash=state.cash.copy(),
                debt=state.debt.copy(),
                stakes_bought=self._stakes_bought(start, state),
                debt_assumed=_debt_assumed(start, state, work),
                left=start.active & ~state.active,
                entered=entered,
                paid_in=np.where(entered, industry.cash, 0.0),
                plants_brought=np.where(entered, self._plants, 0.0),
            ),
        )
        return statements

    def _stakes_bought(self, start: State, state: State) -> FloatArray:
        """What each firm paid out of its own cash for shares of each other, (F, F) CNY."""
        bought = np.zeros(self._run.world.industry.holdings.shape)
        for number, contract in enumerate(self._run.contracts):
            stake = contract.stake
            if stake is None or state.signed[number] != start.t:
                continue
            if stake.paid_by_firm and stake.investor is not None:
                paid = stake_price(stake.share, stake.pre_money)
                bought[stake.investor, stake.target] += paid
        return bought


def _debt_assumed(start: State, state: State, work: Work) -> FloatArray:
    """Debt that merged brands hand to their new owner, (F,) CNY; adds up to zero.

    One taken over at the end of the quarter hands over what it drew in the quarter too.
    """
    moved, drawn = np.zeros(len(start.debt)), work.ledger.of("credit")
    for brand in np.flatnonzero(state.owner != start.owner):
        moved[state.owner[brand]] += start.debt[brand] + drawn[brand]
        moved[brand] -= start.debt[brand] + drawn[brand]
    return moved


@dataclass(frozen=True)
class Statements:
    """Statements of a run.

    Attributes
    ----------
    run, arm, replicate, scope
        Which run it is.
    firms
        Ids and display names of the firms in ``table``.
    table
        Tidy: ``firm``, ``quarter``, ``statement``, ``line``, ``value`` (CNY), in order of time.
        The opening balance sheet stands under quarter ``opening``.
    worst
        Largest residual: over the firm's flows and assets in its largest quarter, and in CNY.
    """

    run: int
    arm: str
    replicate: int
    scope: Scope
    firms: Mapping[str, str]
    table: pd.DataFrame
    worst: tuple[float, float]


@dataclass
class _Rows:
    """Rows of the tidy table, a block a quarter."""

    names: tuple[str, ...]
    kept: NDArray[np.int64]
    blocks: list[pd.DataFrame] = field(default_factory=list)
    worst: tuple[float, float] = (0.0, 0.0)

    def add(self, quarter: str, statement: str, lines: Statement) -> None:
        """Rows of one statement of one quarter."""
        values = np.array([lines[line][self.kept] for line in lines])
        count = len(lines)
        self.blocks.append(
            pd.DataFrame(
                {
                    "firm": np.repeat(np.array(self.names)[self.kept], count),
                    "quarter": quarter,
                    "statement": statement,
                    "line": np.tile(np.array(list(lines)), len(self.kept)),
                    "value": values.T.ravel(),
                }
            )
        )

    def hold(self, lines: Statement, gross: FloatArray) -> None:
        """Keep the largest residual."""
        left = np.abs(lines["residual"])
        relative = float(np.max(left / np.maximum(gross, 1.0)))
        self.worst = (max(self.worst[0], relative), max(self.worst[1], float(left.max())))


def statements(
    folder: Path,
    *,
    firm: str | None = None,
    run: int | None = None,
    arm: str | None = None,
    replicate: int = 0,
    scope: Scope | None = None,
    quarter: str | None = None,
) -> Statements:
    """Make a run of a batch again and draw up its statements.

    Parameters
    ----------
    folder
        A finished batch.
    firm
        Id of a brand; all if not given.
    run
        Number of the run in table ``runs``; else it is found by the next three.
    arm, replicate, scope
        The headline's arm, the first replicate and the headline's point if not given.
    quarter
        Last quarter; the whole run if not given.

    Raises
    ------
    InputError
        A name or number that the batch does not have, or a firm that the run is without.
    StoreError
        The batch cannot be read, the run failed in it, or the run made again differs from its
        rows: another version of the model made them.
    """
    batch = Batch(folder)
    row = chosen_run(
        batch, firm=firm, quarter=quarter, run=run, arm=arm, replicate=replicate, scope=scope
    )
    scenario = scenario_of(batch)
    again = made_again(batch, scenario, Runner(scenario), row)
    names = again.world.industry.firms
    if firm is not None and firm not in names:
        expected = f"a firm of arm {row['arm']}"
        raise InputError([Fault("command line", 0, "--firm", firm, expected)])
    kept = np.arange(len(names)) if firm is None else np.array([names.index(firm)])
    rows, accountant = _Rows(names, kept), Accountant(again)
    rows.add(OPENING, BALANCE, accountant.opening())

    def after(start: State, state: State, work: Work) -> None:
        for statement, lines in accountant.quarter(start, state, work).items():
            rows.add(batch.quarters[start.t], statement, lines)
            rows.hold(lines, accountant.gross)

    last = len(batch.quarters) if quarter is None else batch.quarters.index(quarter) + 1
    walk_again(batch, row, again, last, after)
    table = pd.concat(rows.blocks, ignore_index=True)
    table = table.sort_values("firm", kind="stable", ignore_index=True)
    values = {path: float(row[path]) for path in batch.sweep}
    return Statements(
        run=int(row["run"]),
        arm=str(row["arm"]),
        replicate=int(row["replicate"]),
        scope=Scope(str(row["calibration"]), values),
        firms={names[k]: batch.name(names[k]) for k in kept},
        table=table,
        worst=rows.worst,
    )
