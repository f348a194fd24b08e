"""A quarter taken apart: parts add up, rows are the batch's own, and who asks amiss is told."""

from pathlib import Path

import numpy as np
import pytest

from sim.batch.batch import run_batch
from sim.cli import main
from sim.compare import Batch
from sim.errors import InputError, StoreError
from sim.scenario import load
from sim.studies.explain import PARTS, explain
from sim.studies.explain_text import CASH, INCOME, LABELS, mean_parts

TEXT = """\
scenario: 1
name: Taken apart
extends: base/china_nev_2024.yaml
horizon: {quarters: 3}
demand: {types: 32}
replicates: 2
arms:
  solo: {}
  capital: {alliances: {deal: {members: [faw, leapmotor], start: 2025Q1, kind: capital, terms: {
    equity_stake: {investor: faw, target: leapmotor, stake: 0.30, pre_money_cny_bn: 20}}}}}
sweep: {conduct.war_intensity: [1, 1.2]}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("explain")
    file = place / "apart.yaml"
    file.write_text(TEXT, encoding="utf-8")
    run_batch(load(file), place / "batch", quiet=True)
    return place / "batch"


@pytest.mark.parametrize("arm", ["solo", "capital"])
@pytest.mark.parametrize("firm", ["leapmotor", "faw", "byd"])
def test_parts_of_every_line_add_up_to_its_price(folder, arm, firm):
    found = explain(folder, firm=firm, quarter="2025Q3", arm=arm, replicate=1)
    for quarterly in (found.now, found.before):
        total = quarterly.lines[list(PARTS)].sum(axis=1)
        np.testing.assert_allclose(total, quarterly.lines["price"], rtol=1e-12)
        np.testing.assert_allclose(quarterly.lines["rest"] / total, 0.0, atol=1e-9)


def test_the_mean_is_the_row_of_the_batch_and_cash_closes_to_the_last_yuan(folder):
    found = explain(folder, firm="leapmotor", quarter="2025Q3", arm="capital", replicate=1)
    row = Batch(folder).firms([found.run], ["price", "cash", "result"], firms=["leapmotor"],
                              times=[2]).iloc[0]
    mean = mean_parts(found.now, found.now.lines.set_index("line")["units"])
    assert mean["price"] == pytest.approx(row["price"], rel=1e-12)
    cash = dict(found.now.cash)
    assert cash["end"] == row["cash"]
    assert sum(cash.values()) - 2.0 * cash["end"] == pytest.approx(0.0, abs=1e-4)
    income = dict(found.now.income)
    assert income.pop("result") == pytest.approx(row["result"], rel=1e-12)
    assert sum(income.values()) == pytest.approx(row["result"], rel=1e-9)
    assert set(LABELS) == {*PARTS, "price"}
    assert set(CASH) == set(found.now.cash)
    assert set(INCOME) == {*income, "result"}


def test_a_stake_shows_as_weight_on_the_partner_and_in_the_events(folder):
    solo = explain(folder, firm="faw", quarter="2025Q3", arm="solo")
    held = explain(folder, firm="faw", quarter="2025Q3", arm="capital")
    # FAW holds its ventures already; the stake adds Leapmotor's profit.
    units = held.now.lines.set_index("line")["units"]
    added = mean_parts(held.now, units) - mean_parts(solo.now, units)
    assert added["others_profit"] > 10.0
    assert held.baseline is not None
    assert [event.kind for _, event in held.events][-2:] == ["signed", "equity"]


def test_cash_that_is_short_gives_back_what_the_shadow_value_took_off(folder):
    found = explain(folder, firm="nio", quarter="2025Q3", arm="solo")
    rows, mu = found.now.lines, found.now.standing["mu"]
    assert mu > 0.1
    full = rows[["learning", "idle", "war"]].sum(axis=1)
    np.testing.assert_allclose(rows["cash_short"], -full * mu / (1.0 + mu), rtol=1e-12)


def test_a_run_of_another_version_is_not_explained(folder, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    for path in folder.iterdir():
        if path.is_file():
            (other / path.name).write_bytes(path.read_bytes())
    text = (other / "scenario.resolved.yaml").read_text(encoding="utf-8")
    assert text.count("mu_max: 4") == 1
    (other / "scenario.resolved.yaml").write_text(text.replace("mu_max: 4", "mu_max: 5"),
                                                  encoding="utf-8")
    with pytest.raises(StoreError, match="made again differs"):
        explain(other, firm="leapmotor", quarter="2025Q3")


def test_all_faults_of_the_question_are_told_at_once(folder):
    with pytest.raises(InputError) as caught:
        explain(folder, firm="leapmoter", quarter="2031Q1", run=99, replicate=7)
    told = "\n".join(str(fault) for fault in caught.value.faults)
    assert "did you mean 'leapmotor'" in told
    for part in ("2025Q1 to 2025Q3", "0 to 7", "0 to 1"):
        assert part in told


def test_the_verb_prints_the_parts_and_refuses_two_ways_of_naming_a_run(folder, capsys):
    assert main(["explain", f"{folder}:1", "--firm", "leapmotor", "--quarter", "2025Q2"]) == 0
    told = capsys.readouterr().out
    for part in ("run 1 ", "less the private stakes of the war", "price paid", "cash at the end"):
        assert part in told
    words = ["explain", f"{folder}:1", "--firm", "nio", "--quarter", "2025Q2", "--arm", "solo"]
    assert main(words) == 2
    assert "not both" in capsys.readouterr().err
    assert main(["explain", str(folder), "--firm", "nio", "--quarter", "2025Q2", "--csv"]) == 0
    assert capsys.readouterr().out.startswith("line,units,price,glider")
