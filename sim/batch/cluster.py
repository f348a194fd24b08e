"""Runs on a Dask cluster: its own on this machine, or one that stands elsewhere.

The same runner makes the same bytes; only where it sits differs. Results are handed over as they
end, so the ledger here keeps each finished run, and a run that kills its workers fails alone.
This module needs the package ``distributed``; nothing else does.
"""

from __future__ import annotations

import contextlib
import pickle
import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any
from uuid import uuid4

import dask
import distributed

from sim.batch.executor import THREADS, OnDone, Outcome, Runner, attempt, build
from sim.errors import SimError

LOOPBACK = "127.0.0.1"
# Runs waiting at the scheduler for each thread of the cluster: enough to keep it busy, few enough
# that results never pile up.
AHEAD = 4
CONNECT_SECONDS = 30
# Name under which every worker keeps the runner.
PLUGIN = "ev-price-war-runner"


class RunnerPlugin(distributed.WorkerPlugin):  # type: ignore[misc]
    """Brings the runner to each worker, also to one that replaces a worker that died.

    Parameters
    ----------
    package
        Pickled ``(factory, shared)`` of :func:`sim.batch.executor.run_tasks`.
    """

    name = PLUGIN

    def __init__(self, package: bytes) -> None:
        self._package = package
        self._runner: Runner | None = None

    def runner(self) -> Runner:
        """Return the runner, built at the first call; raises SimError where it cannot be."""
        if self._runner is None:
            factory, shared = pickle.loads(self._package)
            self._runner = build(factory, shared)
        return self._runner


def run_on_cluster(
    factory: str,
    shared: object,
    specs: Sequence[Any],
    workers: int,
    on_done: OnDone,
    *,
    scheduler: str = "",
    prepare: Callable[[], None] | None = None,
) -> None:
    """Make every run on a cluster and report each as it ends, as ``executor.run_tasks`` does.

    Parameters
    ----------
    factory, shared, specs, on_done
        As in :func:`sim.batch.executor.run_tasks`.
    workers
        Worker processes of a cluster of its own; a scheduler elsewhere has its own workers.
    scheduler
        Address such as ``tcp://host:8786``; empty for a cluster on this machine, which listens
        to the loopback only.
    prepare
        Called in this process before a cluster of its own makes the first run.

    Raises
    ------
    SimError
        The scheduler does not answer, or the runner cannot be built.
    """
    if not specs:
        return
    package = pickle.dumps((factory, shared), pickle.HIGHEST_PROTOCOL)
    # One death is enough: what a dying worker held is made again alone, see _feed.
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        _client(workers, scheduler) as client,
    ):
        client.register_plugin(RunnerPlugin(package))
        if prepare is not None and not scheduler:
            prepare()
        _feed(client, specs, on_done)


@contextlib.contextmanager
def _client(workers: int, scheduler: str) -> Iterator[distributed.Client]:
    with contextlib.ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        # Dask warns of busy ports and slow ticks; neither bears on a result.
        warnings.simplefilter("ignore")
        address: Any = scheduler
        if not scheduler:
            address = stack.enter_context(
                distributed.LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    processes=True,
                    host=LOOPBACK,
                    dashboard_address=None,
                    silence_logs=50,
                    env=dict.fromkeys(THREADS, "1"),
                )
            )
        try:
            client = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise SimError(f"no Dask scheduler answers at {scheduler}: {error}") from error
        yield stack.enter_context(client)


def _feed(client: distributed.Client, specs: Sequence[Any], on_done: OnDone) -> None:
    """Keep a few runs a thread ahead of the cluster and hand over what ends.

    When a worker dies, the scheduler suspects every run it held. Those are made again one at a
    time at the end, so that only the run that kills is blamed.
    """
    ahead = AHEAD * max(sum(client.nthreads().values()), 1)
    for number, _ in _round(client, list(enumerate(specs)), ahead, on_done):
        for _, reason in _round(client, [(number, specs[number])], 1, on_done):
            on_done(number, Outcome("failed", b"", reason))


def _round(
    client: distributed.Client,
    numbered: Sequence[tuple[int, Any]],
    ahead: int,
    on_done: OnDone,
) -> list[tuple[int, str]]:
    """Make some runs; return number and reason of those whose workers died."""
    waiting = iter(numbered)
    number_of: dict[str, int] = {}
    ended = distributed.as_completed(loop=client.loop)
    lost: list[tuple[int, str]] = []

    def submit() -> None:
        for number, spec in islice(waiting, 1):
            # A key of its own: a run made again must not be answered from the first attempt.
            future = client.submit(_make, spec, key=f"run-{uuid4().hex}", pure=False)
            number_of[future.key] = number
            ended.add(future)

    for _ in range(ahead):
        submit()
    for future in ended:
        number = number_of.pop(future.key)
        error = future.exception()
        if error is None:
            made = future.result()
            if isinstance(made, SimError):
                raise made
            on_done(number, made)
        elif isinstance(error, distributed.scheduler.KilledWorker):
            lost.append((number, "its worker died each time"))
        else:
            reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
            on_done(number, Outcome("failed", b"", reason))
        future.release()
        submit()
    return lost


def _make(spec: Any) -> Outcome | SimError:
    """Make one run where the cluster put it."""
    plugin = distributed.get_worker().plugins[PLUGIN]
    try:
        runner = plugin.runner()
    except SimError as error:
        return error
    return attempt(runner, spec)
