"""Which arm is the best: from planted effects, with the replicates that failed set aside."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from synthetic_batch import Plan, write_batch

from sim.compare import Batch, best_arms, best_sentences, printed_comparison
from sim.compare.best import _complete


def test_the_arm_with_the_planted_gain_is_told_from_the_others(batch: Batch) -> None:
    table = best_arms(batch)
    own = table[(table["firm"] == "leapmotor") & (table["measure"] == "survives")]
    assert own["arm"].tolist() == list(batch.arms)
    inside = set(own.loc[own["may_be_best"], "arm"])
    # The alliance with capital saves Leapmotor; the memorandum and nothing at all do not.
    assert "capital" in inside
    assert not {"solo", "mou"} & inside
    # One run of capital failed: its replicate is out for all arms.
    assert own["replicates"].unique().tolist() == [39]
    assert own["left_out"].unique().tolist() == [1]


def test_levels_are_means_of_the_rows(batch: Batch) -> None:
    runs = batch.runs_at(batch.reference)
    lost = runs.loc[runs["status"] != "ok", "replicate"]
    of_arm = runs[(runs["arm"] == "mou") & ~runs["replicate"].isin(lost)]
    rows = batch.firms(
        of_arm["run"].tolist(), ["survives"], firms=["leapmotor"],
        times=[batch.quarter_number("2030Q4")],
    )  # fmt: skip
    table = best_arms(batch).set_index(["firm", "measure", "arm"])
    told = table.loc[("leapmotor", "survives", "mou"), "value"]
    assert told == pytest.approx(rows["survives"].mean(), rel=1e-12)


def test_the_sentence_names_the_best_or_says_that_the_data_do_not(batch: Batch) -> None:
    said = best_sentences(batch, best_arms(batch))
    assert "39 replicates, 1 left out for a failed run" in said[0]
    assert all(("is the best arm" in each) != ("cannot be told apart" in each) for each in said)
    assert " ".join(said[0].split()) in " ".join(printed_comparison(batch).split())


def test_a_firm_that_no_arm_touches_has_no_best_arm(batch: Batch) -> None:
    (alive, cash) = best_sentences(batch, best_arms(batch, firms=["byd"]))
    for text in (alive, cash):
        assert "solo, stranger, mou, capital and merger cannot be told apart" in text
    # What never differed says nothing of how many more it takes.
    assert "replicates would pick" not in alive


def test_wider_asks_for_more_replicates(tmp_path: Path) -> None:
    """Planned numbers are Kim & Nelson's: what the spread of the differences asks for."""
    batch = Batch(write_batch(tmp_path / "more", Plan(replicates=24, failed=())))
    table = best_arms(batch, firms=["leapmotor"])
    alive = table[table["measure"] == "survives"].iloc[0]
    runs = batch.runs_at(batch.reference)
    rows = batch.firms(
        runs["run"].tolist(), ["survives"], firms=["leapmotor"],
        times=[batch.quarter_number("2030Q4")],
    ).merge(runs, on="run")  # fmt: skip
    grid = rows.pivot(index="replicate", columns="arm", values="survives").astype(float)
    widest = max(
        np.var(grid[one] - grid[other], ddof=1) for one in grid for other in grid
    )
    eta = 0.5 * ((2 * 0.05 / 4) ** (-2 / 23) - 1)
    assert alive["replicates_needed"] == int(2 * eta * 23 * widest / 0.05**2) + 1


def test_a_firm_missing_from_one_arm_is_compared_in_the_others(batch: Batch) -> None:
    runs = batch.runs_at(batch.reference)
    ended = runs[(runs["status"] == "ok") & (runs["arm"] != "solo")]
    values = pd.Series(1.0, index=ended["run"].to_numpy())
    arms, table, left_out = _complete(batch, runs, values)
    assert arms == tuple(arm for arm in batch.arms if arm != "solo")
    assert table.shape == (39, len(batch.arms) - 1)
    assert left_out == 1
