"""Events: each kind does what its equation says, and one of no size does nothing at all."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from planned_events import AT, FEW, START, event
from worlds import STILL, differing, run_of, tables, walk, without_events

from sim.finance.books import outstanding
from sim.finance.ledger import ACCOUNTS
from sim.kernels.demand import shares
from sim.market.pricing import solve

QUARTERS = 8


@cache
def rows(*events: str, quarters: int = QUARTERS, more: tuple[str, ...] = (), arm: str = "solo"):
    made = tables(run_of(arm, (*FEW, *more, *events), replicate=3), quarters)
    made["events"] = without_events(made["events"], "event")
    return made


# Every kind without size; an entrant is held against the run without it further below.
NOTHING = {
    "battery_shock": "jump: 0, half_life_quarters: 4",
    "subsidy": "cny_per_car: 0",
    "subsidy_end": "cny_per_car: 0, powertrains: [BEV]",
    "tariff": "firms: [tesla], cny_per_car: 0",
    "backlash": "utils: 0",
    "price_cut": "firms: [byd], cut: 0, quarters: 3",
    "below_cost_rule": "detour: 1",
    "truce": "factor: 1",
    "credit_crunch": "credit_factor: 1, equity_factor: 1",
    "payment_days": "days: 360",
    "support_end": "state_factor: 1, owner_factor: 1",
}
SMALL = {
    "battery_shock": "jump: 1e-3, half_life_quarters: 4",
    "subsidy": "cny_per_car: 100",
    "subsidy_end": "cny_per_car: 100, powertrains: [BEV]",
    "tariff": "firms: [tesla], cny_per_car: 100",
    "backlash": "utils: -1e-3",
    "price_cut": "firms: [byd], cut: 1e-3, quarters: 3",
    "below_cost_rule": "detour: 0",
    "truce": "factor: 0.99",
    "credit_crunch": "credit_factor: 0.9, equity_factor: 0",
    "payment_days": "days: 100",
    "support_end": "state_factor: 0.5, owner_factor: 0.5",
}


@pytest.mark.parametrize("kind", NOTHING)
def test_an_event_without_size_gives_the_run_without_it_to_the_last_bit(kind):
    assert differing(rows(), rows(event(f"kind: {kind}, {START}, {NOTHING[kind]}"))) == []


@pytest.mark.parametrize("kind", SMALL)
def test_one_with_size_is_seen_and_changes_nothing_before_it_starts(kind):
    # Losses, so that support and credit are asked for.
    poor = tuple(f"firms.{firm}.cash=0" for firm in ("faw", "nio", "xpeng"))
    if kind == "below_cost_rule":
        poor = (*poor, "conduct.war_intensity=2")
    plain = rows(more=poor)
    moved = rows(event(f"kind: {kind}, {START}, {SMALL[kind]}"), more=poor)
    assert differing(plain, moved) != []
    for table in ("market", "firms"):
        early = plain[table]["t"] < AT
        for column, values in plain[table].items():
            other = moved[table][column]
            assert np.array_equal(values[early], other[early], equal_nan=values.dtype.kind == "f")


def test_starts_and_ends_stand_in_the_table():
    shock = event(f"kind: battery_shock, {START}, end: 2025Q4, jump: 0.5", "shock")
    cut = event("kind: price_cut, firms: [byd, tesla], start: 2025Q2, quarters: 1, cut: 0.1", "cut")
    told = tables(run_of("solo", (*FEW, shock, cut)), 6)["events"]
    chosen = told["kind"] == "event"
    seen = list(
        zip(*(told[name][chosen].tolist() for name in ("t", "firm", "counterparty", "detail")),
            strict=True)
    )
    assert seen == [
        (1, "byd", "cut", "price_cut starts"),
        (1, "tesla", "cut", "price_cut starts"),
        (2, "byd", "cut", "price_cut ends"),
        (2, "tesla", "cut", "price_cut ends"),
        (2, "market", "shock", "battery_shock starts"),
        (4, "market", "shock", "battery_shock ends"),
    ]
    assert set(told["amount"][chosen]) == {0.1, 0.5}


@cache
def seen(*events: str, quarters: int = 6, more: tuple[str, ...] = STILL, arm: str = "solo"):
    """What each quarter's papers and state held: a list of namespaces."""
    kept = []

    def after(state, work):
        kept.append((replace(work), state.copy()))

    run = run_of(arm, (*FEW, *more, *events), replicate=3)
    walk(run, quarters, after)
    return run, kept


