"""Runs on the processes of one machine, under a supervisor that outlives any of them.

Each worker builds its runner once and gets one run at a time over a pipe of its own, so a worker
that dies takes its own run with it and nobody else's. (A process pool loses every run queued.)
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import traceback
import types
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Protocol

from sim.errors import SimError

# A thread pool in every worker would fight for the same cores; read when NumPy is imported.
THREADS = (
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
ATTEMPTS = 2
# Workers that may die one after the other before any of them is ready.
LOST_STARTS = 3
_GRACE_SECONDS = 5.0


class Runner(Protocol):
    """What a worker builds once; ``run`` turns a specification into an encoded run."""

    def run(self, spec: Any) -> bytes:
        """Make one run."""
        ...


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes
    ----------
    status
        ``ok`` or ``failed``.
    payload
        The bytes of the run; empty where it failed.
    error
        Why it failed, in one line.
    trace
        The traceback of a failure inside the run.
    """

    status: str
    payload: bytes = b""
    error: str = ""
    trace: str = ""


OnDone = Callable[[int, Outcome], None]


def run_tasks(
    factory: str,
    shared: object,
    specs: Sequence[Any],
    workers: int,
    on_done: OnDone,
    *,
    prepare: Callable[[], None] | None = None,
) -> None:
    """Make every run and report each as it ends, in the order in which they end.

    Parameters
    ----------
    factory
        ``module:Class``; each worker calls ``Class(shared)`` once and then its ``run(spec)``.
    shared
        What all runs share; sent to each worker once.
    specs
        One specification a run.
    workers
        Number of processes; with 1 the runs are made in this process, unless its numerical
        libraries may use several threads: those sum in another order, and the last digit tells.
    on_done
        Called in this process with the run's index in ``specs`` and its outcome. A run that
        raised is a failed outcome; one whose worker died is tried once more in a fresh worker.
    prepare
        Called in this process while workers start, before any of them builds its runner.

    Raises
    ------
    SimError
        The runner cannot be built.
    """
    if workers <= 1 and all(os.environ.get(name) == "1" for name in THREADS):
        runner = build(factory, shared)
        for index, spec in enumerate(specs):
            on_done(index, attempt(runner, spec))
    elif specs:
        supervisor = _Supervisor(factory, shared, specs, on_done)
        supervisor.run(min(max(workers, 1), len(specs)), prepare)


def build(factory: str, shared: object) -> Runner:
    """Build the runner named ``module:Class``; raises SimError where it cannot be built."""
    module, _, name = factory.partition(":")
    try:
        runner: Runner = getattr(importlib.import_module(module), name)(shared)
    except SimError:
        raise
    except Exception as error:
        raise SimError(f"{factory} cannot be built: {_last_line(error)}") from error
    return runner


def attempt(runner: Runner, spec: Any) -> Outcome:
    """Make one run; whatever it raises is a failed outcome."""
    try:
        return Outcome("ok", runner.run(spec))
    except Exception as error:
        return Outcome("failed", b"", _last_line(error), traceback.format_exc())


def _last_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    name = type(error).__name__
    return f"{name}: {text}" if text else name


def _work(pipe: Connection, factory: str) -> None:
    """Life of a worker: say hello, build the runner, then answer one specification at a time.

    What takes long to import is imported before the supervisor has to do with it.
    """
    # Ctrl-C reaches the whole process group; the supervisor alone decides what follows.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A closed pipe means that the supervisor is gone.
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        with contextlib.suppress(Exception):
            importlib.import_module(factory.partition(":")[0])
        pipe.send(None)
        try:
            runner = build(factory, pipe.recv())
        except Exception as error:
            known = isinstance(error, SimError)
            pipe.send(Outcome("failed", b"", str(error) if known else _last_line(error)))
            return
        pipe.send(Outcome("ok"))
        while True:
            pipe.send(attempt(runner, pipe.recv()))


@dataclass(eq=False)
class _Worker:
    process: SpawnProcess
    pipe: Connection
    # Runs to give to this worker before any other: the second attempt wants a fresh one.
    first: deque[int] = field(default_factory=deque)
    ready: bool = False
    index: int | None = None


