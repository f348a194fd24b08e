"""Tables are the same bytes from a Python whose numerical libraries use all processors."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sim.batch.executor import THREADS

ROOT = Path(__file__).resolve().parents[2]
CALL = """
import sys
import sim
scenario = sim.load("scenarios/faw_leapmotor.yaml")
scenario = scenario.set("replicates", 1).set("sweep", None).set("horizon.quarters", 8)
sim.run(scenario, out=sys.argv[1], workers=1)
"""


@pytest.mark.slow
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor")
def test_threads_of_the_calling_python_do_not_matter(tmp_path):
    tables = {}
    for count in ("1", "2"):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **dict.fromkeys(THREADS, count)}
        call = [sys.executable, "-c", CALL, str(tmp_path / count)]
        made = subprocess.run(call, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        tables[count] = [
            (tmp_path / count / f"{name}.parquet").read_bytes() for name in ("firms", "market")
        ]
    assert tables["1"] == tables["2"]