def test_a_battery_shock_passes_into_cost_by_kwh_and_decays_with_its_half_life():
    run, plain = seen()
    _, hit = seen(event(f"kind: battery_shock, {START}, jump: 0.4, half_life_quarters: 2"))
    kwh = run.world.industry.battery_kwh
    for t in range(6):
        share = 0.0 if t < AT else 0.5 ** ((t - AT) / 2)
        price = 590 * (1.4**share)
        assert hit[t][0].battery_price == pytest.approx(price, rel=1e-12)
        # Nobody buys together here, so the whole of it reaches each car.
        change = hit[t][0].cost - plain[t][0].cost
        assert change == pytest.approx(kwh * (price - 590), rel=1e-9, abs=1e-6)


def test_a_tariff_shifts_marginal_cost_and_goes_to_the_state():
    run, plain = seen()
    _, hit = seen(event(f"kind: tariff, firms: [tesla], {START}, quarters: 2, cny_per_car: 9000"))
    tesla = run.world.industry.index("tesla")
    mine = run.world.industry.firm_of == tesla
    for t in range(6):
        amount = 9000.0 if AT <= t < AT + 2 else 0.0
        change = hit[t][0].cost - plain[t][0].cost
        assert change == pytest.approx(np.where(mine, amount, 0.0), abs=1e-9)
        paid = hit[t][0].ledger.of("tariff")
        assert paid[tesla] == pytest.approx(-amount * hit[t][0].units[tesla], rel=1e-12)
        assert np.count_nonzero(np.delete(paid, tesla)) == 0
    state = ACCOUNTS.index("state")
    given = hit[-1][1].state_money.sum()
    assert hit[-1][1].outside[state] + given == pytest.approx(
        sum(9000.0 * hit[t][0].units[tesla] for t in (AT, AT + 1)), rel=1e-12
    )


def test_a_subsidy_lowers_what_the_buyer_pays_as_a_cut_of_cost_by_its_net_part_does():
    """Who hands the money over does not matter: the equivalence of a tax on either side."""
    run, hit = seen(event(f"kind: subsidy, {START}, cny_per_car: 7000, powertrains: [BEV]"))
    work = hit[AT][0]
    amount = np.where(np.array(run.world.industry.powertrain) == "BEV", 7000.0, 0.0)
    problem = work.problem
    without = replace(
        problem,
        demand=replace(problem.demand, mu=run.demand.mu),
        cost=problem.cost - problem.net_share * amount,
    )
    other = solve(run.world, without)
    assert work.price - amount == pytest.approx(other.prices, rel=1e-8)
    assert work.share == pytest.approx(other.shares, rel=1e-6)
    paid = work.ledger.outside()[ACCOUNTS.index("state")]
    assert paid == pytest.approx(-float(work.sold @ amount), rel=1e-12)
    # An end of the same size is a subsidy with the other sign.
    _, end = seen(event(f"kind: subsidy_end, {START}, cny_per_car: -7000, powertrains: [BEV]"))
    assert np.array_equal(end[AT][0].price, work.price)


def test_a_cap_leaves_dearer_cars_without():
    run, hit = seen(event(f"kind: subsidy, {START}, cny_per_car: 7000, price_cap_cny: 150000"))
    before = hit[AT - 1][0].price
    assert np.array_equal(hit[AT][0].forces.subsidy > 0.0, before <= 150_000.0)
    assert 0 < np.count_nonzero(before <= 150_000.0) < len(before)
    assert np.all(run.no_forces.subsidy == 0.0)


def test_a_backlash_shifts_utility_and_fades():
    _, plain = seen()
    _, hit = seen(event(f"kind: backlash, {START}, utils: -0.4, half_life_quarters: 1"))
    for t in range(6):
        gap = hit[t][0].problem.demand.delta - plain[t][0].problem.demand.delta
        size = 0.0 if t < AT else -0.4 * 0.5 ** (t - AT)
        assert gap == pytest.approx(np.full(len(gap), size), abs=1e-12)
    assert hit[AT][0].units.sum() < plain[AT][0].units.sum()


def test_a_price_cut_is_held_for_its_quarters_and_others_answer():
    run, hit = seen(event(f"kind: price_cut, firms: [byd], {START}, quarters: 2, cut: 0.1"))
    mine = run.world.industry.firm_of == run.world.industry.index("byd")
    before = hit[AT - 1][0].price
    for t in (AT, AT + 1):
        assert hit[t][0].price[mine] == pytest.approx(0.9 * before[mine], rel=1e-15)
    assert np.all(hit[AT + 2][0].price[mine] > 0.92 * before[mine])
    assert np.all(hit[AT][0].price[~mine] != before[~mine])


def worth(run, work, line, price):
    """What the maker of a line maximises, per buyer, if the line alone has another price."""
    problem, firm_of = work.problem, run.world.industry.firm_of
    prices = work.price.copy()
    prices[line] = price
    sold = shares(problem.demand, prices)
    mine, firm = problem.kappa[firm_of[line]][firm_of], problem.shadow[firm_of[line]][firm_of]
    return float(sold @ (mine * (problem.net_share * prices - problem.cost) + firm))


