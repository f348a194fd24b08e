import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim.batch.executor import run_tasks
from sim.errors import SimError

HERE = Path(__file__).resolve().parents[1] / "support"
FACTORY = "runners:Runner"


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    monkeypatch.syspath_prepend(str(HERE))


def run(specs, workers, folder, factory=FACTORY, **shared):
    outcomes = {}

    def on_done(index, outcome):
        assert index not in outcomes
        outcomes[index] = outcome

    run_tasks(factory, {"folder": str(folder), **shared}, specs, workers, on_done)
    return outcomes


def built(folder):
    return (folder / "built").read_text().split()


@pytest.mark.parametrize("workers", [1, 2])
def test_every_run_is_made_once_and_each_worker_builds_once(workers, tmp_path):
    outcomes = run([("count", n) for n in range(20)], workers, tmp_path, offset=100)
    assert {index: outcome.payload for index, outcome in outcomes.items()} == {
        n: str(100 + n).encode() for n in range(20)
    }
    assert {outcome.status for outcome in outcomes.values()} == {"ok"}
    assert len(built(tmp_path)) == workers


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_that_raises_is_an_outcome_and_the_others_go_on(workers, tmp_path):
    outcomes = run([("count", 0), ("raise", 1), ("count", 2)], workers, tmp_path)
    assert [outcomes[n].status for n in range(3)] == ["ok", "failed", "ok"]
    assert outcomes[1].error == "ValueError: run 1 went wrong"
    assert outcomes[1].payload == b""
    assert "Traceback" in outcomes[1].trace
    assert "runners.py" in outcomes[1].trace


def test_a_killed_worker_costs_nobody_anything_if_the_second_attempt_works(tmp_path):
    specs = [("count", n) for n in range(12)]
    specs[4] = ("kill once", 4)
    specs[7] = ("kill once", 7)
    outcomes = run(specs, 2, tmp_path)
    assert {index: outcome.payload for index, outcome in outcomes.items()} == {
        n: str(n).encode() for n in range(12)
    }
    assert len(built(tmp_path)) >= 3


def test_a_poison_run_fails_alone_with_its_reason(tmp_path):
    specs = [("count", n) for n in range(10)]
    specs[0] = ("kill", 0)
    specs[9] = ("leave", 9)
    outcomes = run(specs, 2, tmp_path)
    assert sorted(outcomes) == list(range(10))
    assert outcomes[0].error == "its worker was killed by signal 9 (SIGKILL), 2 times"
    assert outcomes[9].error == "its worker ended with exit status 3, 2 times"
    assert all(outcomes[n].payload == str(n).encode() for n in range(1, 9))


def test_large_shared_and_large_results_pass(tmp_path):
    outcomes = run([("large", 0), ("count", 1)], 2, tmp_path, ballast=bytes(3_000_000))
    assert len(outcomes[0].payload) == 2_000_000
    assert outcomes[1].payload == b"1"


def test_workers_have_one_thread_and_this_process_keeps_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    outcomes = run([("threads", 0), ("threads", 1)], 2, tmp_path)
    assert {outcome.payload for outcome in outcomes.values()} == {b"1"}
    assert os.environ["OMP_NUM_THREADS"] == "5"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_runner_that_cannot_be_built_is_one_error(workers, tmp_path):
    specs = [("count", 0), ("count", 1)]
    with pytest.raises(SimError, match="cannot be built: no cars"):
        run(specs, workers, tmp_path, factory="runners:Refuses", why="no cars")
    with pytest.raises(SimError, match="runners:Breaks cannot be built: KeyError"):
        run(specs, workers, tmp_path, factory="runners:Breaks")
    with pytest.raises(SimError, match="runners:Missing cannot be built"):
        run(specs, workers, tmp_path, factory="runners:Missing")


def test_workers_that_die_while_starting_end_the_batch(tmp_path):
    with pytest.raises(SimError, match=r"no worker could start: each was killed by signal 9"):
        run([("count", 0), ("count", 1)], 2, tmp_path, factory="runners:Dies")


def test_no_runs_need_no_workers(tmp_path):
    assert run([], 2, tmp_path) == {}


def test_an_error_in_on_done_stops_all_workers(tmp_path):
    def on_done(index, outcome):
        raise RuntimeError("the disk is full")

    specs = [("wait", 0), ("count", 1), ("wait", 2)]
    with pytest.raises(RuntimeError, match="disk is full"):
        run_tasks(FACTORY, {"folder": str(tmp_path)}, specs, 2, on_done)
    assert all(gone(int(process)) for process in built(tmp_path))


SCRIPT = """
import sys
sys.path.insert(0, {here!r})
from sim.batch.executor import run_tasks

if __name__ == "__main__":
    try:
        run_tasks({factory!r}, {{"folder": {folder!r}}}, [("wait", 0), ("wait", 1)], 2, print)
    except KeyboardInterrupt:
        sys.exit(42)
"""


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent to a process group")
def test_ctrl_c_stops_cleanly(tmp_path):
    script = tmp_path / "batch.py"
    script.write_text(SCRIPT.format(here=str(HERE), factory=FACTORY, folder=str(tmp_path)))
    batch = subprocess.Popen(
        [sys.executable, str(script)],
        start_new_session=True,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
    )
    try:
        until(lambda: len(list(tmp_path.glob("waiting *"))) == 2)
        os.killpg(batch.pid, signal.SIGINT)
        _, errors = batch.communicate(timeout=20)
    finally:
        batch.kill()
        batch.wait()
        batch.stderr.close()
    assert batch.returncode == 42
    assert errors == b""
    assert all(gone(int(process)) for process in built(tmp_path))


def until(holds, seconds=30.0):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def gone(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def test_workers_do_not_run_the_calling_script_again(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        f"sys.path[:0] = [{str(HERE)!r}, {str(HERE.parents[1])!r}]\n"
        "from sim.batch.executor import run_tasks\n"
        f"shared = {{'folder': {str(tmp_path)!r}}}\n"
        "done = []\n"
        "run_tasks('runners:Runner', shared, [('count', n) for n in range(4)], 2,\n"
        "          lambda index, outcome: done.append(outcome.status))\n"
        "print(done)\n",
        encoding="utf-8",
    )
    said = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False, timeout=120
    )
    assert said.stderr == ""
    assert said.stdout == "['ok', 'ok', 'ok', 'ok']\n"


@pytest.mark.parametrize("workers", [1, 2])
def test_what_all_need_is_prepared_once_before_any_runner_is_built(workers, tmp_path):
    calls = []

    def prepare():
        calls.append((tmp_path / "built").exists())

    specs = [("count", n) for n in range(4)]
    shared = {"folder": str(tmp_path)}
    run_tasks(FACTORY, shared, specs, workers, lambda *_: None, prepare=prepare)
    assert calls == ([False] if workers > 1 else [])


def test_a_process_with_several_threads_leaves_even_one_workers_runs_to_another(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "4")
    outcomes = run([("threads", 0), ("count", 1)], 1, tmp_path)
    assert outcomes[0].payload == b"1"
    assert [int(process) for process in built(tmp_path)] != [os.getpid()]
