"""A volume to reach: met where floors allow it, told where they do not."""

import numpy as np
from conduct_suite import FIRM, ConductSuite, with_rules
from worlds import run_of, walk

from sim.decisions.conduct import StaticNash


class FixedShadow:
    """Static Nash with a stated worth of a sale."""

    name = "fixed_shadow"

    def __init__(self, worth):
        self.worth = worth

    def plan(self, view):
        plan = StaticNash().plan(view)
        shadow = plan.shadow.copy()
        shadow[view.firm] = self.worth
        return plan._replace(shadow=shadow)


def first_quarter(text, **options):
    run = with_rules(text)
    work = walk(run, 1, **options).work
    return run, work, {name: work.units[n] for n, name in enumerate(run.world.industry.firms)}


def target(units, floor):
    return f"{{volume_target: {{units_a_year: {units}, growth: 0, floor: {floor}}}}}"


class TestVolumeTarget(ConductSuite):
    kind, numbers = "volume_target", "{units_a_year: 1200000, growth: 0.1, floor: 0.6}"
    who = FIRM  # sixteen volumes at once take long

    def test_two_volumes_are_met_together(self):
        usual = first_quarter(f"{FIRM}: {{static_nash: {{}}}}, nio: {{static_nash: {{}}}}")[2]
        wanted = {FIRM: 1.3 * usual[FIRM], "nio": 1.2 * usual["nio"]}
        text = ", ".join(f"{name}: {target(4 * size, 0.5)}" for name, size in wanted.items())
        _, work, units = first_quarter(text)
        for name, size in wanted.items():
            assert abs(units[name] / size - 1.0) <= 1e-6
        assert [event for event in work.events if event.kind == "volume_missed"] == []

    def test_its_multiplier_as_a_shadow_value_sells_the_same(self):
        usual = first_quarter(f"{FIRM}: {{static_nash: {{}}}}")[2][FIRM]
        run, work, _ = first_quarter(f"{FIRM}: {target(5 * usual, 0.3)}")
        firm = run.world.industry.index(FIRM)
        worth = work.plans[firm].parts.war
        assert worth > 0.0
        assert work.plans[firm].shadow[firm] == worth
        _, again, units = first_quarter("", conducts={firm: FixedShadow(worth)})
        assert np.allclose(again.price, work.price, rtol=1e-8)
        assert np.isclose(units[FIRM], 1.25 * usual, rtol=1e-6)

    def test_a_volume_that_nash_sells_anyway_changes_nothing(self):
        _, nash, usual = first_quarter(f"{FIRM}: {{static_nash: {{}}}}")
        run, work, _ = first_quarter(f"{FIRM}: {target(3 * usual[FIRM], 0.3)}")
        assert np.allclose(work.price, nash.price, rtol=1e-9)
        assert work.plans[run.world.industry.index(FIRM)].parts.war == 0.0

    def test_a_volume_that_floors_forbid_is_told_and_missed_by_what_is_told(self):
        run, work, units = first_quarter(f"{FIRM}: {target(4e7, 0.95)}")
        firm = run.world.industry.index(FIRM)
        lines = run.lines_of[firm]
        kept = (work.price * work.problem.net_share / work.cost)[lines]
        assert np.allclose(kept, 0.95, rtol=1e-12)
        (event,) = [event for event in work.events if event.kind == "volume_missed"]
        assert event.firm == firm
        assert np.isclose(event.amount, 1e7 - units[FIRM], rtol=1e-9)

    def test_a_line_at_its_floor_is_held_up_while_others_carry_the_volume(self):
        usual = first_quarter(f"{FIRM}: {{static_nash: {{}}}}")[2][FIRM]
        bound = []
        for size in np.linspace(1.2, 2.4, 7):
            run, work, units = first_quarter(f"{FIRM}: {target(4 * size * usual, 0.97)}")
            lines = run.lines_of[run.world.industry.index(FIRM)]
            kept = (work.price * work.problem.net_share / work.cost)[lines]
            bound.append(np.isclose(kept, 0.97, rtol=1e-9).mean())
            missed = any(event.kind == "volume_missed" for event in work.events)
            assert missed == (bound[-1] == 1.0)
            assert missed or np.isclose(units[FIRM], size * usual, rtol=1e-6)
        assert any(0.0 < share < 1.0 for share in bound)


def test_a_below_cost_rule_holds_for_a_firm_that_sells_by_volume():
    sets = (
        "conduct.rules.byd.volume_target.units_a_year=4000000",
        "conduct.rules.byd.volume_target.floor=0.5", "conduct.rules.byd.volume_target.growth=0",
        "events.law.kind=below_cost_rule", "events.law.start=2025Q1", "events.law.detour=0",
    )  # fmt: skip
    found = []

    run = run_of(sets=sets)

    def after(state, work):
        # The law looks at the last quarter's cost.
        kept = work.price * work.problem.net_share / run.world.calibration.cost
        found.append(float(kept[work.sold > 0.0].min()))

    walk(run, 1, after)
    assert found[0] > 1.0 - 1e-9
