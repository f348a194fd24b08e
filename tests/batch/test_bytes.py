"""Tables are the same bytes for any number of workers, again, and after a kill."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sim.batch.batch import run_batch
from sim.compare import Batch
from sim.report import write_report
from sim.scenario import load

ROOT = Path(__file__).resolve().parents[2]
TABLES = ("runs", "market", "firms", "events")
SCENARIO = """
scenario: 1
name: a small batch
question: Are its tables the same bytes?
extends: base/china_nev_2024.yaml
horizon: {start: 2025Q1, quarters: 6}
replicates: 3
baseline: solo
arms:
  solo: {}
  merger:
    alliances:
      faw_leapmotor:
        members: [faw, leapmotor]
        start: 2025Q2
        kind: merger
        review: {on: false}
        terms: {merger: {acquirer: faw, integration_cost_share: 0.02}}
sweep:
  conduct.war_intensity: {grid: [0.5, 1.0]}
"""
UNCALIBRATED = SCENARIO.replace(
    "conduct.war_intensity: {grid: [0.5, 1.0]}", "calibration.vehicle_learning: {grid: [0.05, 0.4]}"
).replace("replicates: 3", "replicates: 2")


def written(folder: Path, text: str = SCENARIO) -> Path:
    path = folder / "small.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def tables(folder: Path) -> dict[str, bytes]:
    return {name: (folder / f"{name}.parquet").read_bytes() for name in TABLES}


def report(folder: Path) -> dict[str, bytes]:
    """Figures and tables of a report; the manifest alone knows the hour."""
    write_report(folder)
    found = sorted(
        path
        for part in ("figures", "tables")
        for path in (folder / part).rglob("*")
        if path.is_file()
    )
    assert len(found) > 4
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """A batch made by one worker, its tables and its report."""
    folder = tmp_path_factory.mktemp("reference")
    finished = run_batch(load(str(written(folder)), []), folder / "out", quiet=True)
    assert (finished.total, finished.failed) == (12, 0)
    return tables(folder / "out"), report(folder / "out")


def made(folder: Path, workers: int) -> Path:
    run_batch(load(str(written(folder)), []), folder / "out", workers=workers, quiet=True)
    return folder / "out"


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "time"), [(1, "again"), (2, "once"), (2, "again")])
def test_any_number_of_workers_writes_the_same_bytes(reference, tmp_path, workers, time):
    out = made(tmp_path, workers)
    assert tables(out) == reference[0]
    assert report(out) == reference[1]


def killed(folder: Path, workers: int, what: str, count: int) -> None:
    command = [
        sys.executable, str(ROOT / "tests/support/dying_batch.py"), str(written(folder)),
        str(folder / "out"), str(workers), what, str(count),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    died = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=300)
    assert died.returncode == -9, died.stderr.decode()[-2000:]


LUCK = np.random.default_rng(20250303)
MOMENTS = [("runs", int(LUCK.integers(1, 12))), ("runs", int(LUCK.integers(1, 12))), ("tables", 3)]


@pytest.mark.slow
@pytest.mark.parametrize(("what", "count"), MOMENTS)
def test_a_killed_batch_resumes_to_the_same_bytes(reference, tmp_path, what, count):
    killed(tmp_path, 2, what, count)
    finished = run_batch(load(str(written(tmp_path)), []), tmp_path / "out", quiet=True)
    assert finished.made == 12 - (count if what == "runs" else 12)
    assert tables(tmp_path / "out") == reference[0]
    assert report(tmp_path / "out") == reference[1]


def test_a_run_that_fails_is_kept_with_its_reason_and_the_others_go_on(tmp_path):
    scenario = load(str(written(tmp_path, UNCALIBRATED)), [])
    finished = run_batch(scenario, tmp_path / "out", quiet=True)
    assert (finished.total, finished.made, finished.failed) == (8, 8, 4)
    runs = Batch(tmp_path / "out").runs
    bad = runs["status"] == "failed"
    assert set(runs.loc[bad, "calibration.vehicle_learning"]) == {0.4}
    assert set(runs.loc[~bad, "calibration.vehicle_learning"]) == {0.05}
    reasons = set(runs.loc[bad, "error"])
    assert len(reasons) == 1
    assert "CalibrationError: median own elasticity" in reasons.pop()
    assert all(failure.error for failure in finished.failures)
    first = finished.failures[0].name
    assert first == "solo, replicate 0, middle, calibration.vehicle_learning=0.4"
    again = run_batch(scenario, tmp_path / "out", quiet=True)
    assert (again.made, again.failed) == (4, 4)
