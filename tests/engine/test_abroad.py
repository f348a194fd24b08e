"""Regions abroad: the base year comes back, nothing is counted twice, each force has its oracle."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from worlds import STILL, differing, run_of, tables, walk

from sim.kernels.demand import shares
from sim.scenario.market_tables import read_market

ALL = tuple(
    f"regions.{name}={{modelled: true, duties: 0, acceptance_drift: 0, market_growth: 0}}"
    for name in ("europe", "south_east_asia", "rest_of_world")
)
FIRMS = tuple(row.firm_id for row in read_market("china_nev_2024").firms)
EUROPE = "regions.europe={modelled: true, duties: 0, firms: {leapmotor: {channel: 0}}}"


def europe(text="", others=()):
    written = f"regions.europe={{modelled: true, {text}}}"
    return run_of("solo", (written, *others), replicate=3)


def first_quarter(run):
    """State and papers of the first quarter."""
    seen = []
    walk(run, 1, lambda state, work: seen.extend([state, work]))
    return seen


def sales_of(run, firm):
    """A firm's place in Europe, and the first quarter there."""
    _, work = first_quarter(run)
    abroad = work.abroad[0]
    place = int(np.flatnonzero(abroad.market.firm == run.world.industry.index(firm))[0])
    return place, abroad, work


def test_the_base_year_comes_back_and_exports_are_split_once():
    run = run_of("solo", ALL)
    industry, taken = run.world.industry, np.zeros(len(FIRMS))
    assert [region.name for region in run.world.regions] == [
        "europe", "south_east_asia", "rest_of_world",
    ]
    for region in run.world.regions:
        sold = shares(region.demand, region.price) * region.market_size
        assert np.allclose(sold[:-1], region.units, rtol=1e-9, atol=0.0)
        assert region.residual < 1e-9
        taken[region.firm] += region.units
    assert np.allclose(taken + run.off_path * industry.exports, industry.exports, rtol=1e-12)
    byd = industry.index("byd")
    place = int(np.flatnonzero(run.world.regions[0].firm == byd)[0])
    assert abs(run.world.regions[0].units[place] * 4.0 - 0.12 * 417204) < 1e-6


def test_regions_that_stand_still_give_what_the_path_gave():
    still = (*STILL, *(f"firms.{firm}.export_growth=0" for firm in FIRMS))
    stay = ", ".join(
        f"{firm}: {{channel: 0, reach_goal: {reach}}}"
        for firm, reach in (("leapmotor", 0.12), ("byd", 0.15))
    )
    held = (
        f"regions.europe.firms={{{stay}}}",
        "regions.south_east_asia.firms={leapmotor: {channel: 0}}",
        "regions.rest_of_world.firms={leapmotor: {channel: 0}}",
    )
    path = tables(run_of("solo", still), 3)
    modelled = tables(run_of("solo", (*still, *ALL, *held)), 3)
    for name in ("units", "exports", "price", "revenue", "contribution", "result", "cash"):
        one, other = path["firms"][name], modelled["firms"][name]
        scale = np.abs(one).max()
        assert np.allclose(one, other, rtol=1e-7, atol=1e-9 * scale), name


def test_without_exports_nothing_is_sold_abroad():
    without = ("finance.exports_on=false",)
    modelled = tables(run_of("solo", (EUROPE, *without), replicate=3), 3)
    assert differing(tables(run_of("solo", without, replicate=3), 3), modelled) == []
    assert not modelled["firms"]["exports"].any()


def test_a_region_that_is_not_modelled_changes_no_bit():
    named = run_of("solo", (EUROPE.replace("true", "false"),), replicate=3)
    assert differing(tables(run_of("solo", (), replicate=3), 6), tables(named, 6)) == []