class _Supervisor:
    def __init__(self, factory: str, shared: object, specs: Sequence[Any], on_done: OnDone) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._factory = factory
        # Pickled once, whatever the number of workers.
        self._shared = pickle.dumps(shared, pickle.HIGHEST_PROTOCOL)
        self._specs = specs
        self._on_done = on_done
        self._waiting = deque(range(len(specs)))
        self._deaths: dict[int, int] = {}
        self._lost_starts = 0
        self._workers: list[_Worker] = []

    def run(self, workers: int, prepare: Callable[[], None] | None) -> None:
        try:
            for _ in range(workers):
                self._start()
            if prepare is not None:
                prepare()
            while self._workers:
                pipes = {worker.pipe: worker for worker in self._workers}
                for pipe in wait(list(pipes)):
                    assert isinstance(pipe, Connection)
                    self._listen(pipes[pipe])
        finally:
            self._stop()

    def _start(self, first: Sequence[int] = ()) -> None:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_work, args=(theirs, self._factory), daemon=True)
        worker = _Worker(process, ours, deque(first))
        with _quiet_start():
            process.start()
        # Only the worker may hold its end, else its death would not close the pipe.
        theirs.close()
        self._workers.append(worker)

    def _listen(self, worker: _Worker) -> None:
        try:
            outcome: Outcome | None = worker.pipe.recv()
        except (EOFError, OSError):
            # EOFError between two messages; a worker killed within one leaves an OSError.
            self._bury(worker)
            return
        if outcome is None:
            # Sent only now: a large message to a worker still starting would hold up the others.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                worker.pipe.send_bytes(self._shared)
            return
        if not worker.ready:
            if outcome.status != "ok":
                raise SimError(outcome.error)
            worker.ready = True
            self._lost_starts = 0
        else:
            index, worker.index = worker.index, None
            assert index is not None
            self._on_done(index, outcome)
        self._give(worker)

    def _give(self, worker: _Worker) -> None:
        source = worker.first or self._waiting
        if not source:
            self._workers.remove(worker)
            worker.pipe.close()
            worker.process.join(_GRACE_SECONDS)
            return
        worker.index = source.popleft()
        # A worker that died meanwhile is noticed when its pipe is read.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            worker.pipe.send(self._specs[worker.index])

    def _bury(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.pipe.close()
        worker.process.join(_GRACE_SECONDS)
        reason = _cause_of_death(worker.process.exitcode)
        first = list(worker.first)
        if not worker.ready:
            self._lost_starts += 1
            if self._lost_starts >= LOST_STARTS:
                raise SimError(f"no worker could start: each {reason}")
        elif worker.index is not None:
            deaths = self._deaths[worker.index] = self._deaths.get(worker.index, 0) + 1
            if deaths < ATTEMPTS:
                first.append(worker.index)
            else:
                error = f"its worker {reason}, {deaths} times"
                self._on_done(worker.index, Outcome("failed", b"", error))
        if first or self._waiting:
            self._start(first)

    def _stop(self) -> None:
        for worker in self._workers:
            worker.pipe.close()
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join(_GRACE_SECONDS)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()


def _cause_of_death(exit_code: int | None) -> str:
    if exit_code is None:
        return "closed its pipe"
    if exit_code >= 0:
        return f"ended with exit status {exit_code}"
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = "unknown"
    return f"was killed by signal {-exit_code} ({name})"


@contextlib.contextmanager
def _quiet_start() -> Iterator[None]:
    """What a new process inherits: one thread each, and deaf to Ctrl-C from its first moment.

    It does not inherit the calling script: a worker needs nothing of it, and a script without
    ``if __name__ == "__main__"`` would run a second time in each.
    """
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    # Signal handlers can only be set in the main thread.
    main = threading.current_thread() is threading.main_thread()
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN) if main else None
    script = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script
        if main:
            signal.signal(signal.SIGINT, handler)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
