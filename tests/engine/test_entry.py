"""A firm that enters on a date: absent before, paid for by its investors, on sale after."""

import numpy as np
import pytest
from worlds import changed_fields, run_of, walk

from sim.batch.run_one import Runner, RunSpec
from sim.errors import InputError
from sim.finance.ledger import ACCOUNTS
from sim.quarter.context import first_state
from sim.scenario import load

ENTRY = ("entries.xiaomi={start: 2026Q1}",)
WHEN = 4


def watched(sets, quarters):
    run, seen = run_of("solo", sets), []

    def keep(state, work):
        seen.append((state.copy(), work))

    walk(run, quarters, keep)
    return run, run.world.industry.index("xiaomi"), seen


def test_it_waits_without_sales_money_or_say_and_then_sells():
    run, firm, seen = watched(ENTRY, 8)
    lines = run.lines_of[firm]
    for quarter, (state, work) in enumerate(seen):
        assert (work.units[firm] > 0.0) == (quarter >= WHEN)
        assert (work.plans[firm] is not None) == (quarter >= WHEN)
        assert state.waiting[firm] == (quarter < WHEN - 1)
        if quarter < WHEN:
            assert np.all(work.share[lines] == 0.0)
            assert work.income.result[firm] == 0.0
        if quarter < WHEN - 1:
            assert state.cash[firm] == state.debt[firm] == state.credit_line[firm] == 0.0
    entered = [event for _, work in seen for event in work.events if event.kind == "entry"]
    assert [(event.firm, event.t) for event in entered] == [(firm, WHEN)]
    industry = run.world.industry
    before, after = seen[WHEN - 2][0], seen[WHEN - 1][0]
    assert after.cash[firm] == entered[0].amount == industry.cash[firm] > 0.0
    assert after.equity_raised[firm] == after.cash[firm]
    assert after.debt[firm] == industry.debt[firm]
    assert after.experience[firm] == before.experience[firm] == industry.experience[firm]
    assert seen[-1][0].first_units[firm] == seen[WHEN][1].units[firm]


def test_it_has_nothing_before_the_first_quarter():
    run = run_of("solo", ENTRY)
    state, firm = first_state(run), run.world.industry.index("xiaomi")
    for name in ("active", "cash", "debt", "credit_line", "net_working_capital"):
        assert getattr(state, name)[firm] == 0, name
    for ring in ("units", "volume", "revenue", "cost", "spending"):
        assert not getattr(state, f"trailing_{ring}")[:, firm].any(), ring


def test_what_it_starts_with_comes_from_investors():
    _, _, seen = watched(ENTRY, WHEN)
    investors = ACCOUNTS.index("investors")
    before, (after, work) = seen[WHEN - 2][0], seen[WHEN - 1]
    paid_in = sum(event.amount for event in work.events if event.kind == "entry")
    given = -(after.outside - before.outside)[investors]
    assert given == pytest.approx(paid_in + work.ledger.of("new_equity").sum())
    moved = (after.cash - before.cash).sum() + (after.outside - before.outside).sum()
    assert abs(moved) < 1e-12 * np.abs(work.ledger.flows).sum()


def test_entry_in_the_first_quarter_is_no_entry():
    runs = [watched(sets, 3)[2] for sets in ((), ("entries.xiaomi={start: 2025Q1}",))]
    for (one, _), (other, _) in zip(*runs, strict=True):
        assert changed_fields(one, other) == set()


def test_its_buyers_were_with_the_others_and_luck_is_as_without_it():
    still = ("luck.on=false", "measures.purchase_tax=frozen")
    without, with_it = (watched((*still, *more), 2)[2][0][1] for more in (ENTRY, ()))
    firm = with_it.units > 0.0
    others = firm & (without.units > 0.0)
    assert np.all(without.units[others] > with_it.units[others])
    gained = (without.units - with_it.units)[others].sum()
    assert 0.0 < gained < with_it.units[firm & ~others].sum()
    one, other = (run_of("solo", sets).world.luck for sets in ((), ENTRY))
    assert np.array_equal(one.firm, other.firm)


def test_rows_of_a_batch_say_that_it_waits():
    scenario = load("scenarios/faw_leapmotor.yaml", [*ENTRY, "horizon.quarters=6"])
    rows = Runner(scenario).record(RunSpec(0, 0, 0, "solo", "middle", ())).tables["firms"]
    its = rows["firm"] == "xiaomi"
    states = rows["state"][its]
    assert list(states[:WHEN]) == ["waiting"] * WHEN
    assert "waiting" not in set(states[WHEN:])
    assert not np.any(rows["state"][~its] == "waiting")


def test_an_entrant_of_the_tables_is_left_out_unless_a_scenario_lets_it_in():
    base = Runner(load("scenarios/base/china_nev_2021.yaml", ["demand.types=64"]))
    told = Runner(load("scenarios/price_war_2022_2024.yaml", ["demand.types=64"]))
    without, with_it = (runner.run_of(arm, {}, 0).world
                        for runner, arm in ((base, "solo"), (told, "history")))  # fmt: skip
    assert "xiaomi" not in without.industry.firms
    assert with_it.industry.firms == (*without.industry.firms, "xiaomi")
    assert with_it.entry.tolist() == [0] * len(without.industry.firms) + [9]


def test_an_unknown_firm_or_a_date_outside_the_run_is_refused_with_its_place():
    sets = ["entries.xiaomy={start: 2026Q1}", "entries.xiaomi={start: 2045Q1}"]
    with pytest.raises(InputError) as found:
        load("scenarios/faw_leapmotor.yaml", sets)
    text = str(found.value)
    assert "entries.xiaomy" in text
    assert "did you mean 'xiaomi'" in text
    assert "entries.xiaomi.start = 2045Q1" in text
