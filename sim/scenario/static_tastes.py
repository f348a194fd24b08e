"""Consumer types of random coefficients, from PyBLP's agents table and parameters.

``V_ij = delta_j + sum_k x_jk (Sigma nu_i + Pi d_i)_k - alpha_i p_j`` with the price
coefficient ``alpha_i = -(alpha + (Sigma nu_i + Pi d_i)_prices)``. The columns of ``x2`` stand
in the order of ``nodes0``, ``nodes1``, ...; ``constant`` is a column of ones. Nodes of columns
that sigma does not use may be missing. A demographic may be written ``1/income``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.errors import Fault
from sim.scenario.checks import fault_at, nearest
from sim.scenario.reader import shown
from sim.scenario.static_settings import Parameters, StaticSettings
from sim.scenario.static_tables import Table, place_of_table, read_table
from sim.scenario.tree import Tree

FloatArray = NDArray[np.float64]

MAX_AGENTS = 100_000
MAX_CELLS = 50_000_000
PRICES, CONSTANT = "prices", "constant"


@dataclass(frozen=True, eq=False)
class Tastes:
    """Types: price coefficients (I,), positive; deviations mu (I, J), utils; weights (I,)."""

    alpha: FloatArray
    mu: FloatArray
    weights: FloatArray


def read_tastes(
    settings: StaticSettings, tree: Tree, products: Table | None, folder: Path, faults: list[Fault]
) -> Tastes | None:
    """Read the agents and build their tastes; None where there are none, or faults."""
    parameters = settings.parameters
    assert settings.tables is not None
    if settings.tables.agents is None:
        for key in ("x2", "sigma", "pi"):
            if getattr(parameters, key):
                expected = "an agents table (tables.agents, --agents FILE)"
                faults.append(fault_at(tree, ("parameters", key), None, expected))
        return None
    before = len(faults)
    if parameters.alpha is None:
        expected = "the mean price coefficient, since agents stand in a table"
        faults.append(fault_at(tree, ("parameters", "alpha"), None, expected))
    needed = ["market_ids", "weights"]
    needed += [f"nodes{number}" for number in _drawn(parameters)]
    terms = sorted({term for row in parameters.pi.values() for term in row})
    needed += sorted({term.removeprefix("1/") for term in terms})
    name = settings.tables.agents
    market = settings.tables.market
    if market is None and products is not None:
        market = products.rows[0]["market_ids"].strip()
    path = place_of_table(tree, "agents", folder) / name
    agents = read_table(path, name, needed, market, faults)
    _check_names(parameters, tree, products, faults)
    if agents is not None and len(faults) > before:
        for column in needed[1:]:
            agents.numbers(column, faults)
    if agents is None or products is None or len(faults) > before:
        return None
    if len(agents.rows) > MAX_AGENTS or len(agents.rows) * len(products.rows) > MAX_CELLS:
        expected = f"at most {MAX_AGENTS:,} agents and {MAX_CELLS:,} agents times products"
        faults.append(Fault(name, 0, "", f"{len(agents.rows)} agents", expected))
        return None
    return _tastes(parameters, agents, products, terms, faults)


def _check_names(
    parameters: Parameters, tree: Tree, products: Table | None, faults: list[Fault]
) -> None:
    for number, column in enumerate(parameters.x2):
        if column in (PRICES, CONSTANT) or products is None or products.has(column):
            continue
        known = (CONSTANT, *products.columns)
        expected = "constant or a column of the products table"
        path = ("parameters", "x2", str(number))
        faults.append(fault_at(tree, path, column, expected, nearest(column, known)))
    for key in ("sigma", "pi"):
        for column, row in getattr(parameters, key).items():
            path = ("parameters", key, column)
            if column not in parameters.x2:
                expected = "a column of parameters.x2"
                faults.append(
                    fault_at(tree, path, column, expected, nearest(column, parameters.x2))
                )
            for other in row if key == "sigma" and isinstance(row, dict) else ():
                if other not in parameters.x2:
                    near = nearest(other, parameters.x2)
                    expected = "a column of parameters.x2"
                    faults.append(fault_at(tree, (*path, other), other, expected, near))


def _tastes(
    parameters: Parameters, agents: Table, products: Table, terms: list[str], faults: list[Fault]
) -> Tastes | None:
    before = len(faults)
    weights = agents.numbers("weights", faults)
    count, size = len(agents.rows), len(parameters.x2)
    draws = np.zeros((count, size))
    nodes = np.zeros((count, size))
    for number in _drawn(parameters):
        nodes[:, number] = agents.numbers(f"nodes{number}", faults)
    draws = nodes @ _sigma(parameters).T
    for term in terms:
        name = term.removeprefix("1/")
        values = agents.numbers(name, faults)
        if term != name:
            if np.any(values == 0.0):
                line = agents.lines[int(np.argmax(values == 0.0))]
                faults.append(Fault(agents.file, line, name, "0", f"not zero, for {term}"))
                continue
            values = 1.0 / values
        for column, row in parameters.pi.items():
            if term in row:
                draws[:, parameters.x2.index(column)] += row[term] * values
    mu = np.zeros((count, len(products.rows)))
    assert parameters.alpha is not None
    price = np.full(count, parameters.alpha)
    for number, column in enumerate(parameters.x2):
        if column == PRICES:
            price = price + draws[:, number]
            continue
        ones = np.ones(len(products.rows))
        values = ones if column == CONSTANT else products.numbers(column, faults)
        mu += draws[:, number][:, None] * values
    if len(faults) > before:
        return None
    wrong = ~(price < 0.0)
    if wrong.any():
        line = agents.lines[int(np.argmax(wrong))]
        worst = float(price[wrong][0])
        expected = (
            "a negative price coefficient for every agent "
            f"({int(wrong.sum())} of {count} would like higher prices)"
        )
        faults.append(Fault(agents.file, line, "alpha", shown(f"{worst:.6g}"), expected))
        return None
    return Tastes(alpha=-price, mu=mu, weights=weights)


def _drawn(parameters: Parameters) -> list[int]:
    """Positions in x2 of the columns whose nodes sigma uses."""
    used: set[str] = set()
    for column, entry in parameters.sigma.items():
        used |= set(entry) if isinstance(entry, dict) else {column}
    return [number for number, column in enumerate(parameters.x2) if column in used]


def _sigma(parameters: Parameters) -> FloatArray:
    """Sigma as a matrix, (K, K): a number is the diagonal's."""
    size = len(parameters.x2)
    result = np.zeros((size, size))
    for column, entry in parameters.sigma.items():
        row = parameters.x2.index(column)
        entries: Mapping[str, float] = entry if isinstance(entry, dict) else {column: entry}
        for other, value in entries.items():
            result[row, parameters.x2.index(other)] = value
    return result
