"""Facts on histories in which each is planted, or is not: closed forms, no model."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sim.errors import InputError, SimError
from sim.record import TABLES, RunRecord, Store, open_batch, write_manifest
from sim.record.schema import PRODUCTS
from sim.scenario import load
from sim.scenario.panel import Moment
from sim.studies.fact_measures import (
    Condition,
    History,
    conditions,
    like_for_like,
)
from sim.studies.facts import (
    FAILS,
    HOLDS,
    NOT_BECAUSE,
    UNCLEAR,
    FactStudy,
    judged,
    look,
    stated_facts,
)
from sim.studies.facts_text import condition_rows, fact_table, printed, reason, replicate_table

SHIPPED = "scenarios/facts_2022_2024.yaml"
T, FIRMS = 12, ("tesla", "byd", "nio", "faw", "faw_vw", "hozon", "other")
KINDS = ("foreign_owned", "private", "start_up", "state_owned", "joint_venture", "start_up",
         "composite")  # fmt: skip


@pytest.fixture(scope="module")
def scenario():
    return load(SHIPPED)


@pytest.fixture(scope="module")
def facts(scenario):
    return scenario.heading.facts.stated


def history(**changes):
    """Twelve quarters in which nothing moves: two lines a firm, costs four fifths of prices."""
    firm, line = np.ones((T, len(FIRMS))), np.ones((T, 2 * len(FIRMS)))
    rest = {
        "start": 2022 * 4, "firms": FIRMS, "kinds": KINDS, "units": 20e3 * firm,
        "exports": 0.0 * firm, "capacity": 40e3 * firm, "revenue": 1e9 * firm,
        "contribution": 2e8 * firm, "own_result": 1e7 * firm, "on_sale": firm > 0.0,
        "firm_of": np.repeat(np.arange(len(FIRMS)), 2), "line_units": 10e3 * line,
        "price": 100e3 * line, "cost": 80e3 * line,
    }  # fmt: skip
    return History(**{**rest, **changes})


def told(run, fact, panel=None):
    return {each.name: each for each in conditions(run, fact, panel or {})}


def met(run, fact, panel=None):
    return [each.met for each in conditions(run, fact, panel or {})]


def test_a_condition_has_a_band_and_what_is_not_known_is_not_met():
    assert Condition("a", 1.0, low=1.0, high=1.0).met
    assert not Condition("a", 0.999, low=1.0).met
    assert not Condition("a", np.nan).met


def test_changes_are_of_equal_lines_weighted_by_units():
    """A line that comes or goes moves nothing; the others' mean is of logs."""
    run = history()
    run.price[5:, 0] *= 0.9
    run.line_units[5:, 0], run.line_units[5:, 1] = 30e3, 10e3
    run.price[5:, 2] = np.nan
    price, cost = like_for_like(run)
    assert price[4, 0] == pytest.approx(2.0 / 3.0 * np.log(0.9))
    assert np.flatnonzero(price[:, 0]).tolist() == [4]
    assert not price[:, 1].any()
    assert not cost.any()


def cuts(*, at, cut=0.05, costs_too=False):
    """Leader Tesla cuts in quarter 4; each of the others by ``at`` quarters later."""
    run = history()
    for place, wait in enumerate((0, *at)):
        if wait is not None:
            run.price[4 + wait :, 2 * place : 2 * place + 2] *= 1.0 - cut
            if costs_too:
                run.cost[4 + wait :, 2 * place : 2 * place + 2] *= 1.0 - cut
    return run


def test_cuts_that_follow_within_a_quarter_are_seen(facts):
    fact = facts["cuts_follow"].model_copy(update={"leaders": ("tesla",)})
    # Rivals are BYD, NIO, FAW, FAW-VW and Hozon; the composite is none.
    found = told(cuts(at=(0, 1, 1, None, None, 1)), fact)
    assert found["leaders' cuts"].value == 1
    assert found["rivals that follow"].value == pytest.approx(0.6)
    assert all(each.met for each in found.values())
    late = told(cuts(at=(2, 2, 2, 2, 2, 2)), fact)
    assert late["rivals that follow"].value == 0.0
    assert not late["rivals that follow"].met
    assert not late["less rivals that cut at other times"].met
    few = told(cuts(at=(0, 1, None, None, None, None)), fact)
    assert not few["rivals that follow"].met
    assert few["less rivals that cut at other times"].met


