"""Rules of conduct in a scenario: strict, all faults at once, swept, shown, in the schema."""

import pytest
from json_schema import complaints

from sim.errors import InputError
from sim.scenario import load
from sim.scenario.catalogue import json_schema
from sim.scenario.checks import is_number, is_structural, is_whole

FILE = "scenarios/faw_leapmotor.yaml"


def told(*sets):
    with pytest.raises(InputError) as caught:
        load(FILE, list(sets))
    return {fault.path: fault for fault in caught.value.faults}


def test_all_faults_are_told_at_once_with_the_nearest_name():
    found = told(
        "conduct.rules.byd={cost_pluss: {markup: 0.1}}",
        "conduct.rules.geely={inertia: {share: 1.5}}",
        "conduct.rules.nio={price_leader: {cut: 0.1, evry: 2, cuts: 1, floor: 1}}",
        "conduct.rules.faw={undercut: {step: much, floor: 1}}",
    )
    assert found["conduct.rules.byd.cost_pluss"].nearest == "cost_plus"
    assert found["conduct.rules.geely.inertia.share"].value == "1.5"
    assert found["conduct.rules.nio.price_leader.evry"].nearest == "every"
    assert found["conduct.rules.nio.price_leader.every"].expected == "a value (it is missing)"
    assert found["conduct.rules.faw.undercut.step"].expected == "a number"
    assert all(fault.file == "command line" for fault in found.values())


def test_what_a_type_cannot_say_is_checked_too():
    found = told(
        "conduct.rules.byd={inertia: {share: 0.5}, static_nash: {}}",
        "conduct.rules.geely={}",
        "conduct.rules.leapmoter={static_nash: {}}",
        "conduct.rules.nio={follower: {leader: nio, speed: 1, floor: 1}}",
        "conduct.rules.all={follower: {leader: teslaa, speed: 1, floor: 1}}",
        "conduct.rules.faw={qlearning: {levels: 5, low: 1.0, high: 0.9, alpha: 0.1, beta: 0.1, "
        "delta: 0.9, elasticity: -4, floor: 0}}",
    )
    assert found.keys() == {
        "conduct.rules.byd", "conduct.rules.geely", "conduct.rules.leapmoter",
        "conduct.rules.nio.follower.leader", "conduct.rules.all.follower.leader",
        "conduct.rules.faw.qlearning.high",
    }  # fmt: skip
    assert found["conduct.rules.byd"].value == "static_nash, inertia"
    assert found["conduct.rules.leapmoter"].nearest == "leapmotor"
    assert found["conduct.rules.all.follower.leader"].nearest == "tesla"


def test_it_is_a_counterfactual_and_its_numbers_can_be_swept():
    path = ("conduct", "rules", "byd", "inertia", "share")
    assert is_number(path)
    assert not is_structural(path)
    assert is_whole(("conduct", "rules", "byd", "price_leader", "every"))
    scenario = load(FILE, ["conduct.rules.byd={inertia: {share: 0.5}}"])
    assert scenario.calibration_settings("solo", {}).conduct.rules == {}


def write(tmp_path, text):
    path = tmp_path / "ruled.yaml"
    path.write_text(
        "scenario: 1\nname: Ruled\nextends: base/china_nev_2024.yaml\nreplicates: 1\n" + text
    )
    return path


def test_an_arm_adds_takes_away_and_a_sweep_leaves_arms_without_the_rule(tmp_path):
    scenario = load(
        write(
            tmp_path,
            """
conduct: {rules: {nio: {static_nash: {}}}}
baseline: solo
arms:
  solo: {}
  sticky: {conduct: {rules: {byd: {inertia: {}}}}}
  free: {conduct: {rules: {nio: null}}}
sweep: {conduct.rules.byd.inertia.share: {grid: [0.1, 0.9]}}
""",
        )
    )
    rules = {
        arm: [
            {
                firm: (rule.kinds, dict(getattr(rule, rule.kinds[0])))
                for firm, rule in scenario.settings(arm, dict(point.values)).conduct.rules.items()
            }
            for point in scenario.points()
        ]
        for arm in scenario.arms
    }
    nio = {"nio": (("static_nash",), {})}
    assert rules["solo"] == [nio, nio]
    assert rules["free"] == [{}, {}]
    assert rules["sticky"] == [
        nio | {"byd": (("inertia",), {"share": share})} for share in (0.1, 0.9)
    ]


def test_a_sweep_over_a_rule_that_no_arm_has_is_a_fault(tmp_path):
    path = write(
        tmp_path, "arms: {solo: {}}\nsweep: {conduct.rules.byd.inertia.share: {grid: [0.1]}}\n"
    )
    with pytest.raises(InputError, match="a setting that an arm has"):
        load(path)


def test_who_set_a_rule_is_shown_and_what_is_resolved_loads_to_the_same(tmp_path):
    path = write(tmp_path, "arms: {solo: {}}\nconduct: {rules: {byd: {inertia: {share: 0.5}}}}\n")
    scenario = load(path, ["conduct.rules.nio={static_nash: {}}"])
    (line,) = [row for row in scenario.sources().splitlines() if "inertia.share" in row]
    assert "ruled.yaml" in line
    again = tmp_path / "again.yaml"
    again.write_text(scenario.resolved_yaml())
    assert load(again).settings("solo", {}) == scenario.settings("solo", {})


def test_the_schema_knows_every_kind_and_no_other():
    schema = json_schema()
    good = {"byd": {"inertia": {"share": 0.5}}, "all": {"static_nash": {}}}
    assert list(complaints(schema, {"conduct": {"rules": good}}, schema)) == []
    for bad in ({"byd": {"inertia": {"share": 2}}}, {"byd": {"inertial": {}}}, {"BYD": {}}):
        assert list(complaints(schema, {"conduct": {"rules": bad}}, schema))
