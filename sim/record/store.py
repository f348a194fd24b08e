"""The store of a batch: a ledger of finished runs, and the tables compacted from it.

Each finished run is one transaction of an SQLite ledger in WAL mode, so a killed batch keeps
every run it had finished. One process at a time writes; compaction reads the ledger in canonical
order, so tables do not tell in which order runs finished.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType

import numpy as np

from sim.errors import StoreError
from sim.record.manifest import check_format
from sim.record.parquet import TableWriter
from sim.record.run_record import Columns, RunRecord, intact
from sim.record.schema import (
    ALL_TABLES,
    FORMAT,
    OPTIONAL_TABLES,
    RUN_TABLES,
    RUNS,
    SWEPT_AFTER,
    Column,
    Table,
    check_columns,
)
from sim.record.writer import remove_leftovers, replacing

LEDGER = "ledger.sqlite"
SCRATCH = ".compact"
# Runs held in memory at once while compacting.
PART_RUNS = 100

RunColumns = Mapping[str, int | float | str]


@dataclass(frozen=True)
class Stored:
    """A run of the ledger; ``payload`` is empty where the run left no tables."""

    payload: bytes
    status: str
    error: str


class Store:
    """The ledger of one results folder, held by one process at a time.

    Parameters
    ----------
    folder
        Results folder; made if absent.

    Raises
    ------
    StoreError
        Another process writes here, a newer version wrote the ledger, or it cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / LEDGER
        if folder.exists() and not folder.is_dir():
            raise StoreError(f"{folder}: a file, not a folder that results can be written to")
        with self._explained():
            folder.mkdir(parents=True, exist_ok=True)
            self._ledger = sqlite3.connect(self._path, timeout=0.0, isolation_level=None)
        try:
            with self._explained():
                self._prepare()
        except BaseException:
            self._ledger.close()
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the folder."""
        self._ledger.close()

    def put(self, key: str, payload: bytes, status: str = "ok", error: str = "") -> None:
        """Keep a finished run in one transaction; a run already kept under ``key`` is replaced.

        Parameters
        ----------
        key
            What identifies the run.
        payload
            An encoded ``RunRecord``, or nothing for a run that left no tables.
        status, error
            As in table ``runs``.

        Raises
        ------
        StoreError
            ``payload`` is no whole run, or the ledger cannot be written.
        """
        if payload and not intact(payload):
            raise StoreError(f"run {key}: what should be stored is no whole run")
        with self._explained():
            self._ledger.execute(
                "INSERT OR REPLACE INTO runs (key, status, error, payload) VALUES (?, ?, ?, ?)",
                (key, status, error, payload),
            )

    def get(self, key: str) -> Stored | None:
        """Return a kept run; None if there is none or if it is torn."""
        kept = self._read(key)
        return None if kept is None or not _whole(kept.payload) else kept

    def _read(self, key: str) -> Stored | None:
        """A kept run, whole or torn."""
        with self._explained():
            row = self._ledger.execute(
                "SELECT payload, status, error FROM runs WHERE key = ?", (key,)
            ).fetchone()
        return None if row is None else Stored(*row)

    def done_keys(self) -> dict[str, str]:
        """Return the status of every kept run by its key; torn runs are left out."""
        with self._explained():
            rows = self._ledger.execute("SELECT key, status, payload FROM runs ORDER BY key")
            return {key: status for key, status, payload in rows if _whole(payload)}

    def not_ok(self) -> dict[str, str]:
        """Return the errors of the kept runs that failed, by their keys."""
        with self._explained():
            rows = self._ledger.execute("SELECT key, error FROM runs WHERE status != 'ok'")
            return dict(rows.fetchall())

    def compact(
        self, order: Sequence[tuple[str, RunColumns]], optional: Sequence[str] = ()
    ) -> None:
        """Write ``runs``, ``market``, ``firms`` and ``events`` as Parquet files.

        Parameters
        ----------
        order
            Key and columns of each run in canonical order; its place becomes ``run``. The columns
            are those of table ``runs`` but ``run``, ``status`` and ``error``, and one number for
            each swept setting. A key may stand at several places.
        optional
            Tables to write beside them, such as ``products``; others of an earlier batch go.

        Raises
        ------
        StoreError
            A run is missing or torn, or a column is missing or unknown.
        """
        runs = _runs_table(order)
        scratch = self.folder / SCRATCH
        try:
            with ExitStack() as stack:
                writers = {
                    table.name: stack.enter_context(TableWriter(table, scratch))
                    for table in (runs, *(ALL_TABLES[name] for name in (*RUN_TABLES, *optional)))
                }
                numbered = iter(enumerate(order))
                while part := list(islice(numbered, PART_RUNS)):
                    self._add_part(part, writers)
                # All are written before the first takes its name: a kill in between must not
                # leave tables of two batches side by side.
                for name in set(OPTIONAL_TABLES) - set(optional):
                    self._remove(self.folder / f"{name}.parquet")
                with ExitStack() as named:
                    for name, writer in writers.items():
                        path = self.folder / f"{name}.parquet"
                        remove_leftovers(path)
                        writer.finish(named.enter_context(replacing(path)))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _add_part(
        self,
        part: Sequence[tuple[int, tuple[str, RunColumns]]],
        writers: Mapping[str, TableWriter],
    ) -> None:
        rows: dict[str, list[Columns]] = {name: [] for name in writers}
        for number, (key, columns) in part:
            kept = self._read(key)
            if kept is None:
                raise self._missing(key)
            line = {**columns, "run": number, "status": kept.status, "error": kept.error}
            rows[RUNS.name].append({name: np.array([value]) for name, value in line.items()})
            # A failed run may have stopped half-way; a reader would take its rows for a whole one.
            if kept.status != "ok":
                continue
            tables = self._tables(key, kept.payload) if kept.payload else {}
            for name in [name for name in rows if name != RUNS.name]:
                check_columns(ALL_TABLES[name], tables.get(name, {}))
                made = tables[name]
                size = len(made["t"])
                rows[name].append({**made, "run": np.full(size, number, dtype=np.int64)})
        for name, writer in writers.items():
            writer.add(rows[name])

    def _remove(self, path: Path) -> None:
        with self._explained():
            path.unlink(missing_ok=True)
        remove_leftovers(path)

    def _tables(self, key: str, payload: bytes) -> dict[str, Columns]:
        # Decoding looks at the checksum; a torn run is one that has to be made again.
        try:
            return RunRecord.decode(payload, object).tables
        except StoreError:
            raise self._missing(key) from None

    def _missing(self, key: str) -> StoreError:
        return StoreError(f"{self._path}: run {key} is missing; run the batch again")

    def _prepare(self) -> None:
        ledger = self._ledger
        # Held until the connection closes, also when the process is killed.
        ledger.execute("PRAGMA locking_mode = EXCLUSIVE")
        ledger.execute("PRAGMA journal_mode = WAL")
        ledger.execute("PRAGMA synchronous = NORMAL")
        ledger.execute("BEGIN IMMEDIATE")
        (version,) = ledger.execute("PRAGMA user_version").fetchone()
        check_format(self._path, version)
        ledger.execute(
            "CREATE TABLE IF NOT EXISTS runs (key TEXT PRIMARY KEY, status TEXT NOT NULL,"
            " error TEXT NOT NULL, payload BLOB NOT NULL)"
        )
        ledger.execute(f"PRAGMA user_version = {FORMAT}")
        ledger.execute("COMMIT")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
                raise StoreError(f"{self.folder}: another process is writing here") from error
            raise StoreError(f"{self._path}: {error}") from error


def _whole(payload: bytes) -> bool:
    return not payload or intact(payload)


def _runs_table(order: Sequence[tuple[str, RunColumns]]) -> Table:
    """Table ``runs`` with the swept settings that these runs have."""
    if not order:
        raise StoreError("a batch without runs has no tables")
    first = order[0][1]
    swept = [name for name in first if name not in RUNS.names]
    for key, columns in order:
        if columns.keys() != first.keys():
            raise StoreError(f"run {key}: its columns differ from those of the first run")
    made: list[Column] = []
    for column in RUNS.columns:
        made.append(column)
        if column.name == SWEPT_AFTER:
            made.extend(Column(name, "float64", "-", "swept setting") for name in swept)
    table = Table(RUNS.name, RUNS.row, tuple(made))
    check_columns(table, {*first, "status", "error"})
    return table
