"""What a deal changes in a static market: profit weights and costs (equations 9.2 to 9.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.errors import Fault, InputError
from sim.kernels.ownership import acquire, add_stake, merge_kappa
from sim.scenario.static_deals import StaticDeal
from sim.studies.static_market import Market, named

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

WHOLE = 1.0 + 1e-12


@dataclass(frozen=True, eq=False)
class Changed:
    """Weights and costs after a deal.

    Attributes
    ----------
    kappa
        (F, F) profit weights.
    costs
        (J,) marginal cost, money.
    parties
        (J,) products of the firms of the deal.
    """

    kappa: FloatArray
    costs: FloatArray
    parties: BoolArray


def apply_deal(market: Market, deal: StaticDeal) -> Changed:
    """Weights and costs after a deal, from those of the market.

    A merger pools all rights of the two; a stake moves cash-flow and control rights as its
    control says; members of an alliance go on alone, each with a stated weight (none by
    default) on the others' profit.

    Raises
    ------
    InputError
        The stakes in a firm would add to over 1.
    KernelInputError
        The holdings leave nothing to outside owners.
    """
    position = {firm: number for number, firm in enumerate(market.read.firms)}
    members = [position[firm] for firm in deal.members]
    rights = market.rights.copy()
    holdings, control = rights.holdings, rights.control
    with named(market.read):
        if deal.kind == "merger":
            acquirer, target = members
            acquire(holdings, control, acquirer, target)
            rights.stakes[:, target] = rights.votes[:, target] = 0.0
            owner = np.arange(len(market.kappa))
            owner[target] = acquirer
            kappa = merge_kappa(rights.kappa, owner)
        elif deal.kind == "stake":
            investor, target = members
            before = float(holdings[:, target].sum() + rights.stakes[:, target].sum())
            if before + deal.share > WHOLE:
                raise InputError(
                    [
                        Fault(
                            market.read.file, 0, f"deals.{deal.name}.share", f"{deal.share:g}",
                            f"a stake that is left, at most {1.0 - before:g}",
                        )
                    ]
                )
            add_stake(holdings, control, investor, target, deal.share, deal.control)
            kappa = rights.kappa
        else:
            kappa = market.kappa.copy()
            for name, member in zip(deal.members, members, strict=True):
                weight = deal.weight
                stated = weight.get(name, 0.0) if isinstance(weight, Mapping) else weight
                kappa[member, members] = np.maximum(kappa[member, members], stated)
            np.fill_diagonal(kappa, 1.0)
    parties = np.isin(market.firm_of, members)
    return Changed(kappa, market.costs * (1.0 - _savings(market, deal, parties)), parties)


def _savings(market: Market, deal: StaticDeal, parties: BoolArray) -> FloatArray:
    """Share of marginal cost saved, (J,); a product's own figure wins over its firm's."""
    if not isinstance(deal.saving, dict):
        assert isinstance(deal.saving, int | float)
        return np.where(parties, float(deal.saving), 0.0)
    result = np.zeros(len(market.costs))
    firms = np.array(market.read.firms)[market.firm_of]
    for names in (firms, np.array(market.read.products)):
        for name, saving in deal.saving.items():
            result[names == name] = saving
    return result
