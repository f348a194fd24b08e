"""The facts of a scenario: what they name is held against the scenario, all faults at once."""

import pytest

from sim.errors import InputError
from sim.scenario import load

SHIPPED = "scenarios/facts_2022_2024.yaml"
HEAD = """\
scenario: 1
name: A test
extends: base/china_nev_2021.yaml
replicates: 3
baseline: history
record: {record}
horizon: {{start: 2022Q1, quarters: {quarters}}}
arms: {{solo: null, history: {{}}, peace: {{conduct: {{war_intensity: 0}}}}}}
facts:
  holds_in: {holds_in}
"""
CUTS = {"placebo": "peace", "leaders": "[tesla]", "leader_cut": "0.02", "cut": "0.01",
        "followers": "0.5", "basis": "b"}  # fmt: skip
WAR = {"placebo": "peace", "start": "2023Q2", "end": "2024Q4", "price_fall": "0", "gap": "0",
       "basis": "b"}  # fmt: skip
OWNED = {"placebo": "peace", "kinds": "[state_owned]", "weak": "3", "alive": "0.9", "basis": "b"}
MOVES = {"placebo": "peace", "panel": "china_nev_2024", "horizons": "[1, 4]", "floor": "1e4",
         "errors": "1.96", "basis": "b"}  # fmt: skip


def head(record="full", quarters=12, holds_in="0.6"):
    return HEAD.format(record=record, quarters=quarters, holds_in=holds_in)


def block(name, values, **changes):
    said = ", ".join(f"{key}: {value}" for key, value in {**values, **changes}.items())
    return f"  {name}: {{{said}}}\n"


def test_the_shipped_placebos_are_all_the_arms_there_are() -> None:
    scenario = load(SHIPPED)
    assert scenario.heading.facts is not None
    placebos = [fact.placebo for fact in scenario.heading.facts.stated.values()]
    assert sorted(placebos) == sorted(set(scenario.arms) - {scenario.heading.baseline})


def test_a_fact_is_taken_out_by_null_and_a_threshold_is_a_setting(write) -> None:
    path = write(block("cuts_follow", CUTS) + block("owned_live_on", OWNED), head=head())
    changed = load(path, ["facts.cuts_follow=null", "facts.owned_live_on.alive=0.5"])
    facts = changed.heading.facts
    assert facts is not None
    assert list(facts.stated) == ["owned_live_on"]
    assert facts.stated["owned_live_on"].alive == 0.5


def test_all_that_facts_name_must_be_there(faults) -> None:
    text = "".join(
        [
            block("cuts_follow", CUTS, placebo="peac", leaders="[tesl, byd]"),
            block("cuts_answered", CUTS, placebo="history"),
            block("prices_outrun_costs", WAR, start="2022Q1", end="2025Q1"),
            block("owned_live_on", OWNED, kinds="[state_own]"),
            block("shares_move", MOVES, panel="china_2024", horizons="[1, 12]"),
        ]
    )
    told = {
        fault.path: (fault.line, fault.expected, fault.nearest)
        for fault in faults(text, head=head(record="summary"))
    }
    last = "a quarter after the first of the run, up to 2024Q4"
    markets = "a folder of scenarios/markets: china_nev_2021, china_nev_2022, china_nev_2023, "
    kinds = "a kind of firm: composite, foreign_owned, joint_venture, private, start_up, "
    assert told == {
        "facts.cuts_follow.placebo": (11, "an arm beside the baseline: peace", "peace"),
        "facts.cuts_follow.leaders": (11, "a firm of china_nev_2021", "tesla"),
        "facts.cuts_answered.placebo": (12, "an arm beside the baseline: peace", ""),
        "facts.prices_outrun_costs.start": (13, last, ""),
        "facts.prices_outrun_costs.end": (13, last, ""),
        "facts.owned_live_on.kinds": (14, kinds + "state_owned", "state_owned"),
        "facts.shares_move.panel": (15, markets + "china_nev_2024", "china_nev_2024"),
        "facts.shares_move.horizons": (15, "from 1 to 11 quarters", ""),
        "record": (6, "full: facts are looked for line by line", ""),
    }


def test_a_war_that_ends_before_it_starts_and_a_run_without_two_years(faults) -> None:
    text = block("prices_outrun_costs", WAR, start="2023Q2", end="2023Q1")
    (fault,) = faults(text, head=head())
    assert (fault.path, fault.expected) == ("facts.prices_outrun_costs.end", "2023Q2 or later")
    (fault,) = faults(block("cuts_follow", CUTS), head=head(quarters=7))
    assert (fault.path, fault.line) == ("horizon.quarters", 7)
    (fault,) = faults("", head=head())
    assert (fault.path, fault.expected) == ("facts", "at least one fact")


def test_values_that_are_none_are_told_together(faults) -> None:
    text = "".join(
        [
            block("cuts_follow", CUTS, leaders="[]", cut="often", followers=".nan"),
            block("prices_outrun_costs", WAR, start="soon", gap="true"),
            block("owned_live_on", OWNED, weak="2.5", basis="null"),
            block("cut_follows", CUTS),
        ]
    )
    told = {fault.path: fault for fault in faults(text, head=head(holds_in="1.2"))}
    assert {
        "facts.holds_in", "facts.cuts_follow.leaders", "facts.cuts_follow.cut",
        "facts.cuts_follow.followers", "facts.prices_outrun_costs.start",
        "facts.prices_outrun_costs.gap", "facts.owned_live_on.weak",
        "facts.owned_live_on.basis", "facts.cut_follows",
    } <= set(told)  # fmt: skip
    assert told["facts.cut_follows"].nearest == "cuts_follow"


def test_a_scenario_without_facts_has_none(loaded) -> None:
    assert loaded().heading.facts is None


@pytest.mark.parametrize("key", ["facts.cuts_follow.followers", "facts.shares_move.errors"])
def test_a_threshold_cannot_be_swept(key) -> None:
    with pytest.raises(InputError):
        load(SHIPPED, [f"sweep={{{key}: [0.1, 0.2]}}"])
