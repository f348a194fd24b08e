"""Runners that a worker can import: they count, fail, die and wait on request."""

import os
import signal
import time
from pathlib import Path

from sim.errors import SimError


class Runner:
    def __init__(self, shared):
        self.folder = Path(shared["folder"])
        self.offset = shared.get("offset", 0)
        with (self.folder / "built").open("a") as log:
            log.write(f"{os.getpid()}\n")

    def run(self, spec):
        what, number = spec
        if what == "raise":
            raise ValueError(f"run {number}\n went wrong")
        if what == "kill" or (what == "kill once" and self._first(number)):
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "leave":
            os._exit(3)
        if what == "threads":
            return os.environ["OMP_NUM_THREADS"].encode()
        if what == "wait":
            (self.folder / f"waiting {number}").touch()
            time.sleep(60)
        if what == "large":
            return bytes(2_000_000)
        return str(self.offset + number).encode()

    def _first(self, number):
        mark = self.folder / f"killed {number}"
        if mark.exists():
            return False
        mark.touch()
        return True


class Refuses:
    def __init__(self, shared):
        raise SimError(f"this world cannot be built: {shared['why']}")


class Breaks:
    def __init__(self, shared):
        raise KeyError("nothing here")


class Dies:
    def __init__(self, shared):
        os.kill(os.getpid(), signal.SIGKILL)
