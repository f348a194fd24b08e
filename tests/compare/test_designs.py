"""A batch whose points are no grid: values in its rows, where comparisons are made, no map."""

from pathlib import Path

import numpy as np
import pytest

from sim.batch.batch import run_batch
from sim.cli import main
from sim.compare import Batch, compare_arms, heat
from sim.compare.batch import Scope
from sim.errors import InputError
from sim.report.provenance import contents_section
from sim.scenario import Scenario, load

WAR, MU, DECLINE = "conduct.war_intensity", "conduct.mu_max", "costs.battery_decline"
TEXT = f"""\
scenario: 1
name: No grid
extends: base/china_nev_2024.yaml
horizon: {{quarters: 2}}
demand: {{types: 32}}
replicates: 2
arms: {{solo: {{}}, poor: {{finance: {{equity_market: false}}}}}}
sweep:
  {DECLINE}: [0.05, 0.1]
  zip: {{{WAR}: [0, 0.5, 1, 1, 1], {MU}: [4, 4, 2, 4.00002, 4.00001]}}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Scenario, Path]:
    folder = tmp_path_factory.mktemp("no_grid")
    (folder / "no_grid.yaml").write_text(TEXT, encoding="utf-8")
    scenario = load(folder / "no_grid.yaml")
    run_batch(scenario, folder / "out", quiet=True)
    return scenario, folder / "out"


@pytest.fixture
def batch(made) -> Batch:
    return Batch(made[1])


def test_every_run_carries_the_values_of_its_point(made, batch: Batch) -> None:
    points = [dict(point.values) for point in made[0].points()]
    assert len(batch.runs) == 10 * 2 * 2
    for row in batch.runs.itertuples(index=False):
        values = dict(zip(batch.runs.columns, row, strict=True))
        assert {path: values[path] for path in (DECLINE, WAR, MU)} == points[values["point"]]


def test_the_reference_is_one_point_with_all_its_pairs(batch: Batch) -> None:
    # The base says 1 and 4; the last point of the zip is nearest, and the one before it close.
    assert batch.reference.point[MU] == 4.00001
    runs = batch.runs_at(batch.reference)
    assert sorted(runs["replicate"]) == [0, 0, 1, 1]
    assert set(compare_arms(batch)["pairs"]) == {2}


def test_settings_that_move_together_are_chosen_together(batch: Batch) -> None:
    assert batch.at({WAR: 0.5}).point == {DECLINE: batch.reference.point[DECLINE], WAR: 0.5, MU: 4}
    assert batch.at({MU: 2}).point[WAR] == 1.0
    # Two points have mu_max 4: the nearer one to the reference.
    assert batch.at({MU: 4, WAR: 0}).point[WAR] == 0.0
    assert batch.at({DECLINE: 0.1}).point == {**batch.reference.point, DECLINE: 0.1}


def test_points_that_lie_close_are_told_apart(batch: Batch) -> None:
    for asked, found in ((4.00002, 4.00002), (4.00001, 4.00001), (4.0, 4.00001)):
        runs = batch.runs_at(Scope("middle", {**batch.reference.point, MU: asked}))
        assert sorted(runs[MU]) == [found] * 4


def test_a_point_can_be_named_by_its_number(made, batch: Batch) -> None:
    for point in made[0].points():
        assert batch.point(point.index).point == dict(point.values)
        assert set(batch.runs_at(batch.point(point.index))["point"]) == {point.index}
    with pytest.raises(InputError, match="a point of the batch, 0 to 9"):
        batch.point(10)


def test_values_of_no_point_are_refused(batch: Batch) -> None:
    with pytest.raises(InputError, match="moved together"):
        batch.check_scope(batch.at({WAR: 0.0, MU: 2.0}))
    with pytest.raises(InputError, match="one of 0, 0"):
        batch.check_scope(batch.at({WAR: 0.7}))


def test_only_a_grid_has_a_map(batch: Batch) -> None:
    assert batch.grids == (DECLINE,)
    found = heat(batch, "leapmotor")
    assert sorted(set(found["setting"])) == [0.05, 0.1]
    assert set(found["n"]) == {2}
    assert heat(batch, "leapmotor", path=WAR).empty


def test_the_report_says_what_was_swept_and_where_it_answers(batch: Batch) -> None:
    text = contents_section(batch)
    assert "zip of 5 points over conduct.war_intensity (0 to 1)" in text
    assert "the one nearest to the scenario" in text


def test_compare_takes_a_point_by_its_number(made, capsys) -> None:
    assert main(["compare", str(made[1]), "--point", "1", "--csv"]) == 0
    assert capsys.readouterr().out.count("\n") > 5
    assert main(["compare", str(made[1]), "--point", "99"]) == 2
    assert main(["compare", str(made[1]), "--point", "1", "--set", f"{WAR}=1"]) == 2
    assert "not both" in capsys.readouterr().err


def test_a_batch_from_before_designs_is_all_grid(batch: Batch) -> None:
    batch.manifest = {key: batch.manifest[key] for key in batch.manifest if key != "designs"}
    assert batch.grids == (DECLINE, WAR, MU)
    assert np.isfinite(batch.points[1]).all()
