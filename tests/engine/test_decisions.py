"""Firms decide from what they see; nobody gains alone, and a rule of one firm is that firm's."""

import contextlib

import numpy as np
import pytest
from worlds import differing, run_of, tables, walk

from sim.batch.recorder import Recorder
from sim.decisions.conduct import DynamicNash, PricePlan, ShadowParts
from sim.decisions.investment import CautiousInvestor
from sim.engine.model import PriceWar


@pytest.mark.parametrize("arm", ["solo", "capital", "merger"])
def test_no_firm_moves_its_prices_when_it_replies_alone(arm):
    model = walk(run_of(arm, replicate=1), 8, check=True)
    assert model.deviations.shape == (len(model.automakers),)
    assert np.all(model.deviations < 1e-8)
    assert np.count_nonzero(model.deviations) > 5


def objective(run, problem, prices):
    """What each firm maximises (equation 3.1), written apart from the solver, (F,) CNY."""
    calibration, firm_of = run.world.calibration, run.world.industry.firm_of
    utility = problem.demand.delta + calibration.types.taste
    odds = np.exp(utility - np.outer(calibration.alpha, prices)) * problem.demand.available
    total = np.exp(problem.demand.outside) + odds.sum(axis=1)
    share = calibration.types.weights @ (odds / total[:, None])
    margin = problem.net_share * prices - problem.cost
    size = len(problem.kappa)
    profit = np.bincount(firm_of, margin * share, size)
    sales = np.bincount(firm_of, share, size)
    return problem.kappa @ profit + problem.shadow @ sales


def test_no_firm_gains_by_repricing_one_car_near_or_far():
    run = run_of("capital", replicate=1)
    model = walk(run, 10)
    problem, prices = model.work.problem, model.work.price
    held = objective(run, problem, prices)
    for line in np.flatnonzero(problem.demand.available):
        firm = run.world.industry.firm_of[line]
        for factor in (0.5, 0.8, 0.95, 0.999, 1.001, 1.05, 1.3, 2.0):
            tried = prices.copy()
            tried[line] *= factor
            assert objective(run, problem, tried)[firm] <= held[firm] + 1e-12 * abs(held[firm])


class CostPlus:
    """Price at cost plus a quarter, whatever the others do."""

    name = "cost_plus"

    def plan(self, view):
        return PricePlan(
            kappa=view.kappa,
            shadow=np.zeros(len(view.kappa)),
            parts=ShadowParts(0.0, 0.0, 0.0, 0.0),
            rule_price=1.25 * view.cost / 0.8,
        )


def test_a_rule_of_twenty_lines_changes_its_own_firm_and_the_others_reply():
    run = run_of(replicate=1)
    chosen = run.world.industry.firms.index("nio")
    lines = np.flatnonzero(run.world.industry.firm_of == chosen)
    plain = walk(run, 1)
    ruled = PriceWar(run, conducts={chosen: CostPlus()}, check=True)
    seen = []
    ruled.walk(6, lambda state, work: seen.append(work))
    for work in seen:
        assert np.array_equal(work.price[lines], 1.25 * work.cost[lines] / 0.8)
    first = seen[0]
    for firm, (with_rule, without) in enumerate(
        zip(first.plans, plain.work.plans, strict=True)
    ):
        if firm != chosen:
            assert np.array_equal(with_rule.kappa, without.kappa)
            assert np.array_equal(with_rule.shadow, without.shadow)
            assert with_rule.rule_price is None
    others = run.world.industry.firm_of != chosen
    assert np.max(np.abs(first.price / plain.work.price - 1.0)[others]) > 1e-6
    assert np.all(ruled.deviations < 1e-8)
    ruled.remove_all_agents()


def scribble(view):
    """Write nonsense into every array that a rule was handed."""
    count = 0
    for value in view:
        if isinstance(value, np.ndarray):
            count += 1
            with contextlib.suppress(ValueError):
                value[...] = 1 if value.dtype.kind == "b" else 7
    assert count >= 11


def kept(plan):
    """The plan with arrays of its own."""
    return type(plan)(
        *(value.copy() if isinstance(value, np.ndarray) else value for value in plan)
    )


class Vandal:
    """Decides as others do, then writes into all it was shown."""

    name = "vandal"

    def __init__(self, rule):
        self.rule = rule

    def plan(self, view):
        decided = kept(self.rule.plan(view))
        scribble(view)
        return decided

    def invest(self, view):
        decided = kept(self.rule.invest(view))
        scribble(view)
        return decided


def test_who_writes_into_its_view_changes_nobodys_world():
    run = run_of("merger", replicate=1)
    finance = run.world.settings.finance
    investor = CautiousInvestor(
        finance.launch_runway_quarters, finance.raise_runway_quarters, finance.raise_size_share
    )
    honest = tables(run, 12)

    class Vandalised(PriceWar):
        def __init__(self, run_of_arm):
            firms = range(len(run_of_arm.world.industry.firms))
            super().__init__(run_of_arm, {firm: Vandal(DynamicNash()) for firm in firms})
            for automaker in self.automakers:
                automaker.investor = Vandal(investor)

    recorder = Recorder(run)
    model = Vandalised(run)
    model.walk(12, recorder.quarter)
    model.remove_all_agents()
    assert differing(honest, recorder.tables()) == []
