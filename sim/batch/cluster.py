"""Runs on a Dask cluster: its own on this machine, or one that stands elsewhere.

The same runner makes the same bytes; only where it sits differs. Results are handed over as they
end, so the ledger here keeps each finished run, and a run that kills its workers fails alone.
This module needs the package ``distributed``; nothing else does.
"""

from __future__ import annotations

import contextlib
import pickle
import time
import warnings
from asyncio import CancelledError
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
# Between two looks for a result that is there, and for workers that are not.
POLL_SECONDS = 0.002
LOOK_SECONDS = 0.5
# Too few processes at so many looks in a row: none is about to come.
LOOKS = 10
GIVE_UP_SECONDS = 120
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
        _client(workers, scheduler) as (client, watch),
    ):
        client.register_plugin(RunnerPlugin(package))
        if prepare is not None and not scheduler:
            prepare()
        _feed(client, specs, on_done, watch)


class _Watch:
    """Replaces workers of a cluster of its own that are gone for good.

    A nanny starts another worker where one died, but may give up where that dies while it starts;
    without workers the batch would wait for ever.

    Parameters
    ----------
    cluster
        None for one that stands elsewhere, where others see to its workers.
    workers
        How many it should have.
    """

    def __init__(self, cluster: distributed.LocalCluster | None, workers: int) -> None:
        self._cluster, self._workers = cluster, workers
        self._looks_at = self._alive_at = time.monotonic()
        self._too_few = 0

    def look(self) -> None:
        """Replace what is gone; raises SimError where no worker can be started."""
        now = time.monotonic()
        if self._cluster is None or now < self._looks_at:
            return
        self._looks_at = now + LOOK_SECONDS
        nannies = list(self._cluster.workers.values())
        alive = sum(nanny.is_alive() for nanny in nannies)
        if alive:
            self._alive_at = now
        elif now - self._alive_at > GIVE_UP_SECONDS:
            raise SimError(f"no worker could be started for {GIVE_UP_SECONDS} s")
        self._too_few = self._too_few + 1 if alive < self._workers else 0
        if self._too_few >= LOOKS:
            self._too_few = 0
            # A nanny that has closed is opened again; one that idles gets another beside it.
            idle = len(nannies) - alive
            self._cluster.scale(max(len(self._cluster.worker_spec), self._workers + idle))


@contextlib.contextmanager
def _client(workers: int, scheduler: str) -> Iterator[tuple[distributed.Client, _Watch]]:
    with contextlib.ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        # Dask warns of busy ports and slow ticks; neither bears on a result.
        warnings.simplefilter("ignore")
        address: Any = scheduler
        cluster = None
        if not scheduler:
            address = cluster = stack.enter_context(
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
        yield stack.enter_context(client), _Watch(cluster, workers)


def _feed(
    client: distributed.Client, specs: Sequence[Any], on_done: OnDone, watch: _Watch
) -> None:
    """Keep a few runs a thread ahead of the cluster and hand over what ends.

    When a worker dies, the scheduler suspects every run it held. Those are made again one at a
    time at the end, so that only the run that kills is blamed.
    """
    ahead = AHEAD * max(sum(client.nthreads().values()), 1)
    for number, _ in _round(client, list(enumerate(specs)), ahead, on_done, watch):
        for _, reason in _round(client, [(number, specs[number])], 1, on_done, watch):
            on_done(number, Outcome("failed", b"", reason))


def _round(
    client: distributed.Client,
    numbered: Sequence[tuple[int, Any]],
    ahead: int,
    on_done: OnDone,
    watch: _Watch,
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
    while not ended.is_empty():
        while not ended.has_ready():
            time.sleep(POLL_SECONDS)
            watch.look()
        future = next(ended)
        number = number_of.pop(future.key)
        try:
            made = _result(future, watch)
        except distributed.scheduler.KilledWorker:
            lost.append((number, "its worker died each time"))
        except CancelledError:
            raise SimError("the Dask scheduler is gone; what is done is kept") from None
        except Exception as error:
            reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
            on_done(number, Outcome("failed", b"", reason))
        else:
            if isinstance(made, SimError):
                raise made
            on_done(number, made)
        future.release()
        submit()
    return lost


def _result(future: Any, watch: _Watch) -> Any:
    """What a run returned.

    A worker may die with the finished result in its hands; it is then made once more, by another
    if there is one.
    """
    while True:
        if future.done():
            with contextlib.suppress(TimeoutError):
                return future.result(timeout=LOOK_SECONDS)
        else:
            time.sleep(POLL_SECONDS)
        watch.look()


def _make(spec: Any) -> Outcome | SimError:
    """Make one run where the cluster put it."""
    plugin = distributed.get_worker().plugins[PLUGIN]
    try:
        runner = plugin.runner()
    except SimError as error:
        return error
    return attempt(runner, spec)
