"""The study of a static market as CSV tables, full precision, written by ``sim.record``."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from sim.record import write_text
from sim.studies.merger import Baseline, MergerStudy, Side, mean_price, position

Cell = str | float | int | bool


def write_study(study: MergerStudy, folder: Path) -> list[Path]:
    """Write all tables of a study into a folder.

    Returns
    -------
    list of Path
        Files written: ``verdicts``, ``products``, ``firms``, ``deals``, ``weights``,
        ``matrices``, ``buyers`` and ``calibration``, each a CSV.

    Raises
    ------
    StoreError
        A file cannot be written.
    """
    tables = {
        "verdicts": _verdicts(study),
        "products": _products(study),
        "firms": _firms(study),
        "deals": _deals(study),
        "weights": _weights(study),
        "matrices": _matrices(study.baseline),
        "buyers": _buyers(study),
        "calibration": _calibration(study.baseline),
    }
    paths = []
    for name, (headings, rows) in tables.items():
        path = folder / f"{name}.csv"
        write_text(path, as_csv(headings, rows))
        paths.append(path)
    return paths


def as_csv(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Rows as comma-separated values; numbers in their shortest exact form, NaN as empty."""
    handle = io.StringIO()
    writer = csv.writer(handle, lineterminator="\n")
    writer.writerow(headings)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return handle.getvalue()


def _cell(value: Cell) -> str:
    if isinstance(value, bool | np.bool_):
        return "1" if value else "0"
    if isinstance(value, str | int):
        return str(value)
    return repr(float(value)) if math.isfinite(value) else ""


Rows = tuple[Sequence[str], list[list[Cell]]]


def _sides(study: MergerStudy) -> list[tuple[str, Side]]:
    """Every side whose prices were found, by the name of its deal."""
    sides = [("before", study.baseline.side)]
    sides += [(deal.deal.name, deal.after) for deal in study.deals if deal.after is not None]
    return [(name, side) for name, side in sides if side.equilibrium.converged]


def _verdicts(study: MergerStudy) -> Rows:
    read = study.baseline.market.read
    before = study.baseline.side
    found = [("before", before.equilibrium, before.audit, "")]
    found += [
        (
            deal.deal.name, deal.equilibrium,
            None if deal.after is None else deal.after.audit, deal.other_branch,
        )
        for deal in study.deals
    ]
    found += [
        (reference.name, reference.equilibrium, None, "")
        for reference in (study.baseline.nash, study.baseline.joint)
        if reference.equilibrium is not None
    ]
    headings = ("side", "converged", "residual", "error_estimate", "evaluations", "method",
                "second_order", "worst_product", "nash", "deviation_gain", "deviation_product",
                "deviation_price", "other_branch")
    rows: list[list[Cell]] = []
    for name, each, audit, branch in found:
        far: list[Cell] = ["", "", "", ""] if audit is None else [
            audit.nash, audit.largest, read.products[audit.worst], audit.price[audit.worst]
        ]
        rows.append(
            [
                name, each.converged, each.residual, each.error_estimate, each.iterations,
                each.method, "" if each.second_order is None else each.second_order,
                read.products[each.worst], *far, branch,
            ]
        )
    return headings, rows


def _products(study: MergerStudy) -> Rows:
    read = study.baseline.market.read
    screens = {deal.deal.name: deal for deal in study.deals}
    headings = ("side", "product", "firm", "price", "share", "cost", "margin", "lerner",
                "own_elasticity", "upp", "guppi", "cmcr", "first_order_pressure")
    rows: list[list[Cell]] = []
    for name, side in _sides(study):
        deal = screens.get(name)
        for j, product in enumerate(read.products):
            row: list[Cell] = [
                name, product, read.firms[read.firm_of[j]], side.prices[j], side.shares[j],
                side.costs[j], side.margins[j], side.lerner[j], side.own_elasticity[j],
            ]
            screen = [math.nan] * 4 if deal is None else [
                deal.upp[j], deal.guppi[j], deal.cmcr[j], deal.pressure[j]
            ]
            rows.append([*row, *screen])
    return headings, rows


