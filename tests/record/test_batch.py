import json

import numpy as np
import pytest
import run_rows

from sim.errors import StoreError
from sim.record import TABLES, Store, open_batch, read_manifest, write_manifest
from sim.record import manifest as manifest_module
from sim.record import parquet as parquet_module
from sim.record import store as store_module
from sim.record.parquet import format_of, memory

SIZE = 7


@pytest.fixture
def batch(tmp_path, monkeypatch):
    monkeypatch.setattr(store_module, "PART_RUNS", 3)
    with Store(tmp_path) as store:
        for number in range(SIZE):
            store.put(f"run {number}", run_rows.record(number).encode())
        store.put("run 5", b"", "failed", "no convergence")
        store.compact(run_rows.order(SIZE))
    write_manifest(tmp_path, {"name": "test", "baseline": "solo"})
    return open_batch(tmp_path)


def test_rows_come_back_as_they_were_made(batch):
    assert batch.manifest == {"format": 1, "name": "test", "baseline": "solo"}
    for name in ("market", "firms", "events"):
        frame = batch.table(name)
        assert tuple(frame.columns) == TABLES[name].names
        for number in range(SIZE):
            made = run_rows.record(number).tables[name]
            if number == 5:
                made = {column: values[:0] for column, values in made.items()}
            got = frame[frame["run"] == number]
            assert len(got) == len(made["t"])
            for column in TABLES[name].columns:
                if column.name == "run":
                    continue
                values = got[column.name].to_numpy()
                np.testing.assert_array_equal(values, made[column.name].astype(values.dtype))
                if column.dtype != "text":
                    assert values.dtype == column.dtype


def test_runs_have_their_swept_settings_and_failures(batch):
    runs = batch.table("runs")
    assert list(runs.columns) == [
        "run", "replicate", "point", "arm", "calibration", "conduct.war_intensity",
        "status", "error", "seed",
    ]  # fmt: skip
    assert runs["run"].tolist() == list(range(SIZE))
    assert runs["replicate"].tolist() == [0, 0, 1, 1, 2, 2, 3]
    assert runs["conduct.war_intensity"].tolist() == [1.0 + n for n in range(SIZE)]
    assert runs.loc[5, ["status", "error"]].tolist() == ["failed", "no convergence"]
    assert runs["status"].tolist().count("ok") == SIZE - 1


def test_rows_can_be_chosen(batch):
    whole = batch.table("firms")
    part = batch.table(
        "firms", columns=["run", "cash"], runs=[6, 2], firms=["byd", "faw"], times=[5, 0]
    )
    mask = whole["run"].isin([2, 6]) & whole["firm"].isin(["byd", "faw"]) & whole["t"].isin([0, 5])
    assert list(part.columns) == ["run", "cash"]
    assert len(part) == 8
    np.testing.assert_array_equal(part["run"], whole.loc[mask, "run"])
    np.testing.assert_array_equal(part["cash"], whole.loc[mask, "cash"])
    assert len(batch.table("firms", runs=[])) == 0
    assert len(batch.table("runs", runs=np.array([3]))) == 1


def test_questions_can_be_asked_in_sql(batch):
    with batch.sql() as connection:
        (count,) = connection.execute(
            "SELECT count(*) FROM firms JOIN runs USING (run) WHERE arm = 'solo'"
        ).fetchone()
    assert count == 4 * 18


def test_unknown_names_are_refused(batch, tmp_path):
    with pytest.raises(StoreError, match="no table wheels; there are runs, market"):
        batch.table("wheels")
    with pytest.raises(StoreError, match="no column cahs"):
        batch.table("firms", columns=["cahs"])
    with pytest.raises(StoreError, match="no column firm"):
        batch.table("market", firms=["faw"])


def test_an_unfinished_batch_says_so(batch):
    (batch.folder / "firms.parquet").unlink()
    with pytest.raises(StoreError, match="not finished"):
        batch.table("firms")


def test_no_batch_and_a_newer_batch_are_refused(tmp_path):
    with pytest.raises(StoreError, match="no batch here"):
        open_batch(tmp_path)
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({"format": 2}))
    with pytest.raises(StoreError, match="format 2; this version reads up to format 1"):
        open_batch(tmp_path)
    for text in ("{", "[]", "{}"):
        path.write_text(text)
        with pytest.raises(StoreError, match=r"manifest\.json"):
            read_manifest(tmp_path)


def test_every_table_says_its_format(batch):
    for name in TABLES:
        with memory() as connection:
            path = batch.folder / f"{name}.parquet"
            assert format_of(connection, path) == 1
            # Read without any of this program's code.
            told = connection.execute(f"SELECT * FROM parquet_kv_metadata('{path}')").fetchall()
            assert (b"format", b"1") in [tuple(row[1:]) for row in told]


def rewritten(batch, name, options):
    """The same rows under another program's options."""
    path = batch.folder / f"{name}.parquet"
    other = batch.folder / "other.parquet"
    with memory() as connection:
        connection.execute(f"COPY (FROM '{path}') TO '{other}' (FORMAT parquet{options})")
    other.replace(path)


def test_a_newer_table_is_refused_by_name(batch):
    rewritten(batch, "firms", ", KV_METADATA {format: '2'}")
    with pytest.raises(StoreError, match=r"firms\.parquet: written in format 2"):
        batch.table("firms")
    with pytest.raises(StoreError, match=r"firms\.parquet: written in format 2"), batch.sql():
        pass
    assert len(batch.table("market")) > 0


def test_a_table_that_says_nothing_is_of_the_first_format(batch):
    before = batch.table("firms")
    rewritten(batch, "firms", "")
    assert batch.table("firms").equals(before)


def test_an_older_batch_is_opened_by_a_newer_version(batch, monkeypatch):
    before = {name: batch.table(name) for name in TABLES}
    for module in (manifest_module, parquet_module, store_module):
        monkeypatch.setattr(module, "FORMAT", 2)
    older = open_batch(batch.folder)
    assert older.manifest["format"] == 1
    for name, rows in before.items():
        assert older.table(name).equals(rows)
    # What the newer version writes says so, and the ledger of the older one is taken over.
    with Store(batch.folder) as store:
        assert len(store.done_keys()) == SIZE
        store.compact(run_rows.order(SIZE))
    write_manifest(batch.folder, {"name": "test"})
    monkeypatch.undo()
    with pytest.raises(StoreError, match=r"manifest\.json: written in format 2"):
        open_batch(batch.folder)
    with pytest.raises(StoreError, match=r"market\.parquet: written in format 2"):
        batch.table("market")
    with pytest.raises(StoreError, match=r"ledger\.sqlite: written in format 2"):
        Store(batch.folder)


def test_a_manifest_is_written_whole_or_not_at_all(tmp_path):
    write_manifest(tmp_path, {"format": 7, "name": "é"})
    assert read_manifest(tmp_path) == {"format": 1, "name": "é"}
    with pytest.raises(ValueError, match="JSON"):
        write_manifest(tmp_path, {"name": float("nan")})
    assert read_manifest(tmp_path)["name"] == "é"
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]
