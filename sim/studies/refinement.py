"""A map refined where a decision flips: cells of a coarse grid are halved along the edge only.

Nodes lie on the finest lattice, ``2**depth`` steps to a coarse cell. What the coarse grid does not
see (an island inside a cell whose four corners agree) is not found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Node = tuple[int, int]

GOLDEN = (5**0.5 - 1.0) / 2.0


@dataclass(frozen=True)
class Lattice:
    """A square map of ``coarse x coarse`` cells that can be halved ``depth`` times."""

    coarse: int
    depth: int

    @property
    def steps(self) -> int:
        """Steps of the finest lattice along one side."""
        return int(self.coarse * 2**self.depth)

    def unit(self, node: Node) -> tuple[float, float]:
        """Place of a node in the unit square."""
        return node[0] / self.steps, node[1] / self.steps

    def coarse_nodes(self) -> list[Node]:
        """Nodes of the coarse grid, row after row."""
        stride = 2**self.depth
        ends = range(0, self.steps + 1, stride)
        return [(x, y) for y in ends for x in ends]


@dataclass(frozen=True)
class Cell:
    """A square of the map by its lowest node and the length of its side in steps."""

    x: int
    y: int
    side: int

    @property
    def corners(self) -> tuple[Node, Node, Node, Node]:
        """Its four corners."""
        right, top = self.x + self.side, self.y + self.side
        return (self.x, self.y), (right, self.y), (self.x, top), (right, top)

    def quarters(self) -> tuple[Cell, Cell, Cell, Cell]:
        """The four cells that it is halved into."""
        half = self.side // 2
        xs, ys = (self.x, self.x + half), (self.y, self.y + half)
        return (
            Cell(xs[0], ys[0], half), Cell(xs[1], ys[0], half),
            Cell(xs[0], ys[1], half), Cell(xs[1], ys[1], half),
        )  # fmt: skip


def flips(cell: Cell, decided: Mapping[Node, int | None]) -> bool:
    """Whether corners of a cell disagree; a corner without a decision disagrees with none."""
    return len({decided[node] for node in cell.corners} - {None}) > 1


def leaves(lattice: Lattice, decided: Mapping[Node, int | None]) -> list[Cell]:
    """The cells that the map consists of so far, all corners of each decided or failed."""
    stride = 2**lattice.depth
    open_cells = [
        Cell(x, y, stride)
        for y in range(0, lattice.steps, stride)
        for x in range(0, lattice.steps, stride)
    ]
    found = []
    while open_cells:
        cell = open_cells.pop(0)
        parts = cell.quarters() if cell.side > 1 and flips(cell, decided) else ()
        if parts and all(node in decided for part in parts for node in part.corners):
            open_cells.extend(parts)
        else:
            found.append(cell)
    return found


def next_nodes(
    lattice: Lattice, decided: Mapping[Node, int | None], budget: int
) -> list[Node]:
    """Nodes to play next: those that halve the largest cells along the edge.

    Parameters
    ----------
    lattice
        The map.
    decided
        Decision at each node played; None where it failed. All coarse nodes are among them.
    budget
        Most nodes to name.

    Returns
    -------
    list of tuple
        In the order of the cells, each cell whole; empty where the edge is as fine as the lattice
        or the budget does not reach for one more cell.
    """
    split = [cell for cell in leaves(lattice, decided) if cell.side > 1 and flips(cell, decided)]
    if not split:
        return []
    largest = [cell for cell in split if cell.side == max(each.side for each in split)]
    # A budget that ends within a round is spread along the edge, not spent from one side.
    spread = sorted(range(len(largest)), key=lambda place: place * GOLDEN % 1.0)
    named: list[Node] = []
    for cell in (largest[place] for place in spread):
        corners = {node for part in cell.quarters() for node in part.corners}
        new = sorted(corners - decided.keys() - set(named))
        if len(named) + len(new) <= budget:
            named += new
    return named
