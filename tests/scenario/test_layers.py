"""Who wins: command line > arm > file > extends > default; null removes, lists replace."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.scenario import load
from sim.scenario.tree import Tree, change, without_nulls

ARMS = """\
conduct: {mu_max: 3}
arms:
  solo: {}
  poor: {conduct: {mu_max: 2}}
"""


def test_file_wins_over_what_it_extends_and_arm_over_file(loaded) -> None:
    scenario = loaded(ARMS)
    # The base says 4.
    assert loaded("").settings("solo", {}).conduct.mu_max == 4.0
    assert scenario.settings("solo", {}).conduct.mu_max == 3.0
    assert scenario.settings("poor", {}).conduct.mu_max == 2.0


def test_command_line_wins_over_every_arm(loaded) -> None:
    scenario = loaded(ARMS, "conduct.mu_max=1")
    assert [scenario.settings(arm, {}).conduct.mu_max for arm in scenario.arms] == [1.0, 1.0]


def test_the_last_of_two_settings_of_the_command_line_wins(loaded) -> None:
    scenario = loaded("", "conduct.mu_max=1", "conduct.mu_max=2")
    assert scenario.settings("solo", {}).conduct.mu_max == 2.0


def test_command_line_sets_one_arm_by_its_path(loaded) -> None:
    scenario = loaded(ARMS, "arms.poor.conduct.mu_max=0.5")
    assert [scenario.settings(arm, {}).conduct.mu_max for arm in scenario.arms] == [3.0, 0.5]


def test_a_default_holds_where_nobody_speaks_and_null_brings_it_back(loaded) -> None:
    text = "finance: {exits: false}\narms: {solo: {}, open: {finance: {exits: null}}}\n"
    scenario = loaded(text)
    assert loaded("").settings("solo", {}).finance.exits is True
    assert scenario.settings("solo", {}).finance.exits is False
    assert scenario.settings("open", {}).finance.exits is True


def test_mappings_merge_key_by_key_and_lists_replace(loaded) -> None:
    base = loaded("").settings("solo", {})
    here = loaded("calibration: {closure_firms: [byd]}\n").settings("solo", {})
    assert here.calibration.closure_firms == ("byd",)
    assert here.calibration.vehicle_learning == base.calibration.vehicle_learning
    assert here.demand == base.demand


CONTRACT = """\
alliances:
  pair: {members: [faw, leapmotor], start: 2025Q2, kind: platform}
arms:
  solo: {alliances: {pair: null}}
  pair: {}
  less: {alliances: {pair: {terms: {joint_procurement: null}, hazard: 0.2}}}
  moved: {alliances: {pair: {members: [faw, nio]}}}
"""


def test_null_removes_a_contract_a_clause_and_nothing_else(loaded) -> None:
    scenario = loaded(CONTRACT)
    worlds = {arm: scenario.settings(arm, {}).alliances for arm in scenario.arms}
    assert worlds["solo"] == {}
    whole, less = worlds["pair"]["pair"], worlds["less"]["pair"]
    assert whole.terms.joint_procurement is not None
    assert less.terms.joint_procurement is None
    assert less.terms.tech_sharing == whole.terms.tech_sharing
    assert (whole.hazard, less.hazard) == (0.10, 0.2)
    assert worlds["moved"]["pair"].members == ("faw", "nio")


def test_null_removes_an_arm_of_what_is_extended(write) -> None:
    write("arms: {solo: {}, mou: {}, more: {}}\n", name="lower.yaml")
    head = "extends: lower.yaml\n"
    scenario = load(write("arms: {mou: null}\n", head=head))
    assert scenario.arms == ("solo", "more")


def test_arms_of_what_is_extended_can_be_changed_in_part(loaded, write) -> None:
    write(CONTRACT, name="lower.yaml")
    text = "arms: {less: {alliances: {pair: {hazard: 0.3}}}}\n"
    scenario = load(write(text, head="extends: lower.yaml\n"))
    less = scenario.settings("less", {}).alliances["pair"]
    assert less.hazard == 0.3
    assert less.terms.joint_procurement is None


SWEEP = "sweep: {conduct.war_intensity: {grid: [0.5, 1.5]}}\n"


def test_a_setting_of_the_command_line_replaces_the_sweep_and_says_so(loaded) -> None:
    swept = loaded(SWEEP)
    assert [dict(point.values) for point in swept.points()] == [
        {"conduct.war_intensity": 0.5},
        {"conduct.war_intensity": 1.5},
    ]
    held = loaded(SWEEP, "conduct.war_intensity=1.2")
    assert len(held.points()) == 1
    assert held.settings("solo", {}).conduct.war_intensity == 1.2
    (notice,) = held.notices
    assert "conduct.war_intensity=1.2 replaces the sweep" in notice
    assert loaded(SWEEP, "conduct.mu_max=1").notices == ()


def test_the_sweep_can_be_set_on_the_command_line(loaded) -> None:
    sets = ("sweep.conduct.war_intensity=[0, 1, 2]", "sweep.conduct.mu_max.grid=[0]")
    scenario = loaded(SWEEP, *sets)
    assert dict(scenario.sweep) == {
        "conduct.war_intensity": (0.0, 1.0, 2.0),
        "conduct.mu_max": (0.0,),
    }


def test_the_last_swept_setting_runs_fastest(loaded) -> None:
    text = "sweep: {conduct.war_intensity: [0, 1], conduct.mu_max: {list: [4, 0]}}\n"
    values = [tuple(value for _, value in point.values) for point in loaded(text).points()]
    assert values == [(0, 4), (0, 0), (1, 4), (1, 0)]


def test_a_key_set_by_an_arm_and_by_the_sweep_is_a_fault(faults) -> None:
    (fault,) = faults(SWEEP + "arms: {solo: {}, war: {conduct: {war_intensity: 2}}}\n")
    assert fault.path == "arms.war.conduct.war_intensity"
    assert fault.line == 6
    assert "sweep" in fault.expected


TERMS = """\
arms:
  solo: {}
  mou: {alliances: {pair: {members: [faw, leapmotor], start: 2025Q2, kind: mou}}}
  stake:
    alliances:
      pair:
        members: [faw, leapmotor]
        start: 2025Q2
        kind: mou
        terms: {equity_stake: {investor: faw, target: leapmotor, pre_money_cny_bn: 40}}
