"""What the market's tables say where a scenario says otherwise."""

from __future__ import annotations

from collections.abc import Sequence

from sim.errors import InputError
from sim.scenario.market_tables import read_market
from sim.scenario.tree import Tree, leaf, leaves

FIRMS = "firms"


def over_market(
    trees: Sequence[Tree], markets: Sequence[str], *, of: Sequence[Tree] | None = None
) -> list[Tree]:
    """Trees laid over the figures that any of them replaces, each as its own market has them.

    A figure of a firm that one tree sets and another leaves alone then stands in both, with the
    table that it comes from as the place.

    Parameters
    ----------
    trees
        World settings.
    markets
        Name of the market of each.
    of
        The trees whose figures are meant; ``trees`` themselves if not given.

    Raises
    ------
    InputError
        A market cannot be read.
    """
    paths = {path for tree in of or trees for path, _ in leaves(tree.data) if path[0] == FIRMS}
    return [
        tree.over(_figures(market, paths)) for tree, market in zip(trees, markets, strict=True)
    ]


def _figures(market: str, paths: set[tuple[str, ...]]) -> Tree:
    tables = read_market(market)
    found = Tree({}, {})
    for path in sorted(paths):
        if len(path) != 3 or path[1] not in {row.firm_id for row in tables.firms}:
            continue
        _, firm, item = path
        try:
            value = tables.value(firm, item)
        except InputError:
            # No figure of the tables, such as a firm that the scenario makes.
            continue
        name = "firm_values.csv" if (firm, item) in tables.firm_figures else "kinds.csv"
        found = leaf(path, value, (f"scenarios/markets/{market}/{name}", 0)).over(found)
    return found
