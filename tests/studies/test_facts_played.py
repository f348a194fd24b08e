"""The study of facts played: each placebo world lacks what it says, and bytes are the same."""

import json

import numpy as np
import pandas as pd
import pytest

from sim.cli import main
from sim.record import open_batch
from sim.scenario.facts import FACTS

SMALL = ["--set", "demand.types=16", "--replicates", "2", "--quiet"]


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    folder = tmp_path_factory.mktemp("facts")
    assert main(["facts", *SMALL, "--workers", "1", "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def rows(played):
    """Rows of firms on sale and of lines by arm."""
    batch = open_batch(played / "batch")
    runs = batch.table("runs", columns=["run", "replicate", "arm"])
    tables = {
        name: batch.table(name).merge(runs, on="run") for name in ("firms", "products", "market")
    }
    tables["firms"] = tables["firms"][tables["firms"]["brand"]]

    def of(table, arm):
        return tables[table][tables[table]["arm"] == arm]

    return of


def ratio_moves(table, key, over, under):
    """Largest relative move of a ratio within a run, by line or firm."""
    ratio = (table[over] / table[under]).groupby([table["run"], table[key]])
    return float((ratio.max() / ratio.min() - 1.0).max())


@pytest.mark.slow
def test_the_placebo_worlds_lack_what_they_say(rows):
    held = rows("products", "no_reaction")
    leaders = held["firm"].isin(["tesla", "byd"])
    assert ratio_moves(held[~leaders], "line", "price", "cost") < 1e-9
    assert ratio_moves(held[leaders], "line", "price", "cost") > 0.01
    lead = rows("products", "leaders_hold")
    leaders = lead["firm"].isin(["tesla", "byd"])
    assert ratio_moves(lead[leaders], "line", "price", "cost") < 1e-9
    assert ratio_moves(lead[~leaders], "line", "price", "cost") > 0.01
    assert not rows("firms", "no_growth")["learning"].any()
    assert not rows("firms", "peace")["war"].any()
    assert rows("firms", "history")["war"].any()
    equal = rows("firms", "equal_scale")
    assert not equal["learning"].any()
    assert ratio_moves(equal, "firm", "fixed_cost", "revenue") < 1e-9
    assert ratio_moves(rows("firms", "history"), "firm", "fixed_cost", "revenue") > 0.1
    first = rows("firms", "full_plants").query("t == 0")
    begun = rows("firms", "history").query("t == 0")
    assert (first["capacity"].to_numpy() < 0.8 * begun["capacity"].to_numpy()).all()
    alone = rows("firms", "no_owners")
    assert not alone[["owner_money", "state_money"]].any().any()
    carried = alone[alone["firm"].isin(["faw", "saic_vw", "bmw"])]
    assert len(carried) > 0
    assert not carried["other_income"].any()
    still = rows("market", "no_luck").groupby("t")["battery_price"]
    assert (still.max() == still.min()).all()
    moving = rows("market", "history").groupby("t")["battery_price"]
    assert (moving.max() > moving.min()).any()


@pytest.mark.slow
def test_the_folder_says_what_was_asked_and_found(played, capsys):
    facts = pd.read_csv(played / "facts.csv")
    manifest = json.loads((played / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["kind"] == "facts"
    assert manifest["found"]["runs"] == 2 * 9
    assert manifest["found"]["verdicts"] == dict(zip(facts["fact"], facts["verdict"], strict=True))
    assert manifest["asked"]["facts"]["plants_half_empty"]["utilisation"] == 0.6
    # Two pairs tell nothing apart.
    assert "holds" not in set(facts["verdict"])
    told = pd.read_csv(played / "replicates.csv")
    true = told[told["arm"] == "history"].groupby(["fact", "replicate"])["met"].all()
    assert np.allclose(
        true.groupby("fact").mean().reindex(facts["fact"]).to_numpy(), facts["share"].to_numpy()
    )
    reproduce = (played / "reproduce.txt").read_text(encoding="utf-8")
    assert reproduce.startswith("./run_sim.py facts scenarios/facts_2022_2024.yaml --set demand")
    capsys.readouterr()
    # What was made is not made again, and another threshold needs no run.
    command = ["facts", *SMALL, "--out", str(played)]
    assert main([*command, "--set", "facts.plants_half_empty.utilisation=9"]) == 0
    text = capsys.readouterr().out
    assert "utilisation of the median firm at most 9" in " ".join(text.split())
    again = json.loads((played / "batch" / "manifest.json").read_text(encoding="utf-8"))
    assert again["made"]["runs"] == 18
    assert pd.read_csv(played / "facts.csv").set_index("fact")["share"]["plants_half_empty"] == 1.0


@pytest.mark.slow
def test_two_workers_write_the_same_tables(tmp_path):
    # Two facts and their worlds alone.
    left_out = [
        part
        for name in FACTS
        if name not in ("cuts_answered", "owned_live_on")
        for part in ("--set", f"facts.{name}=null")
    ]
    for workers in ("1", "2"):
        command = ["facts", *SMALL, *left_out, "--workers", workers]
        assert main([*command, "--out", str(tmp_path / workers)]) == 0
    for name in ("facts", "conditions", "replicates"):
        one, two = (tmp_path / workers / f"{name}.csv" for workers in ("1", "2"))
        assert one.read_bytes() == two.read_bytes()
    assert len(open_batch(tmp_path / "1" / "batch").table("runs")) == 2 * 3


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["scenarios/new_entrant.yaml"], "facts to look for, as in scenarios/facts_2022_2024"),
        (["scenarios/facts_2022.yaml"], "facts_2022.yaml"),
        (["--replicates", "0"], "whole number of at least 1"),
    ],
)
def test_nonsense_is_refused_and_nothing_is_written(tmp_path, capsys, words, told):
    out = tmp_path / "out"
    assert main(["facts", *words, "--out", str(out)]) == 2
    assert told in capsys.readouterr().err
    assert not out.exists()
