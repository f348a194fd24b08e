"""Memory of the writing process does not grow with the number of runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# A run of forty quarters and twenty-six firms has as many rows as 350 quarters of three.
WRITES = """
import resource, sys
from pathlib import Path
import run_rows
from sim.record import Store

size = int(sys.argv[2])
payloads = [run_rows.record(number, quarters=350).encode() for number in range(20)]
with Store(Path(sys.argv[1])) as store:
    order = run_rows.order(size)
    for number, (key, _) in enumerate(order):
        store.put(key, payloads[number % 20])
    assert len(store.done_keys()) == size
    store.compact(order)
# On Linux ru_maxrss counts what the caller had before this program took its place.
status = Path("/proc/self/status")
if status.is_file():
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    print(line.split()[1])
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak(folder: Path, runs: int) -> int:
    """Largest memory of a process that keeps some runs and writes their tables, bytes."""
    path = f"{ROOT}{os.pathsep}{ROOT / 'tests/support'}"
    said = subprocess.run(
        [sys.executable, "-c", WRITES, str(folder), str(runs)],
        env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True,
    )
    unit = 1 if sys.platform == "darwin" else 1024
    # The number alone: nothing in between draws progress where it was not asked to.
    assert said.stdout.strip().isdigit(), said.stdout
    return int(said.stdout) * unit


@pytest.mark.slow
def test_ten_times_the_runs_take_no_more_memory(tmp_path):
    few, many = peak(tmp_path / "few", 250), peak(tmp_path / "many", 2500)
    assert many < 500e6
    assert many < 1.25 * few, f"{few / 1e6:.0f} MB, then {many / 1e6:.0f} MB"