def _firms(study: MergerStudy) -> Rows:
    read = study.baseline.market.read
    rows: list[list[Cell]] = [
        [name, firm, side.firm_shares[f], side.profits[f]]
        for name, side in _sides(study)
        for f, firm in enumerate(read.firms)
    ]
    return ("side", "firm", "share_of_sales", "profit"), rows


def _deals(study: MergerStudy) -> Rows:
    baseline = study.baseline
    market, nash, joint = baseline.market, baseline.nash, baseline.joint
    screens = {deal.deal.name: deal for deal in study.deals}
    headings = ("side", "mean_price", "profit", "hhi", "mhhi", "hhi_change_at_old_shares",
                "mhhi_change_at_old_shares", "buyers_lose", "producers_gain", "price_delta",
                "profit_delta")
    rows: list[list[Cell]] = []
    first = float(baseline.side.profits.sum())
    for name, side in _sides(study):
        deal = screens.get(name)
        level, profit = mean_price(market, side.prices), float(side.profits.sum())
        changes = [0.0, 0.0, 0.0] if deal is None else [
            deal.hhi_change, deal.mhhi_change, deal.buyers_lose
        ]
        rows.append(
            [
                name, level, profit, side.hhi, side.mhhi, *changes, profit - first,
                position(level, nash.mean_price, joint.mean_price),
                position(profit, nash.profit, joint.profit),
            ]
        )
    for reference in (nash, joint):
        gaps: list[Cell] = [math.nan] * 6
        rows.append([reference.name, reference.mean_price, reference.profit, *gaps,
                     math.nan, math.nan])
    return headings, rows


def _weights(study: MergerStudy) -> Rows:
    firms = study.baseline.market.read.firms
    rows: list[list[Cell]] = [
        [name, first, second, side.kappa[f, g]]
        for name, side in _sides(study)
        for f, first in enumerate(firms)
        for g, second in enumerate(firms)
    ]
    return ("side", "firm", "minds", "kappa"), rows


def _matrices(baseline: Baseline) -> Rows:
    names = baseline.market.read.products
    found = (
        ("elasticity", baseline.elasticities),
        ("diversion", baseline.diversion),
        ("second_choice", baseline.second_choice),
        ("pass_through", baseline.pass_through),
    )
    rows: list[list[Cell]] = [
        [name, first, second, matrix[j, k]]
        for name, matrix in found
        for j, first in enumerate(names)
        for k, second in enumerate(names)
    ]
    return ("matrix", "row", "column", "value"), rows


def _buyers(study: MergerStudy) -> Rows:
    demand = study.baseline.market.demand
    rows: list[list[Cell]] = [
        [deal.deal.name, i, demand.weights[i], demand.alpha[i], deal.compensating_variation[i]]
        for deal in study.deals
        if deal.after is not None
        for i in range(len(demand.alpha))
    ]
    return ("side", "type", "weight", "price_coefficient", "compensating_variation"), rows


def _calibration(baseline: Baseline) -> Rows:
    found, read = baseline.market.recovery, baseline.market.read
    rows: list[list[Cell]] = []
    if found is not None:
        rows += [["price coefficient", "", math.nan, -found.alpha, math.nan],
                 ["outside share", "", math.nan, found.outside_share, math.nan]]
        if found.rho is not None:
            rows += [
                ["nesting parameter", nest, math.nan, rho, math.nan]
                for nest, rho in zip(read.nests, found.rho, strict=True)
            ]
        rows += [
            [
                datum.name, read.products[datum.product] if datum.product >= 0 else "",
                datum.given, datum.fitted, datum.residual,
            ]
            for datum in found.data
        ]
    return ("what", "of", "given", "fitted", "residual"), rows
