"""Statements as a person reads them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pandas as pd

from sim.compare.amounts import number
from sim.compare.printing import aligned
from sim.finance.statements import BALANCE, CASH, INCOME
from sim.studies.statements import OPENING, Statements

WIDTH = 100
MILLION = 1e6
# Under half of the last figure printed, nothing is shown.
NOTHING = 0.05 * MILLION

TITLES: Mapping[str, str] = MappingProxyType(
    {INCOME: "income statement", CASH: "cash flow", BALANCE: "balance sheet"}
)
# Statement -> line -> its row; sums are set apart.
LABELS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        INCOME: {
            "revenue": "revenue, net of tax and dealers",
            "cost_of_goods": "cost of goods (variable cost)",
            "gross_profit": "= gross profit, before depreciation",
            "fixed_cost": "fixed cost, depreciation within",
            "research": "research and launches",
            "alliance_cost": "cost of alliances",
            "operating_result": "= operating result",
            "interest": "interest",
            "other_business": "other business",
            "result": "= result before tax",
        },
        CASH: {
            "result": "result before tax",
            "receivables": "receivables",
            "inventory": "inventory",
            "payables": "payables",
            "kept_by_owner": "other business, kept by the owner",
            "operating": "= cash from operations",
            "plants_built": "plants built",
            "plants_traded": "plants bought or sold",
            "stakes_bought": "stakes bought",
            "investing": "= cash from investing",
            "shares_issued": "shares issued",
            "owner_money": "owner's support",
            "state_money": "state money",
            "debt_drawn": "debt drawn or repaid",
            "common_treasury": "to or from the common treasury",
            "wound_up": "creditors, when wound up",
            "financing": "= cash from financing",
            "change": "= change in cash",
            "cash_start": "cash at the start",
            "cash_end": "cash at the end",
        },
        BALANCE: {
            "cash": "cash",
            "receivables": "receivables",
            "inventory": "inventory",
            "plants": "plants, at cost",
            "stakes": "stakes, at cost",
            "assets": "= assets",
            "payables": "payables",
            "debt": "debt",
            "equity_start": "equity at the start",
            "result": "  result",
            "paid_in": "  paid in by owners, state, investors",
            "kept_by_owner": "  other business, kept by the owner",
            "common_treasury": "  common treasury and debts of merged brands",
            "brought": "  plants less debt, brought in at entry",
            "stakes_lost": "  stakes lost",
            "wound_up": "  wound up: what creditors lose less what they get",
            "equity": "= equity",
            "payables_debt_and_equity": "= payables, debt and equity",
        },
    }
)  # fmt: skip
ASSUMED = (
    "The opening balance takes cash and debt from the market's tables and working capital from "
    "days of revenue and cost; plants stand at what they would cost to build (capacity x "
    "finance.capex_cny_bn_per_100k, an assumption) and stay there, since upkeep is spent within "
    "fixed cost; shares held at the start stand at nothing; equity is what remains."
)


def printed(found: Statements, quarter: str) -> str:
    """Three statements of one firm: a quarter beside the one before.

    Parameters
    ----------
    quarter
        One of the table's; the first stands beside the opening balance.
    """
    (firm,) = found.firms
    table = found.table.loc[found.table["firm"] == firm]
    quarters = list(dict.fromkeys(table["quarter"]))
    shown = quarters[max(quarters.index(quarter) - 1, 0) : quarters.index(quarter) + 1]
    point = "".join(f", {path} = {value:g}" for path, value in found.scope.point.items())
    heading = (
        f"{found.firms[firm]} in {quarter}: run {found.run} (arm {found.arm}, replicate "
        f"{found.replicate}{point}, calibration {found.scope.calibration}). Million CNY; costs "
        "and what flows out are negative."
    )
    blocks = [_wrapped(heading)]
    blocks += [_statement(table, statement, shown[::-1]) for statement in LABELS]
    relative, yuan = found.worst
    blocks.append(
        _wrapped(
            f"The statements close: no line of any quarter up to then leaves over more than "
            f"{yuan:.1g} yuan, or {relative:.0e} of what a firm's largest quarter moves. "
            f"{ASSUMED}"
        )
    )
    return "\n\n".join(blocks) + "\n"


def _statement(table: pd.DataFrame, statement: str, quarters: Sequence[str]) -> str:
    here = table.loc[table["statement"] == statement]
    values = here.set_index(["line", "quarter"])["value"]
    columns = [name for name in quarters if statement == BALANCE or name != OPENING]
    rows = []
    for line, label in LABELS[statement].items():
        cells = [float(values.get((line, name), 0.0)) for name in columns]
        if label.startswith("= ") or any(abs(cell) >= NOTHING for cell in cells):
            rows.append([label, *(number(cell / MILLION, 1) for cell in cells)])
    return aligned([TITLES[statement], *columns], rows)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_on_hyphens=False)