def test_prices_that_fall_with_costs_follow_nobody(facts):
    fact = facts["cuts_follow"]
    found = told(cuts(at=(0, 0, 0, 0, 0, 0), costs_too=True), fact)
    assert found["leaders' cuts"].value == 0
    assert np.isnan(found["rivals that follow"].value)
    assert not any(each.met for each in found.values())


def test_rivals_that_cut_all_the_time_do_not_follow(facts):
    run = cuts(at=(None,) * 6)
    fact = facts["cuts_follow"].model_copy(update={"leaders": ("tesla",)})
    run.price[:, 2:] *= 0.95 ** np.arange(T)[:, None]
    found = told(run, fact)
    assert found["rivals that follow"].value == 1.0
    assert found["less rivals that cut at other times"].value == pytest.approx(0.0)
    assert not found["less rivals that cut at other times"].met


def test_volume_grows_while_margins_fall(facts):
    fact, time = facts["volume_without_margin"], np.linspace(0.0, 1.0, T)[:, None]
    grows = history(units=20e3 * (1.0 + time) ** 2 * np.ones((T, 7)))
    squeezed = replace(grows, contribution=2e8 * (1.0 - 0.3 * time) * np.ones((T, 7)))
    assert met(squeezed, fact) == [True, True]
    growth = (2.0 - np.array([3, 2, 1, 0]) / 11) ** 2
    first = (1.0 + np.array([0, 1, 2, 3]) / 11) ** 2
    found = told(squeezed, fact)
    assert found["growth of units"].value == pytest.approx(growth.sum() / first.sum() - 1.0)
    assert found["fall of the margin"].value == pytest.approx(0.2 * 0.3 * 8 / 11)
    widened = replace(grows, contribution=2e8 * (1.0 + 0.3 * time) * np.ones((T, 7)))
    assert met(widened, fact) == [True, False]
    assert met(replace(squeezed, units=20e3 * np.ones((T, 7))), fact) == [False, True]


def test_prices_outrun_costs_in_the_quarters_of_the_war(facts):
    fact, quarters = facts["prices_outrun_costs"], np.arange(T)[:, None]
    run = history()
    run.price[:] *= 0.98**quarters
    run.cost[:] *= 0.99**quarters
    found = told(run, fact)
    # 2023Q2 to 2024Q4 are seven quarters.
    assert found["fall of prices"].value == pytest.approx(-7 * np.log(0.98))
    assert found["less fall of costs"].value == pytest.approx(7 * np.log(0.99 / 0.98))
    assert all(each.met for each in found.values())
    slower = history(cost=run.price * 0.8, price=run.cost / 0.8)
    assert met(slower, fact) == [True, False]
    # A cut in the quarter in which the subsidy ends is not counted, one in the next is.
    for last, fall in ((4, 0.0), (5, np.log(1.5))):
        early = history()
        early.price[:last] *= 1.5
        assert told(early, fact)["fall of prices"].value == pytest.approx(fall)


def test_profit_of_few(facts):
    fact = facts["profit_concentrates"]
    own = np.ones((T, 7)) * np.array([50e7, 30e7, 10e7, 5e7, -9e7, -1e7, 90e7])
    found = told(history(own_result=own), fact)
    assert found["profit of the 3 largest"].value == pytest.approx(90 / 95)
    # The composite is no firm: four of six.
    assert found["firms with a profit"].value == pytest.approx(4 / 6)
    assert met(history(own_result=own), fact) == [True, False]
    own[:, 3] = -5e7
    assert met(history(own_result=own), fact) == [True, True]
    assert not any(met(history(own_result=-np.abs(own)), fact)[:1])
    earlier = own.copy()
    earlier[:8] = 1e9
    assert met(history(own_result=earlier), fact) == [True, True]
    assert met(history(), fact) == [False, False]


