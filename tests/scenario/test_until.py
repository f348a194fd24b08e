"""A stopping rule in a scenario: what it names is held against the scenario."""

import pytest

ARMS = "arms: {solo: {}, war: {conduct: {war_intensity: 2}}}\n"
RULE = {
    "metric": "leapmotor.survives@2030Q4", "arm": "war", "half_width": "0.05", "block": "20",
    "most": "400",
}


def rule(**changes: str) -> str:
    said = ", ".join(f"{key}: {value}" for key, value in {**RULE, **changes}.items())
    return f"{ARMS}until: {{{said}}}\n"


def test_a_rule_is_read(loaded) -> None:
    scenario = loaded(rule())
    assert scenario.heading.until is not None
    assert (scenario.heading.until.firm, scenario.heading.until.quarter) == ("leapmotor", "2030Q4")
    assert scenario.most_replicates == 400
    assert loaded(ARMS).most_replicates == 3


def test_a_number_of_replicates_replaces_the_rule_and_says_so(loaded) -> None:
    fixed = loaded(rule(), "replicates=40")
    assert fixed.heading.until is None
    assert fixed.most_replicates == 40
    (notice,) = fixed.notices
    assert notice == "replicates=40 replaces the stopping rule (until)"
    assert loaded(rule()).with_replicates(7).most_replicates == 7
    both = loaded(rule(), "replicates=40", "until.most=60")
    assert both.most_replicates == 60
    assert loaded(rule(), "until=null").most_replicates == 3


@pytest.mark.parametrize(
    ("changes", "path", "expected", "near"),
    [
        ({"arm": "solo"}, "until.arm", "an arm beside the baseline: war", ""),
        ({"arm": "wars"}, "until.arm", "an arm beside the baseline: war", "war"),
        ({"metric": "leapmoto.survives@2030Q4"}, "until.metric", "a firm of china_nev_2024",
         "leapmotor.survives@2030Q4"),
        ({"metric": "leapmotor.survives@2050Q4"}, "until.metric", "within the horizon", ""),
        ({"metric": "survives"}, "until.metric", "a name", ""),
        ({"half_width": "0"}, "until.half_width", "greater than 0", ""),
        ({"block": "500"}, "until.block", "at most as many as in all, 400", ""),
        ({"block": "2.5"}, "until.block", "a whole number", ""),
    ],
)
def test_what_a_rule_names_must_be_there(
    faults, changes: dict[str, str], path: str, expected: str, near: str
) -> None:
    (fault,) = faults(rule(**changes))
    assert (fault.path, fault.line, fault.nearest) == (path, 6, near)
    assert expected in fault.expected


def test_a_rule_needs_rows_to_look_at(loaded, faults) -> None:
    (fault,) = faults(rule() + "record: none\n")
    assert fault.path == "until.metric"
    assert "record" in fault.expected
    loaded(rule(metric="market.hhi@2030Q4") + "record: none\n")


def test_couples_are_added_whole(loaded, faults) -> None:
    mirrored = "luck: {antithetic: true}\n"
    loaded(rule() + mirrored)
    found = faults(rule(block="15", most="45") + mirrored)
    assert [fault.path for fault in found] == ["until.block", "until.most"]
