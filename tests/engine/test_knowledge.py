"""R&D, knowledge and quality: closed forms, a ladder that is still, and poverty that costs."""

import numpy as np
import pytest
from worlds import STILL, differing, run_of, tables, walk

ON = ("quality.knowledge.on=true",)
DULL = (*ON, "quality.knowledge.lift=0", "quality.knowledge.cut_share=0")
POOR = (
    "firms.leapmotor.cash=1.5", "firms.leapmotor.credit_line=0", "finance.exits=false",
    "finance.equity_market=false",
)  # fmt: skip
PAIR = (
    "alliances.pair={members: [faw, leapmotor], start: 2025Q1, kind: mou, lag_quarters: 0, "
    "ramp_quarters: 0, hazard: 0, setup_cost_cny_bn: 0, running_cost_cny_bn: 0, "
    "terms: {tech_sharing: null, joint_rd: {share: %s}}}"
)


def path(sets, quarters=8, replicate=0, arm="solo", change=None):
    """Knowledge, quality of firms and R&D, (T, F) each; ``change`` may alter the run."""
    run = run_of(arm, sets, replicate)
    seen = []

    def after(state, work):
        quality = run.world.industry.by_firm(
            state.permanent * run.world.industry.units
        ) / run.base_units
        seen.append((state.knowledge.copy(), quality, work.income.rd.copy(), state.research.copy()))

    walk(run if change is None else change(run), quarters, after)
    return (run, *(np.array(each) for each in zip(*seen, strict=True)))


def test_without_lift_and_cuts_the_ladder_changes_nothing_to_the_last_bit():
    plain = tables(run_of("solo", (), 3), 12)
    assert differing(plain, tables(run_of("solo", DULL, 3), 12)) == []
    assert differing(plain, tables(run_of("solo", ON, 3), 12)) != []


def test_off_and_absent_are_the_same():
    plain = tables(run_of("solo", (), 3), 6)
    assert differing(plain, tables(run_of("solo", ("quality.knowledge=null",), 3), 6)) == []


def test_where_nothing_moves_base_year_research_holds_its_stock():
    firms = run_of().world.industry.firms
    no_growth = tuple(f"firms.{firm}.export_growth=0" for firm in firms)
    still = (*STILL, *no_growth, *ON)
    _, known, quality, _, done = path((*still, "quality.knowledge.cut_share=0"), 12)
    np.testing.assert_allclose(known, 1.0, atol=1e-6)
    np.testing.assert_allclose(quality, 0.0, atol=1e-6)
    assert np.all(done == 1.0)
    # Firms that run out of cash cut, and nobody else.
    _, known, _, _, done = path(still, 12)
    cuts = (done < 1.0).any(axis=0)
    assert 0 < cuts.sum() < len(firms) / 2
    assert known[-1][cuts].max() < known[-1][~cuts].min()
    np.testing.assert_allclose(known[-1][~cuts], 1.0, atol=1e-3)


def test_the_stock_is_the_perpetual_inventory_of_what_was_done():
    sets = (*ON, "luck.on=false", "quality.knowledge.depreciation=0.3")
    run = run_of("solo", sets)
    done = []

    def after(state, work):
        done.append(work.research / np.where(run.base_rd > 0.0, run.base_rd, 1.0))
        kept = 0.7**0.25
        ages = np.arange(len(done))[::-1]
        stock = kept ** len(done) + (1.0 - kept) * (kept**ages @ np.array(done))
        there = state.active & (run.base_rd > 0.0) & ~state.waiting
        np.testing.assert_allclose(state.knowledge[there], stock[there], rtol=1e-12)

    walk(run, 10, after)