def test_plants_half_empty(facts):
    fact = facts["plants_half_empty"]
    assert met(history(), fact) == [True]
    found = told(history(exports=8e3 * np.ones((T, 7))), fact)
    assert found["utilisation of the median firm"].value == pytest.approx(0.7)
    assert not found["utilisation of the median firm"].met
    run = history(exports=8e3 * np.ones((T, 7)))
    run.capacity[:8] *= 100.0
    assert met(run, fact) == [False]


def test_the_weak_with_an_owner_live_on(facts):
    fact = facts["owned_live_on"]
    own = np.ones((T, 7)) * np.array([-1e7, 1e7, -1e7, -1e7, -1e7, -1e7, -1e7])
    run = history(own_result=own)
    assert told(run, fact)["owned firms that lose money"].value == 3
    assert met(run, fact) == [True, True]
    run.on_sale[6:, [2, 5]] = False
    assert met(run, fact) == [True, True]
    run.on_sale[6:, 3] = False
    assert met(run, fact) == [True, False]
    run.own_result[:, 3] = 1e9
    assert met(run, fact) == [False, True]


def moments(**values):
    return {int(h): Moment("spread", int(h), v, 0.03, 100, "") for h, v in values.items()}


def test_shares_move_as_much_as_in_the_panel(facts):
    rng = np.random.default_rng(5)
    fact = facts["shares_move"].model_copy(update={"horizons": (1, 4), "floor": 1.0})
    walk = np.cumsum(rng.normal(0.0, 0.3, (T, 400)), axis=0)
    wide = history(
        firms=tuple(f"f{n}" for n in range(400)), kinds=("private",) * 400,
        units=20e3 * np.exp(walk),
    )  # fmt: skip
    panel = moments(**{"1": 0.3, "4": 0.6})
    found = told(wide, fact, panel)
    assert found["spread over 1 quarter"].value == pytest.approx(0.3, rel=0.05)
    assert found["spread over 4 quarters"].value == pytest.approx(0.6, rel=0.07)
    assert met(wide, fact, panel) == [True, True]
    band = found["spread over 1 quarter"]
    assert band.high - band.low == pytest.approx(2.0 * 1.96 * np.sqrt(2.0) * 0.03)
    still = replace(wide, units=20e3 * np.ones((T, 400)))
    assert met(still, fact, panel) == [False, False]
    assert met(wide, fact, moments(**{"1": 0.1, "4": 0.6})) == [False, True]


def planted(true, placebo, arm="no_luck"):
    """Runs and conditions of pairs in which a fact holds as given."""
    rows, runs = [], []
    for replicate, pair in enumerate(zip(true, placebo, strict=True)):
        for name, holds in zip(("history", arm), pair, strict=True):
            number = len(runs)
            status = "failed" if holds is None else "ok"
            runs.append(
                {"run": number, "replicate": replicate, "arm": name, "status": status}
            )
            if holds is None:
                continue
            # Two conditions, of which one is always met.
            for place, (condition, is_met) in enumerate((("first", True), ("second", holds))):
                rows.append(
                    {"run": number, "replicate": replicate, "arm": name, "condition": condition,
                     "value": float(is_met) + place, "low": 1.0 + place, "high": np.inf,
                     "met": bool(is_met)}
                )  # fmt: skip
    return pd.DataFrame(rows), pd.DataFrame(runs)