sweep: {alliances.pair.terms.equity_stake.stake: [0.1, 0.3]}
"""


def test_a_swept_clause_leaves_arms_without_it_alone(loaded) -> None:
    scenario = loaded(TERMS)
    for arm, touched in (("solo", False), ("mou", False), ("stake", True)):
        low, high = (scenario.settings(arm, dict(point.values)) for point in scenario.points())
        assert (low != high) is touched
    stakes = [
        scenario.settings("stake", dict(point.values)).alliances["pair"].terms.equity_stake.stake
        for point in scenario.points()
    ]
    assert stakes == [0.1, 0.3]
    assert scenario.members("stake") == ("faw", "leapmotor")


def test_a_swept_clause_that_no_arm_has_is_a_fault(faults) -> None:
    (fault,) = faults(TERMS.replace("alliances.pair.terms", "alliances.pear.terms"))[-1:]
    assert fault.path.startswith("sweep.alliances.pear")
    assert fault.nearest == "alliances.pair.terms.equity_stake.stake"


def test_whole_numbers_can_be_swept_and_fractions_of_them_cannot(loaded, faults) -> None:
    scenario = loaded("sweep: {demand.types: [64, 128, 96]}\n")
    types = [
        scenario.settings("solo", dict(point.values)).demand.types for point in scenario.points()
    ]
    assert types == [64, 128, 96]
    (fault,) = faults("sweep: {demand.types: [64, 80.5, 96]}\n")
    assert (fault.value, fault.expected) == ("80.5", "a whole number")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("arms: {" + ", ".join(f"a{n}: {{}}" for n in range(60)) + "}", "at most 50 arms"),
        ("sweep: {" + ", ".join(f"firms.byd.i{n}: [1]" for n in range(30)) + "}",
         "at most 20 settings"),
        ("sweep: {conduct.mu_max: [" + ", ".join(str(n / 100) for n in range(1001)) + "]}",
         "1,000 values"),
        ("sweep: {" + ", ".join(
            f"conduct.{name}: [" + ", ".join(str(n / 1000) for n in range(60)) + "]"
            for name in ("mu_max", "war_intensity", "idle_cost_share")) + "}", "100,000 points"),
        ("alliances: {" + ", ".join(f"p{n}: {{}}" for n in range(21)) + "}",
         "at most 20 contracts"),
        ("calibration: {variants: {" + ", ".join(f"v{n}: {{}}" for n in range(21)) + "}}",
         "at most 20 calibrations"),
    ],
    ids=["arms", "settings", "values", "points", "contracts", "calibrations"],
)
def test_a_scenario_has_limits(faults, text: str, expected: str) -> None:
    found = faults(text + "\n")
    assert any(expected in fault.expected and fault.line == 5 for fault in found), found[:3]


def test_a_file_that_is_wrong_all_over_is_told_once_and_soon(faults) -> None:
    firms = ", ".join(f"leapmotor_{n}: {{cash: 1}}" for n in range(150))
    arms = ", ".join(f"a{n}: {{}}" for n in range(40))
    assert len(faults(f"firms: {{{firms}}}\narms: {{{arms}}}\n")) == 150


@pytest.mark.parametrize("value", ["9", "-1"])
def test_a_swept_value_out_of_bounds_is_a_fault_of_the_sweep(faults, value: str) -> None:
    (fault,) = faults(f"sweep: {{conduct.war_intensity: [1, {value}]}}\n")
    assert (fault.path, fault.line) == ("sweep.conduct.war_intensity", 5)
    assert fault.value.startswith(value)


def test_a_calibration_out_of_bounds_is_a_fault_before_anything_runs(faults) -> None:
    (fault,) = faults("calibration: {variants: {mad: {calibration.vehicle_learning: 0.9}}}\n")
    assert fault.path == "calibration.variants.mad.calibration.vehicle_learning"


keys = st.sampled_from("abc")
data = st.recursive(
    st.none() | st.integers(0, 3) | st.booleans() | st.lists(st.integers(0, 2), max_size=2),
    lambda inner: st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
mappings = st.dictionaries(keys, data, max_size=3)


@given(mappings, mappings)
def test_what_differs_laid_over_the_one_gives_the_other(one, other) -> None:
    laid = Tree(change(one, other)).over(Tree(other))
    assert without_nulls(laid.data) == without_nulls(one)
    assert change(one, one) == {}


@given(mappings)
def test_a_layer_over_itself_is_itself(one) -> None:
    assert Tree(one).over(Tree(one)).data == one
