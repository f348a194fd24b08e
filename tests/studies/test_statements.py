"""Three statements a firm and quarter: they close, and say what state, ledger and events say."""

import json
from functools import cache

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import run_of, walk

from sim.batch.batch import run_batch
from sim.cli import main
from sim.errors import InputError
from sim.finance.ledger import FLOWS, Ledger
from sim.finance.statements import BALANCE, CASH, INCOME, LINE_OF, OPERATING
from sim.quarter.context import first_state
from sim.scenario import load
from sim.studies.statements import OPENING, Accountant, statements
from sim.studies.statements_text import LABELS, TITLES

TOLERANCE = 1e-9
FEW = ("demand.types=32",)
POOR = ("faw", "nio", "xpeng", "geely", "leapmotor")
DEALS = {
    "stake": "members: [geely, nio], start: 2025Q2, kind: capital, terms: {equity_stake: "
    "{investor: geely, target: nio, stake: 0.2, pre_money_cny_bn: 20, from: arm}}",
    "owner": "members: [faw, leapmotor], start: 2025Q2, kind: capital, terms: {equity_stake: "
    "{investor: faw, target: leapmotor, stake: 0.1, pre_money_cny_bn: 40}}",
    "union": "members: [nio, xpeng, geely], start: 2025Q2, kind: merger, review: {on: false}, "
    "terms: {merger: {acquirer: xpeng, integration_cost_share: 0.01}}",
    "again": "members: [gwm, xpeng, nio], start: 2025Q4, kind: merger, review: {on: false}, "
    "terms: {merger: {acquirer: xpeng, integration_cost_share: 0.01}}",
}
EVENTS = {
    "duty": "kind: tariff, firms: [tesla, bmw], start: 2025Q2, quarters: 3, cny_per_car: 9e3",
    "gift": "kind: subsidy, start: 2025Q3, cny_per_car: 5000, price_cap_cny: 200000",
    "days": "kind: payment_days, start: 2025Q2, days: 60, quarters: 3",
    "purse": "kind: support_end, start: 2025Q4, state_factor: 0.2",
    "crunch": "kind: credit_crunch, start: 2025Q2, credit_factor: 0.3, equity_factor: 0",
    "late": "kind: entrant, firm: xiaomi, start: 2025Q3",
    "new": "kind: entrant, firm: new, start: 2025Q4, lines: [xiaomi_su7], cash_cny_bn: 1",
    "shock": "kind: battery_shock, start: 2025Q2, jump: 0.4",
}


@st.composite
def worlds(draw):
    """Settings of a small world: who is poor, what is agreed, what happens."""
    sets = [*FEW]
    for firm in draw(st.sets(st.sampled_from(POOR))):
        cash = draw(st.floats(0.0, 3.0))
        sets += [f"firms.{firm}.cash={cash:.4g}", f"firms.{firm}.credit_line=0"]
        sets += [f"firms.{firm}.owner_support={draw(st.sampled_from([0, 0.5]))}"]
    for kind, known in (("alliances", DEALS), ("events", EVENTS)):
        for name in sorted(draw(st.sets(st.sampled_from(sorted(known))))):
            sets.append(f"{kind}.{name}={{{known[name]}}}")
    sets += draw(st.sampled_from([(), ("finance.exits=false",), ("finance.state_backstop=false",)]))
    sets += draw(st.sampled_from([(), ("finance.raise_probability=1",)]))
    for switch in draw(st.sets(st.sampled_from(["takeover", "resale"]))):
        sets.append(f"finance.wind_up.{switch}=true")
    sets += draw(st.sampled_from([(), ("finance.wind_up.buyer_utilisation=0.3",)]))
    return tuple(sets), draw(st.integers(0, 50))


