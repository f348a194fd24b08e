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


# Everything that the process which runs a batch does, but for the runs: they are an echo of one.
ONE_RUN = """
import sys
from pathlib import Path
from sim.batch.plan import make_plan
from sim.batch.run_one import Runner
from sim.scenario import load

scenario = load("scenarios/faw_leapmotor.yaml", ["demand.types=16", "sweep=null"])
plan = make_plan(scenario, arms=("solo",), replicates=1)
Path(sys.argv[1]).write_bytes(Runner(scenario).run(plan.specs[0]))
"""
BATCH = """
import sys
from pathlib import Path
import sim.batch.batch as batch
from sim.batch.executor import run_tasks
from sim.scenario import load

run, folder, *sizes = sys.argv[1:]
scenario = load("scenarios/faw_leapmotor.yaml", ["demand.types=16", "sweep=null"])
payload = Path(run).read_bytes()

def echoes(executor, scheduler, prepare):
    def make(factory, shared, specs, workers, keep):
        run_tasks("stub_batch:Echo", payload, specs, workers, keep, prepare=prepare)
    return make

batch.maker = echoes
for size in sizes:
    ended = batch.run_batch(
        scenario.with_replicates(int(size)), Path(folder), workers=2, quiet=True, arms=("solo",)
    )
    assert (ended.total, ended.failed) == (int(size), 0)
    status = Path("/proc/self/status").read_text().splitlines()
    print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


def peaks_of_a_batch(folder: Path, *sizes: int) -> list[int]:
    """Largest memory of the process that runs a batch, after each of some sizes, bytes."""
    path = f"{ROOT}{os.pathsep}{ROOT / 'tests/support'}"

    def say(program: str, *words: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", program, *words], cwd=ROOT,
            env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip

    # The engine is for workers: the process that runs a batch never imports it.
    run = str(folder.with_suffix(".run"))
    say(ONE_RUN, run)
    said = say(BATCH, run, str(folder), *map(str, sizes))
    return [1024 * int(line) for line in said.split()]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="needs Linux's /proc")
def test_the_parent_of_a_batch_holds_the_plan_of_its_runs_and_not_their_rows(tmp_path):
    # From some hundred runs on a part of the tables fills its buffers.
    few, many = 500, 1500
    before, after = peaks_of_a_batch(tmp_path / "batch", few, many)
    a_run = (after - before) / (many - few)
    # Number, key and settings of a run in the plan; a run itself has over 100 kB.
    assert a_run < 15e3, f"{before / 1e6:.0f} MB, {a_run:,.0f} bytes a run"
