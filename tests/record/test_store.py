import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import run_rows

from sim.errors import StoreError
from sim.record import TABLES, RunRecord, Store
from sim.record import store as store_module

ROOT = Path(__file__).parents[2]


def fill(folder, numbers):
    with Store(folder) as store:
        for number in numbers:
            store.put(f"run {number}", run_rows.record(number).encode())


def files(folder):
    return {name: (folder / f"{name}.parquet").read_bytes() for name in TABLES}


def compacted(folder, size):
    with Store(folder) as store:
        store.compact(run_rows.order(size))
    return files(folder)


def test_tables_are_the_same_bytes_whatever_order_runs_finished_in(tmp_path, monkeypatch):
    monkeypatch.setattr(store_module, "PART_RUNS", 4)
    fill(tmp_path / "a", range(10))
    fill(tmp_path / "b", np.random.default_rng(1).permutation(10))
    # As if stopped and resumed, with a run made twice.
    fill(tmp_path / "c", [7, 2, 9])
    fill(tmp_path / "c", [0, 1, 3, 4, 5, 6, 8, 2])
    first = compacted(tmp_path / "a", 10)
    assert compacted(tmp_path / "b", 10) == first
    assert compacted(tmp_path / "c", 10) == first
    assert compacted(tmp_path / "c", 10) == first
    left = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert left == sorted([*(f"{name}.parquet" for name in TABLES), "ledger.sqlite"])


def test_get_gives_what_was_put(tmp_path):
    with Store(tmp_path) as store:
        payload = run_rows.record(1).encode()
        store.put("one", payload)
        store.put("two", b"", "failed", "no convergence")
        assert store.get("one") == store_module.Stored(payload, "ok", "")
        assert store.get("two") == store_module.Stored(b"", "failed", "no convergence")
        assert store.get("three") is None
        assert store.done_keys() == {"one": "ok", "two": "failed"}
        with pytest.raises(StoreError, match="no whole run"):
            store.put("four", payload[:-3])


def test_a_torn_run_counts_as_missing(tmp_path):
    fill(tmp_path, range(3))
    ledger = sqlite3.connect(tmp_path / "ledger.sqlite")
    payload = bytearray(run_rows.record(1).encode())
    payload[len(payload) // 2] ^= 255
    with ledger:
        ledger.execute("UPDATE runs SET payload = ? WHERE key = 'run 1'", (bytes(payload),))
    ledger.close()
    with Store(tmp_path) as store:
        assert store.get("run 1") is None
        assert store.done_keys() == {"run 0": "ok", "run 2": "ok"}
        with pytest.raises(StoreError, match="run 1 is missing"):
            store.compact(run_rows.order(3))
        assert not list(tmp_path.glob("*.parquet"))
        store.put("run 1", run_rows.record(1).encode())
        store.compact(run_rows.order(3))


SECOND = """
import sys
from pathlib import Path
from sim.record import Store
Store(Path(sys.argv[1]))
"""


def test_a_second_writer_is_told_so(tmp_path):
    with Store(tmp_path) as store:
        with pytest.raises(StoreError, match="another process is writing here"):
            Store(tmp_path)
        other = subprocess.run(
            [sys.executable, "-c", SECOND, str(tmp_path)], cwd=ROOT, capture_output=True, text=True
        )
        assert "StoreError" in other.stderr
        assert "another process is writing here" in other.stderr
        store.put("one", run_rows.record(1).encode())
    Store(tmp_path).close()


KILLED = """
import os, signal, sys
from pathlib import Path
from sim.record import RunRecord, Store
store = Store(Path(sys.argv[1]))
for number in range(5):
    store.put(str(number), RunRecord(number).encode())
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_a_killed_writer_leaves_its_finished_runs_and_no_lock(tmp_path):
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    with Store(tmp_path) as store:
        assert store.done_keys() == {str(number): "ok" for number in range(5)}


def test_a_ledger_of_a_newer_format_is_refused(tmp_path):
    Store(tmp_path).close()
    ledger = sqlite3.connect(tmp_path / "ledger.sqlite")
    ledger.execute("PRAGMA user_version = 2")
    ledger.close()
    with pytest.raises(StoreError, match="format 2; this version reads up to format 1"):
        Store(tmp_path)


def test_what_is_no_ledger_is_refused(tmp_path):
    (tmp_path / "ledger.sqlite").write_bytes(b"something else entirely" * 100)
    with pytest.raises(StoreError, match="not a database"):
        Store(tmp_path)


def test_failed_runs_have_a_row_in_runs_only(tmp_path):
    with Store(tmp_path) as store:
        store.put("run 0", run_rows.record(0).encode())
        store.put("run 1", b"", "failed", "its worker was killed")
        store.put("run 2", run_rows.record(2).encode(), "failed", "stopped half-way")
        store.compact(run_rows.order(3))
        with pytest.raises(StoreError, match="without runs"):
            store.compact([])


def test_columns_that_are_not_the_schemas_are_refused(tmp_path):
    record = run_rows.record(0)
    del record.tables["market"]["hhi"]
    record.tables["market"]["hhl"] = record.tables["market"]["units"]
    with Store(tmp_path) as store:
        store.put("run 0", RunRecord(0, "ok", "", record.tables).encode())
        store.put("run 1", run_rows.record(1).encode())
        with pytest.raises(StoreError, match="market: missing columns: hhi; unknown: hhl"):
            store.compact(run_rows.order(1))
        odd = [("run 1", run_rows.run_columns(0)), ("run 1", {"replicate": 0})]
        with pytest.raises(StoreError, match="differ from those of the first"):
            store.compact(odd)
        columns = run_rows.run_columns(0)
        del columns["arm"]
        with pytest.raises(StoreError, match="missing columns: arm"):
            store.compact([("run 1", columns)])
