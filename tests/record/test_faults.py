"""Faults of the disk at every position of the one writer and of the ledger, each once.

A file is old or new, never half; what was kept stays; the same call works once the fault is gone.
"""

import errno
import os
import resource
import shutil
import signal
import sqlite3
import tempfile
from pathlib import Path

import pytest
import run_rows

from sim.errors import StoreError
from sim.record import TABLES, Store, write_bytes
from sim.record import store as store_module
from sim.record import writer as writer_module

OLD, NEW = b"old" * 1000, b"new" * 5000
SIZE = 5


class Faults:
    """Counts calls and lets one of them fail."""

    def __init__(self, fails_at=0, error=None):
        self.calls = []
        self._fails_at, self._error = fails_at, error

    def around(self, function, name):
        def called(*arguments, **named):
            self.calls.append(name)
            if len(self.calls) == self._fails_at:
                raise self._error
            return function(*arguments, **named)

        return called


def disk(monkeypatch, faults):
    """Every call of the writer to the disk."""
    for owner, name in (
        (Path, "mkdir"), (Path, "write_bytes"), (Path, "replace"), (Path, "unlink"),
        (writer_module.os, "open"), (writer_module.os, "fsync"),
    ):
        monkeypatch.setattr(owner, name, faults.around(getattr(owner, name), name))


CALLS = [
    "mkdir", "write_bytes", "open", "fsync", "replace",
    *(["open", "fsync"] if os.name == "posix" else []), "unlink",
]
NAMED = [f"{number + 1} {name}" for number, name in enumerate(CALLS)]


def test_the_positions_are_those_of_the_writer(tmp_path, monkeypatch):
    faults = Faults()
    disk(monkeypatch, faults)
    write_bytes(tmp_path / "table", NEW)
    assert faults.calls == CALLS


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("position", range(1, len(CALLS) + 1), ids=NAMED)
def test_a_fault_anywhere_in_the_writer_leaves_a_whole_file(tmp_path, monkeypatch, position, code):
    path = tmp_path / "table"
    write_bytes(path, OLD)
    with monkeypatch.context() as broken:
        disk(broken, Faults(position, OSError(code, os.strerror(code))))
        if CALLS[position - 1] == "unlink":
            # By then the file has its name, and nothing is left to remove.
            write_bytes(path, NEW)
        else:
            with pytest.raises(StoreError, match=f"cannot be written: {os.strerror(code)}"):
                write_bytes(path, NEW)
    renamed = position > CALLS.index("replace") + 1
    assert path.read_bytes() == (NEW if renamed else OLD)
    assert list(tmp_path.iterdir()) == [path]
    write_bytes(path, NEW)
    assert path.read_bytes() == NEW
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def limit():
    """Limit the size of files: a write beyond it is short, and the next one is refused."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def to(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))

    yield to
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("size", [0, 1, 4096, len(NEW) - 1])
def test_a_short_write_leaves_the_old_file(tmp_path, limit, size):
    path = tmp_path / "table"
    write_bytes(path, OLD)
    limit(size)
    with pytest.raises(StoreError, match="cannot be written: File too large"):
        write_bytes(path, NEW)
    limit(resource.RLIM_INFINITY)
    assert path.read_bytes() == OLD
    assert list(tmp_path.iterdir()) == [path]


def batch(folder):
    """Keep what is missing, then write the tables."""
    order = run_rows.order(SIZE)
    with Store(folder) as store:
        done = store.done_keys()
        for number, (key, _) in enumerate(order):
            if key not in done:
                store.put(key, run_rows.record(number).encode())
        store.compact(order)


def tables(folder):
    return {name: (folder / f"{name}.parquet").read_bytes() for name in TABLES}


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    batch(folder)
    return tables(folder)


def ledger(monkeypatch, faults):
    """Every statement of the ledger, and its opening."""

    class Connection(sqlite3.Connection):
        execute = faults.around(sqlite3.Connection.execute, "execute")

    def connect(*arguments, **named):
        return opened(*arguments, factory=Connection, **named)

    opened = faults.around(sqlite3.connect, "connect")
    monkeypatch.setattr(store_module.sqlite3, "connect", connect)


# Opening, seven statements of preparation, keys kept, each run kept, each run read.
STATEMENTS = 1 + 8 + 1 + 2 * SIZE


def test_the_positions_are_those_of_the_ledger(tmp_path, monkeypatch):
    faults = Faults()
    ledger(monkeypatch, faults)
    batch(tmp_path)
    assert len(faults.calls) == STATEMENTS


@pytest.mark.parametrize("position", range(1, STATEMENTS + 1))
def test_a_fault_anywhere_in_the_ledger_loses_no_run(tmp_path, monkeypatch, reference, position):
    error = sqlite3.OperationalError("database or disk is full")
    with monkeypatch.context() as broken:
        ledger(broken, Faults(position, error))
        with pytest.raises(StoreError, match=r"ledger\.sqlite: database or disk is full"):
            batch(tmp_path)
    with Store(tmp_path) as store:
        kept = store.done_keys()
    assert len(kept) == min(max(position - 11, 0), SIZE)
    batch(tmp_path)
    assert tables(tmp_path) == reference


@pytest.mark.parametrize("size", [0, 4096, 20_000, 40_000, 70_000])
def test_a_batch_whose_disk_is_full_goes_on_when_there_is_room(tmp_path, limit, reference, size):
    limit(size)
    with pytest.raises(StoreError):
        batch(tmp_path)
    limit(resource.RLIM_INFINITY)
    batch(tmp_path)
    assert tables(tmp_path) == reference


@pytest.fixture
def closed():
    """A folder that this process, no longer root, may read and not write."""
    folder = Path(tempfile.mkdtemp(prefix="closed-"))
    write_bytes(folder / "table", OLD)
    root = os.geteuid() == 0
    folder.chmod(0o555)
    if root:
        try:
            os.seteuid(65534)
        except OSError as error:
            pytest.skip(f"runs as root, who may write anywhere, and could not drop that: {error}")
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)
        shutil.rmtree(folder)


@pytest.mark.skipif(os.name != "posix", reason="users and modes")
def test_a_folder_without_permission_is_named_and_stays_as_it_was(closed):
    with pytest.raises(StoreError, match="table: cannot be written: Permission denied"):
        write_bytes(closed / "table", NEW)
    with pytest.raises(StoreError, match=r"ledger\.sqlite: unable to open database file"):
        Store(closed)
    with pytest.raises(StoreError, match="Permission denied"):
        Store(closed / "new")
    assert [path.name for path in closed.iterdir()] == ["table"]
    assert (closed / "table").read_bytes() == OLD