def test_what_buyers_pay_arrives_somewhere():
    levy = (
        "events.levy={kind: tariff, region: europe, firms: [byd, saic], start: 2025Q1, "
        "cny_per_car: 9000}"
    )
    run = europe("duties: 1", (levy,))
    _, work = first_quarter(run)
    sales = work.abroad[0]
    market, cars, paid = sales.market, sales.units[:-1], sales.price[:-1]
    landed = cars * paid * (1.0 - market.dealer_margin) / (1.0 + market.vat)
    assert np.allclose(landed, sales.value + sales.duty_paid, rtol=1e-12)
    parts = sales.freight + sales.levy + sales.partner + sales.revenue
    assert np.allclose(parts, sales.value, rtol=1e-12)
    byd = run.world.industry.index("byd")
    assert np.array_equal(np.flatnonzero(sales.levy), np.flatnonzero(np.isin(
        market.firm, [byd, run.world.industry.index("saic")])))
    assert np.allclose(sales.levy[sales.levy > 0], 9000 * cars[sales.levy > 0], rtol=1e-12)
    # Of countervailing duties only battery-electric cars bear a part.
    place = int(np.flatnonzero(market.firm == byd)[0])
    assert abs(sales.duty[place] - (0.10 + 0.17 * 0.85)) < 1e-12
    # Cars on the path and in the region are all exports, and so is their money.
    income, price = work.income, work.problem.net_share * work.price
    home = run.world.industry.by_firm(work.sold * price)
    assert np.allclose(work.ledger.of("sales"), income.revenue)
    left = run.world.industry.index("geely")
    growth = 1.15**0.25
    rest = run.world.industry.exports[left] * 0.65 * growth
    inside = sales.units[int(np.flatnonzero(market.firm == left)[0])]
    assert abs(work.exports[left] / (rest + inside) - 1.0) < 1e-12
    calibration = run.world.calibration
    gate = (calibration.unit_cost + calibration.observed_markup) * (
        work.unit_cost / calibration.unit_cost
    )
    there = sales.revenue[int(np.flatnonzero(market.firm == left)[0])]
    abroad = (income.revenue - home)[left]
    assert abs(abroad / (rest * gate[left] + there) - 1.0) < 1e-9


@pytest.mark.parametrize("duties", [0, 1])
def test_each_price_abroad_is_the_best_reply_to_the_others(duties):
    run = europe(f"duties: {duties}")
    _, work = first_quarter(run)
    sales, world = work.abroad[0], run.world
    market = sales.market
    utility = sales.quality + market.demand.mu - market.demand.alpha[:, None] * sales.price
    for name in ("byd", "leapmotor", "saic", "tesla"):
        firm = world.industry.index(name)
        place = int(np.flatnonzero(market.firm == firm)[0])
        kept = (1 - market.dealer_margin) / (1 + market.vat) / (1 + sales.duty[place])
        cost = (sales.cost + sales.freight)[place] / sales.units[place]
        ratio = (work.unit_cost / world.calibration.unit_cost)[firm]
        worth = work.problem.shadow[firm, firm] - market.held_back[place] * ratio

        def loss(price, place=place, kept=kept, cost=cost, worth=worth):
            moved = utility.copy()
            moved[:, place] += market.demand.alpha * (sales.price[place] - price)
            odds = np.exp(moved)
            share = odds[:, place] / (1.0 + odds.sum(axis=1)) @ market.demand.weights
            return -(price * kept - cost + worth) * share

        near = sales.price[place]
        best = minimize_scalar(loss, bounds=(0.5 * near, 2 * near), method="bounded",
                               options={"xatol": 1e-4})
        assert abs(best.x / near - 1.0) < 1e-6, name


def test_a_partner_takes_its_share_of_the_margin_and_moves_no_price():
    with_it = sales_of(europe("firms: {leapmotor: {partner_share: 0.51}}"), "leapmotor")
    without = sales_of(europe("firms: {leapmotor: {partner_share: 0}}"), "leapmotor")
    (place, one, _), (_, other, _) = with_it, without
    assert np.array_equal(one.price, other.price)
    margin = (other.revenue - other.cost)[place]
    assert margin > 0.0
    assert abs((one.revenue - one.cost)[place] / (0.49 * margin) - 1.0) < 1e-12
    assert abs(one.partner[place] / (0.51 * margin) - 1.0) < 1e-12