@pytest.mark.parametrize(
    ("true", "placebo", "verdict"),
    [
        ([1] * 35 + [0] * 5, [1] * 5 + [0] * 35, HOLDS),
        ([1] * 35 + [0] * 5, [1] * 33 + [0] * 7, NOT_BECAUSE),
        ([1] * 35 + [0] * 5, [1] * 40, NOT_BECAUSE),
        ([1] * 26 + [0] * 14, [1] * 40, NOT_BECAUSE),
        ([1] * 23 + [0] * 17, [0] * 40, FAILS),
        ([1] * 24 + [0] * 16, [0] * 40, HOLDS),
        # Five pairs that differ are p = 0.06, though Tango's interval leaves out zero.
        ([1] * 5, [0] * 5, UNCLEAR),
        ([1] * 35 + [0] * 5, [1] * 32 + [0] * 8, NOT_BECAUSE),
        ([1] * 6, [0] * 6, HOLDS),
    ],
)
def test_verdicts(facts, true, placebo, verdict):
    found = judged("shares_move", facts["shares_move"], 0.6, *planted(true, placebo), "history")
    assert found.verdict == verdict
    assert found.row["baseline_value"] == pytest.approx(np.mean(true))
    assert found.row["difference"] == pytest.approx(np.mean(placebo) - np.mean(true))


def test_pairs_that_failed_count_on_neither_side_and_none_is_an_error(facts):
    fact = facts["shares_move"]
    told_, runs = planted([1] * 10 + [None, 0], [0] * 10 + [1, None])
    found = judged("shares_move", fact, 0.6, told_, runs, "history")
    assert (found.row["pairs"], found.row["failed_pairs"]) == (10, 2)
    assert found.row["baseline_value"] == 1.0
    told_, runs = planted([None] * 3, [1] * 3)
    with pytest.raises(SimError, match="no replicate has a run of both history and no_luck"):
        judged("shares_move", fact, 0.6, told_, runs, "history")


def test_what_is_printed_says_what_failed_and_why(scenario, facts):
    fact = facts["shares_move"]
    found = [
        judged("shares_move", fact, 0.6, *planted(*pair), "history")
        for pair in (([1] * 40, [0] * 40), ([0] * 40, [0] * 40), ([1] * 40, [1] * 40))
    ]
    study = FactStudy(scenario, tuple(found), 80, 0, ())
    text = printed(study)
    assert "1 of 3 facts hold, and clearly less often without what is said to cause" in text
    assert "1 without it as well (shares_move); 1 not at all (shares_move)" in text
    assert reason(study, found[0]).startswith("holds: second has a median of 2, and of 1 in no_lu")
    assert "second has a median of 1 where at least 2 is asked, met in 0 %" in text
    assert f"{NOT_BECAUSE}; in 100 % of replicates of no_luck it holds too" in text
    rows = condition_rows(study, found[0])
    assert [(row["met"], row["placebo_met"]) for row in rows] == [(1.0, 1.0), (1.0, 0.0)]
    assert fact_table(study)["verdict"].tolist() == [HOLDS, FAILS, NOT_BECAUSE]
    assert len(replicate_table(study)) == 3 * 2 * 2 * 40


def test_the_shipped_thresholds_name_their_sources(facts):
    assert len(facts) == 8
    for fact in facts.values():
        assert "assumption" in fact.basis or "panel" in fact.basis or "market" in fact.basis


@pytest.mark.parametrize(
    ("sets", "path", "expected"),
    [
        (["facts=null"], "facts", "facts to look for"),
        (["luck.antithetic=true"], "luck.antithetic", "independent draws"),
        (["facts.shares_move.horizons=[2]"], "facts.shares_move.horizons", "one of 1, 4, 8"),
        (["sweep={conduct.mu_max: [0, 4]}"], "sweep", "no sweep"),
    ],
)
def test_what_cannot_be_looked_into_is_refused(sets, path, expected):
    with pytest.raises(InputError) as refused:
        stated_facts(load(SHIPPED, sets))
    (fault,) = refused.value.faults
    assert fault.path == path
    assert expected in fault.expected


