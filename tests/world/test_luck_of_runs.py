"""A replicate's luck is its own: whoever else is there, in any order, arm, point or length."""

from dataclasses import replace

import numpy as np
import pytest
from worlds import differing, run_of, runner, scenario, tables

import sim.batch.run_one as run_one
from sim.batch.run_one import Runner, RunSpec
from sim.record.schema import FIRMS
from sim.scenario.market_tables import read_market

STREAMS = ("firm", "passing", "line", "launch", "hit", "equity")
BY_LINE = ("line", "launch", "hit")


def changed_market(monkeypatch, change):
    """A runner on the shipped market with its tables changed."""
    market = change(read_market("china_nev_2024"))
    monkeypatch.setattr(run_one, "read_market", lambda name: market)
    return Runner(scenario())


def with_a_newcomer(market):
    """The market with one more firm, first of all, that sells twelve cars a year."""
    firm = next(row for row in market.firms if row.firm_id == "nio")
    line = next(row for row in market.lines if row.firm_id == "nio")
    figures = {("tiny", item): value for (name, item), value in market.firm_figures.items()
               if name == "nio"}
    return replace(
        market,
        firms=(replace(firm, firm_id="tiny"), *market.firms),
        lines=(replace(line, line_id="tiny_one", firm_id="tiny", units=12.0), *market.lines),
        firm_figures={**market.firm_figures, **figures},
    )


def reordered(market):
    return replace(market, firms=market.firms[::-1], lines=market.lines[::-1])


def shared(run, other, names):
    """Positions of the same names in two runs' industries."""
    one, two = getattr(run.world.industry, names), getattr(other.world.industry, names)
    common = [name for name in one if name in two]
    return [one.index(name) for name in common], [two.index(name) for name in common]


def assert_same_draws(run, other):
    for stream in STREAMS:
        mine, theirs = shared(run, other, "lines" if stream in BY_LINE else "firms")
        assert len(mine) > 20
        one = getattr(run.world.luck, stream)[:, mine]
        assert np.array_equal(one, getattr(other.world.luck, stream)[:, theirs]), stream
    assert np.array_equal(run.world.luck.battery, other.world.luck.battery)
    assert np.array_equal(run.contract_luck, other.contract_luck)


def test_a_newcomer_that_sells_nothing_draws_from_nobody(monkeypatch):
    plain = run_of("capital", replicate=7)
    wider = changed_market(monkeypatch, with_a_newcomer).run_of("capital", {}, 7)
    assert wider.world.industry.firms[0] == "tiny"
    assert_same_draws(plain, wider)
    one, two = tables(plain, 6)["firms"], tables(wider, 6)["firms"]
    for name, column in (("nio", "price"), ("leapmotor", "units"), ("byd", "cash")):
        mine = one[column][one["firm"] == name]
        theirs = two[column][two["firm"] == name]
        assert np.max(np.abs(theirs / mine - 1.0)) < 1e-3


@pytest.mark.parametrize("arm", ["capital", "merger"])
def test_the_order_of_firms_and_lines_is_only_an_order(monkeypatch, arm):
    plain = run_of(arm, replicate=7)
    turned = changed_market(monkeypatch, reordered).run_of(arm, {}, 7)
    assert_same_draws(plain, turned)
    one, two = tables(plain, 40), tables(turned, 40)
    for name in ("units", "penetration", "price_mean", "hhi", "consumer_surplus", "active_firms"):
        assert np.max(np.abs(two["market"][name] / one["market"][name] - 1.0)) < 1e-9, name
    firms = list(plain.world.industry.firms)
    back = [len(firms) - 1 - firms.index(name) for name in firms]
    flows = np.max(one["firms"]["revenue"].reshape(40, -1), axis=0)
    money = {column.name for column in FIRMS.columns if column.unit == "CNY"}
    for name, values in one["firms"].items():
        mine = values.reshape(40, -1)
        theirs = two["firms"][name].reshape(40, -1)[:, back]
        if values.dtype.kind == "f":
            scale = np.nanmax(np.abs(mine), axis=0)
            if name in money:
                # A rescue is the small rest of large flows, and as exact as they are.
                scale = np.maximum(scale, flows)
            error = np.abs(theirs - mine) / np.where(scale > 0.0, scale, 1.0)
            assert np.array_equal(np.isnan(mine), np.isnan(theirs))
            assert np.nanmax(error) < 1e-9, name
        else:
            assert np.array_equal(mine, theirs), name


def test_every_arm_and_point_of_a_replicate_has_the_same_luck():
    shipped = scenario()
    base = run_of("solo", replicate=3)
    for arm in shipped.arms:
        for war in (0.0, 1.25):
            run = run_of(arm, replicate=3, values={"conduct.war_intensity": war})
            for stream in STREAMS:
                assert np.array_equal(
                    getattr(base.world.luck, stream), getattr(run.world.luck, stream)
                )
    other = run_of("solo", replicate=4)
    assert not np.array_equal(base.world.luck.firm, other.world.luck.firm)


def test_arms_are_the_same_world_until_they_differ():
    solo = tables(run_of("solo", replicate=3), 3)
    for arm in ("stranger", "mou", "capital"):
        rows = tables(run_of(arm, replicate=3), 3)
        for table in ("market", "firms"):
            first = {name: values[rows[table]["t"] == 0] for name, values in rows[table].items()}
            for name, values in first.items():
                before = solo[table][name][: len(values)]
                numeric = values.dtype.kind == "f"
                assert np.array_equal(values, before, equal_nan=numeric), (arm, name)


def test_an_arm_that_draws_more_moves_no_other_draw():
    """Two contracts more, which only draw whether they fail."""
    more = tuple(
        f"alliances.{name}={{members: [{members}], start: 2025Q2, kind: mou, terms: "
        "{tech_sharing: null}, setup_cost_cny_bn: 0, running_cost_cny_bn: 0, hazard: 0.5}"
        for name, members in (("aaa", "byd, geely"), ("zzz", "nio, xpeng"))
    )
    one, two = run_of("capital", replicate=3), run_of("capital", more, replicate=3)
    assert two.contract_luck.shape[1] == one.contract_luck.shape[1] + 2
    rows = [tables(run, 12) for run in (one, two)]
    assert differing(*rows, names=("market", "firms")) == []
    assert len(rows[1]["events"]["t"]) > len(rows[0]["events"]["t"])


def test_a_longer_horizon_continues_the_shorter_one():
    short = run_of("merger", ("horizon.quarters=10",), replicate=3)
    long = run_of("merger", ("horizon.quarters=24",), replicate=3)
    assert (short.world.quarters, long.world.quarters) == (10, 24)
    one, two = tables(short, 10), tables(long, 24)
    cut = {
        table: {name: values[two[table]["t"] < 10] for name, values in two[table].items()}
        for table in two
    }
    assert differing(one, cut) == []


def test_a_runner_that_has_made_other_runs_makes_the_same_bytes():
    soft = (("calibration.vehicle_learning", 0.08),)
    specs = [
        RunSpec(0, 5, 0, "merger", "middle", ()),
        RunSpec(1, 5, 0, "capital", "soft", soft),
        RunSpec(2, 6, 1, "solo", "middle", (("conduct.war_intensity", 0.5),)),
        RunSpec(3, 5, 0, "merger", "middle", ()),
    ]
    quick = ("horizon.quarters=8",)
    used = runner(quick)
    made = [used.run(spec) for spec in specs]
    fresh = [Runner(scenario(quick)).run(spec) for spec in specs[1:]]
    assert made[1:] == fresh
    assert used.run(specs[0]) == made[0]
    assert len({*made}) == 4
