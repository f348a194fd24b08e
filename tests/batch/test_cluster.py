"""A Dask cluster makes the same bytes, and loses no more than the run that kills."""

import os
from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("distributed")

from sim.batch.batch import run_batch
from sim.batch.cluster import run_on_cluster
from sim.errors import SimError
from sim.scenario import load

pytestmark = [
    pytest.mark.dask,
    # Tornado and Dask close sockets when they are collected.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

ROOT = Path(__file__).resolve().parents[2]
SUPPORT = ROOT / "tests" / "support"
SMALL = ["horizon.quarters=6", "replicates=2", "sweep={conduct.war_intensity: [0.5, 1.0]}"]


@pytest.fixture(autouse=True)
def seen_by_workers(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{SUPPORT}")
    monkeypatch.syspath_prepend(str(SUPPORT))


def outcomes(specs, folder, **more):
    found = {}

    def keep(index, outcome):
        assert index not in found
        found[index] = outcome

    run_on_cluster("runners:Runner", {"folder": str(folder), **more}, specs, 2, keep)
    return found


def test_every_run_is_made_once_and_its_runner_built_once_a_worker(tmp_path):
    found = outcomes([("count", number) for number in range(30)], tmp_path, offset=100)
    assert [found[k].payload for k in range(30)] == [str(100 + k).encode() for k in range(30)]
    built = Counter((tmp_path / "built").read_text().split())
    assert set(built.values()) == {1}
    assert len(built) == 2


def test_a_poison_run_fails_alone_and_a_worker_killed_once_costs_nothing(tmp_path):
    specs = [("count", number) for number in range(20)]
    specs[3], specs[5], specs[11] = ("kill", 3), ("raise", 5), ("kill once", 11)
    found = outcomes(specs, tmp_path)
    failed = {index: outcome.error for index, outcome in found.items() if outcome.status != "ok"}
    assert failed == {3: "its worker died each time", 5: "ValueError: run 5 went wrong"}
    assert len(found) == 20


def test_a_worker_has_one_thread_for_arrays(tmp_path):
    assert outcomes([("threads", 0)], tmp_path)[0].payload == b"1"


def test_a_runner_that_cannot_be_built_ends_the_batch(tmp_path):
    with pytest.raises(SimError, match="this world cannot be built: no cars"):
        run_on_cluster("runners:Refuses", {"why": "no cars"}, [1, 2, 3], 2, lambda *_: None)


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr("sim.batch.cluster.CONNECT_SECONDS", 1)
    address = "tcp://127.0.0.1:1"
    with pytest.raises(SimError, match=f"no Dask scheduler answers at {address}"):
        run_on_cluster("runners:Runner", {}, [1], 2, lambda *_: None, scheduler=address)


def listening() -> set[str]:
    """Local addresses on which this machine listens for TCP, in the kernel's hexadecimal."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            if state == "0A":
                found.add(local)
    return found


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="needs Linux's /proc/net/tcp")
def test_a_cluster_of_its_own_listens_to_the_loopback_only(tmp_path):
    before, during = listening(), set()

    def watch(index, outcome):
        during.update(listening() - before)

    run_on_cluster("runners:Runner", {"folder": str(tmp_path)}, [("count", 0)], 2, watch)
    assert during
    # 0100007F is 127.0.0.1 in the kernel's byte order.
    assert {address.split(":")[0] for address in during} == {"0100007F"}


def tables(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.parquet")}


def test_local_and_dask_write_the_same_bytes(tmp_path):
    scenario = load(ROOT / "scenarios" / "faw_leapmotor.yaml", SMALL)
    run_batch(scenario, tmp_path / "local", workers=1, quiet=True)
    run_batch(scenario, tmp_path / "dask", workers=2, executor="dask", quiet=True)
    assert len(tables(tmp_path / "local")) == 4
    assert tables(tmp_path / "dask") == tables(tmp_path / "local")