def record(run):
    """A history as the record of a run; what no fact reads is zero."""
    size = T * len(FIRMS)
    firms = {
        "t": np.repeat(np.arange(T, dtype=np.int32), len(FIRMS)),
        "firm": np.tile(np.array(FIRMS), T),
        "result": run.own_result.ravel() + 3e9,
        "other_income": np.full(size, 3e9),
        "brand": run.on_sale.ravel(),
        **{
            name: getattr(run, name).ravel()
            for name in ("units", "exports", "capacity", "revenue", "contribution")
        },
    }
    t, line = np.nonzero(np.isfinite(run.price))
    products = {
        "t": t.astype(np.int32),
        "line": np.array([f"line_{n:02d}" for n in range(len(run.firm_of))])[line],
        "firm": np.array(FIRMS)[run.firm_of[line]],
        "price": run.price[t, line],
        "cost": run.cost[t, line],
        "units": run.line_units[t, line],
    }
    market = {"t": np.arange(T, dtype=np.int32), "quarter": np.full(T, "2022Q1")}
    tables = {"firms": firms, "products": products, "market": market, "events": {}}
    schemas = {**TABLES, "products": PRODUCTS}
    kinds = {"text": np.str_, "bool": np.bool_}
    for name, columns in tables.items():
        rows = len(columns.get("t", ()))
        for column in schemas[name].columns:
            if column.name not in columns and column.name != "run":
                dtype = kinds.get(column.dtype, column.dtype)
                columns[column.name] = np.zeros(rows, dtype=dtype)
    return tables


def batch_of(folder, worlds):
    """A finished batch of histories by arm, replicate after replicate; None is a failed run."""
    order = []
    with Store(folder) as store:
        for replicate, runs in enumerate(zip(*worlds.values(), strict=True)):
            for arm, run in zip(worlds, runs, strict=True):
                key = f"{len(order):04d}"
                if run is None:
                    store.put(key, b"", "failed", "prices did not converge")
                else:
                    store.put(key, RunRecord(len(order), tables=record(run)).encode())
                row = {"replicate": replicate, "point": 0, "arm": arm, "calibration": "middle",
                       "seed": 1}  # fmt: skip
                order.append((key, row))
        store.compact(order, ("products",))
    write_manifest(folder, {"format": 1})
    return open_batch(folder)


def test_facts_are_found_in_the_rows_of_a_batch(tmp_path, scenario):
    """Where leaders hold, rivals are counted at the dates of the true world; their cuts stay."""
    chosen = dict.fromkeys(scenario.heading.facts.stated)
    kept = ("cuts_follow", "cuts_answered", "plants_half_empty", "owned_live_on")
    facts = scenario.heading.facts.model_copy(
        update={**chosen, **{name: getattr(scenario.heading.facts, name) for name in kept}}
    )
    # All lose money, and look as if they did not by what their owners carry.
    true = replace(cuts(at=(0, 1, 1, 0, 0, 0)), own_result=-1e7 * np.ones((T, len(FIRMS))))
    dead = replace(true, on_sale=np.arange(T)[:, None] < 6 * np.ones(len(FIRMS)))
    # The same without the leaders' cuts: whoever cuts, does so for another reason.
    alone = cuts(at=(None, 1, 1, 0, 0, 0))
    alone.price[:, :2] = 100e3
    gone = replace(true, on_sale=true.on_sale.copy())
    gone.on_sale[6:, 4], gone.price[6:, 8:10] = False, np.nan
    full = replace(history(), capacity=20e3 * np.ones((T, len(FIRMS))))
    # The baseline does not come first in the order of runs.
    batch = batch_of(
        tmp_path,
        {
            "leaders_hold": [alone] * 8,
            "no_reaction": [history()] * 7 + [None],
            "full_plants": [full] * 8,
            "no_owners": [dead] * 8,
            "history": [true] * 7 + [gone],
        },
    )
    found = {each.name: each for each in look(scenario, facts, batch)}
    assert [found[name].verdict for name in kept] == [HOLDS, NOT_BECAUSE, HOLDS, HOLDS]
    assert found["cuts_answered"].row["difference"] == 0.0
    assert found["cuts_follow"].row["failed_pairs"] == 1
    told_ = found["plants_half_empty"].conditions
    assert set(told_.loc[told_["arm"] == "history", "value"]) == {0.5}
    assert set(told_.loc[told_["arm"] == "full_plants", "value"]) == {1.0}
