"""Firms asked together decide as each alone: the joint form of a rule is its own, bit by bit."""

import numpy as np
import pytest
from worlds import differing, run_of, walk

from sim.batch.recorder import Recorder
from sim.decisions.conduct import DynamicNash
from sim.decisions.investment import CautiousInvestor
from sim.engine.model import PriceWar

QUARTERS = 8


class Alone:
    """A rule that answers for one firm at a time."""

    name = "alone"

    def __init__(self, rule):
        self.plan, self.invest = getattr(rule, "plan", None), getattr(rule, "invest", None)


def played(run, together: bool):
    model, recorder = PriceWar(run), Recorder(run)
    if not together:
        for automaker in model.automakers:
            automaker.conduct = Alone(automaker.conduct)
            automaker.investor = Alone(automaker.investor)
    model.walk(QUARTERS, recorder.quarter)
    model.remove_all_agents()
    return recorder.tables()


@pytest.mark.parametrize("arm", ["solo", "merger"])
def test_asked_together_or_one_by_one_is_the_same_world(arm):
    run = run_of(arm, replicate=1, sets=("demand.types=32",))
    assert differing(played(run, together=True), played(run, together=False)) == []


def test_a_joint_answer_reads_of_each_firm_only_what_its_view_shows():
    """Rows of some firms stay when everything private to the others is another."""
    work = walk(run_of("merger", replicate=1, sets=("demand.types=32",)), 6).work
    views, rng = work.views, np.random.default_rng(5)
    asked = views.active & (np.arange(len(views)) % 2 == 0)
    shown = (views.group[asked]).any(axis=0) | asked
    lines = shown[run_of("merger", replicate=1).world.industry.firm_of]
    changes = {}
    for name in ("idle", "war", "conduct", "mu", "runway", "cash", "unused_credit", "capacity",
                 "volume", "trailing_revenue", "launch_cost", "comfort"):
        noise = rng.uniform(0.5, 2.0, len(views))
        changes[name] = np.where(shown, getattr(views, name), getattr(views, name) * noise)
    changes["kappa"] = np.where(asked[:, None], views.kappa, 0.5)
    changes["launch_due"] = np.where(lines, views.launch_due, True)
    other = type(views)(**{**vars(views), **changes})
    for rule, method in (
        (DynamicNash(), "plan_all"),
        (CautiousInvestor(launch_runway=4.0, raise_runway=6.0, raise_size=0.2), "invest_all"),
    ):
        one, two = getattr(rule, method)(views, asked), getattr(rule, method)(other, asked)
        for name in one._fields:
            rows = lines if name == "launch" else asked
            assert np.array_equal(getattr(one, name)[rows], getattr(two, name)[rows]), name


def test_who_only_inherits_a_joint_form_is_asked_alone():
    class Silent(DynamicNash):
        """Looks at nothing but today's margin."""

        def plan(self, view):
            return super().plan(view)._replace(shadow=np.zeros(len(view.kappa)))

    run = run_of(replicate=1, sets=("demand.types=32",))
    model = PriceWar(run, conducts={0: Silent()})
    model.step()
    assert not model.work.plans[0].shadow.any()
    assert model.work.plans[1].shadow.any()
