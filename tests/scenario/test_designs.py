"""Designs of a sweep: which points each makes, how they multiply, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from json_schema import complaints

from sim.errors import InputError
from sim.scenario import load
from sim.scenario.catalogue import json_schema
from sim.scenario.designs import latin_hypercube, sobol
from sim.scenario.reader import read_yaml

WAR, MU, DECLINE = "conduct.war_intensity", "conduct.mu_max", "costs.battery_decline"
ZIP = f"sweep: {{zip: {{{WAR}: [0, 0.5, 1], {MU}: [4, 2, 0]}}}}\n"
HYPERCUBE = f"""\
sweep:
  latin_hypercube: {{points: 8, seed: 3, settings: {{{WAR}: [0.5, 1.5], {MU}: [0, 6]}}}}
"""
TABLE = f"{WAR}, {MU}\n0.5, 4\n\n1.25, 0\n"


def values(scenario, path: str) -> list[float]:
    return [dict(point.values)[path] for point in scenario.points()]


def strata(column: np.ndarray, low: float, high: float, points: int) -> list[int]:
    return sorted(np.floor((column - low) / (high - low) * points).astype(int).tolist())


def test_zip_moves_its_settings_together(loaded) -> None:
    scenario = loaded(ZIP)
    assert (values(scenario, WAR), values(scenario, MU)) == ([0.0, 0.5, 1.0], [4.0, 2.0, 0.0])
    moved = [scenario.settings("solo", dict(point.values)) for point in scenario.points()]
    assert [(each.conduct.war_intensity, each.conduct.mu_max) for each in moved] == [
        (0.0, 4.0), (0.5, 2.0), (1.0, 0.0),
    ]


def test_designs_multiply_in_the_order_of_the_file(loaded) -> None:
    scenario = loaded(
        f"sweep: {{{DECLINE}: [0.05, 0.1], zip: {{{WAR}: [0, 1], {MU}: [4, 2]}}}}\n"
    )
    assert [tuple(value for _, value in point.values) for point in scenario.points()] == [
        (0.05, 0, 4), (0.05, 1, 2), (0.1, 0, 4), (0.1, 1, 2),
    ]
    assert [point.index for point in scenario.points()] == [0, 1, 2, 3]


@pytest.mark.parametrize("make", [latin_hypercube, sobol])
def test_every_slice_of_every_range_holds_one_drawn_point(make) -> None:
    ranges = {WAR: (0.5, 1.5), MU: (-3.0, 6.0), DECLINE: (0.0, 0.1)}
    drawn = np.array(make(ranges, 64, 7).rows)
    for column, (low, high) in zip(drawn.T, ranges.values(), strict=True):
        assert strata(column, low, high, 64) == list(range(64))
    assert np.array_equal(drawn, np.array(make(ranges, 64, 7).rows))
    assert not np.isin(drawn, np.array(make(ranges, 64, 8).rows)).any()
    # No two settings go up and down together.
    assert np.abs(np.corrcoef(drawn.T) - np.eye(3)).max() < 0.4


def test_sobol_points_fill_the_plane_as_a_net_does() -> None:
    drawn = np.array(sobol({WAR: (0, 1), MU: (0, 1)}, 64, 5).rows)
    for across in (1, 2, 4, 8, 16, 32, 64):
        cells = np.floor(drawn * [across, 64 // across]).astype(int)
        assert len({tuple(cell) for cell in cells.tolist()}) == 64


def test_a_setting_more_moves_no_other_column_of_a_hypercube() -> None:
    two, three = {WAR: (0, 1), MU: (0, 6)}, {DECLINE: (0, 1), WAR: (0, 1), MU: (0, 6)}
    fewer = np.array(latin_hypercube(two, 9, 1).rows)
    assert np.array_equal(fewer, np.array(latin_hypercube(three, 9, 1).rows)[:, 1:])


def test_a_sobol_design_that_is_no_power_of_two_is_the_same_sequence_and_says_so(loaded) -> None:
    text = f"sweep: {{sobol: {{points: 8, settings: {{{WAR}: [0, 1]}}}}}}\n"
    whole, cut = loaded(text), loaded(text, "sweep.sobol.points=6")
    assert values(cut, WAR) == values(whole, WAR)[:6]
    assert whole.notices == ()
    (notice,) = cut.notices
    assert "4 or 8" in notice


@pytest.fixture
def tabled(write, tmp_path: Path):
    """Load a scenario that sweeps a table."""

    def make(table: str = TABLE, text: str = "sweep: {table: futures.csv}\n", *sets: str):
        (tmp_path / "futures.csv").write_text(table, encoding="utf-8")
        return load(write(text), sets)

    return make


def test_a_table_has_a_point_a_line(tabled) -> None:
    scenario = tabled()
    assert (values(scenario, WAR), values(scenario, MU)) == ([0.5, 1.25], [4.0, 0.0])
    tree = scenario.world("solo", dict(scenario.points()[0].values))
    assert tree.place(("conduct", "war_intensity")) == ("futures.csv", 1)


@pytest.mark.parametrize(
    "text", [ZIP, HYPERCUBE, HYPERCUBE.replace("latin_hypercube", "sobol"), "table"]
)
def test_a_resolved_design_loads_to_the_same_points_anywhere(
    write, tabled, tmp_path: Path, text: str
) -> None:
    scenario = tabled() if text == "table" else load(write(text))
    elsewhere = tmp_path / "elsewhere" / "resolved.yaml"
    elsewhere.parent.mkdir()
    elsewhere.write_text(scenario.resolved_yaml(), encoding="utf-8")
    (tmp_path / "futures.csv").unlink(missing_ok=True)
    again = load(elsewhere)
    assert again.points() == scenario.points()
    assert again.reference_point() == scenario.reference_point()
    schema = json_schema()
    data = read_yaml(scenario.resolved_yaml(), "resolved").data
    assert list(complaints(schema, data, schema)) == []


def test_a_fault_of_a_resolved_table_has_its_own_line(tabled, tmp_path: Path, faults) -> None:
    text = tabled().resolved_yaml().replace("1.25, 0", "1.25, none")
    (fault,) = faults(text, head="")
    line = text.splitlines()[fault.line - 1]
    assert (line.strip(), fault.path) == ("1.25, none", MU)


def test_the_file_above_replaces_a_table_whole(write, tabled, tmp_path: Path) -> None:
    tabled()
    (tmp_path / "other.csv").write_text(f"{DECLINE}\n0.05\n", encoding="utf-8")
    text = "sweep: {table: other.csv}\n"
    upper = load(write(text, name="upper.yaml", head="extends: test.yaml\n"))
    assert [dict(point.values) for point in upper.points()] == [{DECLINE: 0.05}]


def test_the_point_of_the_headline_is_the_nearest_to_the_file(loaded) -> None:
    # The base says war 1 and mu_max 4; a step of 2 is little where mu_max spans 10.
    scenario = loaded(f"sweep: {{zip: {{{WAR}: [1.9, 1, 2], {MU}: [4.5, 6, 14]}}}}\n")
    assert scenario.reference_point().index == 1


@pytest.mark.parametrize("text", [ZIP, HYPERCUBE])
def test_a_setting_of_the_command_line_is_held_in_a_design(loaded, text: str) -> None:
    whole, held = loaded(text), loaded(text, f"{MU}=1")
    assert [path for path, _ in held.sweep] == [WAR]
    assert values(held, WAR) == values(whole, WAR)
    assert held.settings("solo", dict(held.points()[0].values)).conduct.mu_max == 1.0
    assert "replaces the sweep" in held.notices[0]
    alone = loaded(text, f"{MU}=1", f"{WAR}=1")
    assert len(alone.points()) == 1
    assert alone.sweep == ()


def test_a_setting_of_the_command_line_is_held_in_a_table(tabled) -> None:
    sweep = "sweep: {table: futures.csv}\n"
    held = tabled(TABLE, sweep, f"{WAR}=1")
    assert [dict(point.values) for point in held.points()] == [{MU: 4.0}, {MU: 0.0}]
    assert tabled(TABLE, sweep, f"{WAR}=1", f"{MU}=1").sweep == ()
    # What is the same without the column is one point, and that is said.
    twice = tabled(f"{WAR},{MU}\n0.5,4\n1,4\n", sweep, f"{WAR}=1")
    assert [dict(point.values) for point in twice.points()] == [{MU: 4.0}]
    assert any("the same as an earlier one" in notice for notice in twice.notices)


def test_designs_can_be_changed_on_the_command_line(loaded) -> None:
    scenario = loaded(HYPERCUBE, "sweep.latin_hypercube.points=5",
                      f"sweep.latin_hypercube.settings.{DECLINE}=[0, 0.1]")
    assert len(scenario.points()) == 5
    assert [path for path, _ in scenario.sweep] == [WAR, MU, DECLINE]
    zipped = loaded(ZIP, f"sweep.zip.{MU}=[1, 2, 3]")
    assert values(zipped, MU) == [1.0, 2.0, 3.0]


DRAWN = "sweep: {latin_hypercube: {points: 4, settings: {%s}}}\n"


@pytest.mark.parametrize(
    ("text", "path", "expected", "near"),
    [
        (f"sweep: {{zip: {{{WAR}: [0, 1], {MU}: [1]}}}}", f"sweep.zip.{MU}", "2 values", ""),
        ("sweep: {zip: {conduct.war_intensty: [0, 1]}}", "sweep.zip.conduct.war_intensty",
         "the path of a number", WAR),
        (f"sweep: {{{WAR}: [0, 1], zip: {{{WAR}: [0, 1]}}}}", f"sweep.zip.{WAR}",
         "in one design (it stands in grid already)", ""),
        ("sweep: {zip: [1]}", "sweep.zip", "a mapping of paths to [values]", ""),
        ("sweep: {zip: {}}", "sweep.zip", "a mapping of paths to [values]", ""),
        ("sweep: {zipp: {}}", "sweep.zipp", "the path of a number", "zip"),
        ("sweep: {sobol: {point: 4, points: 4, settings: {WAR: [0, 1]}}}".replace("WAR", WAR),
         "sweep.sobol.point", "one of points, seed, settings", "points"),
        ("sweep: {sobol: {points: 0, settings: {WAR: [0, 1]}}}".replace("WAR", WAR),
         "sweep.sobol.points",
         "a whole number from 1 to 10,000", ""),
        ("sweep: {sobol: {points: 4, seed: -1, settings: {WAR: [0, 1]}}}".replace("WAR", WAR),
         "sweep.sobol.seed", "a whole number from 0", ""),
        ("sweep: {sobol: {points: 4}}", "sweep.sobol.settings", "[low, high]", ""),
        (DRAWN % f"{WAR}: [1, 0]", f"sweep.latin_hypercube.settings.{WAR}",
         "the low one below the high one", ""),
        (DRAWN % f"{WAR}: [0, 99]", f"sweep.latin_hypercube.settings.{WAR}", "", ""),
        (DRAWN % "demand.types: [32, 64]", "sweep.latin_hypercube.settings.demand.types",
         "takes fractions", ""),
        (DRAWN % f"{WAR}: [0, 1]" + "arms: {solo: {}, a: {conduct: {war_intensity: 2}}}",
         "arms.a.conduct.war_intensity", "the sweep does not set too", ""),
        ("sweep: {table: nowhere.csv}", "sweep.table", "under the scenario's own folder", ""),
        ("sweep: {table: /etc/passwd}", "sweep.table", "under the scenario's own folder", ""),
        ("sweep: {table: 3}", "sweep.table", "the name of a CSV file", ""),
    ],
)
def test_what_is_wrong_with_a_design_is_told_at_its_place(
    faults, text: str, path: str, expected: str, near: str
) -> None:
    (fault,) = faults(text + "\n")
    assert fault.path == path
    assert expected in fault.expected
    assert fault.nearest == near
    assert fault.line >= 5


def table_faults(tabled, table: str) -> list[tuple[int, str, str]]:
    with pytest.raises(InputError) as refusal:
        tabled(table)
    assert {fault.file for fault in refusal.value.faults} == {"futures.csv"}
    return [(fault.line, fault.path, fault.expected) for fault in refusal.value.faults]


def test_every_fault_of_a_table_is_told_with_its_line_and_column(tabled) -> None:
    found = table_faults(
        tabled, f"{WAR},conduct.mu_mx,{DECLINE}\n0.5,1,0.1\n1,x,inf\n1,2\n1_0,1,0.1\n"
    )
    assert [(line, path) for line, path, _ in found] == [
        (3, "conduct.mu_mx"), (3, DECLINE), (4, ""), (5, WAR), (1, "conduct.mu_mx"),
    ]


def test_a_value_out_of_bounds_is_told_at_its_line(tabled) -> None:
    ((line, path, _),) = table_faults(tabled, f"{WAR},{MU}\n1,1\n\n99,2\n1,3\n")
    assert (line, path) == (4, WAR)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("", "a header of paths"),
        (f"{WAR}\n", "at least one point"),
        (f"{WAR},{WAR}\n1,1\n", "each path in one column"),
    ],
)
def test_a_table_needs_a_header_and_points(tabled, table: str, expected: str) -> None:
    assert expected in table_faults(tabled, table)[0][2]


def test_a_table_has_limits(tabled) -> None:
    many = "\n".join(f"{n / 1e6:.6f}" for n in range(100_000))
    assert "letters" in table_faults(tabled, f"{WAR}\n{many}\n")[0][2]
    wrong = table_faults(tabled, f"{WAR}\n" + "x\n" * 1000)
    assert len(wrong) == 51
    assert "950 more" in wrong[-1][2]


def test_names_of_columns_may_stand_in_quotes(tabled) -> None:
    assert values(tabled(f'"{WAR}","{MU}"\n1,2\n'), MU) == [2.0]


def test_a_table_cannot_be_named_on_the_command_line(faults) -> None:
    (fault,) = faults("", "sweep.table=futures.csv")
    assert (fault.file, fault.path) == ("command line", "sweep.table")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("sweep: {zip: {a.b: 1}}", "not array"),
        ("sweep: {sobol: {point: 1}}", "not a key"),
        ("sweep: {sobol: {settings: {a.b: [1]}}}", "of length 1"),
        ("sweep: {table: 1}", "not string"),
    ],
)
def test_the_schema_knows_designs(text: str, complaint: str) -> None:
    schema = json_schema()
    found = list(complaints(schema, read_yaml(text, "a").data, schema))
    assert found
    assert complaint in found[0]
