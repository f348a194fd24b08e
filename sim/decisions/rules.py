"""The rules of conduct that a scenario can ask for, by name."""

from __future__ import annotations

from collections.abc import Mapping

from sim.decisions.conduct import Conduct, DynamicNash, StaticNash
from sim.decisions.learner import QLearner
from sim.decisions.lists import CostPlus, Follower, Inertia, PriceLeader, Undercut
from sim.decisions.triggers import GreenPorter, RotembergSaloner
from sim.decisions.volume import VolumeTarget
from sim.scenario.conduct import EVERYBODY, ConductRule

RULES: dict[str, type[Conduct]] = {
    rule.name: rule
    for rule in (
        DynamicNash, StaticNash, Inertia, CostPlus, PriceLeader, Follower, Undercut,
        GreenPorter, RotembergSaloner, VolumeTarget, QLearner,
    )
}  # fmt: skip
USUAL = DynamicNash()


def rules_of(
    settings: Mapping[str, ConductRule], firms: tuple[str, ...]
) -> tuple[Conduct, ...]:
    """Rule of each firm: its own, else that of all, else dynamic Nash.

    Parameters
    ----------
    settings
        Checked rules by firm, or by ``all``.
    firms
        (F,) names.
    """
    usual = settings.get(EVERYBODY)
    return tuple(_rule(settings.get(firm, usual), firms) for firm in firms)


def _rule(settings: ConductRule | None, firms: tuple[str, ...]) -> Conduct:
    if settings is None:
        return USUAL
    (kind,) = settings.kinds
    numbers = dict(getattr(settings, kind))
    if "leader" in numbers:
        numbers["leader"] = firms.index(numbers["leader"])
    return RULES[kind](**numbers)
