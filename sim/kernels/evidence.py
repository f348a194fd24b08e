"""What is known of one market, for calibration from little."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.errors import KernelInputError
from sim.kernels import inputs
from sim.kernels.checks import require_finite

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known of one market.

    Attributes
    ----------
    prices
        (J,) money, positive.
    shares
        (J,) quantities of the products in any unit: only their proportions are read.
    firm_of, kappa
        (J,) firm of each product; (F, F) profit weights, unit diagonal.
    net_share
        (J,) part of the buyer's price that the firm keeps.
    margins
        (J,) Lerner indices ``(n - c) / n``; NaN where not known.
    market_elasticity
        Elasticity of all inside sales to all prices, negative; None if not known.
    outside_share
        Share of buyers who take none, in [0, 1); 0 for a closed market, None if not known.
    alpha
        Price coefficient, positive; None if not known.
    nest_of
        (J,) nest of each product; None for plain logit.
    rho
        (H,) nesting parameters; None if not known.
    rho_by_nest
        Whether unknown nesting parameters differ by nest; else one is found for all.
    at_capacity
        (J,) products that sell all they can make: their margin holds a scarcity rent and
        says nothing of demand; None for none.
    """

    prices: FloatArray
    shares: FloatArray
    firm_of: IntArray
    kappa: FloatArray
    net_share: FloatArray
    margins: FloatArray
    market_elasticity: float | None = None
    outside_share: float | None = None
    alpha: float | None = None
    nest_of: IntArray | None = None
    rho: FloatArray | None = None
    rho_by_nest: bool = False
    at_capacity: BoolArray | None = None


def check_evidence(evidence: Evidence) -> None:
    """Refuse numbers that are not those of a market.

    Raises
    ------
    KernelInputError
        A shape does not fit or a number lies outside its range; the message names the product.
    """
    count = len(evidence.prices)
    for name in ("prices", "shares", "firm_of", "net_share", "margins"):
        shape = getattr(evidence, name).shape
        if shape != (count,):
            raise KernelInputError(f"{name} have shape {shape}, not ({count},)")
    firms = len(inputs.square("kappa", evidence.kappa))
    inputs.positions("firm", evidence.firm_of, firms, count)
    _check_nests(evidence, count)
    for name, values in (("price", evidence.prices), ("share", evidence.shares),
                         ("net share", evidence.net_share)):
        require_finite(name, values)
        if np.any(values <= 0.0):
            worst = int(np.argmin(values))
            raise KernelInputError(f"{name} of product {worst} is {values[worst]}, not positive")
    known = np.isfinite(evidence.margins)
    wrong = known & ~((evidence.margins > 0.0) & (evidence.margins < 1.0))
    wrong |= np.isinf(evidence.margins)
    if wrong.any():
        worst = int(np.argmax(wrong))
        raise KernelInputError(
            f"margin of product {worst} is {evidence.margins[worst]}, not between 0 and 1"
        )
    if evidence.outside_share is not None and not 0.0 <= evidence.outside_share < 1.0:
        raise KernelInputError(f"outside share is {evidence.outside_share}, not in [0, 1)")
    if evidence.alpha is not None and not 0.0 < evidence.alpha < np.inf:
        raise KernelInputError(f"price coefficient is {evidence.alpha}, not positive")
    elasticity = evidence.market_elasticity
    if elasticity is not None and not -np.inf < elasticity < 0.0:
        raise KernelInputError(f"market elasticity is {elasticity}, not negative")
    if evidence.at_capacity is not None and np.any(evidence.at_capacity & ~known):
        worst = int(np.argmax(evidence.at_capacity & ~known))
        raise KernelInputError(f"product {worst} is at capacity: its margin must be given")


def _check_nests(evidence: Evidence, count: int) -> None:
    if evidence.nest_of is None:
        if evidence.rho is not None:
            raise KernelInputError("a nesting parameter is given, and no nests")
        return
    nests = count if evidence.rho is None else len(np.atleast_1d(evidence.rho))
    nest_of = inputs.positions("nest", evidence.nest_of, nests, count)
    members = np.bincount(nest_of, minlength=0 if evidence.rho is None else nests)
    if np.any(members == 0):
        raise KernelInputError(f"nest {int(np.argmin(members))} is empty: has no product")
    if evidence.rho is None:
        return
    rho = inputs.vector("rho", evidence.rho, unit="nest")
    wrong = ~((rho >= 0.0) & (rho < 1.0))
    if wrong.any():
        worst = int(np.argmax(wrong))
        raise KernelInputError(f"rho of nest {worst} is {rho[worst]}, not in [0, 1)")
