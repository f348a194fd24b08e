"""Each phase writes what it declares, and declares nothing that it never writes."""

from collections import defaultdict
from dataclasses import fields, replace

import pytest
from worlds import changed_fields, run_of, walk

import sim.engine.model as engine
from sim.quarter.calendar import CALENDAR
from sim.world.state import State

# Worlds in which much happens: exits, state money, issues, stakes, mergers, failed contracts.
POOR = ("firms.faw.cash=0", "firms.faw.credit_line=0", "firms.faw.owner_support=0")
STAKE = (
    "alliances.buys={members: [geely, nio], start: 2025Q3, kind: capital, terms: {equity_stake: "
    "{investor: geely, target: nio, stake: 0.2, pre_money_cny_bn: 20, control: proportional}}}",
)
LEFT = (
    *(f"firms.nio.{name}=0" for name in
      ("cash", "credit_line", "owner_support", "state_backstop", "debt")),
    "finance.equity_market=false",
)
TAKEN = (*LEFT, *(f"finance.wind_up.{text}" for text in ("takeover=true", "saving=1", "years=20")))
SOLD = (*LEFT, "finance.wind_up.resale=true", "finance.wind_up.buyer_utilisation=0.7")
EVENTS = (
    "events.late={kind: entrant, firm: xiaomi, start: 2025Q4}",
    "events.answer={kind: truce, factor: 0.5, quarters: 2, again: true, "
    "when: {penetration: {above: 0.4}}}",
)
TAKEOVER = tuple(
    f"finance.wind_up.{each}" for each in ("takeover=true", "saving=1", "years=40")
)
BUSY = (
    ("solo", EVENTS, 6),
    ("solo", STAKE, 0),
    ("solo", (*POOR, "finance.wind_up.resale=true", "finance.wind_up.buyer_utilisation=0.7"), 1),
    ("stranger", (), 2),
    ("mou", (), 3),
    ("solo", (*POOR, "quality.knowledge.on=true", "finance.building_quarters=4", *TAKEOVER), 1),
    ("capital", ("finance.raise_probability=1", "firms.leapmotor.cash=5"), 1),
    ("solo", ("entries.xiaomi={start: 2025Q4}",), 0),
    ("capital", (), 4),
    ("merger", (), 5),
    ("merger", ("firms.leapmotor.cash=0", "firms.leapmotor.credit_line=9"), 5),
    ("solo", ("conduct.rules={byd: {cost_plus: {}}}",), 6),
    ("solo", ("regions.europe={modelled: true}",), 6),
    ("solo", TAKEN, 6),
    ("solo", SOLD, 6),
)


def watched(written):
    """The calendar with every phase watched for what it writes into the state."""

    def watch(phase):
        def run(run_of, state, work):
            before = state.copy()
            phase.run(run_of, state, work)
            changed = changed_fields(before, state)
            surplus = changed - phase.writes
            assert not surplus, f"{phase.name} writes {sorted(surplus)} undeclared"
            written[phase.name] |= changed

        return replace(phase, run=run)

    return tuple(watch(phase) for phase in CALENDAR)


def test_phases_write_what_they_declare_and_no_declaration_is_idle(monkeypatch):
    written = defaultdict(set)
    monkeypatch.setattr(engine, "CALENDAR", watched(written))
    for arm, sets, replicate in BUSY:
        walk(run_of(arm, sets, replicate), 24)
    idle = {
        phase.name: sorted(phase.writes - written[phase.name])
        for phase in CALENDAR
        if phase.writes - written[phase.name]
    }
    assert idle == {}


def test_declarations_name_fields_of_the_state_and_cover_them():
    known = {field.name for field in fields(State)}
    declared = set().union(*(phase.writes for phase in CALENDAR))
    assert declared == known


def test_an_undeclared_write_is_noticed(monkeypatch):
    def careless(run_of, state, work):
        state.cash[0] += 1.0

    (observe,) = (phase for phase in CALENDAR if phase.name == "observe")
    assert observe.writes == frozenset()
    spoilt = tuple(
        replace(phase, run=careless) if phase is observe else phase for phase in CALENDAR
    )
    monkeypatch.setattr(f"{__name__}.CALENDAR", spoilt, raising=True)
    monkeypatch.setattr(engine, "CALENDAR", watched(defaultdict(set)))
    with pytest.raises(AssertionError, match=r"observe writes \['cash'\] undeclared"):
        walk(run_of(), 1)
