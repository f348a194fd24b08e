"""One family of demand: logit, nested logit, random-coefficients (nested) logit.

Utility of type i for product j is ``delta_j + mu_ij - alpha_i p_j + eps_ij``, of the outside
option ``outside_i + eps_i0``; within nest h of an outer logit the errors are correlated by
``rho_h`` (Berry 1994; Berry, Levinsohn & Pakes 1995; Grigolon & Verboven 2014; PyBLP's
conventions). With ``D_ih = sum_{k in h} exp(V_ik / (1 - rho_h))``:
``P_ij|h = exp(V_ij / (1 - rho_h)) / D_ih``, ``P_ih = D_ih^(1 - rho_h) / (exp outside_i + sum_g
D_ig^(1 - rho_g))``, ``P_ij = P_ij|h P_ih``. J products, I types, H nests.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim.errors import KernelInputError
from sim.kernels.checks import require_finite, whole_numbers

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

LN2 = math.log(2.0)
LANES = 16  # the number of types is filled up to a multiple, so that no loop has a scalar rest


@dataclass(frozen=True, eq=False)
class Demand:
    """Demand of one market, without its prices; checked when it is built.

    Attributes
    ----------
    delta
        (J,) mean utility without price, utils.
    mu
        (I, J) deviations of the types, utils; None for none (plain and nested logit).
    alpha
        (I,) price coefficients, utils per unit of money, positive.
    weights
        (I,) weights of the types; need not sum to one (importance sampling), and single ones
        may be negative (sparse grids).
    outside
        (I,) utility of the outside option, utils; ``-inf`` for none (a closed market).
    nest_of
        (J,) nest of each product, 0 to H - 1; None for no nests.
    rho
        (H,) nesting parameter of each nest, in [0, 1).
    available
        (J,) whether the product is on sale; None for all. What is not on sale is not read.

    Raises
    ------
    KernelInputError
        A shape does not fit, a number is not finite, a price coefficient has the wrong sign,
        a nest is empty; the message names the product, type or nest.
    """

    delta: FloatArray
    mu: FloatArray | None
    alpha: FloatArray
    weights: FloatArray
    outside: FloatArray
    nest_of: IntArray | None = None
    rho: FloatArray | None = None
    available: BoolArray | None = None

    def __post_init__(self) -> None:
        for name in ("delta", "mu", "alpha", "weights", "outside", "rho"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, np.ascontiguousarray(value, dtype=np.float64))
        if self.nest_of is not None:
            object.__setattr__(self, "nest_of", whole_numbers(self.nest_of, "nest_of"))
        if self.available is not None:
            object.__setattr__(self, "available", np.asarray(self.available, dtype=np.bool_))
        self._check_types()
        self._check_products()
        self._check_nests()

    def _check_types(self) -> None:
        if self.alpha.ndim != 1 or len(self.alpha) == 0:
            raise KernelInputError(f"alpha has shape {self.alpha.shape}, not one a type")
        types = len(self.alpha)
        for name, values in (("weights", self.weights), ("outside", self.outside)):
            if values.shape != (types,):
                raise KernelInputError(f"{name} have shape {values.shape}, not ({types},)")
        wrong = ~((self.alpha > 0.0) & np.isfinite(self.alpha))
        if wrong.any():
            worst = int(np.argmax(wrong))
            raise KernelInputError(
                f"price coefficient of type {worst} is {self.alpha[worst]}: not positive, "
                "so buyers would like a higher price"
            )
        if not np.isfinite(self.weights).all() or not self.weights.sum() > 0.0:
            raise KernelInputError("weights of types are not finite with a positive sum")
        if np.isnan(self.outside).any() or (self.outside == np.inf).any():
            raise KernelInputError("utility of the outside option is not a number")

    def _check_products(self) -> None:
        if self.delta.ndim != 1 or len(self.delta) == 0:
            raise KernelInputError(f"delta has shape {self.delta.shape}, not one a product")
        products, types = len(self.delta), len(self.alpha)
        if self.mu is not None and self.mu.shape != (types, products):
            raise KernelInputError(f"mu has shape {self.mu.shape}, not ({types}, {products})")
        if self.available is not None and self.available.shape != (products,):
            raise KernelInputError(
                f"available has shape {self.available.shape}, not ({products},)"
            )
        require_finite("mean utility", self.delta, self.available)
        # The sum is finite unless an entry is not (or overflows): one cheap look at the rule.
        if self.mu is not None and not np.isfinite(self.mu.sum()):
            require_finite("taste for", np.abs(self.mu).max(axis=0), self.available)
        if self.closed.any() and self.available is not None and not self.available.any():
            raise KernelInputError("a closed market has no product on sale")

    def _check_nests(self) -> None:
        if (self.nest_of is None) != (self.rho is None):
            raise KernelInputError("nest_of and rho come together")
        if self.nest_of is None or self.rho is None:
            return
        if self.nest_of.shape != self.delta.shape or self.rho.ndim != 1:
            raise KernelInputError(
                f"nest_of has shape {self.nest_of.shape}, rho {self.rho.shape}: not "
                "one a product and one a nest"
            )
        nests = len(self.rho)
        outside = (self.nest_of < 0) | (self.nest_of >= nests)
        if outside.any():
            worst = int(np.argmax(outside))
            raise KernelInputError(
                f"product {worst} is in nest {self.nest_of[worst]}, of {nests} nests"
            )
        members = np.bincount(self.nest_of, minlength=nests)
        if (members == 0).any():
            raise KernelInputError(f"nest {int(np.argmin(members))} is empty: has no product")
        wrong = ~((self.rho >= 0.0) & (self.rho < 1.0))
        if wrong.any():
            worst = int(np.argmax(wrong))
            product = int(np.argmax(self.nest_of == worst))
            raise KernelInputError(
                f"rho of nest {worst} (product {product}) is {self.rho[worst]}, not in [0, 1)"
            )

    def with_products(self, delta: FloatArray, available: BoolArray) -> Demand:
        """Demand of the same types and tastes, with other mean utilities and products on sale.

        Only what is new is checked: for a market that is solved again and again.

        Parameters
        ----------
        delta
            (J,) utils.
        available
            (J,) whether the product is on sale.

        Raises
        ------
        KernelInputError
            A shape does not fit, or a mean utility or taste of a product on sale is not finite.
        """
        if self.available is not None or delta.shape != self.delta.shape or self.closed.any():
            return replace(self, delta=delta, available=available)
        if available.shape != delta.shape:
            raise KernelInputError(f"available has shape {available.shape}, not {delta.shape}")
        # All tastes are known to be numbers: all products are on sale here.
        require_finite("mean utility", delta, available)
        # Laid out once for all that share the tastes.
        _ = self.tastes
        new = copy.copy(self)
        # What was kept of the old products on sale must not be taken for the new.
        new.__dict__.pop("on_sale", None)
        object.__setattr__(new, "delta", np.ascontiguousarray(delta, dtype=np.float64))
        object.__setattr__(new, "available", np.asarray(available, dtype=np.bool_))
        return new

    @cached_property
    def closed(self) -> BoolArray:
        """(I,) whether the type has no outside option."""
        return np.isneginf(self.outside)

    @cached_property
    def steepness(self) -> FloatArray:
        """(J,) ``1 / (1 - rho)`` of each product's nest."""
        if self.nest_of is None or self.rho is None:
            return np.ones(len(self.delta))
        result: FloatArray = (1.0 / (1.0 - self.rho))[self.nest_of]
        return result

    @cached_property
    def tastes(self) -> FloatArray:
        """(J, I) mu over (1 - rho) log 2, products first; (1, I) zeros for none.

        I is filled up to a multiple of LANES, with zeros.
        """
        types = len(self.alpha)
        result = np.zeros((1 if self.mu is None else len(self.delta), -(-types // LANES) * LANES))
        if self.mu is not None:
            np.multiply(self.mu.T, (self.steepness / LN2)[:, None], out=result[:, :types])
        return result

    @cached_property
    def on_sale(self) -> IntArray:
        """Positions of the products on sale."""
        if self.available is None:
            return np.arange(len(self.delta))
        return np.flatnonzero(self.available)


@dataclass(frozen=True, eq=False)
class Choice:
    """What each type does at given prices.

    Attributes
    ----------
    probabilities
        (I, J) P_ij; 0 for a product not on sale.
    within
        (I, J) P_ij|h within j's nest; None without nests.
    inclusive
        (I,) log of the outer logit's denominator, utils: the expected best utility.
    """

    probabilities: FloatArray
    within: FloatArray | None
    inclusive: FloatArray


def require_prices(demand: Demand, prices: FloatArray) -> FloatArray:
    """Prices as an array that fits the market.

    Raises
    ------
    KernelInputError
        The shape does not fit or a price of a product on sale is not finite.
    """
    array = np.ascontiguousarray(prices, dtype=np.float64)
    if array.shape != demand.delta.shape:
        raise KernelInputError(f"prices have shape {array.shape}, not {demand.delta.shape}")
    require_finite("price", array, demand.available)
    return array


def choices(demand: Demand, prices: FloatArray) -> Choice:
    """Choice probabilities of each type, within nests too, and the inclusive value.

    Parameters
    ----------
    prices
        (J,) money.

    Raises
    ------
    KernelInputError
        A price is not finite or the shape does not fit.
    """
    array = require_prices(demand, prices)
    if demand.available is None or demand.available.all():
        return _choices(demand, _utility(demand, array), demand.nest_of)
    chosen = demand.on_sale
    utility = _utility(demand, np.where(demand.available, array, 0.0))
    nest_of = None if demand.nest_of is None else demand.nest_of[chosen]
    found = _choices(demand, utility[:, chosen], nest_of)
    spread = np.zeros(utility.shape)
    spread[:, chosen] = found.probabilities
    if found.within is None:
        return Choice(spread, None, found.inclusive)
    within = np.zeros(utility.shape)
    within[:, chosen] = found.within
    return Choice(spread, within, found.inclusive)


def _utility(demand: Demand, prices: FloatArray) -> FloatArray:
    delta = demand.delta
    if demand.available is not None:
        delta = np.where(demand.available, delta, -np.inf)
    mean = delta if demand.mu is None else delta + demand.mu
    return mean - demand.alpha[:, None] * prices


def _choices(demand: Demand, utility: FloatArray, nest_of: IntArray | None) -> Choice:
    if nest_of is None or demand.rho is None:
        top = np.maximum(utility.max(axis=1, initial=-np.inf), demand.outside)
        weight = np.exp(utility - top[:, None])
        total = weight.sum(axis=1) + np.exp(demand.outside - top)
        return Choice(weight / total[:, None], None, top + np.log(total))
    within = np.zeros(utility.shape)
    nests = np.full((len(utility), len(demand.rho)), -np.inf)
    for nest, rho in enumerate(demand.rho):
        members = np.flatnonzero(nest_of == nest)
        if len(members) == 0:
            continue
        scaled = utility[:, members] / (1.0 - rho)
        highest = scaled.max(axis=1)
        weight = np.exp(scaled - highest[:, None])
        total = weight.sum(axis=1)
        within[:, members] = weight / total[:, None]
        nests[:, nest] = (1.0 - rho) * (highest + np.log(total))
    outer = _choices(demand, nests, None)
    return Choice(within * outer.probabilities[:, nest_of], within, outer.inclusive)


def probabilities(demand: Demand, prices: FloatArray) -> FloatArray:
    """Probability that each type buys each product, (I, J)."""
    return choices(demand, prices).probabilities


def shares(demand: Demand, prices: FloatArray) -> FloatArray:
    """Market shares, (J,): probabilities averaged over types."""
    result: FloatArray = demand.weights @ probabilities(demand, prices)
    return result


def utility_slopes(demand: Demand, choice: Choice, mass: FloatArray) -> FloatArray:
    """``sum_i mass_i dP_ik / dV_ij``, (J, J), symmetric.

    ``dP_k/dV_j = 1[j=k] P_j / (1 - rho) - rho / (1 - rho) P_k P_j|h 1[same nest] - P_j P_k``.

    Parameters
    ----------
    mass
        (I,) weights of the types.
    """
    weighted = choice.probabilities * mass[:, None]
    slopes: FloatArray = weighted.T @ choice.probabilities
    np.negative(slopes, out=slopes)
    own = weighted.sum(axis=0)
    if choice.within is not None and demand.nest_of is not None and demand.rho is not None:
        nest_of, steep = demand.nest_of, 1.0 / (1.0 - demand.rho)
        for nest, rho in enumerate(demand.rho):
            members = np.flatnonzero(nest_of == nest)
            block = weighted[:, members].T @ choice.within[:, members]
            slopes[np.ix_(members, members)] -= rho * steep[nest] * block
        own = own * steep[nest_of]
    slopes[np.diag_indices(len(slopes))] += own
    return slopes


def share_slopes(demand: Demand, prices: FloatArray) -> FloatArray:
    """Derivatives of shares to prices, (J, J): entry (k, j) is ds_k / dp_j, symmetric."""
    choice = choices(demand, prices)
    return -utility_slopes(demand, choice, demand.weights * demand.alpha)


def elasticities(demand: Demand, prices: FloatArray) -> FloatArray:
    """Entry (j, k): d log s_j / d log p_k, (J, J); rows of products not on sale are NaN."""
    share = shares(demand, prices)
    if demand.available is not None:
        share = np.where(demand.available, share, np.nan)
        prices = np.where(demand.available, prices, 0.0)
    return share_slopes(demand, prices) * prices[None, :] / share[:, None]


def market_elasticity(demand: Demand, prices: FloatArray) -> float:
    """Elasticity of all inside sales to a common relative change of all prices."""
    slopes = share_slopes(demand, prices)
    paid = prices if demand.available is None else np.where(demand.available, prices, 0.0)
    return float((slopes @ paid).sum() / shares(demand, prices).sum())


def diversion(demand: Demand, prices: FloatArray) -> FloatArray:
    """Entry (j, k): part of j's lost sales that k takes when j's price rises, (J, J).

    The diagonal is the part that goes to the outside option; rows of products not on sale
    are NaN.
    """
    slopes = share_slopes(demand, prices)
    lost = -np.diag(slopes)
    if demand.available is not None:
        lost = np.where(demand.available, lost, np.nan)
    ratios = slopes / lost[:, None]
    outside = 1.0 - (ratios.sum(axis=1) + 1.0)
    ratios[np.diag_indices(len(ratios))] = outside
    return ratios


def surplus_by_type(demand: Demand, prices: FloatArray) -> FloatArray:
    """Expected surplus of a potential buyer of each type, (I,) money (Small & Rosen 1981).

    ``log(exp outside_i + sum_h D_ih^(1 - rho_h)) / alpha_i``, up to a constant; the fall
    between two sets of prices is the compensating variation of the type.
    """
    result: FloatArray = choices(demand, prices).inclusive / demand.alpha
    return result
