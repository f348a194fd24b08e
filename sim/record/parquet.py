"""Parquet files whose bytes depend on the rows alone.

One thread, given row groups and one compression; rows arrive in their canonical order in parts,
so memory holds one part whatever the size of the table.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType

import duckdb
import numpy as np

from sim.errors import StoreError
from sim.record.run_record import Columns
from sim.record.schema import FORMAT, Column, Table, check_columns
from sim.record.writer import replacing

ROW_GROUP = 122_880
SQL_TYPES = {
    "int32": "INTEGER",
    "int64": "BIGINT",
    "float64": "DOUBLE",
    "bool": "BOOLEAN",
    "text": "VARCHAR",
}
# A part is read once and thrown away: quick to write rather than small.
_PART = f"(FORMAT parquet, COMPRESSION uncompressed, ROW_GROUP_SIZE {ROW_GROUP})"
# Numbers of a simulation are mostly noise: a higher level takes twice as long and saves nothing,
# and columns of many values gain nothing from a dictionary.
_WHOLE = (
    f"FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, DICTIONARY_SIZE_LIMIT 1000, "
    f"ROW_GROUP_SIZE {ROW_GROUP}"
)
FORMAT_KEY = "format"


def quoted(name: str) -> str:
    """Return an SQL identifier, whatever its characters."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: object) -> str:
    """Return an SQL text literal."""
    return "'" + str(text).replace("'", "''") + "'"


@contextmanager
def memory() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an in-memory DuckDB with one thread that keeps the order of rows.

    Raises
    ------
    StoreError
        Whatever DuckDB refuses inside.
    """
    connection = duckdb.connect(config={"threads": 1, "preserve_insertion_order": True})
    try:
        with refusals():
            # It would be drawn into the output of whoever calls.
            connection.execute("SET enable_progress_bar = false")
            yield connection
    finally:
        connection.close()


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what DuckDB refuses into a StoreError."""
    try:
        yield
    except duckdb.Error as error:
        raise StoreError(f"tables: {error}") from error


class TableWriter:
    """Writes one table part by part.

    Parameters
    ----------
    table
        The table and its columns.
    scratch
        Folder for parts; emptied when the writer closes.
    """

    def __init__(self, table: Table, scratch: Path) -> None:
        self._table = table
        self._scratch = scratch / table.name
        self._parts: list[Path] = []
        self._open = ExitStack()
        self._duckdb: duckdb.DuckDBPyConnection

    def __enter__(self) -> TableWriter:
        self._duckdb = self._open.enter_context(memory())
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(parents=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._open.close()

    def add(self, runs: Sequence[Columns]) -> None:
        """Add rows; every set of columns must be the table's."""
        part = self._scratch / f"{len(self._parts):06d}.parquet"
        joined = {column.name: _joined(column, runs) for column in self._table.columns}
        typed = ", ".join(
            f"{quoted(column.name)}::{SQL_TYPES[column.dtype]} AS {quoted(column.name)}"
            for column in self._table.columns
        )
        with refusals():
            self._duckdb.register("given", joined)
            self._duckdb.execute(f"COPY (SELECT {typed} FROM given) TO {literal(part)} {_PART}")
            self._duckdb.unregister("given")
        self._parts.append(part)

    def finish(self, path: Path) -> None:
        """Join the parts into the file ``path``."""
        if not self._parts:
            self.add([])
        files = ", ".join(literal(part) for part in self._parts)
        with refusals():
            self._duckdb.execute(
                f"COPY (SELECT * FROM read_parquet([{files}])) TO {literal(path)} "
                f"({_WHOLE}, KV_METADATA {{{FORMAT_KEY}: '{FORMAT}'}})"
            )


def format_of(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    """The format that a table says it is in; 1 where it says nothing, as the first ones did."""
    found = connection.execute(
        f"SELECT decode(value) FROM parquet_kv_metadata({literal(path)}) WHERE decode(key) = "
        f"'{FORMAT_KEY}'"
    ).fetchone()
    return int(found[0]) if found is not None and str(found[0]).isdecimal() else 1


def _joined(column: Column, runs: Sequence[Columns]) -> np.ndarray:
    # DuckDB reads text four times faster from objects than from fixed-width NumPy text.
    dtype = np.dtype(object if column.dtype == "text" else column.dtype)
    if not runs:
        return np.empty(0, dtype=dtype)
    return np.concatenate([columns[column.name].astype(dtype, copy=False) for columns in runs])


def write_parquet(path: Path, table: Table, columns: Columns) -> None:
    """Write one table into a file of its own, whole or not at all.

    Raises
    ------
    StoreError
        The file cannot be written, or the columns are not the table's.
    """
    check_columns(table, columns)
    with replacing(path) as beside, TableWriter(table, beside.with_suffix(".parts")) as writer:
        writer.add([columns])
        writer.finish(beside)
    shutil.rmtree(beside.with_suffix(".parts"), ignore_errors=True)