def test_nobody_sells_under_the_floor_and_it_binds_by_complementarity():
    war = (*STILL, "conduct.war_intensity=2")
    rule = event(f"kind: below_cost_rule, {START}, detour: 0.02")
    run, hit = seen(rule, more=war)
    _, free = seen(more=war)
    bound_once = False
    for t in range(AT, 6):
        work, before = hit[t][0], hit[t - 1][0]
        net = work.price * work.problem.net_share
        floor = 0.98 * before.cost
        on_sale = work.sold > 0.0
        assert np.all(net[on_sale] >= floor[on_sale] * (1.0 - 1e-9))
        at = on_sale & (net <= floor * (1.0 + 1e-9))
        bound_once |= bool(at.any())
        # Who is above its floor is where it wants to be: freed of floors it stays there.
        alone = replace(work.problem, floor=None, frozen=at, start=work.price)
        assert solve(run.world, alone).prices == pytest.approx(work.price, rel=1e-8)
        # Who is at it would gain by going lower, all other prices as they are.
        for line in np.flatnonzero(at)[:6]:
            assert worth(run, work, line, work.price[line] - 10.0) > worth(
                run, work, line, work.price[line]
            )
    assert bound_once
    assert np.any(free[AT][0].price * free[AT][0].problem.net_share < 0.98 * free[AT - 1][0].cost)


def test_a_price_that_is_held_is_lifted_to_the_floor():
    cut = event(f"kind: price_cut, firms: [tesla], {START}, quarters: 1, cut: 0.6", "cut")
    rule = event(f"kind: below_cost_rule, {START}, detour: 0", "rule")
    run, hit = seen(cut, rule)
    mine = run.world.industry.firm_of == run.world.industry.index("tesla")
    net = (hit[AT][0].price * hit[AT][0].problem.net_share)[mine]
    assert net == pytest.approx(hit[AT - 1][0].cost[mine], rel=1e-12)


def test_a_truce_of_all_from_the_first_quarter_is_peace():
    _, truce = seen(event("kind: truce, start: 2025Q1, factor: 0"))
    _, peace = seen(more=(*STILL, "conduct.war_intensity=0"))
    for (one, _), (other, _) in zip(truce, peace, strict=True):
        assert np.all(one.war == 0.0)
        assert one.price == pytest.approx(other.price, rel=1e-8)
        assert one.problem.demand.outside == pytest.approx(other.problem.demand.outside, rel=1e-9)


def test_a_truce_of_two_leaves_the_others_at_war():
    run, two = seen(event(f"kind: truce, {START}, factor: 0.25, firms: [byd, geely]"))
    _, plain = seen()
    ratio = two[AT][0].war / np.where(plain[AT][0].war > 0.0, plain[AT][0].war, 1.0)
    for firm, name in enumerate(run.world.industry.firms):
        if plain[AT][0].war[firm] > 0.0:
            wanted = 0.25 if name in ("byd", "geely") else 1.0
            assert ratio[firm] == pytest.approx(wanted, rel=1e-6)


def test_a_credit_crunch_shortens_the_runway_of_its_kinds_alone():
    text = f"kind: credit_crunch, {START}, credit_factor: 0, kinds: [start_up]"
    run, hit = seen(event(text))
    _, plain = seen()
    concerned = np.array([kind == "start_up" for kind in run.world.industry.kinds])
    one, other = hit[AT], plain[AT]
    burn = plain[AT - 1][1].burn
    unused = np.maximum(plain[AT - 1][1].credit_line - plain[AT - 1][1].drawn, 0.0)
    gap = (other[0].runway - one[0].runway) * burn
    assert gap == pytest.approx(
        np.where(concerned, unused, 0.0), rel=1e-9, abs=1.0
    )
    assert concerned.any()


def test_a_cap_on_payment_days_takes_its_stock_out_of_cash_once():
    run, hit = seen(event(f"kind: payment_days, {START}, days: 60"))
    _, plain = seen()
    industry = run.world.industry
    calm = hit[AT][0].stress == 0.0
    costs = plain[AT][1].recent(plain[AT][1].trailing_cost)
    # The ring has been turned by the end of the quarter: its latest row is the last one.
    costs = np.roll(costs, -1, axis=0)
    days = industry.payable_days
    stock = outstanding(costs, days) - outstanding(costs, np.minimum(days, 60.0))
    gap = hit[AT][1].net_working_capital - plain[AT][1].net_working_capital
    assert gap[calm] == pytest.approx(stock[calm], rel=1e-9, abs=1.0)
    tied = plain[AT][0].ledger.of("variable_cost") - hit[AT][0].ledger.of("variable_cost")
    assert tied[calm] == pytest.approx(stock[calm], rel=1e-9, abs=1.0)
    assert stock.max() > 1e9
    # Once: in the next quarter the same sales tie up nothing more.
    later = hit[AT + 1][0].ledger.of("variable_cost") + hit[AT + 1][0].income.variable_cost
    still = np.abs(later[calm]) < 0.1 * np.maximum(stock[calm], 1e8)
    assert still.mean() > 0.7


