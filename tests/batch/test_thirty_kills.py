"""A batch killed for real, at thirty random moments and around every rename, and resumed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import stub_batch

from sim.record import TABLES, Store
from sim.record import store as store_module

ROOT = Path(__file__).resolve().parents[2]
LUCK = np.random.default_rng(30)
KILLS = [
    (int(LUCK.integers(1, stub_batch.STEPS + 1)), float(LUCK.exponential(0.01)), 1 + number % 2)
    for number in range(30)
]
FIRST_RENAME = stub_batch.STEPS - 2 * 4 + 1

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="SIGKILL"),
]


@pytest.fixture(autouse=True)
def _parts(monkeypatch):
    monkeypatch.setattr(store_module, "PART_RUNS", stub_batch.PART_RUNS)


def tables(folder: Path) -> dict[str, bytes]:
    return {name: (folder / f"{name}.parquet").read_bytes() for name in TABLES}


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """Tables of a batch that nobody interrupted."""
    folder = tmp_path_factory.mktemp("reference")
    assert stub_batch.make(folder, 1) == stub_batch.RUNS
    return tables(folder)


def killed(folder: Path, workers: int, step: int, delay: float) -> int:
    """Kill a batch; how many runs it had kept."""
    command = [
        sys.executable, str(ROOT / "tests/support/stub_batch.py"), str(folder), str(workers),
        str(step), str(delay),
    ]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests/support'}"}
    died = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=120)
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()[-2000:]
    with Store(folder) as store:
        return len(store.done_keys())


def resumed(folder: Path, kept: int, reference: dict[str, bytes]) -> None:
    assert stub_batch.make(folder, 1) == stub_batch.RUNS - kept
    assert tables(folder) == reference
    left = sorted(path.name for path in folder.iterdir())
    assert left == sorted(["ledger.sqlite", *(f"{name}.parquet" for name in TABLES)])


@pytest.mark.parametrize(("step", "delay", "workers"), KILLS)
def test_a_batch_killed_at_a_random_moment_resumes_to_the_same_bytes(
    reference, tmp_path, step, delay, workers
):
    kept = killed(tmp_path, workers, step, delay)
    # What had been kept before the kill is there; the delay lets more follow.
    assert kept >= min(step, stub_batch.RUNS)
    resumed(tmp_path, kept, reference)


@pytest.mark.parametrize("step", range(FIRST_RENAME, stub_batch.STEPS + 1))
def test_a_crash_before_or_after_any_rename_leaves_whole_tables(reference, tmp_path, step):
    assert killed(tmp_path, 1, step, 0.0) == stub_batch.RUNS
    there = [name for name in TABLES if (tmp_path / f"{name}.parquet").exists()]
    assert len(there) == (step - FIRST_RENAME + 1) // 2
    for name in there:
        assert (tmp_path / f"{name}.parquet").read_bytes() == reference[name]
    resumed(tmp_path, stub_batch.RUNS, reference)