DEAL = (
    "alliances.dealers={{members: [tesla, {guest}], start: 2025Q1, kind: mou, lag_quarters: 0, "
    "ramp_quarters: 0, terms: {{distribution: {{host: tesla, guest: {guest}, share: 0.5}}}}}}"
)


def test_dealers_of_partners_and_allies_open_what_they_reach():
    opened = "reach_quarters: 0, firms: {leapmotor: {reach: 0.2, reach_goal: 0.2, channel: 0.5}}"
    place, sales, _ = sales_of(europe(opened), "leapmotor")
    assert abs(sales.reach[place] - (1 - 0.8 * 0.5)) < 1e-15
    # Dealers of half a host that reaches a half of all buyers.
    place, allied, _ = sales_of(europe("duties: 0", (DEAL.format(guest="geely"),)), "geely")
    _, alone, _ = sales_of(europe("duties: 0"), "geely")
    assert abs(alone.reach[place] - 0.1) < 1e-15
    assert abs(allied.reach[place] - (1 - 0.9 * 0.75)) < 1e-12
    grown = allied.quality[place] - alone.quality[place]
    assert abs(grown - np.log(allied.reach[place] / alone.reach[place])) < 1e-12
    # Rights that are a partner's alone cannot be given to an ally.
    place, held, _ = sales_of(europe("duties: 0", (DEAL.format(guest="leapmotor"),)), "leapmotor")
    _, free, _ = sales_of(europe("duties: 0"), "leapmotor")
    assert held.reach[place] == free.reach[place]


def test_without_the_right_to_sell_nothing_is_sold_and_home_is_as_it_was():
    place, sales, work = sales_of(europe("firms: {leapmotor: {rights: 0}}"), "leapmotor")
    assert sales.units[place] == 0.0
    assert sales.revenue[place] == 0.0
    _, other, free = sales_of(europe(""), "leapmotor")
    assert other.units[place] > 0.0
    assert np.array_equal(work.price, free.price)
    assert np.all(np.delete(sales.units, place) > np.delete(other.units, place))


def test_a_backlash_abroad_is_none_at_home():
    mood = "events.mood={kind: backlash, region: europe, start: 2025Q1, utils: -0.5}"
    _, hit, work = sales_of(europe("", (mood,)), "byd")
    _, calm, free = sales_of(europe(""), "byd")
    assert np.array_equal(work.price, free.price)
    assert np.array_equal(work.sold, free.sold)
    assert np.allclose(hit.quality, calm.quality - 0.5, atol=1e-12)
    assert np.all(hit.units < calm.units)


def test_duties_end_on_their_date():
    run = europe("duties: 1, duties_start: 2025Q2, duties_end: 2025Q3")
    seen = []
    walk(run, 4, lambda state, work: seen.append(work.abroad[0].duty.copy()))
    base = run.world.regions[0].basic_duty
    assert [bool((duty > base).any()) for duty in seen] == [False, True, True, False]


def test_richer_buyers_mind_prices_less():
    poor = europe("income: 1.0").world
    rich = europe("income: 2.0").world
    exponent = poor.settings.demand.income_exponent
    ratio = rich.regions[0].demand.alpha / poor.regions[0].demand.alpha
    assert np.allclose(ratio, 2.0**-exponent, rtol=1e-12)
    assert np.array_equal(rich.regions[0].units, poor.regions[0].units)


def test_a_rule_of_list_prices_at_home_holds_no_price_abroad():
    rule = "conduct.rules={byd: {inertia: {share: 0.0}}}"
    _, held, work = sales_of(europe("", (rule,)), "byd")
    _, free, other = sales_of(europe(""), "byd")
    byd = FIRMS.index("byd")
    assert work.plans[byd].rule_price is not None
    assert not np.array_equal(work.price, other.price)
    assert np.array_equal(held.price, free.price)
