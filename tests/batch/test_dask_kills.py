"""Workers of a Dask cluster killed for real, at thirty random moments, and the batch resumed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("distributed")

import dask_kills

from sim.batch.executor import run_tasks
from sim.record import TABLES, Store

ROOT = Path(__file__).resolve().parents[2]
KILLS = 30

pytestmark = [
    pytest.mark.dask,
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="SIGKILL and forked workers"),
]


def tables(folder: Path) -> dict[str, bytes]:
    return {name: (folder / f"{name}.parquet").read_bytes() for name in TABLES}


def on_a_cluster(folder: Path, kills: int) -> tuple[int, int]:
    """Make what is missing; workers killed, and runs that are not kept all the same."""
    command = [
        sys.executable, str(ROOT / "tests/support/dask_kills.py"), str(folder), str(kills), "30",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests/support'}"}
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    killed, lost = ended.stdout.split()
    return int(killed), int(lost)


def test_a_batch_whose_workers_are_killed_thirty_times_resumes_to_the_same_bytes(tmp_path):
    reference, folder = tmp_path / "local", tmp_path / "dask"
    order = dask_kills.run_rows.order(dask_kills.RUNS)
    with Store(reference) as store:
        run_tasks(
            dask_kills.FACTORY, None, range(dask_kills.RUNS), 1,
            lambda index, outcome: store.put(order[index][0], outcome.payload),
        )  # fmt: skip
        store.compact(order)
    killed, lost = on_a_cluster(folder, KILLS)
    assert killed == KILLS
    # Each death costs at most the run that its worker was making; most are made again at once.
    assert lost <= KILLS
    assert on_a_cluster(folder, 0) == (0, 0)
    assert tables(folder) == tables(reference)
