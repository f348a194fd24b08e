"""The rule of the sentence in its three cases, and what stands around it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic_batch import Plan, write_batch

from sim.compare import (
    Batch,
    answer,
    compare_arms,
    paid_in,
    printed_comparison,
    sentence,
    survival_sentence,
)
from sim.compare.measures import SURVIVES

HARM = Plan(arms=("solo", "plunder"), wars=(1.0,), failed=())


def _sentence(batch: Batch, arm: str) -> str:
    table = compare_arms(
        batch, arms=[arm], firms=["leapmotor"], measures=[SURVIVES], quarters=["2030Q4"]
    )
    return str(survival_sentence(batch, table.iloc[0]))


def test_raises(batch: Batch) -> None:
    said = _sentence(batch, "capital")
    assert said.startswith(
        "The alliance (capital) raises Leapmotor's odds of being alive at the end of 2030 from "
    )
    row = compare_arms(
        batch, arms=["capital"], firms=["leapmotor"], measures=[SURVIVES], quarters=["2030Q4"]
    ).iloc[0]
    assert f"from {100 * row['baseline_value']:.1f} % to {100 * row['value']:.1f} %" in said
    assert f"paired difference +{100 * row['difference']:.1f} points, 95 % interval [+" in said
    assert f"it wins in {row['higher']} and loses in 0 of 39 pairs" in said


def test_no_clear_effect(batch: Batch) -> None:
    said = _sentence(batch, "mou")
    assert said.startswith("The alliance (mou) has no clear effect on Leapmotor's odds")
    assert "raises" not in said
    assert "lowers" not in said


def test_lowers(tmp_path: Path) -> None:
    said = _sentence(Batch(write_batch(tmp_path, HARM)), "plunder")
    assert said.startswith("The alliance (plunder) lowers Leapmotor's odds of being alive")
    assert "wins in 0 and loses in" in said


def test_a_merger_is_called_one(batch: Batch) -> None:
    assert _sentence(batch, "merger").startswith("The merger (merger) raises")


def test_failed_pairs_above_one_per_cent_widen_the_sentence(batch: Batch) -> None:
    assert "A run failed in 1 of 40 pairs" in _sentence(batch, "capital")
    assert "failed" not in _sentence(batch, "stranger")


def test_failed_pairs_below_one_per_cent_do_not(tmp_path: Path) -> None:
    plan = Plan(
        replicates=101,
        arms=("solo", "capital"),
        wars=(1.0,),
        quarters=24,
        failed=((3, 1.0, "capital", "middle"),),
    )
    assert "failed" not in _sentence(Batch(write_batch(tmp_path, plan)), "capital")


def test_money_alone_and_the_state(batch: Batch) -> None:
    said = [str(sentence) for sentence in answer(batch)]
    assert said[0].startswith("The alliance (capital) raises Leapmotor's odds")
    assert said[1].startswith("Of which money alone (stranger")
    assert "capital against stranger" in said[1]
    assert "FAW's electric-car arm goes on without state money" in said[2]
    assert said[3].startswith("FAW's group is taken to survive; state money to it")
    assert "paired difference −¥" in said[3]


def test_what_was_paid_is_summed_by_run_and_the_market_is_left_out(batch: Batch) -> None:
    paid = paid_in(batch)
    assert paid[["arm", "firm", "investor"]].to_numpy().tolist() == [
        ["stranger", "leapmotor", "investor"], ["capital", "leapmotor", "faw"],
    ]  # fmt: skip
    np.testing.assert_allclose(paid["amount"], 4.9e9)
    assert "the same cash without an ally" in str(answer(batch)[1])


def test_a_stranger_who_brings_less_is_not_called_the_same_cash(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    amounts = {"stranger": 4.9e9, "capital": 14.6e9}
    monkeypatch.setattr(sentence, "received", lambda paid, arm, firm: amounts[arm])
    said = str(answer(batch)[1])
    assert "same cash" not in said
    assert "¥4.9bn without an ally, where capital brings ¥14.6bn" in said
    assert "and +¥9.7bn of cash" in said


def test_the_baseline_against_itself(batch: Batch) -> None:
    assert "nothing to compare" in str(answer(batch, arm="solo")[0])


def test_no_pair_no_claim(tmp_path: Path) -> None:
    plan = replace(HARM, replicates=1, failed=((0, 1.0, "plunder", "middle"),))
    said = _sentence(Batch(write_batch(tmp_path, plan)), "plunder")
    assert said.startswith("Nothing can be said")


def test_the_print_starts_with_the_sentence_and_is_aligned(batch: Batch) -> None:
    printed = printed_comparison(batch)
    assert printed.startswith("The alliance (capital) raises")
    lines = printed.splitlines()
    assert all(len(line) <= 125 for line in lines)
    rule = next(line for line in lines if line.startswith("-----"))
    row = next(line for line in lines if line.startswith("Leapmotor: alive (headline)"))
    assert len(row) == len(rule)
    assert "39 complete pairs, 1 with a failed run. Pairing helped" in printed


@pytest.mark.parametrize("arm", ["solo", "stranger", "mou", "merger"])
def test_every_arm_can_be_printed(batch: Batch, arm: str) -> None:
    assert printed_comparison(batch, arm=arm)
