"""A batch killed at any moment: its tables are all old or all new, and nothing is left behind."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import run_rows

from sim.errors import StoreError
from sim.record import TABLES, Store
from sim.record.parquet import TableWriter

ROOT = Path(__file__).parents[2]


def fill(folder, numbers):
    with Store(folder) as store:
        for number in numbers:
            store.put(f"run {number}", run_rows.record(number).encode())


def compact(folder, size):
    with Store(folder) as store:
        store.compact(run_rows.order(size))


def tables(folder):
    return {name: (folder / f"{name}.parquet").read_bytes() for name in TABLES}


@pytest.mark.parametrize("broken", TABLES)
def test_a_table_that_cannot_be_written_leaves_all_old_ones(broken, tmp_path, monkeypatch):
    fill(tmp_path, range(4))
    compact(tmp_path, 2)
    old = tables(tmp_path)
    finish = TableWriter.finish

    def fails(self, path):
        if broken in path.name:
            raise OSError(28, "No space left on device")
        finish(self, path)

    monkeypatch.setattr(TableWriter, "finish", fails)
    with pytest.raises(StoreError, match="No space left"):
        compact(tmp_path, 4)
    assert tables(tmp_path) == old
    monkeypatch.undo()
    compact(tmp_path, 4)
    assert tables(tmp_path)["firms"] != old["firms"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["ledger.sqlite", *(f"{name}.parquet" for name in TABLES)]
    )


DIES = """
import os, signal, sys
from pathlib import Path
from sim.record import writer
with writer.replacing(Path(sys.argv[1])) as beside:
    beside.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_what_a_killed_compaction_left_is_removed_by_the_next(tmp_path):
    fill(tmp_path, range(2))
    killed = subprocess.run([sys.executable, "-c", DIES, str(tmp_path / "firms.parquet")], cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(tmp_path.glob(".firms.parquet.*"))) == 1
    compact(tmp_path, 2)
    assert not list(tmp_path.glob(".*"))


def test_the_ledger_needs_no_newer_sqlite_than_long_lived_systems_have(tmp_path):
    fill(tmp_path, range(1))
    ledger = sqlite3.connect(tmp_path / "ledger.sqlite")
    (made,) = ledger.execute("SELECT sql FROM sqlite_master WHERE name = 'runs'").fetchone()
    ledger.close()
    # STRICT came with SQLite 3.37; Python 3.11 on RHEL 9 has 3.34.
    assert "STRICT" not in made
