"""What one process compiles before the others start is all that they need."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MADE = """
from pathlib import Path
import os
from sim.batch.run_one import Runner, RunSpec
from sim.scenario import load

folder = Path(os.environ["NUMBA_CACHE_DIR"])
scenario = load("scenarios/faw_leapmotor.yaml", ["horizon.quarters=6"])
runner = Runner(scenario)
runner.compile_kernels()
before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.nbc")}
assert any("search" in path.name for path in before)
for arm in ("solo", "merger"):
    runner.run(RunSpec(0, 1, 0, arm, "middle", ()))
after = {path: path.stat().st_mtime_ns for path in folder.rglob("*.nbc")}
print(len(before), sorted(path.name for path in after.keys() - before.keys()))
assert after == before
"""


@pytest.mark.slow
def test_runs_compile_nothing_after_the_warm_up(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    made = subprocess.run(
        [sys.executable, "-c", MADE], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert made.returncode == 0, made.stdout + made.stderr
