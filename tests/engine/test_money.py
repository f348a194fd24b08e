"""Money has two ends in every quarter of every arm, and stocks follow from flows."""

import numpy as np
import pytest
from worlds import run_of, walk

from sim.finance.ledger import ACCOUNTS, Ledger
from sim.quarter.ownership import profit_weights

QUARTERS = 40
POOR = tuple(
    f"firms.{firm}.{item}=0"
    for firm in ("faw", "nio", "xpeng", "geely")
    for item in ("cash", "credit_line", "owner_support")
)
STAKE = (
    "alliances.buys={members: [geely, nio], start: 2025Q3, kind: capital, terms: {equity_stake: "
    "{investor: geely, target: nio, stake: 0.2, pre_money_cny_bn: 20, from: arm}}}"
)
THREE = (
    "alliances.union={members: [nio, xpeng, geely], start: 2025Q2, kind: merger, review: "
    "{on: false}, terms: {merger: {acquirer: xpeng, integration_cost_share: 0.01}}}"
)
AGAIN = (
    "alliances.wider={members: [gwm, xpeng, nio], start: 2026Q2, kind: merger, review: "
    "{on: false}, terms: {merger: {acquirer: xpeng, integration_cost_share: 0.01}}}"
)
EVENTS = tuple(
    f"events.{name}={{{text}}}"
    for name, text in {
        "duty": "kind: tariff, firms: [tesla, bmw], start: 2025Q2, quarters: 6, cny_per_car: 9e3",
        "gift": "kind: subsidy, start: 2025Q3, cny_per_car: 5000, price_cap_cny: 200000",
        "days": "kind: payment_days, start: 2025Q4, days: 60, quarters: 8",
        "purse": "kind: support_end, start: 2026Q4, state_factor: 0.2",
        "crunch": "kind: credit_crunch, start: 2026Q1, credit_factor: 0.3, equity_factor: 0",
        "late": "kind: entrant, firm: xiaomi, start: 2025Q4",
        "new": "kind: entrant, firm: new, start: 2026Q1, lines: [xiaomi_su7], cash_cny_bn: 9",
        "floor": "kind: below_cost_rule, start: 2027Q1, detour: 0.05",
        "cut": "kind: price_cut, firms: [byd], start: 2026Q2, quarters: 3, cut: 0.1",
    }.items()
)
ABROAD = (
    *(f"regions.{name}.modelled=true" for name in ("europe", "south_east_asia", "rest_of_world")),
    "events.mood={kind: backlash, region: europe, start: 2025Q3, utils: -0.5}",
    "events.fee={kind: tariff, region: rest_of_world, start: 2025Q2, firms: [byd, chery], "
    "cny_per_car: 20000}",
)
WORLDS = {
    "abroad": ("capital", (*POOR, *ABROAD)),
    "events": ("capital", (*POOR, *EVENTS)),
    "solo": ("solo", ()),
    "stranger": ("stranger", ()),
    "mou": ("mou", ()),
    "capital": ("capital", ()),
    "merger": ("merger", ()),
    "stake paid by the arm": ("solo", (STAKE,)),
    "poor": ("solo", POOR),
    "poor, nobody leaves": ("solo", (*POOR, "finance.exits=false")),
    "merger of three": ("solo", (THREE,)),
    "merged brand merges": ("solo", (THREE, AGAIN)),
    "poor merger": ("merger", POOR),
    "entrant": ("solo", ("entries.xiaomi={start: 2026Q2}",)),
}


