"""Deals in a static market: mergers, stakes and alliances, each with its own keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sim.errors import Fault
from sim.scenario.checks import fault_at, nearest
from sim.scenario.reader import shown
from sim.scenario.static_settings import NEEDED, OPTIONAL, DealSettings, StaticSettings
from sim.scenario.static_tables import COMMAND_LINE
from sim.scenario.tree import Tree


@dataclass(frozen=True)
class StaticDeal:
    """A deal as read; ``saving`` is a share of marginal cost by firm or product."""

    name: str
    kind: str
    members: tuple[str, ...]
    share: float
    control: str
    weight: float | Mapping[str, float]
    saving: float | Mapping[str, float]


def check_firm(
    tree: Tree, path: tuple[str, ...], name: str, firms: tuple[str, ...], faults: list[Fault]
) -> None:
    """Add a fault where a name is no firm's."""
    if name not in firms:
        listed = ", ".join(shown(firm, 20) for firm in firms[:12])
        faults.append(fault_at(tree, path, name, f"a firm: {listed}", nearest(name, firms)))


def read_deals(
    settings: StaticSettings,
    tree: Tree,
    products: tuple[str, ...],
    firms: tuple[str, ...],
    only: Sequence[str],
    faults: list[Fault],
) -> tuple[StaticDeal, ...]:
    """Check the deals of a file and keep those that are asked for."""
    for name in only:
        if name not in settings.deals:
            expected = "a deal: " + (", ".join(settings.deals) or "the file has none")
            near = nearest(name, settings.deals)
            faults.append(Fault(COMMAND_LINE, 0, "--deal", shown(name), expected, near))
    found = [
        _deal(tree, name, deal, products, firms, faults) for name, deal in settings.deals.items()
    ]
    if not found:
        expected = "at least one deal (or --merge, --stake, --alliance)"
        faults.append(fault_at(tree, ("deals",), None, expected))
    return tuple(deal for deal in found if not only or deal.name in only)


def _deal(
    tree: Tree,
    name: str,
    deal: DealSettings,
    products: tuple[str, ...],
    firms: tuple[str, ...],
    faults: list[Fault],
) -> StaticDeal:
    path = ("deals", name)
    given = {
        key for key in ("acquirer", "investor", "target", "members", "share", "control", "weight")
        if getattr(deal, key) is not None
    }
    allowed = (*NEEDED[deal.kind], *OPTIONAL[deal.kind])
    for key in NEEDED[deal.kind]:
        if key not in given:
            expected = f"a value (a {deal.kind} needs it)"
            faults.append(fault_at(tree, (*path, key), None, expected))
    for key in sorted(given - set(allowed)):
        expected = f"no such key: a {deal.kind} takes " + ", ".join((*allowed, "cost_saving"))
        faults.append(fault_at(tree, (*path, key), None, expected))
    members = deal.members or tuple(
        firm for firm in (deal.acquirer or deal.investor, deal.target) if firm is not None
    )
    sides = [key for key in ("acquirer", "investor", "target", "members") if key in given]
    for key in sides:
        named = deal.members if key == "members" else (getattr(deal, key),)
        for firm in named or ():
            check_firm(tree, (*path, key), firm, firms, faults)
    if len(set(members)) < len(members):
        faults.append(fault_at(tree, (*path, sides[-1]), members[-1], "each firm once"))
    if isinstance(deal.weight, dict):
        for key in deal.weight:
            if key not in members:
                where = (*path, "weight", key)
                expected = "a member of the alliance"
                faults.append(fault_at(tree, where, key, expected, nearest(key, members)))
    if isinstance(deal.cost_saving, dict):
        known = (*firms, *products)
        for key in deal.cost_saving:
            if key not in known:
                expected = "a firm or a product of this market"
                where = (*path, "cost_saving", key)
                faults.append(fault_at(tree, where, key, expected, nearest(key, known)))
    return StaticDeal(
        name=name,
        kind=deal.kind,
        members=members,
        share=deal.share or 0.0,
        control=deal.control or "silent",
        weight=deal.weight or 0.0,
        saving=deal.cost_saving,
    )