def test_support_that_ends_is_not_paid_beyond_its_part():
    poor = tuple(
        f"firms.faw.{name}=0" for name in ("cash", "credit_line")
    )
    _, plain = seen(more=poor, quarters=8)
    text = "kind: support_end, start: 2025Q1, state_factor: 0, owner_factor: 0"
    run, ended = seen(event(text), more=poor, quarters=8)
    faw = run.world.industry.index("faw")
    paid = plain[-1][1].owner_money[faw] + plain[-1][1].state_money[faw]
    assert paid > 0.0
    assert ended[-1][1].owner_money[faw] + ended[-1][1].state_money[faw] == 0.0
    assert not ended[-1][1].active[faw]


NEWCOMER = "kind: entrant, firm: newcomer, start: 2025Q3, lines: [xiaomi_su7, byd_yuan_plus]"


def test_an_entrant_that_sells_nothing_changes_nobody():
    plain, other = rows(), rows(event(f"{NEWCOMER}, quality: -50"))
    keep = other["firms"]["firm"] != "newcomer"
    for column, values in plain["firms"].items():
        theirs = other["firms"][column][keep]
        if values.dtype.kind == "f":
            assert theirs == pytest.approx(values, rel=1e-9, abs=1e-6, nan_ok=True), column
        else:
            assert theirs.tolist() == values.tolist(), column
    for column in ("units", "price_mean", "hhi", "consumer_surplus", "battery_price"):
        assert other["market"][column] == pytest.approx(plain["market"][column], rel=1e-9)


def test_an_entrant_is_off_the_market_before_its_date_and_brings_its_cash_once():
    run, hit = seen(event(f"{NEWCOMER}, cash_cny_bn: 20, credit_line_cny_bn: 5, cost_factor: 0.9"))
    new = run.world.industry.index("newcomer")
    lines = run.lines_of[new]
    like = [run.world.industry.lines.index(name) for name in ("xiaomi_su7", "byd_yuan_plus")]
    for t, (work, state) in enumerate(hit):
        assert (work.units[new] > 0.0) == (t >= AT)
        assert state.equity_raised[new] == (20e9 if t >= AT - 1 else 0.0)
        assert bool(state.active[new]) == (t >= AT - 1)
        assert work.ledger.imbalance() == pytest.approx(0.0, abs=1.0)
    calibration = run.world.calibration
    assert calibration.glider[lines] == pytest.approx(0.9 * calibration.glider[like], rel=1e-15)
    assert hit[AT][1].credit_line[new] == 5e9
    assert hit[AT][0].runway[new] > 0.0


def test_a_firm_of_the_tables_enters_when_it_is_said_to():
    made = rows(event(f"kind: entrant, firm: xiaomi, {START}"))["firms"]
    mine = made["firm"] == "xiaomi"
    assert made["state"][mine][: AT - 1].tolist() == ["waiting"] * (AT - 1)
    assert np.all(made["units"][mine][:AT] == 0.0)
    assert np.all(made["units"][mine][AT:] > 0.0)


def test_an_event_of_a_firm_of_the_tables_is_its_entry_by_date():
    """Two ways to say one thing, and one on a condition that is met then."""
    ways = (
        "entries.xiaomi={start: 2025Q3}",
        event(f"kind: entrant, firm: xiaomi, {START}"),
        event("kind: entrant, firm: xiaomi, delay: 1, when: {battery_price: {above: 1}}"),
    )
    one, *others = (rows(way) for way in ways)
    for other in others:
        assert differing(one, other) == []
    assert one["firms"]["units"][one["firms"]["firm"] == "xiaomi"][AT] > 0.0


def test_the_order_of_events_in_a_file_does_not_matter():
    texts = {
        "a": f"kind: truce, {START}, factor: 0.1",
        "b": "kind: truce, start: 2025Q2, factor: 0.7, firms: [byd]",
        "c": "kind: truce, start: 2025Q2, factor: 0.3, firms: [byd]",
        "d": "kind: subsidy, start: 2025Q2, cny_per_car: 0.1",
        "e": f"kind: subsidy, {START}, cny_per_car: 3000.3",
        "f": f"{NEWCOMER}",
        "g": "kind: entrant, firm: another, start: 2025Q2, lines: [tesla_modely]",
    }
    one = [event(text, name) for name, text in texts.items()]
    assert differing(rows(*one), rows(*reversed(one))) == []
