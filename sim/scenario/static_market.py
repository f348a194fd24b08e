"""Read a static market: a small YAML, alone or with PyBLP's tables, to plain arrays.

All faults of the file, the tables and the command line are told at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import Fault, InputError
from sim.scenario.checks import fault_at, nearest, validated
from sim.scenario.reader import read_text, read_yaml, shown
from sim.scenario.static_deals import StaticDeal, check_firm, read_deals
from sim.scenario.static_settings import LONGEST_LABEL, Holding, StaticSettings
from sim.scenario.static_tables import COMMAND_LINE, Table, place_of_table, read_table
from sim.scenario.static_tastes import Tastes, read_tastes
from sim.scenario.tree import Tree, leaf, leaves

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MAX_PRODUCTS = 2000


@dataclass(frozen=True, eq=False)
class StaticMarket:
    """One market as read: what is known of it, and the deals to look at.

    Attributes
    ----------
    products, firms, nests
        Names; ``nests`` is empty without nests.
    firm_of, nest_of
        (J,) positions; ``nest_of`` None without nests.
    prices, shares, margins, capacities
        (J,); shares as given, margins and capacities NaN where not known.
    outside_share
        Share that takes none; 0 for a closed market, None for not known.
    alpha, rho
        Price coefficient, positive, and (H,) nesting parameters; None for not known.
    holdings, owners
        Stakes of firms, and of owners outside the market, in firms: (holder, target, share,
        control).
    tastes
        Consumer types of random coefficients; None without an agents table.
    """

    file: str
    name: str
    question: str
    money: str
    market_size: float
    net_share: float
    products: tuple[str, ...]
    firms: tuple[str, ...]
    nests: tuple[str, ...]
    firm_of: IntArray
    nest_of: IntArray | None
    prices: FloatArray
    shares: FloatArray
    margins: FloatArray
    capacities: FloatArray
    outside_share: float | None
    market_elasticity: float | None
    alpha: float | None
    rho: FloatArray | None
    rho_by_nest: bool
    tastes: Tastes | None
    holdings: tuple[tuple[str, str, float, str], ...]
    owners: tuple[tuple[str, str, float, str], ...]
    deals: tuple[StaticDeal, ...]


NEEDED = ("market_ids", "firm_ids", "shares", "prices")


@dataclass(frozen=True)
class _Columns:
    """Products as columns, wherever they came from."""

    products: tuple[str, ...]
    firms: tuple[str, ...]
    nests: tuple[str, ...]
    prices: FloatArray
    shares: FloatArray
    margins: FloatArray
    capacities: FloatArray


def is_static_market(path: str | Path) -> bool:
    """Whether a file says that it is a static market; a file that cannot be read is none."""
    try:
        return "static_market" in read_yaml(read_text(Path(path), str(path)), str(path)).data
    except InputError:
        return False


def load_static_market(
    path: str | Path | None,
    sets: Sequence[str] = (),
    changes: Mapping[str, Any] | None = None,
    only: Sequence[str] = (),
) -> StaticMarket:
    """Load and check a static market.

    Parameters
    ----------
    path
        The YAML file; None if all comes from the command line.
    sets
        ``path=value`` of the command line; they win over the file.
    changes
        Nested settings of other options of the command line, over the file and under ``sets``.
    only
        Names of the deals to keep; none for all.

    Raises
    ------
    InputError
        All faults.
    """
    name = COMMAND_LINE if path is None else str(path)
    faults: list[Fault] = []
    tree = Tree({"static_market": 1, "name": "A market"})
    if path is not None:
        document = read_yaml(read_text(Path(path), name), name, faults)
        tree = Tree(document.data, document.places)
    tree = assignments(sets, faults).over(_changed(tree, changes or {}))
    told = {each.path for each in faults}
    found: list[Fault] = []
    settings = validated(StaticSettings, tree, (), found)
    # What the reader refused reads as missing; it is told once.
    faults += [each for each in found if each.path not in told]
    folder = Path() if path is None else Path(path).resolve().parent
    if settings is None:
        _look_at_products(tree, folder, faults)
        raise InputError(faults)
    table = _table(settings, tree, folder, faults)
    columns = _columns(settings, tree, table, faults)
    tastes = None
    if settings.tables is not None and columns is not None:
        tastes = read_tastes(settings, tree, table, folder, faults)
    if columns is None:
        raise InputError(faults)
    firms = tuple(dict.fromkeys(columns.firms))
    nests = tuple(dict.fromkeys(columns.nests))
    outside = _outside(settings, tree, columns, faults)
    if settings.parameters.alpha == 0.0 and tastes is None:
        expected = "a negative price coefficient"
        faults.append(fault_at(tree, ("parameters", "alpha"), 0, expected))
    rho, by_nest = _rho(settings, tree, nests, faults)
    holdings = tuple(
        _holding(tree, key, holding, firms, faults) for key, holding in settings.holdings.items()
    )
    owners = tuple(
        (name, firm, share, owner.control)
        for name, owner in settings.owners.items()
        for firm, share in owner.stakes.items()
    )
    for name, firm, _, _ in owners:
        check_firm(tree, ("owners", name, "stakes", firm), firm, firms, faults)
    _check_sums(tree, (*holdings, *owners), faults)
    deals = read_deals(settings, tree, columns.products, firms, only, faults)
    if faults:
        raise InputError(faults)
    position = {firm: number for number, firm in enumerate(firms)}
    nest_position = {nest: number for number, nest in enumerate(nests)}
    alpha = settings.parameters.alpha
    return StaticMarket(
        file=name,
        name=settings.name,
        question=settings.question,
        money=settings.money,
        market_size=settings.market_size,
        net_share=settings.net_share,
        products=columns.products,
        firms=firms,
        nests=nests,
        firm_of=np.array([position[firm] for firm in columns.firms], dtype=np.int64),
        nest_of=np.array([nest_position[nest] for nest in columns.nests], dtype=np.int64)
        if nests
        else None,
        prices=columns.prices,
        shares=columns.shares,
        margins=columns.margins,
        capacities=columns.capacities,
        outside_share=outside,
        market_elasticity=settings.market_elasticity,
        alpha=None if alpha is None else -alpha,
        rho=rho,
        rho_by_nest=by_nest,
        tastes=tastes,
        holdings=holdings,
        owners=owners,
        deals=deals,
    )


def _changed(tree: Tree, changes: Mapping[str, Any]) -> Tree:
    """Options of the command line over the file; deals replace those of the file."""
    former = tree.get(("deals",))
    if "deals" in changes and isinstance(former, dict):
        for name in former:
            tree = leaf(("deals", name), None, (COMMAND_LINE, 0)).over(tree)
    for path, value in leaves(changes):
        tree = leaf(path, value, (COMMAND_LINE, 0)).over(tree)
    return tree


def assignments(sets: Sequence[str], faults: list[Fault]) -> Tree:
    """What ``path=value`` of the command line says, as a tree; faults are added to the list."""
    tree = Tree()
    for text in sets:
        name, equals, value = text.partition("=")
        keys = tuple(key.strip() for key in name.split("."))
        if not equals or not all(keys):
            expected = "path.of.setting=value, e.g. parameters.alpha=-2.5"
            faults.append(Fault(COMMAND_LINE, 0, "--set", shown(text), expected))
            continue
        try:
            found = read_yaml(f"value: {value.strip()}", COMMAND_LINE).data
        except InputError as error:
            expected = error.faults[0].expected
            faults.append(Fault(COMMAND_LINE, 0, shown(name), shown(value), expected))
            continue
        tree = leaf(keys, found.get("value"), (COMMAND_LINE, 0)).over(tree)
    return tree


def _table(
    settings: StaticSettings, tree: Tree, folder: Path, faults: list[Fault]
) -> Table | None:
    if settings.tables is None:
        return None
    if settings.products:
        faults.append(fault_at(tree, ("products",), None, "products here or in a table, not both"))
    name = settings.tables.products
    path = place_of_table(tree, "products", folder) / name
    return read_table(path, name, NEEDED, settings.tables.market, faults)


def _look_at_products(tree: Tree, folder: Path, faults: list[Fault]) -> None:
    """Tell the faults of the products table when the settings have some already."""
    name, market = tree.get(("tables", "products")), tree.get(("tables", "market"))
    if not isinstance(name, str):
        return
    path = place_of_table(tree, "products", folder) / name
    table = read_table(path, name, NEEDED, None if market is None else str(market), faults)
    if table is not None:
        _from_table(table, faults)


def _columns(
    settings: StaticSettings, tree: Tree, table: Table | None, faults: list[Fault]
) -> _Columns | None:
    if table is not None:
        return _from_table(table, faults)
    if settings.tables is not None:
        return None
    if not settings.products:
        expected = "products, or tables.products (--products FILE)"
        faults.append(fault_at(tree, ("products",), None, expected))
        return None
    rows = list(settings.products.values())
    nests = tuple("" if row.nest is None else row.nest for row in rows)
    if any(nests) and not all(nests):
        worst = list(settings.products)[nests.index("")]
        faults.append(
            fault_at(tree, ("products", worst, "nest"), None, "a nest, as the other products have")
        )
    gap = float("nan")
    return _Columns(
        products=tuple(settings.products),
        firms=tuple(row.firm for row in rows),
        nests=nests if all(nests) else (),
        prices=np.array([row.price for row in rows]),
        shares=np.array([row.share for row in rows]),
        margins=np.array([gap if row.margin is None else row.margin for row in rows]),
        capacities=np.array([gap if row.capacity is None else row.capacity for row in rows]),
    )


def _from_table(table: Table, faults: list[Fault]) -> _Columns:
    if len(table.rows) > MAX_PRODUCTS:
        faults.append(Fault(table.file, 0, "", "", f"at most {MAX_PRODUCTS} products a market"))
    prices = table.numbers("prices", faults, above=0.0)
    shares = table.numbers("shares", faults, above=0.0, under=1.0)
    empty = np.full(len(table.rows), np.nan)
    margins = capacities = empty
    if table.has("margins"):
        margins = table.numbers("margins", faults, above=0.0, under=1.0, gaps=True)
    if table.has("capacities"):
        capacities = table.numbers("capacities", faults, above=0.0, gaps=True)
    named = {column: table.texts(column) for column in ("firm_ids",)}
    for column in ("product_ids", "nesting_ids"):
        if table.has(column):
            named[column] = table.texts(column)
    for column, texts in named.items():
        for line, text in zip(table.lines, texts, strict=True):
            if not text or len(text) > LONGEST_LABEL or not text.isprintable():
                expected = f"a name of 1 to {LONGEST_LABEL} letters"
                faults.append(Fault(table.file, line, column, shown(text), expected))
    products = named.get("product_ids", tuple(str(n + 1) for n in range(len(table.rows))))
    seen: dict[str, int] = {}
    for line, product in zip(table.lines, products, strict=True):
        if product in seen:
            expected = f"each product once in a market (it stands in line {seen[product]} already)"
            faults.append(Fault(table.file, line, "product_ids", shown(product), expected))
        seen.setdefault(product, line)
    return _Columns(
        products, named["firm_ids"], named.get("nesting_ids", ()), prices, shares, margins,
        capacities,
    )


def _outside(
    settings: StaticSettings, tree: Tree, columns: _Columns, faults: list[Fault]
) -> float | None:
    """Share that takes none: stated, or what the shares leave."""
    total = float(columns.shares.sum())
    if not np.isfinite(total):
        return None  # a share is at fault, and was told
    if total > 1.0 + 1e-6:
        where = ("products",) if settings.tables is None else ("tables", "products")
        expected = "shares that sum to at most 1"
        faults.append(fault_at(tree, where, f"shares sum to {total:.6g}", expected))
        return None
    stated = settings.outside
    if stated is None and total < 1.0 - 1e-6:
        return 1.0 - total
    if stated is None:
        expected = "a share, none or unknown, since the shares sum to 1"
        faults.append(fault_at(tree, ("outside",), None, expected))
        return None
    if stated == "unknown":
        return None
    return 0.0 if stated == "none" else float(stated)


def _rho(
    settings: StaticSettings, tree: Tree, nests: tuple[str, ...], faults: list[Fault]
) -> tuple[FloatArray | None, bool]:
    stated = settings.parameters.rho
    path = ("parameters", "rho")
    if stated is None:
        return None, False
    if not nests:
        expected = "no nesting parameter, since no product has a nest"
        faults.append(fault_at(tree, path, None, expected))
        return None, False
    if isinstance(stated, str):
        return None, stated == "unknown_by_nest"
    if not isinstance(stated, dict):
        return np.full(len(nests), float(stated)), False
    for name in stated:
        if name not in nests:
            expected = "a nest of the products: " + ", ".join(shown(nest) for nest in nests[:8])
            faults.append(fault_at(tree, (*path, name), name, expected, nearest(name, nests)))
    faults.extend(
        fault_at(tree, path, None, f"a nesting parameter of {shown(nest)}")
        for nest in nests
        if nest not in stated
    )
    return np.array([float(stated.get(nest, 0.0)) for nest in nests]), False


def _holding(
    tree: Tree, key: str, holding: Holding, firms: tuple[str, ...], faults: list[Fault]
) -> tuple[str, str, float, str]:
    for side in ("holder", "target"):
        check_firm(tree, ("holdings", key, side), getattr(holding, side), firms, faults)
    if holding.holder == holding.target:
        path = ("holdings", key, "holder")
        faults.append(fault_at(tree, path, holding.holder, "another firm than the target"))
    return holding.holder, holding.target, holding.share, holding.control


def _check_sums(
    tree: Tree, holdings: Sequence[tuple[str, str, float, str]], faults: list[Fault]
) -> None:
    held: dict[str, float] = {}
    for _, target, share, _ in holdings:
        held[target] = held.get(target, 0.0) + share
    for target, share in held.items():
        if share > 1.0 + 1e-12:
            expected = f"stakes in {shown(target)} that do not add to over 1"
            faults.append(fault_at(tree, ("holdings",), f"{share:g}", expected))