def test_luck_comes_in_lumps_that_are_fair_and_the_same_in_every_arm():
    sets = (*ON, "finance.fixed_cost_elasticity=0", "quality.knowledge.cut_share=0")
    run, known, *_ = path(sets, 1)
    _, other, *_ = path(sets, 1, arm="mou")
    active = run.base_rd > 0.0
    kept = (1.0 - 0.15) ** 0.25
    lump = (known[0] - kept) / (1.0 - kept)
    hit = np.abs(lump - 4.0) < 1e-9
    assert np.all(hit[active] | (np.abs(lump[active]) < 1e-9))
    assert 0 < hit[active].sum() < active.sum()
    np.testing.assert_array_equal(known[0], other[0])
    draws = [run_of("solo", sets, k).world.luck.project for k in range(20)]
    mean = float(np.mean([draw < 0.25 for draw in draws]))
    assert abs(mean - 0.25) < 4.0 * np.sqrt(0.25 * 0.75 / np.size(draws))


def test_poverty_cuts_research_and_costs_quality_later():
    sure = (*ON, "quality.knowledge.success=1", *POOR)
    uncut = (*sure, "quality.knowledge.cut_share=0")
    run, known, quality, spent, done = path(sure, 16)
    _, known_uncut, quality_uncut, spent_uncut, done_uncut = path(uncut, 16)
    leap = run.world.industry.firms.index("leapmotor")
    assert np.all(done_uncut == 1.0)
    assert done[:, leap].min() < 0.9
    assert spent[:4, leap].sum() < spent_uncut[:4, leap].sum()
    assert known[-1, leap] < known_uncut[-1, leap]
    assert quality[-1, leap] < quality_uncut[-1, leap]


def test_a_cut_and_its_end_are_told_with_the_reason():
    run = run_of("solo", (*ON, *POOR), 2)
    kinds = []
    walk(run, 24, lambda state, work: kinds.extend(
        (event.kind, event.detail) for event in work.events if event.kind.startswith("research")
    ))  # fmt: skip
    assert any(kind == "research_cut" and "runway" in detail for kind, detail in kinds)


def test_what_drifts_is_knowledge_against_the_market_and_the_shift_keeps_its_identity():
    sets = ("entries.xiaomi={start: 2026Q2}", *ON)
    seen = {}

    def second_quarter(lift):
        run = run_of("solo", (*sets, f"quality.knowledge.lift={lift}"), 5)
        firm_of = run.world.industry.firm_of

        def after(state, work):
            level = np.log(run.base_weight @ np.exp(state.permanent + state.passing[firm_of]))
            assert abs(level) < 1e-12
            if state.t == 1:
                seen["known"] = np.log(state.knowledge)

        state = walk(run, 2, after).state
        return run, state, state.permanent

    _, _, plain = second_quarter(0)
    run, state, lifted = second_quarter(1)
    # Who waits or has left does not drift: what moves it is the shift that all lines share.
    firm_of = run.world.industry.firm_of
    waits = ~state.active[firm_of]
    assert waits[firm_of == run.world.industry.firms.index("xiaomi")].all()
    moved = lifted - plain
    shift = moved[waits][0]
    np.testing.assert_allclose(moved[waits], shift, atol=1e-14)
    sales = state.trailing_units.sum(axis=0) * state.active
    mean = sales @ seen["known"] / sales.sum()
    expected = (seen["known"] - mean)[firm_of] / 4.0 + shift
    np.testing.assert_allclose(moved[~waits], expected[~waits], rtol=1e-9, atol=1e-12)
    assert np.ptp(moved) > 0.01


def test_costs_are_shared_with_the_ladder_off_and_only_those_of_research():
    alone = path((), 1)
    none = path((PAIR % 0,), 1)
    both = path((PAIR % 0.4,), 1)
    run = both[0]
    firms = [run.world.industry.firms.index(name) for name in ("faw", "leapmotor")]
    others = np.setdiff1d(np.arange(len(run.base_rd)), firms)
    np.testing.assert_array_equal(alone[3], none[3])
    np.testing.assert_array_equal(alone[3][:, others], both[3][:, others])
    saved = alone[3][0, firms] - both[3][0, firms]
    assert np.all(saved > 0.0)
    # Both pay the same part less, of R&D other than launches.
    apart = run_of().base_rd[firms]
    assert saved[0] / saved[1] == pytest.approx(apart[0] / apart[1], rel=0.35)