class Auditor:
    """Holds each quarter's statements against sums of their own lines, and against the state."""

    def __init__(self, run):
        self.run = run
        self.accountant = Accountant(run)
        self.start = None
        self.seen = {}
        self.kinds = set()

    def __call__(self, state, work):
        before = self.accountant.position
        found = self.accountant.quarter(self.start, state, work)
        self.start = state.copy()
        self.kinds |= {event.kind for event in work.events}
        self.seen[state.t - 1] = found
        gross = TOLERANCE * np.maximum(self.accountant.gross, 1.0)
        cash, balance = found[CASH], found[BALANCE]

        def same(one, other):
            assert np.all(np.abs(one - other) <= gross)

        for statement in found.values():
            assert all(np.isfinite(values).all() for values in statement.values())
            same(statement["residual"], 0.0)
        same(cash["cash_end"] - cash["cash_start"], cash["change"])
        same(cash["cash_start"], before.cash)
        same(cash["change"], cash["operating"] + cash["investing"] + cash["financing"])
        same(balance["assets"], balance["payables"] + balance["debt"] + balance["equity"])
        # What the state and its ledger say, which the statements were not made from.
        same(balance["cash"], state.cash)
        same(balance["debt"], state.debt)
        stocks = balance["receivables"] + balance["inventory"] - balance["payables"]
        same(stocks, state.net_working_capital)
        operating = sum(work.ledger.of(flow) for flow in OPERATING)
        same(cash["operating"], operating)
        assert np.all(np.abs(balance["equity"][~state.active]) <= gross[~state.active])


def audited(sets, replicate, quarters):
    run = run_of("solo", sets, replicate=replicate)
    auditor = Auditor(run)
    auditor.start = first_state(run)
    walk(run, quarters, auditor)
    return auditor


@cache
def eventful():
    sets = (
        *FEW, "finance.state_backstop=false",
        *(f"firms.faw.{item}=0" for item in ("cash", "credit_line", "owner_support")),
        *(f"alliances.{name}={{{DEALS[name]}}}" for name in ("stake", "union")),
        *(f"events.{name}={{{EVENTS[name]}}}" for name in ("duty", "late")),
    )  # fmt: skip
    return audited(sets, 4, 6)


def test_every_flow_of_the_ledger_has_one_place():
    assert set(LINE_OF) | OPERATING == set(FLOWS)
    assert not set(LINE_OF) & OPERATING
    assert set(TITLES) == set(LABELS)


def test_statements_of_an_eventful_year_close():
    auditor = eventful()
    assert {"exit", "merged", "entry", "equity"} <= auditor.kinds
    found = auditor.seen[1]
    firms = auditor.run.world.industry.firms
    geely, nio = firms.index("geely"), firms.index("nio")
    assert found[BALANCE]["stakes"][geely] == 0.2 / 0.8 * 20e9
    assert found[CASH]["shares_issued"][nio] >= 0.2 / 0.8 * 20e9
    assert set(LABELS[BALANCE]) == set(found[BALANCE]) - {"residual"}
    assert set(LABELS[CASH]) == set(found[CASH]) - {"residual"}
    assert set(LABELS[INCOME]) == set(found[INCOME]) - {"residual"}


def test_a_firm_that_is_wound_up_leaves_nothing_and_its_losses_are_its_creditors():
    auditor = eventful()
    gone = 0
    for t, found in auditor.seen.items():
        wound = found[BALANCE]["wound_up"]
        for firm in np.flatnonzero(wound):
            gone += 1
            for later in range(t, max(auditor.seen) + 1):
                lines = auditor.seen[later][BALANCE]
                assert lines["assets"][firm] == lines["payables"][firm] == lines["debt"][firm] == 0
    assert gone >= 1


@pytest.mark.parametrize("flow", [None, "capacity", "credit", "merged_treasury"])
def test_a_part_in_a_million_that_is_lost_or_misnamed_leaves_a_residual(flow, monkeypatch):
    whole = Ledger.post

    def lossy(self, posted, amount):
        whole(self, posted, amount * (1.0 - 1e-6) if posted == "sales" else amount)
        if posted == "sales" and flow is not None:
            whole(self, flow, 1e-6 * amount)

    monkeypatch.setattr(Ledger, "post", lossy)
    with pytest.raises(AssertionError):
        audited(FEW, 0, 1)


def test_equity_is_the_opening_one_and_what_came_in_since():
    auditor = audited(FEW, 3, 4)
    state = auditor.start
    opening = Accountant(auditor.run).opening()["equity"]
    came = state.equity_raised + state.owner_money + state.state_money
    for found in auditor.seen.values():
        came = came + found[INCOME]["result"] + found[CASH]["kept_by_owner"]
    alone = state.active & (state.owner == np.arange(len(came))) & (auditor.run.world.entry <= 0)
    equity = auditor.seen[3][BALANCE]["equity"]
    assert np.allclose(equity[alone], (opening + came)[alone], rtol=1e-9, atol=1.0)
    assert alone.sum() > 10


