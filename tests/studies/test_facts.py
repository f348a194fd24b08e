"""Verdicts on facts, and facts found in the rows of a batch, without a model."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from histories import FIRMS, T, batch_of, cuts, history

from sim.errors import InputError, SimError
from sim.scenario import load
from sim.studies.facts import (
    FAILS,
    HOLDS,
    NOT_BECAUSE,
    UNCLEAR,
    FactStudy,
    judged,
    look,
    stated_facts,
)
from sim.studies.facts_text import condition_rows, fact_table, printed, reason, replicate_table

SHIPPED = "scenarios/facts_2022_2024.yaml"


@pytest.fixture(scope="module")
def scenario():
    return load(SHIPPED)


@pytest.fixture(scope="module")
def facts(scenario):
    return scenario.heading.facts.stated


def planted(true, placebo, arm="no_luck"):
    """Runs and conditions of pairs in which a fact holds as given."""
    rows, runs = [], []
    for replicate, pair in enumerate(zip(true, placebo, strict=True)):
        for name, holds in zip(("history", arm), pair, strict=True):
            number = len(runs)
            status = "failed" if holds is None else "ok"
            runs.append(
                {"run": number, "replicate": replicate, "arm": name, "status": status}
            )
            if holds is None:
                continue
            # Two conditions, of which one is always met.
            for place, (condition, is_met) in enumerate((("first", True), ("second", holds))):
                rows.append(
                    {"run": number, "replicate": replicate, "arm": name, "condition": condition,
                     "value": float(is_met) + place, "low": 1.0 + place, "high": np.inf,
                     "met": bool(is_met)}
                )  # fmt: skip
    return pd.DataFrame(rows), pd.DataFrame(runs)


@pytest.mark.parametrize(
    ("true", "placebo", "verdict"),
    [
        ([1] * 35 + [0] * 5, [1] * 5 + [0] * 35, HOLDS),
        ([1] * 35 + [0] * 5, [1] * 33 + [0] * 7, NOT_BECAUSE),
        ([1] * 35 + [0] * 5, [1] * 40, NOT_BECAUSE),
        ([1] * 26 + [0] * 14, [1] * 40, NOT_BECAUSE),
        ([1] * 23 + [0] * 17, [0] * 40, FAILS),
        ([1] * 24 + [0] * 16, [0] * 40, HOLDS),
        # Five pairs that differ are p = 0.06, though Tango's interval leaves out zero.
        ([1] * 5, [0] * 5, UNCLEAR),
        ([1] * 35 + [0] * 5, [1] * 32 + [0] * 8, NOT_BECAUSE),
        ([1] * 6, [0] * 6, HOLDS),
    ],
)
def test_verdicts(facts, true, placebo, verdict):
    found = judged("shares_move", facts["shares_move"], 0.6, *planted(true, placebo), "history")
    assert found.verdict == verdict
    assert found.row["baseline_value"] == pytest.approx(np.mean(true))
    assert found.row["difference"] == pytest.approx(np.mean(placebo) - np.mean(true))


def test_pairs_that_failed_count_on_neither_side_and_none_is_an_error(facts):
    fact = facts["shares_move"]
    told_, runs = planted([1] * 10 + [None, 0], [0] * 10 + [1, None])
    found = judged("shares_move", fact, 0.6, told_, runs, "history")
    assert (found.row["pairs"], found.row["failed_pairs"]) == (10, 2)
    assert found.row["baseline_value"] == 1.0
    told_, runs = planted([None] * 3, [1] * 3)
    with pytest.raises(SimError, match="no replicate has a run of both history and no_luck"):
        judged("shares_move", fact, 0.6, told_, runs, "history")


def test_what_is_printed_says_what_failed_and_why(scenario, facts):
    fact = facts["shares_move"]
    found = [
        judged("shares_move", fact, 0.6, *planted(*pair), "history")
        for pair in (([1] * 40, [0] * 40), ([0] * 40, [0] * 40), ([1] * 40, [1] * 40))
    ]
    study = FactStudy(scenario, tuple(found), 80, 0, ())
    text = printed(study)
    assert "1 of 3 facts hold, and clearly less often without what is said to cause" in text
    assert "1 without it as well (shares_move); 1 not at all (shares_move)" in text
    assert reason(study, found[0]).startswith("holds: second has a median of 2, and of 1 in no_lu")
    assert "second has a median of 1 where at least 2 is asked, met in 0 %" in text
    assert f"{NOT_BECAUSE}; in 100 % of replicates of no_luck it holds too" in text
    rows = condition_rows(study, found[0])
    assert [(row["met"], row["placebo_met"]) for row in rows] == [(1.0, 1.0), (1.0, 0.0)]
    assert fact_table(study)["verdict"].tolist() == [HOLDS, FAILS, NOT_BECAUSE]
    assert len(replicate_table(study)) == 3 * 2 * 2 * 40


def test_the_shipped_thresholds_name_their_sources(facts):
    assert len(facts) == 8
    for fact in facts.values():
        assert "assumption" in fact.basis or "panel" in fact.basis or "market" in fact.basis


@pytest.mark.parametrize(
    ("sets", "path", "expected"),
    [
        (["facts=null"], "facts", "facts to look for"),
        (["luck.antithetic=true"], "luck.antithetic", "independent draws"),
        (["facts.shares_move.horizons=[2]"], "facts.shares_move.horizons", "one of 1, 4, 8"),
        (["sweep={conduct.mu_max: [0, 4]}"], "sweep", "no sweep"),
    ],
)
def test_what_cannot_be_looked_into_is_refused(sets, path, expected):
    with pytest.raises(InputError) as refused:
        stated_facts(load(SHIPPED, sets))
    (fault,) = refused.value.faults
    assert fault.path == path
    assert expected in fault.expected


def test_facts_are_found_in_the_rows_of_a_batch(tmp_path, scenario):
    """Where leaders hold, rivals are counted at the dates of the true world; their cuts stay."""
    chosen = dict.fromkeys(scenario.heading.facts.stated)
    kept = ("cuts_follow", "cuts_answered", "plants_half_empty", "owned_live_on")
    facts = scenario.heading.facts.model_copy(
        update={**chosen, **{name: getattr(scenario.heading.facts, name) for name in kept}}
    )
    # All lose money, and look as if they did not by what their owners carry.
    true = replace(cuts(at=(0, 1, 1, 0, 0, 0)), own_result=-1e7 * np.ones((T, len(FIRMS))))
    dead = replace(true, on_sale=np.arange(T)[:, None] < 6 * np.ones(len(FIRMS)))
    # The same without the leaders' cuts: whoever cuts, does so for another reason.
    alone = cuts(at=(None, 1, 1, 0, 0, 0))
    alone.price[:, :2] = 100e3
    gone = replace(true, on_sale=true.on_sale.copy())
    gone.on_sale[6:, 4], gone.price[6:, 8:10] = False, np.nan
    full = replace(history(), capacity=20e3 * np.ones((T, len(FIRMS))))
    # The baseline does not come first in the order of runs.
    batch = batch_of(
        tmp_path,
        {
            "leaders_hold": [alone] * 8,
            "no_reaction": [history()] * 7 + [None],
            "full_plants": [full] * 8,
            "no_owners": [dead] * 8,
            "history": [true] * 7 + [gone],
        },
    )
    found = {each.name: each for each in look(scenario, facts, batch)}
    assert [found[name].verdict for name in kept] == [HOLDS, NOT_BECAUSE, HOLDS, HOLDS]
    assert found["cuts_answered"].row["difference"] == 0.0
    assert found["cuts_follow"].row["failed_pairs"] == 1
    told_ = found["plants_half_empty"].conditions
    assert set(told_.loc[told_["arm"] == "history", "value"]) == {0.5}
    assert set(told_.loc[told_["arm"] == "full_plants", "value"]) == {1.0}
