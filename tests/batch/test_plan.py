"""Which runs a batch is made of: their order, their identity, and each made once."""

from pathlib import Path

import numpy as np
import pytest

from sim.batch.batch import run_batch
from sim.batch.estimate import Estimate, from_batch, from_probe
from sim.batch.plan import Plan, make_cells, make_plan
from sim.record import open_batch
from sim.record.manifest import write_manifest
from sim.scenario import load

ROOT = Path(__file__).resolve().parents[2]
SWEPT = """\
scenario: 1
name: One clause is swept
extends: base/china_nev_2024.yaml
horizon: {quarters: 2}
demand: {types: 32}
replicates: 2
arms:
  solo: {}
  mou: {alliances: {pair: {members: [faw, leapmotor], start: 2025Q1, kind: mou}}}
  money: {injections: {cash: {to: leapmotor, start: 2025Q1, stake: 0.1, pre_money_cny_bn: 44}}}
sweep:
  alliances.pair.setup_cost_cny_bn: [0.1, 1.0, 5.0]
"""


@pytest.fixture
def swept(tmp_path: Path) -> Path:
    path = tmp_path / "swept.yaml"
    path.write_text(SWEPT, encoding="utf-8")
    return path


def test_order_is_by_replicate_then_calibration_point_and_arm() -> None:
    scenario = load(ROOT / "scenarios" / "faw_leapmotor.yaml", ["replicates=2"])
    plan = make_plan(scenario, full=True)
    order = [
        (spec.replicate, plan.variants.index(spec.variant), spec.point,
         scenario.arms.index(spec.arm))
        for spec in plan.specs
    ]
    assert order == sorted(order)
    assert len(set(order)) == len(order)
    assert [spec.number for spec in plan.specs] == list(range(len(order)))


def test_points_that_do_not_touch_an_arm_share_its_key(swept: Path) -> None:
    cells = make_cells(load(swept))
    keys = {arm: len({cell.key for cell in cells if cell.arm == arm}) for arm in load(swept).arms}
    assert keys == {"solo": 1, "mou": 3, "money": 1}
    plan = make_plan(load(swept))
    assert (len(plan.keys), plan.different) == (2 * 9, 2 * 5)


def test_a_list_of_cells_can_be_cut_short(swept: Path) -> None:
    cells = make_cells(load(swept))
    assert make_cells(load(swept), most=4) == cells[:6]
    assert make_cells(load(swept), most=100) == cells


def test_what_is_missing_holds_each_key_once_and_in_order() -> None:
    plan = Plan((), ("a", "b", "a", "c", "b", "d"), ())
    assert plan.missing({}) == [0, 1, 3, 5]
    assert plan.missing({"a": "ok", "b": "failed", "x": "ok"}) == [1, 3, 5]
    assert plan.missing(dict.fromkeys("abcd", "ok")) == []


def test_a_key_names_what_numbers_depend_on_and_nothing_else(swept: Path) -> None:
    base = make_plan(load(swept)).keys
    for text in ("name=Another", "question=Why?", "replicates=2", "baseline=mou",
                 "calibration.variants={new: {calibration.vehicle_learning: 0.03}}"):
        assert make_plan(load(swept, [text])).keys == base, text
    for text in ("seed=5", "horizon.quarters=3", "conduct.mu_max=3", "demand.types=48"):
        assert not set(make_plan(load(swept, [text])).keys) & set(base), text


def test_an_arm_more_leaves_the_keys_of_the_others_alone(swept: Path) -> None:
    base = set(make_plan(load(swept)).keys)
    more = set(make_plan(load(swept, ["arms.war={conduct: {war_intensity: 2}}"])).keys)
    assert base < more
    assert len(more - base) == 2


@pytest.mark.slow
def test_a_point_that_does_not_touch_an_arm_is_run_once_and_joined(
    swept: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    finished = run_batch(load(swept), folder, quiet=True)
    assert (finished.total, finished.different, finished.made, finished.failed) == (18, 10, 10, 0)
    batch = open_batch(folder)
    runs, firms = batch.table("runs"), batch.table("firms")
    assert len(runs) == 18
    for arm, same in (("solo", True), ("money", True), ("mou", False)):
        chosen = runs[(runs["arm"] == arm) & (runs["replicate"] == 0)]
        assert list(chosen["point"]) == [0, 1, 2]
        tables = [
            firms[firms["run"] == run].drop(columns="run").reset_index(drop=True)
            for run in chosen["run"]
        ]
        assert len(tables[0]) > 0
        assert tables[0].equals(tables[1]) is same
    # A value more makes the runs of its point alone.
    text = "sweep.alliances.pair.setup_cost_cny_bn=[0.1, 1.0, 5.0, 9.0]"
    more = run_batch(load(swept, [text]), folder, quiet=True)
    assert (more.total, more.different, more.made) == (24, 12, 2)
    again = run_batch(load(swept, [text]), folder, quiet=True)
    assert again.made == 0
    # What was measured when runs were made is kept where none was.
    assert open_batch(folder).manifest["made"]["runs"] == 2


def test_time_and_size_in_proportion() -> None:
    estimate = Estimate(0.5, 1000.0, "")
    assert estimate.time_for(100, 1) == 50.0
    assert estimate.time_for(100, 4) == 12.5
    assert estimate.time_for(2, 16) == 0.5 * 2 / 2
    assert estimate.size_for(100) == 1e5


def test_an_estimate_is_taken_from_a_batch_that_was_measured(tmp_path: Path) -> None:
    assert from_batch(tmp_path, 40) is None
    entries = {"quarters": 20, "runs": {"total": 10, "ok": 10, "failed": 0}}
    write_manifest(tmp_path, entries)
    assert from_batch(tmp_path, 40) is None
    made = {"runs": 5, "seconds": 10.0, "workers": 2}
    write_manifest(tmp_path, {**entries, "made": made})
    (tmp_path / "firms.parquet").write_bytes(b"x" * 600)
    (tmp_path / "ledger.sqlite").write_bytes(b"x" * 400)
    found = from_batch(tmp_path, 40)
    assert found is not None
    # 10 s with two workers for 5 runs are 4 s a run, and twice that over twice the quarters.
    assert found.seconds == pytest.approx(8.0)
    assert found.bytes == pytest.approx(200.0)
    assert str(tmp_path) in found.basis


@pytest.mark.slow
def test_a_probe_measures_runs_and_writes_nothing(swept: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    scenario = load(swept)
    short = from_probe(scenario, make_cells(scenario))
    assert short.seconds > 0.0
    assert sorted(tmp_path.rglob("*")) == before
    # Rows are kept by quarter, so size goes with the length of a run.
    longer = load(swept, ["horizon.quarters=8"])
    ratio = from_probe(longer, make_cells(longer)).bytes / short.bytes
    assert np.isfinite(ratio)
    assert 2.0 < ratio < 6.0
