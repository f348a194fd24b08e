"""A finished batch, opened for reading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from sim.errors import StoreError
from sim.record.manifest import check_format, read_manifest
from sim.record.parquet import format_of, literal, memory, quoted
from sim.record.schema import ALL_TABLES, OPTIONAL_TABLES, OPTIONAL_TAKES

# Columns by which rows can be chosen, and the argument that does it.
_CHOSEN_BY = {"runs": "run", "firms": "firm", "times": "t"}


@dataclass(frozen=True)
class Batch:
    """A batch on disk; rows are read when asked for.

    Attributes
    ----------
    folder
        Folder of the batch.
    manifest
        What was run and how.
    """

    folder: Path
    manifest: dict[str, Any]

    def table(
        self,
        name: str,
        *,
        columns: Sequence[str] | None = None,
        runs: Sequence[int] | None = None,
        firms: Sequence[str] | None = None,
        times: Sequence[int] | None = None,
    ) -> pd.DataFrame:
        """Read rows of a table in the order of the file.

        Parameters
        ----------
        name
            ``runs``, ``market``, ``firms``, ``events``, or ``products`` and ``regions`` where
            they are recorded.
        columns
            Columns to read, in this order; all by default.
        runs, firms, times
            Keep only rows of these runs, firms and quarters (counted from 0).

        Raises
        ------
        StoreError
            The batch is unfinished, there is no such table or column, or a newer version wrote
            the table.
        """
        path = self._path(name)
        chosen = {"runs": runs, "firms": firms, "times": times}
        with memory() as connection:
            check_format(path, format_of(connection, path))
            source = f"read_parquet({literal(path)}, file_row_number = true)"
            known = [
                row[0]
                for row in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
                if row[0] != "file_row_number"
            ]
            asked = list(columns) if columns is not None else known
            tests: list[str] = []
            needed = list(asked)
            for argument, values in chosen.items():
                if values is None:
                    continue
                column = _CHOSEN_BY[argument]
                needed.append(column)
                tests.append(_among(connection, argument, column, values))
            unknown = [column for column in needed if column not in known]
            if unknown:
                raise StoreError(f"{path}: no column {', '.join(unknown)}")
            where = f"WHERE {' AND '.join(tests)}" if tests else ""
            return connection.execute(
                f"SELECT {', '.join(quoted(column) for column in asked)} FROM {source} {where} "
                "ORDER BY file_row_number"
            ).df()

    @contextmanager
    def sql(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open DuckDB with the tables of the batch as views, for questions of one's own."""
        with memory() as connection:
            for name in ALL_TABLES:
                if name in OPTIONAL_TABLES and not self.has(name):
                    continue
                path = self._path(name)
                check_format(path, format_of(connection, path))
                source = f"read_parquet({literal(path)})"
                connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {source}")
            yield connection

    def has(self, name: str) -> bool:
        """Whether the batch has a table that only some have."""
        return (self.folder / f"{name}.parquet").is_file()

    def _path(self, name: str) -> Path:
        if name not in ALL_TABLES:
            raise StoreError(f"no table {name}; there are {', '.join(ALL_TABLES)}")
        path = self.folder / f"{name}.parquet"
        if name in OPTIONAL_TABLES and not path.is_file():
            takes = OPTIONAL_TAKES[name]
            raise StoreError(f"{self.folder}: no table {name}; it takes {takes} to have one")
        if not path.is_file():
            raise StoreError(
                f"{self.folder}: the batch is not finished ({path.name} is missing); "
                "run it again to go on"
            )
        return path


def open_batch(folder: Path) -> Batch:
    """Open the batch in ``folder`` for reading.

    Raises
    ------
    StoreError
        There is no batch, or a newer version wrote it.
    """
    return Batch(folder, read_manifest(folder))


def _among(
    connection: duckdb.DuckDBPyConnection,
    argument: str,
    column: str,
    values: Sequence[int] | Sequence[str],
) -> str:
    if len(values) == 0:
        return "false"
    kept = [str(value) for value in values] if column == "firm" else [int(v) for v in values]
    view = f"chosen_{argument}"
    connection.register(view, pd.DataFrame({column: kept}))
    test = f"{column} IN (SELECT {column} FROM {view})"
    if column == "firm":
        return test
    # The bounds let whole row groups be skipped.
    return f"{test} AND {column} BETWEEN {min(kept)} AND {max(kept)}"
