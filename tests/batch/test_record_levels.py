"""What a batch keeps: rows of the market, of firms, of products; more rows change no other."""

from pathlib import Path

import pytest

from sim.batch.batch import run_batch
from sim.batch.estimate import from_batch
from sim.errors import StoreError
from sim.record import TABLES, open_batch
from sim.scenario import load

TEXT = """\
scenario: 1
name: Levels
extends: base/china_nev_2024.yaml
horizon: {quarters: 2}
demand: {types: 32}
replicates: 2
arms: {solo: {}, war: {conduct: {war_intensity: 2}}}
"""


def made(folder: Path, level: str) -> Path:
    path = folder / "levels.yaml"
    path.write_text(f"{TEXT}record: {level}\n", encoding="utf-8")
    run_batch(load(path), folder / "out", quiet=True)
    return folder / "out"


def tables(folder: Path) -> dict[str, bytes]:
    return {name: (folder / f"{name}.parquet").read_bytes() for name in TABLES}


def test_rows_of_products_are_added_and_taken_away_again(tmp_path: Path) -> None:
    summary = made(tmp_path, "summary")
    first = tables(summary)
    with pytest.raises(StoreError, match="takes record: full"):
        open_batch(summary).table("products")
    with open_batch(summary).sql() as sql:
        assert sql.execute("SELECT count(*) FROM firms").fetchone() != (0,)
    full = made(tmp_path, "full")
    assert tables(full) == first
    batch = open_batch(full)
    products, firms = batch.table("products"), batch.table("firms")
    assert batch.manifest["record"] == "full"
    sold = products.groupby(["run", "t", "firm"])["units"].sum()
    known = firms.set_index(["run", "t", "firm"])["units"]
    assert (known.reindex(sold.index) - sold).abs().max() < 1e-6
    with batch.sql() as sql:
        assert sql.execute("SELECT count(*) FROM products").fetchone() == (len(products),)
    # An estimate of size is of a batch with the same rows.
    assert from_batch(full, 2, "full") is not None
    assert from_batch(full, 2, "summary") is None
    again = made(tmp_path, "summary")
    assert tables(again) == first
    assert not (again / "products.parquet").exists()


def test_no_rows_of_firms_change_no_row_of_the_market(tmp_path: Path) -> None:
    first = tables(made(tmp_path, "summary"))
    none = made(tmp_path, "none")
    assert {name: tables(none)[name] == first[name] for name in TABLES} == {
        "runs": True, "market": True, "firms": False, "events": True,
    }
    assert len(open_batch(none).table("firms")) == 0
