"""The Mesa model: it walks the calendar of a quarter and lets the automakers decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import mesa
import numpy as np
from numpy.typing import NDArray

from sim.decisions.conduct import Conduct
from sim.engine.agents import Automaker
from sim.quarter.calendar import CALENDAR
from sim.quarter.context import Run, Work, first_state, usual_investor
from sim.world.state import State

BoolArray = NDArray[np.bool_]
Panels = tuple[list[tuple[Any, BoolArray]], list[Automaker]]

# Mesa seeds a generator of its own; no agent draws from it, since luck is drawn before.
UNUSED_SEED = 0


class PriceWar(mesa.Model):  # type: ignore[misc]
    """One run: a world, an arm's agreements, and the luck of a replicate.

    Parameters
    ----------
    run
        World, contracts and base-year levels.
    conducts
        Rules of conduct by firm position, in place of those of the scenario.
    check
        Let every automaker check its own best reply each quarter (slow; for tests and
        ``validate``).

    Attributes
    ----------
    state
        Arrays after the last quarter walked.
    work
        Working papers of that quarter.
    deviations
        (F,) largest relative price move that a firm's own best reply asked for.
    """

    def __init__(
        self, run: Run, conducts: Mapping[int, Conduct] | None = None, check: bool = False
    ) -> None:
        super().__init__(rng=UNUSED_SEED)
        if conducts:
            rules = enumerate(run.conducts)
            run = replace(run, conducts=tuple(conducts.get(firm, rule) for firm, rule in rules))
        self.run_of = run
        self.state: State = first_state(run)
        firms = run.world.industry.firms
        self.deviations: NDArray[np.float64] = np.zeros(len(firms))
        self.work = Work.blank(run)
        self._check = check
        self._known_panels: dict[str, tuple[list[object], Panels]] = {}
        investor = usual_investor(run)
        self.automakers = [
            Automaker(self, firm, name, rule, investor)
            for firm, (name, rule) in enumerate(zip(firms, run.conducts, strict=True))
        ]

    def step(self) -> None:
        """Walk one quarter.

        Raises
        ------
        SolverError
            Prices did not converge.
        """
        self.work = Work.blank(self.run_of)
        for phase in CALENDAR:
            if phase.asks:
                self.ask(phase.asks)
            phase.run(self.run_of, self.state, self.work)
            if phase.name == "price" and self._check:
                self.agents.do("commit")

    def ask(self, decision: str) -> None:
        """Ask all automakers for one decision, ``invest`` or ``plan``, all at once.

        Those that share a rule which answers for many are asked together, all others one by
        one; that only saves time.
        """
        views, work = self.work.views, self.work
        panels, alone = self._panels(decision)
        for rule, members in panels:
            asked = members & views.active
            if decision == "plan":
                work.plans.put(asked, rule.plan_all(views, asked))
            else:
                work.investments.put(asked, rule.invest_all(views, asked))
        for automaker in alone:
            getattr(automaker, decision)()

    def _panels(self, decision: str) -> Panels:
        """Rules that answer for many with the firms that share each, (F,); who answers alone."""
        rules = [automaker.rule_of(decision) for automaker in self.automakers]
        known = self._known_panels.get(decision)
        if known is None or known[0] != rules:
            shared: dict[int, tuple[Any, BoolArray]] = {}
            alone: list[Automaker] = []
            for automaker, rule in zip(self.automakers, rules, strict=True):
                # A rule that only inherits the joint form may decide otherwise.
                if f"{decision}_all" in vars(type(rule)):
                    shared.setdefault(id(rule), (rule, np.zeros(len(rules), dtype=np.bool_)))
                    shared[id(rule)][1][automaker.firm] = True
                else:
                    alone.append(automaker)
            known = self._known_panels[decision] = (rules, (list(shared.values()), alone))
        return known[1]

    def walk(self, quarters: int, after: Callable[[State, Work], None]) -> None:
        """Walk ``quarters`` quarters and hand each one's state and papers to ``after``."""
        for _ in range(quarters):
            self.step()
            after(self.state, self.work)
