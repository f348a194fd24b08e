"""Run a batch and kill the process at a chosen moment: after so many runs, or between tables.

    python dying_batch.py SCENARIO FOLDER WORKERS runs|tables COUNT
"""

import os
import signal
import sys
from pathlib import Path

from sim.batch.batch import run_batch
from sim.record.store import Store
from sim.record.writer import replacing
from sim.scenario import load


def main() -> None:
    file, folder, workers, what, count = sys.argv[1:]
    left = [int(count)]

    def step() -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    if what == "runs":
        whole = Store.put

        def put(self, *arguments):
            whole(self, *arguments)
            step()

        Store.put = put
    else:
        import sim.record.store as store

        def named(path):
            step()
            return replacing(path)

        store.replacing = named
    run_batch(load(file, []), Path(folder), workers=int(workers), quiet=True)


if __name__ == "__main__":
    main()
