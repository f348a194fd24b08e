"""Events in a scenario file: layers, sweeps, and every fault with its place and nearest name."""

import json

import pytest
from json_schema import complaints

from sim.scenario.catalogue import json_schema
from sim.scenario.checks import is_number, is_structural
from sim.scenario.events import KINDS, PlannedEvent
from sim.scenario.reader import read_yaml

SHOCK = "events: {shock: {kind: battery_shock, start: 2026Q1, jump: 0.5}}\n"


def jump(scenario, arm: str, **values: float):
    return {name: event.jump for name, event in scenario.settings(arm, values).events.items()}


def test_arms_add_change_and_remove_events(loaded):
    made = loaded(
        SHOCK
        + """\
arms:
  less: {events: {shock: {jump: 0.1}}}
  none: {events: {shock: null}}
  more: {events: {second: {kind: battery_shock, start: 2027Q1, jump: -0.2}}}
"""
    )
    assert jump(made, "solo") == {"shock": 0.5}
    assert jump(made, "less") == {"shock": 0.1}
    assert jump(made, "none") == {}
    assert jump(made, "more") == {"shock": 0.5, "second": -0.2}


def test_a_sweep_reaches_a_number_where_the_event_is_and_leaves_other_arms(loaded):
    made = loaded(
        "arms: {hit: {events: {shock: {kind: battery_shock, start: 2026Q1}}}}\n"
        "sweep: {events.shock.jump: [0, 0.2]}\n"
    )
    values = [dict(point.values) for point in made.points()]
    assert [jump(made, "hit", **each)["shock"] for each in values] == [0.0, 0.2]
    assert [jump(made, "solo", **each) for each in values] == [{}, {}]


def test_the_command_line_wins_and_sources_say_so(loaded):
    made = loaded(SHOCK, "events.shock.jump=0.3")
    assert jump(made, "solo") == {"shock": 0.3}
    (line,) = [each for each in made.sources().splitlines() if "events.shock.jump" in each]
    assert line.endswith("command line")
    (line,) = [each for each in made.sources().splitlines() if "events.shock.start" in each]
    assert line.endswith("test.yaml:5")


@pytest.mark.parametrize(
    ("text", "path", "expected", "near"),
    [
        ("kind: truse, DATED, factor: 1", "kind", "one of battery_shock", "truce"),
        ("kind: battery_shock, DATED", "jump", "missing", ""),
        ("kind: battery_shock, DATED, jmp: 1", "jmp", "known", "jump"),
        ("kind: battery_shock, DATED, jump: .nan", "jump", "finite", ""),
        ("kind: battery_shock, DATED, jump: -1", "jump", "greater than -1", ""),
        ("kind: battery_shock, DATED, jump: 1, cut: 0.1", "cut", "a key of the kind", ""),
        ("kind: battery_shock, start: 2099Q1, jump: 1", "start", "within the horizon", ""),
        ("kind: battery_shock, start: 2026, jump: 1", "start", "a quarter such as", ""),
        ("kind: battery_shock, jump: 1", "", "start: a quarter, and when", ""),
        ("kind: battery_shock, start: 2026Q2, end: 2026Q1, jump: 1", "end", "from 2026Q2 on", ""),
        ("kind: battery_shock, DATED, end: 2027Q1, quarters: 2, jump: 1", "end", "not both", ""),
        ("kind: battery_shock, start: 2026Q2, delay: 1, jump: 1", "delay", "a condition", ""),
        ("kind: tariff, DATED, firms: [tesle], cny_per_car: 1", "firms.0", "a firm of", "tesla"),
        ("kind: tariff, DATED, firms: [byd, byd], cny_per_car: 1", "firms", "once", ""),
        ("kind: tariff, DATED, firms: [byd], cny_per_car: -1", "cny_per_car", "at least 0", ""),
        ("kind: tariff, DATED, cny_per_car: 1", "firms", "missing", ""),
        ("kind: truce, DATED, factor: 0, kinds: [startup]", "kinds.0", "start_up", "start_up"),
        ("kind: price_cut, DATED, firms: [byd], cut: 0.1", "quarters", "held for a time", ""),
        ("kind: credit_crunch, DATED", "", "one of credit_factor", ""),
        ("kind: entrant, DATED, firm: xiami", "firm", "a firm of", "xiaomi"),
        ("kind: entrant, DATED, firm: xiaomi, quality: 1", "quality", "tables say it", ""),
        ("kind: entrant, start: 2025Q1, firm: new, lines: [bmw_mid]", "start", "a quarter after",
         ""),
        ("kind: entrant, DATED, firm: xiaomi, quarters: 3", "quarters", "no end", ""),
        ("kind: entrant, DATED, firm: new, lines: [bmw_x]", "lines.0", "a line", "bmw_mid"),
        ("kind: truce, factor: 0, when: {}", "when", "one of price_cut", ""),
        ("kind: truce, factor: 0, when: {exit: {firm: nyo}}", "when.exit.firm", "a firm of", "nio"),
        ("kind: truce, factor: 0, when: {penetration: {}}", "when.penetration", "below or", ""),
        ("kind: truce, factor: 0, when: {penetraton: {above: 1}}", "when.penetraton", "one of",
         "penetration"),
        ("kind: truce, factor: 0, again: true, when: {exit: {firm: nio}}", "again", "quarters", ""),
    ],
)  # fmt: skip
def test_a_fault_has_its_place_and_the_nearest_name(faults, text, path, expected, near):
    text = text.replace("DATED", "start: 2026Q1")
    found = faults(f"events:\n  it: {{{text}}}\n")
    (fault,) = [each for each in found if each.path == f"events.it.{path}".rstrip(".")]
    assert len(found) == 1
    assert expected in fault.expected
    assert fault.nearest == near
    assert fault.file.endswith("test.yaml")
    assert fault.line in (5, 6)


def test_two_events_that_bring_in_one_firm_are_refused(faults):
    one = "{kind: entrant, start: 2026Q1, firm: xiaomi}"
    (fault,) = faults(f"events: {{a: {one}, b: {one}}}\n")
    assert fault.path == "events.b.firm"


def test_every_number_of_an_event_may_be_swept_and_none_is_structural():
    numbers = {key for key in PlannedEvent.model_fields if is_number(("events", "any", key))}
    assert numbers >= {"jump", "half_life_quarters", "cut", "days", "quarters", "cny_per_car"}
    assert is_number(("events", "any", "when", "price_cut", "at_least"))
    for key in PlannedEvent.model_fields:
        assert not is_structural(("events", "any", key))
        extra = PlannedEvent.model_fields[key].json_schema_extra
        assert key == "kind" or extra["setting"] == "counterfactual"


def test_every_kind_says_its_keys():
    for kind in KINDS.values():
        assert {*kind.needs, *kind.may, *kind.some} <= set(PlannedEvent.model_fields)


def test_the_json_schema_knows_events():
    whole = json_schema()
    assert json.dumps(whole)
    good = read_yaml(SHOCK + "arms: {solo: {events: {shock: null}}}", "x").data
    assert list(complaints(whole, good, whole)) == []
    bad = read_yaml(SHOCK.replace("jump", "jmp"), "x").data
    assert list(complaints(whole, bad, whole))
