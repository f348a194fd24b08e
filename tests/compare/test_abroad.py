"""Sales abroad in comparisons and reports: sums of rows, and the word beside every number."""

from pathlib import Path

import numpy as np
import pytest

from sim.batch.batch import run_batch
from sim.compare import Batch, abroad, printed_comparison
from sim.compare.abroad import CAVEAT
from sim.record import open_batch
from sim.report.write import write_report
from sim.scenario import load
from sim.studies.explain import explain
from sim.studies.explain_text import printed

TEXT = """\
scenario: 1
name: Abroad
extends: base/china_nev_2024.yaml
horizon: {quarters: 5}
demand: {types: 32}
replicates: 3
baseline: none
arms:
  solo: null
  none: {regions: {europe: {modelled: true, duties: 0, firms: {byd: {duty: 0.17}}}}}
  duties: {regions: {europe: {modelled: true}}}
  at_home: {}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("abroad") / "abroad.yaml"
    path.write_text(TEXT, encoding="utf-8")
    run_batch(load(path), path.parent / "out", quiet=True)
    return path.parent / "out"


@pytest.mark.slow
def test_totals_are_sums_of_rows_and_arms_without_a_region_are_left_out(folder: Path) -> None:
    batch, rows = Batch(folder), open_batch(folder).table("regions")
    table = abroad(batch)
    assert set(table["arm"]) == {"duties"}
    assert set(table["basis"]) == {"illustrative"}
    assert set(table["firm"]) == {"byd"}
    runs = open_batch(folder).table("runs")
    for measure in ("units", "contribution"):
        of_arm = {
            arm: [
                rows[(rows["run"] == run) & (rows["firm"] == "byd")][measure].sum()
                for run in runs.loc[runs["arm"] == arm, "run"]
            ]
            for arm in ("none", "duties")
        }
        line = table[table["measure"] == measure].iloc[0]
        assert np.isclose(line["value"], np.mean(of_arm["duties"]), rtol=1e-12)
        change = np.subtract(of_arm["duties"], of_arm["none"])
        assert np.isclose(line["difference"], change.mean(), rtol=1e-9)
        assert line["difference_high"] < 0.0
    local = rows[rows["firm"] == "local"]
    assert local["price"].nunique() == 1
    assert not len(rows[rows["run"].isin(runs.loc[runs["arm"] == "at_home", "run"])])


@pytest.mark.slow
def test_the_word_stands_wherever_the_numbers_do(folder: Path) -> None:
    told = printed_comparison(Batch(folder), arm="duties")
    part = told[told.index("Abroad") :]
    assert "illustrative" in part.splitlines()[0]
    assert " ".join(part.split()).endswith(CAVEAT)
    assert "Abroad" not in printed_comparison(Batch(folder), arm="at_home")
    write_report(folder)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Regions abroad (illustrative)" in page
    header, *lines = (folder / "tables" / "abroad.csv").read_text(encoding="utf-8").splitlines()
    assert lines
    assert all("illustrative" in line for line in lines)
    assert "basis" in header


@pytest.mark.slow
def test_a_firms_quarter_taken_apart_tells_its_sales_abroad(folder: Path) -> None:
    found = explain(folder, firm="byd", quarter="2025Q2", arm="duties", replicate=1)
    rows = open_batch(folder).table("regions", runs=[found.run])
    kept = rows[(rows["firm"] == "byd") & (rows["t"] == 1)].iloc[0]
    for name, value in found.now.abroad["europe"].items():
        assert np.isclose(value, kept[name], rtol=1e-9), name
    text = printed(found)
    assert "abroad, illustrative" in text
