"""Cost of a run and of a batch around it, as ratios to yardsticks of the same run (`make bench`).

Yardstick: NumPy's exponential over an array of types by lines. Times of a run are the best of
several, on the calling thread; those of a batch are by the clock.
"""

import os
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from sim.batch import recorder
from sim.batch.batch import run_batch
from sim.batch.executor import run_tasks
from sim.batch.run_one import Runner, RunSpec
from sim.market import pricing
from sim.quarter import phases
from sim.record import Store
from sim.scenario import load

pytestmark = pytest.mark.bench

ROOT = Path(__file__).resolve().parents[2]
REPEATS = 25
# The engine costs no more than the kernels that it calls, and so many exponentials at most: a
# slower solver must not hide a slower engine.
ENGINE_AIM, ENGINE_MOST = 1.0, 400.0
RUNS = 10_000
OVERHEAD_AIM_MS, OVERHEAD_MOST = 5.0, 0.15
WORKERS_LEAST = 1.8
# Seconds that a batch with one worker should last at least, and load that others may make.
BATCH_SECONDS, IDLE = 30.0, 0.5


@pytest.fixture(scope="module")
def scenario():
    return load(str(ROOT / "scenarios" / "faw_leapmotor.yaml"), [])


def yardstick(types, lines):
    """Shortest time of one exponential over types by lines, seconds."""
    values, shortest = np.random.default_rng(0).normal(size=(types, lines)), np.inf
    for _ in range(200):
        began = time.thread_time()
        np.exp(values)
        shortest = min(shortest, time.thread_time() - began)
    return shortest


class Stopwatch:
    """Seconds spent in a function that is called through a module."""

    def __init__(self, monkeypatch, module, name):
        self.seconds = 0.0
        timed = getattr(module, name)

        def called(*arguments, **named):
            began = time.thread_time()
            result = timed(*arguments, **named)
            self.seconds += time.thread_time() - began
            return result

        monkeypatch.setattr(module, name, called)


def test_the_engine_around_the_kernels(scenario, monkeypatch):
    runner, spec = Runner(scenario), RunSpec(0, 0, 0, "capital", "middle", ())
    payload = runner.run(spec)
    world = runner.run_of("capital", {}, 0).world
    kernels = {
        name: Stopwatch(monkeypatch, module, name)
        for module, name in (
            (pricing, "solve_prices"),
            (phases, "learning_values"),
            (recorder, "consumer_surplus"),
        )
    }
    whole, inside = [], []
    for _ in range(REPEATS):
        for watch in kernels.values():
            watch.seconds = 0.0
        began = time.thread_time()
        runner.run(spec)
        whole.append(time.thread_time() - began)
        inside.append([watch.seconds for watch in kernels.values()])
    total, parts = min(whole), [min(times) for times in zip(*inside, strict=True)]
    solving = sum(parts)
    engine = min(a - sum(b) for a, b in zip(whole, inside, strict=True))
    types, lines = len(world.calibration.alpha), len(world.industry.lines)
    one = yardstick(types, lines)
    told = ", ".join(f"{name} {1e3 * t:.1f} ms" for name, t in zip(kernels, parts, strict=True))
    print(
        f"\none run ({world.quarters} quarters, {len(world.industry.firms)} firms, {lines} lines, "
        f"{types} types): {1e3 * total:.1f} ms = {total / one:.0f} exponentials; kernels "
        f"{1e3 * solving:.1f} ms = {solving / one:.0f} ({told}); engine {1e3 * engine:.1f} ms = "
        f"{engine / one:.0f}, {engine / solving:.2f} of the kernels (aim {ENGINE_AIM:g}); "
        f"{len(payload) / 1e3:.0f} kB in the ledger; {RUNS:,} runs on two processors in "
        f"{RUNS * total / 2 / 60:.1f} minutes, without writing"
    )
    assert engine / one < ENGINE_MOST
    assert engine / solving < ENGINE_AIM


def test_a_batch_around_its_runs(scenario, tmp_path):
    runner, spec = Runner(scenario), RunSpec(0, 0, 0, "capital", "middle", ())
    payload = runner.run(spec)
    began = time.thread_time()
    runner.run(spec)
    run = time.thread_time() - began
    count = 400
    columns = {"replicate": 0, "point": 0, "arm": "capital", "calibration": "middle", "seed": 1}
    with Store(tmp_path) as store:
        marks = [(time.perf_counter(), time.process_time())]

        def keep(index, outcome):
            if not index:
                # The first run ends when its worker has started, which is no cost of a run.
                marks[0] = (time.perf_counter(), time.process_time())
            store.put(str(index), outcome.payload, outcome.status, outcome.error)

        run_tasks("stub_batch:Echo", payload, list(range(count)), 2, keep)
        marks.append((time.perf_counter(), time.process_time()))
        store.compact([(str(number), columns) for number in range(count)])
        marks.append((time.perf_counter(), time.process_time()))
    (kept, compacted) = (
        tuple(1e3 * (b - a) / count for a, b in zip(first, last, strict=True))
        for first, last in pairwise(marks)
    )
    overhead = kept[1] + compacted[1]
    print(
        f"\na batch adds to each run {overhead:.1f} ms of this processor (aim "
        f"{OVERHEAD_AIM_MS:g}): {kept[1]:.1f} to hand over and keep ({kept[0]:.1f} by the clock), "
        f"{compacted[1]:.1f} to write tables ({compacted[0]:.1f}); {overhead / 1e3 / run:.3f} of "
        "a run"
    )
    assert overhead / 1e3 < OVERHEAD_MOST * run


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor")
def test_two_workers_against_one(tmp_path):
    if os.getloadavg()[0] > IDLE:
        pytest.skip(f"others work on this machine: load {os.getloadavg()[0]:.1f}")
    file = str(ROOT / "scenarios" / "faw_leapmotor.yaml")
    runs = len(load(file, []).arms)
    small = load(file, ["replicates=4", "sweep=null"])
    began = time.perf_counter()
    run_batch(small, tmp_path / "probe", workers=1, quiet=True)
    rate = (time.perf_counter() - began) / (4 * runs)
    replicates = int(np.ceil(1.5 * BATCH_SECONDS / rate / runs))
    batch = load(file, [f"replicates={replicates}", "sweep=null"])
    taken = {}
    for workers in (1, 2):
        done = run_batch(batch, tmp_path / str(workers), workers=workers, quiet=True)
        assert done.made == done.total == runs * replicates
        taken[workers] = done.seconds
    gain = taken[1] / taken[2]
    print(
        f"\n{runs * replicates} runs: one worker {taken[1]:.1f} s, two {taken[2]:.1f} s: "
        f"{gain:.2f} times (at least {WORKERS_LEAST:g})"
    )
    assert taken[1] > BATCH_SECONDS
    assert gain > WORKERS_LEAST
