"""A price game: who sets which price, at what cost, and whose profit each firm minds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim.errors import KernelInputError
from sim.kernels.cells import Cells, gather
from sim.kernels.checks import require_finite, whole_numbers
from sim.kernels.compiled import Market, compile_game
from sim.kernels.demand import Demand
from sim.kernels.jit import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

SMALLEST = float(np.nextafter(0.0, 1.0))
# How far a firm's weight on its own profit may be from one: rounding.
OWN_WEIGHT_OFF = 1e-5


@dataclass(frozen=True, eq=False)
class PriceGame:
    """One market in which firms set prices; checked when it is built. F firms, J products.

    Firm f maximises ``sum_g kappa_fg sum_{k in g} (n_k - c_k) q_k + sum_g Lambda_fg sum_{k in
    g} q_k`` over the prices of its own products, ``n = net_share p``.

    Attributes
    ----------
    demand
        Demand; a product not on sale has no price to find.
    costs
        (J,) marginal cost, money, not negative.
    firm_of
        (J,) firm that prices each product, 0 to F - 1.
    kappa
        (F, F) profit weights, unit diagonal; None for the identity. A joint owner's firms
        have weight one on each other.
    shadow
        (F, F) Lambda, money a unit; None for none.
    net_share
        (J,) part of the buyer's price that the firm keeps; None for all of it. See
        ``sim.kernels.wedges``.
    frozen
        (J,) products held at the price they start from; None for none.

    Raises
    ------
    KernelInputError
        A number is not finite, negative or of the wrong shape; the message names the product.
    """

    demand: Demand
    costs: FloatArray
    firm_of: IntArray
    kappa: FloatArray | None = None
    shadow: FloatArray | None = None
    net_share: FloatArray | None = None
    frozen: BoolArray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "firm_of", whole_numbers(self.firm_of, "firm_of"))
        for name in ("costs", "kappa", "shadow", "net_share"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, np.ascontiguousarray(value, dtype=np.float64))
        if self.frozen is not None:
            object.__setattr__(self, "frozen", np.asarray(self.frozen, dtype=np.bool_))
        shape = self.demand.delta.shape
        for name in ("costs", "firm_of", "net_share", "frozen"):
            value = getattr(self, name)
            if value is not None and value.shape != shape:
                raise KernelInputError(f"{name} has shape {value.shape}, not {shape}")
        self._check_products()
        self._check_firms()

    def _check_products(self) -> None:
        available = self.demand.available
        needed = np.ones(len(self.costs), dtype=np.bool_) if available is None else available
        # One look decides; what is wrong is searched for only where something is.
        if _all_from(self.costs, needed, 0.0) and _all_from(self.kept, needed, SMALLEST):
            return
        require_finite("cost", self.costs, available)
        self._refuse(self.costs < 0.0, "cost", self.costs, "negative")
        if self.net_share is not None:
            require_finite("net share", self.net_share, available)
            self._refuse(self.net_share <= 0.0, "net share", self.net_share, "not positive")

    def _refuse(self, wrong: BoolArray, name: str, values: FloatArray, why: str) -> None:
        if self.demand.available is not None:
            wrong = wrong & self.demand.available
        if wrong.any():
            worst = int(np.argmax(wrong))
            raise KernelInputError(f"{name} of product {worst} is {values[worst]}: {why}")

    def _check_firms(self) -> None:
        firms = self.firms
        if not _all_known(self.firm_of, firms):
            worst = int(np.argmax((self.firm_of < 0) | (self.firm_of >= firms)))
            raise KernelInputError(
                f"product {worst} belongs to firm {self.firm_of[worst]}, of {firms} firms"
            )
        for name, matrix in (("kappa", self.kappa), ("shadow", self.shadow)):
            if matrix is None:
                continue
            if matrix.shape != (firms, firms):
                raise KernelInputError(f"{name} has shape {matrix.shape}, not one firm by firm")
            if not _all_numbers(matrix):
                firm = int(np.argmax(~np.isfinite(matrix).all(axis=1)))
                product = int(np.argmax(self.firm_of == firm))
                raise KernelInputError(
                    f"{name} of firm {firm} (product {product}) is not finite"
                )
        if self.kappa is not None:
            off = np.abs(self.kappa.diagonal() - 1.0)
            if off.max(initial=0.0) > OWN_WEIGHT_OFF:
                firm = int(np.argmax(off))
                raise KernelInputError(
                    f"firm {firm} weighs its own profit by {self.kappa[firm, firm]}"
                )

    @cached_property
    def firms(self) -> int:
        """Number of firms."""
        for matrix in (self.kappa, self.shadow):
            if matrix is not None:
                return len(matrix)
        return int(self.firm_of.max()) + 1

    @cached_property
    def weights(self) -> FloatArray:
        """(F, F) profit weights."""
        return np.eye(self.firms) if self.kappa is None else self.kappa

    @cached_property
    def lambdas(self) -> FloatArray:
        """(F, F) shadow values, money a unit."""
        return np.zeros((self.firms, self.firms)) if self.shadow is None else self.shadow

    @cached_property
    def kept(self) -> FloatArray:
        """(J,) part of the price that the firm keeps."""
        return np.ones(len(self.costs)) if self.net_share is None else self.net_share

    @cached_property
    def held(self) -> BoolArray:
        """(J,) whether the price is frozen."""
        return np.zeros(len(self.costs), dtype=np.bool_) if self.frozen is None else self.frozen

    @cached_property
    def bare(self) -> FloatArray:
        """(J,) price at which the firm keeps its cost; not to be written to."""
        result: FloatArray = self.costs / self.kept
        return result

    @cached_property
    def cells(self) -> Cells:
        """A game of one type laid out for Newton's method in group markups, once."""
        return gather(self)

    @cached_property
    def limits(self) -> tuple[float, float]:
        """Highest cost over net share on sale, and the sum of it, shadow value and a markup."""
        chosen = self.demand.on_sale
        cost = float(np.abs(self.bare)[chosen].max())
        markup = float(np.abs(self.lambdas).max()) + 1.0 / float(self.demand.alpha.min())
        return cost, cost + markup / float(self.kept[chosen].min())

    @cached_property
    def market(self) -> Market:
        """The game laid out for the compiled kernels, once."""
        return compile_game(self)


@kernel
def _all_from(values: FloatArray, needed: BoolArray, lowest: float) -> bool:
    """Whether all needed values (J,) are finite and at least ``lowest``."""
    sound = True
    for j in range(len(values)):
        sound &= not needed[j] or lowest <= values[j] < np.inf
    return sound


@kernel
def _all_known(positions: IntArray, size: int) -> bool:
    """Whether all positions (J,) are of ``size`` things."""
    sound = True
    for position in positions:
        sound &= 0 <= position < size
    return sound


@kernel
def _all_numbers(matrix: FloatArray) -> bool:
    """Whether all entries of a matrix are finite."""
    sound = True
    for row in range(len(matrix)):
        for column in range(matrix.shape[1]):
            sound &= abs(matrix[row, column]) < np.inf
    return sound
