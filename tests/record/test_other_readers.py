"""Other programs read a batch by its manifest, without a line of this one."""

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import run_rows

from sim.record import TABLES, Store, write_manifest
from sim.record.describe import tables_for_manifest

RUNS = 12
SWEPT = "conduct.war_intensity"
# How each program opens a file and says a column's type.
READERS = {
    "duckdb": """
import duckdb
def read(file):
    found = duckdb.sql(f"SELECT * FROM '{file}'")
    values = found.fetchnumpy()
    types = {name: str(kind) for name, kind in zip(found.columns, found.types)}
    return types, {name: values[name].tolist() for name in found.columns}
NAMES = {"int32": "INTEGER", "int64": "BIGINT", "float64": "DOUBLE", "bool": "BOOLEAN",
         "text": "VARCHAR"}
""",
    "polars": """
import polars
def read(file):
    found = polars.read_parquet(file)
    return {name: str(kind) for name, kind in found.schema.items()}, found.to_dict(as_series=False)
NAMES = {"int32": "Int32", "int64": "Int64", "float64": "Float64", "bool": "Boolean",
         "text": "String"}
""",
    "pyarrow": """
import pandas
def read(file):
    found = pandas.read_parquet(file, engine="pyarrow")
    types = {name: str(kind) for name, kind in found.dtypes.items()}
    # pandas has no null among doubles.
    bare = found.astype(object).where(found.notna(), None)
    return types, {name: bare[name].tolist() for name in found}
NAMES = {"int32": "int32", "int64": "int64", "float64": "float64", "bool": "bool", "text": "str"}
""",
}
READS = """
import json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
answer = {}
for name, table in manifest["tables"].items():
    types, values = read(folder / table["file"])
    assert list(types) == list(table["columns"]), (name, types)
    for column, told in table["columns"].items():
        assert types[column] == NAMES[told["type"]], (name, column, types[column], told)
    answer[name] = values
assert "sim" not in sys.modules
print(json.dumps(answer))
"""
# What nanoparquet, the smallest reader there is for R, says that it reads (its articles on types
# and on encodings); a file of these alone is opened by any reader.
TYPES = {
    ("INT32", "INT_32"), ("INT64", "INT_64"), ("DOUBLE", None), ("BOOLEAN", None),
    ("BYTE_ARRAY", "UTF8"),
}  # fmt: skip
ENCODINGS = {"PLAIN", "PLAIN_DICTIONARY", "RLE_DICTIONARY", "RLE"}
COMPRESSION = {"SNAPPY", "GZIP", "ZSTD", "UNCOMPRESSED"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("batch")
    with Store(path) as store:
        order = run_rows.order(RUNS)
        for number, (key, _) in enumerate(order):
            store.put(key, run_rows.record(number).encode())
        store.compact(order)
    write_manifest(path, {"tables": tables_for_manifest((), [SWEPT])})
    return path


@pytest.mark.parametrize("reader", READERS)
def test_a_program_reads_the_tables_by_the_manifest_alone(folder, tmp_path, reader):
    pytest.importorskip(reader, reason=f"{reader} is not installed: pip install {reader}")
    said = subprocess.run(
        [sys.executable, "-c", READERS[reader] + READS, str(folder)],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    answer = json.loads(said.stdout)
    assert set(answer) == set(TABLES)
    assert answer["runs"]["run"] == list(range(RUNS))
    assert answer["runs"][SWEPT] == [1.0 + number for number in range(RUNS)]
    made = [run_rows.record(number).tables["firms"] for number in range(RUNS)]
    for column in TABLES["firms"].columns:
        if column.name == "run":
            continue
        values = [value for table in made for value in table[column.name].tolist()]
        # A missing number is null, in whatever program.
        assert answer["firms"][column.name] == [None if v != v else v for v in values]


@pytest.mark.parametrize("name", TABLES)
def test_files_use_what_the_smallest_readers_know(folder, name):
    file = folder / f"{name}.parquet"
    schema = duckdb.sql(
        f"SELECT type, converted_type, num_children FROM parquet_schema('{file}')"
    ).fetchall()
    root, *columns = schema
    # One level, so no nested types.
    assert root[2] == len(columns)
    assert {row[:2] for row in columns} <= TYPES
    pages = duckdb.sql(f"SELECT encodings, compression FROM parquet_metadata('{file}')").fetchall()
    assert {word.strip() for row in pages for word in row[0].split(",")} <= ENCODINGS
    assert {row[1] for row in pages} <= COMPRESSION