@pytest.mark.slow
def test_all_statements_close_in_drawn_worlds():
    kinds = set()

    @settings(max_examples=80, deadline=None, derandomize=True)
    @given(worlds())
    def close(world):
        sets, replicate = world
        kinds.update(audited(sets, replicate, 8).kinds)

    close()
    assert {"exit", "merged", "entry", "equity", "owner_support", "state_backstop"} <= kinds
    assert {"taken_over", "plants_bought"} <= kinds


TEXT = """\
scenario: 1
name: Books
extends: base/china_nev_2024.yaml
horizon: {quarters: 3}
demand: {types: 32}
replicates: 1
arms: {solo: {}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("statements")
    file = place / "books.yaml"
    file.write_text(TEXT, encoding="utf-8")
    run_batch(load(file), place / "batch", quiet=True)
    return place / "batch"


def test_the_table_is_the_batch_row_by_row_in_fen(folder, tmp_path, capsys):
    from sim.compare import Batch

    assert main(["statements", str(folder), "--out", str(tmp_path / "books.csv")]) == 0
    assert main(["statements", str(folder), "--out", str(tmp_path / "books.parquet")]) == 0
    table = pd.read_csv(tmp_path / "books.csv")
    whole = duckdb.read_parquet(str(tmp_path / "books.parquet")).df()
    assert table.columns.tolist() == ["firm", "quarter", "statement", "line", "value"]
    assert not table.duplicated(["firm", "quarter", "statement", "line"]).any()
    assert np.abs(table["value"] - whole["value"]).max() <= 0.005001
    rows = Batch(folder).firms([0], ["cash", "debt", "result", "revenue"], times=[2])
    rows = rows.set_index("firm")
    last = whole.loc[whole["quarter"] == "2025Q3"]
    for statement, line, column in (
        (BALANCE, "cash", "cash"), (BALANCE, "debt", "debt"), (INCOME, "result", "result"),
        (INCOME, "revenue", "revenue"), (CASH, "cash_end", "cash"),
    ):  # fmt: skip
        here = (last["statement"] == statement) & (last["line"] == line)
        ours = last.loc[here].set_index("firm")["value"].reindex(rows.index)
        np.testing.assert_allclose(ours, rows[column], rtol=1e-9, atol=1e-3)


def test_a_batch_whose_calibration_is_held_is_made_again_held(tmp_path, capsys):
    file = tmp_path / "held.yaml"
    file.write_text(TEXT, encoding="utf-8")
    folder = tmp_path / "batch"
    scenario = load(file, ["calibration.vehicle_learning=0.02"]).holding_calibration()
    run_batch(scenario, folder, quiet=True)
    assert main(["statements", str(folder), "--firm", "nio"]) == 0
    assert "The statements close" in " ".join(capsys.readouterr().out.split())
    # Calibrated anew it is another world, whose rows are not those of the batch.
    manifest = folder / "manifest.json"
    told = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps({**told, "hold_calibration": False}), encoding="utf-8")
    assert main(["statements", str(folder), "--firm", "nio"]) != 0


def test_a_person_gets_three_statements_and_what_was_assumed(folder, capsys):
    words = ["statements", str(folder), "--firm", "leapmotor", "--quarter"]
    assert main([*words, "2025Q1"]) == 0
    first = capsys.readouterr().out
    assert main([*words, "2025Q3"]) == 0
    third = capsys.readouterr().out
    for text in (first, third):
        assert all(title in text for title in TITLES.values())
        assert "The statements close" in text
        assert "an assumption" in " ".join(text.split())
    assert OPENING in first
    assert "2025Q2" in third


def test_who_asks_amiss_is_told_everything(folder, tmp_path, capsys):
    assert main(["statements", str(folder), "--firm", "leapmotr", "--quarter", "1999Q1"]) == 2
    assert "leapmotor" in capsys.readouterr().err
    assert main(["statements", str(folder)]) == 2
    assert main(["statements", str(folder), "--out", str(tmp_path / "books.xls")]) == 2
    assert "parquet" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
    with pytest.raises(InputError) as refused:
        statements(folder, firm="nobody", quarter="1999Q1")
    assert len(refused.value.faults) == 2
