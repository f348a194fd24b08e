"""What every rule of conduct must do; each rule's test class inherits it and adds its own."""

import pickle
import re
from functools import cache
from typing import ClassVar

import numpy as np
from worlds import run_of, tables, walk

from sim.decisions.conduct import Conduct, PricePlan
from sim.decisions.rules import RULES, rules_of
from sim.decisions.view import FirmView
from sim.engine.model import PriceWar

SMALL = ("demand.types=32",)
FIRM = "geely"
QUARTERS = 6


def with_rules(text: str, *sets: str, replicate: int = 1):
    """A run of the shipped market with few types in which firms price by stated rules."""
    return run_of(sets=(*SMALL, f"conduct.rules={{{text}}}", *sets), replicate=replicate)


@cache
def plain_run(replicate: int = 1):
    """The same run without a rule."""
    return run_of(sets=SMALL, replicate=replicate)


@cache
def first_views() -> tuple[FirmView, ...]:
    """What firms see in the first quarter, with luck."""
    run = with_rules("all: {inertia: {share: 0.5}}")
    return tuple(walk(run, 1).work.views)


def view_of(firm: str = FIRM, **changes: object) -> FirmView:
    """One firm's first view, changed."""
    return first_views()[plain_run().world.industry.index(firm)]._replace(**changes)


def without_products() -> FirmView:
    """The view of a firm that has no line, while its rivals have theirs."""
    view = view_of()
    none = {
        name: getattr(view, name)[:0]
        for name in ("lines", "price", "cost", "sold", "launch_due", "net_share", "luck")
    }
    theirs = view.firm_of != view.firm
    public = ("firm_of", "on_sale", "base_prices", "prices", "sales")
    return view._replace(**none, **{name: getattr(view, name)[theirs] for name in public})


def same(one: PricePlan, other: PricePlan) -> bool:
    """Whether two plans are the same to the last bit."""
    return pickle.dumps(tuple(map(plain, one))) == pickle.dumps(tuple(map(plain, other)))


def plain(value):
    return value.tobytes() if isinstance(value, np.ndarray) else value


class ConductSuite:
    """Inherited by the tests of every rule.

    ``kind`` and ``numbers`` are how a scenario states the rule; ``who`` prices by it where it
    is looked at in force.
    """

    kind: ClassVar[str]
    numbers: ClassVar[str]
    who: ClassVar[str] = "all"

    def rule(self) -> Conduct:
        run = with_rules(f"{FIRM}: {self.stated()}")
        return run.conducts[run.world.industry.index(FIRM)]

    def stated(self) -> str:
        return f"{{{self.kind}: {self.numbers}}}"

    def test_it_has_a_name_that_scenarios_use_and_nothing_inherits_from_it(self):
        rule = self.rule()
        assert RULES[self.kind] is type(rule)
        assert rule.name == self.kind
        assert type(rule).__final__
        assert type(rule).__mro__[1:] == (object,)

    def test_its_docstring_names_its_source(self):
        assert re.search(r"\b[A-Z]\w+.*\b(19|20)\d\d\b", type(self.rule()).__doc__, re.DOTALL)

    def test_prices_are_finite_positive_and_above_the_floor(self):
        run = with_rules(f"{self.who}: {self.stated()}")
        rules = [getattr(rule, "floor", 0.0) for rule in run.conducts]
        floors = np.array(rules)[run.world.industry.firm_of]
        seen = 0

        def look(state, work):
            nonlocal seen
            on = work.problem.demand.available
            assert np.all(np.isfinite(work.price[on]))
            assert np.all(work.price[on] > 0.0)
            least = (floors * work.cost)[on] * (1.0 - 1e-9)
            assert np.all((work.price * work.problem.net_share)[on] >= least)
            seen += 1

        walk(run, QUARTERS, look)
        assert seen == QUARTERS

    def test_it_only_looks_at_its_view_and_keeps_nothing(self):
        rule = self.rule()
        kept = pickle.dumps(rule)
        first, view = rule.plan(view_of()), view_of()
        # A later view between two equal ones: a rule that kept it would decide otherwise.
        memory = first.memory
        rule.plan(view_of(t=3, memory=memory, price=view.price * 0.9, sold=view.sold * 0.5))
        assert same(rule.plan(view_of()), first)
        assert pickle.dumps(rule) == kept
        assert same(pickle.loads(kept).plan(view_of()), first)

    def test_the_same_luck_gives_the_same_prices(self):
        made = [tables(with_rules(f"{FIRM}: {self.stated()}"), QUARTERS) for _ in range(2)]
        for name, columns in made[0].items():
            for column, values in columns.items():
                assert values.tolist() == made[1][name][column].tolist() or np.array_equal(
                    values, made[1][name][column], equal_nan=True
                )

    def test_nobody_elses_luck_or_plan_changes(self):
        run = with_rules(f"{FIRM}: {self.stated()}")
        base = plain_run()
        for stream in ("firm", "passing", "line", "launch", "hit", "battery", "equity"):
            ours, theirs = getattr(run.world.luck, stream), getattr(base.world.luck, stream)
            assert ours.tobytes() == theirs.tobytes()
        with_rule, without = walk(run, 1).work.plans, walk(base, 1).work.plans
        for firm, name in enumerate(run.world.industry.firms):
            if name != FIRM:
                assert same(with_rule[firm], without[firm])

    def test_a_firm_without_products_states_an_empty_plan(self):
        plan = self.rule().plan(without_products())
        assert plan.rule_price is None or len(plan.rule_price) == 0
        assert np.all(np.isfinite(plan.shadow))

    def test_a_firm_whose_rivals_have_all_left_still_prices(self):
        view = view_of()
        plan = self.rule().plan(view_of(on_sale=view.firm_of == view.firm))
        assert plan.rule_price is None or np.all(plan.rule_price > 0.0)
        assert np.all(np.isfinite(plan.shadow))

    def test_its_own_best_reply_asks_for_nothing_more(self):
        # Held lines do not reply; all others, and a multiplier's firm, are at their best.
        model = PriceWar(with_rules(f"{FIRM}: {self.stated()}"), check=True)
        model.walk(3, lambda state, work: None)
        model.remove_all_agents()
        assert np.all(model.deviations < 1e-8)

    def test_parts_add_up_to_the_shadow_value(self):
        run = with_rules(f"{FIRM}: {self.stated()}")
        firm = run.world.industry.index(FIRM)

        def look(state, work):
            plan = work.plans[firm]
            assert np.isclose(plan.parts.total, plan.shadow[firm], rtol=1e-12, atol=1e-6)

        walk(run, QUARTERS, look)

    def test_a_scenario_without_it_has_none(self):
        firms = plain_run().world.industry.firms
        assert {rule.name for rule in rules_of({}, firms)} == {"dynamic_nash"}
