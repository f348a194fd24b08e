"""The edge of a planted region is found finely with a fraction of the points of a full grid."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.studies.refinement import Cell, Lattice, flips, leaves, next_nodes


def refine(lattice, decide, most=10_000):
    """Play rounds until nothing is left to halve or the budget is out."""
    decided = {node: decide(*lattice.unit(node)) for node in lattice.coarse_nodes()}
    rounds = [len(decided)]
    while nodes := next_nodes(lattice, decided, most - len(decided)):
        assert not decided.keys() & set(nodes)
        assert len(set(nodes)) == len(nodes)
        decided.update({node: decide(*lattice.unit(node)) for node in nodes})
        rounds.append(len(nodes))
    return decided, rounds


def disc(x, y):
    return int(math.hypot(x - 0.4, y - 0.5) < 0.3)


def test_the_edge_of_a_disc_is_resolved_to_the_finest_cell():
    lattice = Lattice(4, 4)
    decided, _ = refine(lattice, disc)
    cells = leaves(lattice, decided)
    assert len(decided) < 0.2 * (lattice.steps + 1) ** 2
    mixed = [cell for cell in cells if flips(cell, decided)]
    assert {cell.side for cell in mixed} == {1}
    # The finest cells on the edge are as long as its circumference needs, and no longer.
    length = 2.0 * math.pi * 0.3 * lattice.steps
    assert length / math.sqrt(2.0) < len(mixed) < 2.0 * length
    inside = sum(
        cell.side**2 for cell in cells if not flips(cell, decided) and decided[cell.corners[0]] == 1
    )
    low, high = inside / lattice.steps**2, (inside + len(mixed)) / lattice.steps**2
    assert low < math.pi * 0.3**2 < high


@pytest.mark.parametrize("most", [25, 26, 40, 60, 100])
def test_the_budget_is_kept_and_spent_on_the_edge(most):
    lattice = Lattice(4, 4)
    decided, _ = refine(lattice, disc, most)
    assert len(decided) <= most
    assert len(decided) > most - 5
    whole, _ = refine(lattice, disc)
    assert decided.items() <= whole.items()


def test_large_cells_are_halved_before_small_ones():
    lattice = Lattice(2, 3)
    _decided, rounds = refine(lattice, lambda x, y: int(x > 0.3))
    assert len(rounds) == 4
    assert rounds[0] == 9


def test_where_nothing_flips_the_coarse_grid_is_all():
    lattice = Lattice(3, 5)
    decided, rounds = refine(lattice, lambda x, y: 1)
    assert rounds == [16]
    assert len(leaves(lattice, decided)) == 9


def test_a_failed_point_is_no_edge():
    lattice = Lattice(3, 3)
    _decided, rounds = refine(lattice, lambda x, y: None if x > 0.5 else 0)
    assert rounds == [16]
    assert flips(Cell(0, 0, 1), {(0, 0): 1, (1, 0): None, (0, 1): 0, (1, 1): None})


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 4), st.integers(0, 3), st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1),
    st.integers(10, 200),
)
def test_cells_tile_the_map_and_have_decided_corners(coarse, depth, a, b, c, most):
    lattice = Lattice(coarse, depth)
    decided, _ = refine(lattice, lambda x, y: int(a * x + b * y > c), most)
    cells = leaves(lattice, decided)
    assert sum(cell.side**2 for cell in cells) == lattice.steps**2
    assert all(node in decided for cell in cells for node in cell.corners)
    covered = {
        (x, y)
        for cell in cells
        for x in range(cell.x, cell.x + cell.side)
        for y in range(cell.y, cell.y + cell.side)
    }
    assert len(covered) == lattice.steps**2
