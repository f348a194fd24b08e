"""A small batch without the model on a Dask cluster whose workers are killed as it goes on.

    python dask_kills.py FOLDER KILLS SEED

Prints how many workers were killed and how many runs were not kept in spite of it. Workers are
forked from a server that has imported what they need, so that thirty new ones take little time.
"""

import os
import signal
import sys
import time
from pathlib import Path

import dask
import numpy as np
import psutil
import run_rows

from sim.batch.cluster import run_on_cluster
from sim.record import Store
from sim.record import store as store_module

FACTORY = "dask_kills:Runner"
RUNS = 120
WORKERS = 2
PART_RUNS = 100


class Runner:
    """Makes rows by number, in a few milliseconds so that a kill can strike within a run."""

    def __init__(self, shared):
        pass

    def run(self, number):
        time.sleep(0.004)
        return run_rows.record(number).encode()


def workers():
    """Processes of the cluster's workers, those that are only starting too."""
    here = psutil.Process()
    return [
        child
        for child in here.children(recursive=True)
        if child.status() != psutil.STATUS_ZOMBIE and child.parent() != here
    ]


def make(folder: Path, kills: int, luck: np.random.Generator) -> int:
    """Make what is missing, killing workers on the way; how many were killed."""
    store_module.PART_RUNS = PART_RUNS
    order = run_rows.order(RUNS)
    killed = 0
    with Store(folder) as store:
        done = store.done_keys()
        missing = [n for n, (key, _) in enumerate(order) if done.get(key) != "ok"]

        def keep(index, outcome):
            nonlocal killed
            store.put(order[missing[index]][0], outcome.payload, outcome.status, outcome.error)
            if killed < kills and luck.random() < 0.4:
                time.sleep(luck.exponential(0.01))
                alive = workers()
                if alive:
                    os.kill(alive[luck.integers(len(alive))].pid, signal.SIGKILL)
                    killed += 1

        run_on_cluster(FACTORY, None, missing, WORKERS, keep)
        if not store.not_ok():
            store.compact(order)
    return killed


def main() -> None:
    dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"})
    folder, kills, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    struck = make(folder, kills, np.random.default_rng(seed))
    with Store(folder) as store:
        kept = list(store.done_keys().values()).count("ok")
    print(struck, RUNS - kept)


if __name__ == "__main__":
    main()
