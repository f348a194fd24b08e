"""A contract without effect is no contract, to the last bit."""

import pytest
from worlds import differing, run_of, tables, without_events

COSTLESS = "setup_cost_cny_bn: 0, running_cost_cny_bn: 0, hazard: 0, lag_quarters: 0"
ZERO_TERMS = (
    "terms: {tech_sharing: {theta: 0}, joint_procurement: {pooled: 0}, "
    "platform_sharing: {glider_saving: 0, development_saving: 0}}"
)
NO_TERMS = "terms: {tech_sharing: null}"


def nothing(members: str, terms: str, extra: str = COSTLESS) -> tuple[str, ...]:
    return (
        f"alliances.nothing={{members: [{members}], start: 2025Q2, kind: mou, {terms}, {extra}}}",
    )


def rows(arm: str, sets: tuple[str, ...] = (), quarters: int = 40):
    made = tables(run_of(arm, sets, replicate=3), quarters)
    made["events"] = without_events(made["events"], "signed", "contract_ended")
    return made


@pytest.mark.parametrize(
    ("members", "terms"),
    [
        ("faw, leapmotor", ZERO_TERMS),
        ("faw, leapmotor", NO_TERMS),
        ("byd, geely, saic", ZERO_TERMS),
    ],
)
def test_the_solo_run_comes_back_bit_for_bit(members, terms):
    assert differing(rows("solo"), rows("solo", nothing(members, terms))) == []


def test_other_firms_nothing_leaves_an_alliance_as_it_is():
    assert differing(rows("capital"), rows("capital", nothing("byd, geely", ZERO_TERMS))) == []


def test_it_was_signed_and_a_merger_of_nobody_else_is_not_nothing():
    signed = tables(run_of("solo", nothing("faw, leapmotor", ZERO_TERMS), 3), 3)["events"]
    assert "signed" in signed["kind"]
    assert differing(rows("solo", (), 6), rows("mou", (), 6)) != []


@pytest.mark.parametrize(
    "extra",
    [
        COSTLESS.replace("setup_cost_cny_bn: 0", "setup_cost_cny_bn: 1e-6"),
        COSTLESS.replace("running_cost_cny_bn: 0", "running_cost_cny_bn: 1e-6"),
    ],
)
def test_a_thousand_yuan_is_seen(extra):
    sets = nothing("faw, leapmotor", ZERO_TERMS, extra)
    assert differing(rows("solo", (), 3), rows("solo", sets, 3))


@pytest.mark.parametrize("term", ["theta", "pooled", "glider_saving", "development_saving"])
def test_each_term_is_seen(term):
    terms = ZERO_TERMS.replace(f"{term}: 0", f"{term}: 0.01")
    assert terms != ZERO_TERMS
    assert differing(rows("solo", (), 3), rows("solo", nothing("faw, leapmotor", terms), 3))
