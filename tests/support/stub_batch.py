"""A small batch without the model, killed at a moment of the caller's choice.

    python stub_batch.py FOLDER WORKERS STEP DELAY

STEP counts what the writing process does: each run kept, each part and table written, each
rename (once before, once after it). DELAY seconds after that step the process kills itself;
without STEP the batch runs to its end.
"""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import run_rows

from sim.batch.executor import run_tasks
from sim.record import Store
from sim.record import store as store_module
from sim.record.parquet import TableWriter

RUNS = 60
FACTORY = "stub_batch:Runner"
# Runs, then a part of four tables for each of PARTS, then four tables, each renamed.
PART_RUNS = 25
PARTS = 3
STEPS = RUNS + 4 * PARTS + 4 + 2 * 4


class Runner:
    def __init__(self, shared):
        pass

    def run(self, number):
        return run_rows.record(number).encode()


class Echo:
    """Answers every run with the bytes it was built with."""

    def __init__(self, payload):
        self.payload = payload

    def run(self, number):
        return self.payload


def make(folder: Path, workers: int) -> int:
    """Make what is missing and write the tables; how many runs were made."""
    store_module.PART_RUNS = PART_RUNS
    order = run_rows.order(RUNS)
    with Store(folder) as store:
        done = store.done_keys()
        missing = [number for number, (key, _) in enumerate(order) if key not in done]

        def keep(index, outcome):
            store.put(order[missing[index]][0], outcome.payload, outcome.status, outcome.error)

        run_tasks(FACTORY, None, missing, workers, keep)
        store.compact(order)
    return len(missing)


def stepping(step):
    """Call ``step`` at every step of the writing process."""

    def after(owner, name):
        whole = getattr(owner, name)

        def counted(*arguments, **named):
            result = whole(*arguments, **named)
            step()
            return result

        setattr(owner, name, counted)

    after(Store, "put")
    after(TableWriter, "add")
    after(TableWriter, "finish")
    rename = Path.replace

    def replace(self, target):
        step()
        result = rename(self, target)
        step()
        return result

    Path.replace = replace


def main() -> None:
    folder, workers, *moment = sys.argv[1:]
    if moment:
        left, delay = [int(moment[0])], float(moment[1])

        def kill():
            os.kill(os.getpid(), signal.SIGKILL)

        def step():
            left[0] -= 1
            if left[0] == 0:
                if delay == 0.0:
                    kill()
                threading.Timer(delay, kill).start()

        stepping(step)
    make(Path(folder), int(workers))
    if moment:
        # A kill whose delay outlives the batch strikes a finished one.
        time.sleep(10.0)


if __name__ == "__main__":
    main()