class Bookkeeper:
    """Keeps its own books from income, papers and cumulative sums, group by group."""

    def __init__(self, run):
        self.run = run
        self.before = None
        self.kinds = set()

    @staticmethod
    def stocks(state):
        names = ("cash", "drawn", "debt", "net_working_capital", "equity_raised", "owner_money",
                 "state_money", "outside", "active")
        return {name: getattr(state, name).copy() for name in names}

    def __call__(self, state, work):
        self.kinds |= {event.kind for event in work.events}
        now = self.stocks(state)
        before = self.before
        self.before = now
        if before is None:
            return
        assert np.array_equal(state.kappa, profit_weights(state))
        gross = np.abs(work.ledger.flows).sum()
        moved = now["cash"].sum() - before["cash"].sum()
        others = (now["outside"] - before["outside"]).sum()
        assert abs(moved + others) < 1e-12 * gross
        firms = ACCOUNTS.index("firms")
        assert abs(now["outside"][firms]) < 1e-12 * gross
        assert np.all(now["cash"] >= -1.0)
        self.follow(state, work, before, now, gross)

    def follow(self, state, work, before, now, gross):
        """Cash of each owner's group moves by result, working capital, plants and finance."""
        income, industry = work.income, self.run.world.industry
        capex = self.run.world.settings.finance.capex_cny_bn_per_100k * 1e9 / 1e5
        kept_outside = income.other_business * (1.0 - industry.other_cash_share)
        flow = (
            income.revenue - income.variable_cost - income.fixed_cost - income.rd
            - income.interest + income.other_business - income.alliance_cost
            - kept_outside
            - work.build * 4.0 * capex
        )
        for name in ("equity_raised", "owner_money", "state_money", "drawn"):
            flow = flow + now[name] - before[name]
        flow = flow - (now["net_working_capital"] - before["net_working_capital"])
        for event in work.events:
            if event.kind == "equity" and event.counterparty == "geely":
                flow[industry.firms.index("geely")] -= event.amount
        for owner in np.unique(state.owner):
            group = state.owner == owner
            if not now["active"][group].all():
                assert np.all(now["cash"][group & ~now["active"]] == 0.0)
                continue
            change = (now["cash"] - before["cash"])[group].sum()
            assert abs(change - flow[group].sum()) < 1e-11 * gross


@pytest.mark.parametrize("world", WORLDS)
def test_every_flow_has_two_ends_and_stocks_follow(world):
    arm, sets = WORLDS[world]
    book = Bookkeeper(run_of(arm, sets, replicate=4))
    walk(book.run, QUARTERS, book)
    wanted = {
        "events": "event",
        "stranger": "equity", "capital": "equity", "stake paid by the arm": "equity",
        "merger": "merged", "merger of three": "merged", "poor": "state_backstop",
        "merged brand merges": "merged", "mou": "signed", "poor merger": "state_backstop",
    }.get(world)
    assert wanted is None or wanted in book.kinds
    assert ("exit" in book.kinds) == (world != "poor, nobody leaves")


def test_a_lost_flow_is_noticed(monkeypatch):
    whole = Ledger.post

    def lossy(self, flow, amount):
        whole(self, flow, amount * (1.0 - 1e-9) if flow == "merged_treasury" else amount)
        if flow == "interest":
            whole(self, "merged_treasury", 1e-9 * amount)

    monkeypatch.setattr(Ledger, "post", lossy)
    run = run_of("merger")
    with pytest.raises(AssertionError):
        walk(run, 12, Bookkeeper(run))


def test_a_stake_paid_by_the_arm_leaves_its_cash_and_one_by_the_owner_does_not():
    def cash_of_investor(source):
        run = run_of("solo", (STAKE.replace("from: arm", f"from: {source}"),), replicate=4)
        seen = []
        walk(run, 3, lambda state, work: seen.append(state.cash.copy()))
        return seen[2][run.world.industry.firms.index("geely")]

    amount = 0.2 / 0.8 * 20e9
    lost = cash_of_investor("owner") - cash_of_investor("arm")
    assert abs(lost / amount - 1.0) < 0.02


def test_a_merger_pools_debt_and_owner_of_all_brands_once():
    run = run_of("solo", (THREE, AGAIN), replicate=4)
    firms = run.world.industry.firms
    union = [firms.index(name) for name in ("nio", "xpeng", "geely")]
    xpeng, gwm = firms.index("xpeng"), firms.index("gwm")
    debts, owners = [], []

    def after(state, work):
        debts.append(state.debt - state.drawn)
        owners.append(state.owner.copy())
        assert np.array_equal(state.owner[state.owner], state.owner)

    walk(run, 8, after)
    base = run.world.industry.debt
    assert abs(debts[1][xpeng] / base[union].sum() - 1.0) < 1e-12
    assert set(owners[2][union]) == {xpeng}
    assert owners[5][gwm] == xpeng
    assert abs(debts[5][xpeng] / (base[union].sum() + base[gwm]) - 1.0) < 1e-12


def test_a_brand_that_is_owned_buys_for_its_owner():
    buys = AGAIN.replace("acquirer: xpeng", "acquirer: nio").replace("gwm, xpeng, nio", "gwm, nio")
    run = run_of("solo", (THREE, buys), replicate=4)
    firms = run.world.industry.firms
    model = walk(run, 7)
    state = model.state
    assert state.owner[firms.index("gwm")] == firms.index("xpeng")
    assert state.debt[firms.index("nio")] == 0.0
