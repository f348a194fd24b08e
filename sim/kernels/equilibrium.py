"""Price equilibrium of multi-product firms: the zeta-markup fixed point, with a verdict.

Firm f maximises ``sum_g kappa_fg sum_{k in g} (n_k - c_k) q_k + sum_g Lambda_fg sum_{k in g}
q_k`` over its own prices, n = w p. In zeta form (Morrow & Skerlos 2011):
``n_j = c_j - Lambda_ff + [w_j s_j + sum_i w_i alpha_i P_ij K_{i,f(j)}] / A_j`` with
``A_j = sum_i w_i alpha_i P_ij``, ``K_if = sum_g (kappa_fg S_ig + Lambda_fg Q_ig)``, S and Q the
margin-weighted and plain probabilities of firm g's products. One evaluation costs
O(I (J + F^2)); no J x J matrix is built.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.errors import KernelInputError
from sim.kernels.demand import Demand, require_finite
from sim.kernels.jit import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

MEMORY = 5  # past steps that Anderson's acceleration looks at
# Under this relative step rounding decides, and ratios of steps say nothing.
ROUNDING = 2e-15
HIGHEST_RADIUS = 0.9999


@dataclass(frozen=True)
class Equilibrium:
    """Prices that are best replies to first order, with a verdict.

    Attributes
    ----------
    prices, shares
        (J,) money; share 0 for a product not on sale.
    converged
        Whether the estimated relative price error is under the tolerance.
    residual
        Largest undamped zeta step relative to price.
    error_estimate
        ``residual / (1 - spectral radius)``, the radius observed on plain steps.
    iterations
        Evaluations of the zeta map.
    worst
        Product with the largest step.
    """

    prices: FloatArray
    shares: FloatArray
    converged: bool
    residual: float
    error_estimate: float
    iterations: int
    worst: int


@kernel
def _accumulate(
    weight: FloatArray,
    outside: FloatArray,
    type_weights: FloatArray,
    alpha: FloatArray,
    margin: FloatArray,
    firm_of: IntArray,
    rows: IntArray,
    columns: IntArray,
    kappa: FloatArray,
    shadow: FloatArray,
    firms: int,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    types, products = weight.shape
    share = np.zeros(products)
    slope = np.zeros(products)
    numerator = np.zeros(products)
    margins = np.zeros(firms)
    plain = np.zeros(firms)
    gain = np.zeros(firms)
    for i in range(types):
        total = outside[i]
        for j in range(products):
            total += weight[i, j]
        inverse = 1.0 / total
        margins[:] = 0.0
        plain[:] = 0.0
        gain[:] = 0.0
        for j in range(products):
            probability = weight[i, j] * inverse
            weight[i, j] = probability
            margins[firm_of[j]] += margin[j] * probability
            plain[firm_of[j]] += probability
        for n in range(len(rows)):
            gain[rows[n]] += kappa[n] * margins[columns[n]] + shadow[n] * plain[columns[n]]
        mass = type_weights[i]
        steep = mass * alpha[i]
        for j in range(products):
            probability = weight[i, j]
            share[j] += mass * probability
            slope[j] += steep * probability
            numerator[j] += steep * probability * gain[firm_of[j]]
    return share, slope, numerator


class _ZetaMap:
    """The zeta map on the products on sale, everything that does not change computed once."""

    def __init__(
        self,
        utility: FloatArray,
        alpha: FloatArray,
        weights: FloatArray,
        outside: FloatArray,
        costs: FloatArray,
        net_share: FloatArray,
        firm_of: IntArray,
        kappa: FloatArray,
        shadow: FloatArray,
        free: BoolArray,
        start: FloatArray,
    ) -> None:
        # One shift a type keeps exponentials in range; prices move too little to undo it.
        top = np.maximum((utility - alpha[:, None] * start).max(axis=1), outside)
        self._utility = utility - top[:, None]
        self._outside = np.exp(outside - top)
        self._alpha, self._weights = alpha, weights
        self._costs, self._net_share = costs, net_share
        self._firm_of, self._firms = firm_of, len(kappa)
        used = (kappa != 0.0) | (shadow != 0.0)
        self._rows, self._columns = (axis.astype(np.int64) for axis in np.nonzero(used))
        self._kappa, self._shadow = kappa[used], shadow[used]
        self._own = np.diag(shadow)[firm_of]
        self._free = free
        self.count = 0

    def __call__(self, prices: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Undamped step in price units and shares, (J,) each."""
        self.count += 1
        weight = np.exp(self._utility - self._alpha[:, None] * prices)
        share, slope, numerator = _accumulate(
            weight,
            self._outside,
            self._weights,
            self._alpha,
            self._net_share * prices - self._costs,
            self._firm_of,
            self._rows,
            self._columns,
            self._kappa,
            self._shadow,
            self._firms,
        )
        net = self._costs - self._own + (self._net_share * share + numerator) / slope
        step = np.where(self._free, net / self._net_share - prices, 0.0)
        return step, share


def solve_prices(
    demand: Demand,
    costs: FloatArray,
    net_share: FloatArray,
    firm_of: IntArray,
    kappa: FloatArray,
    shadow: FloatArray,
    start: FloatArray,
    *,
    frozen: BoolArray | None = None,
    tolerance: float = 1e-10,
    max_iterations: int = 2000,
) -> Equilibrium:
    """Solve for prices that are best replies to each other, to first order.

    Parameters
    ----------
    demand
        Demand of the market; what is not on sale keeps its price and sells nothing.
    costs
        (J,) marginal cost, money.
    net_share
        (J,) w, part of the buyer's price that the firm keeps.
    firm_of
        (J,) position of the firm that prices each product.
    kappa, shadow
        (F, F) profit weights, unit diagonal, and Lambda, money a unit.
    start
        (J,) prices to start from; those of frozen products stay.
    frozen
        (J,) products held at their price (default: none).
    tolerance
        Accepted relative price error, estimated.

    Returns
    -------
    Equilibrium
        Always with a verdict; unconverged prices are marked, not hidden.

    Raises
    ------
    KernelInputError
        An input is not a market; the message names the product.
    """
    fixed = np.zeros(len(start), dtype=np.bool_) if frozen is None else frozen
    if demand.nest_of is not None:
        raise KernelInputError("prices of nested demand are not solved here")
    _check(demand, costs, net_share, kappa, shadow, start)
    chosen = demand.on_sale
    if len(chosen) == 0:
        return Equilibrium(start.copy(), np.zeros(len(start)), True, 0.0, 0.0, 0, 0)
    tastes = np.zeros((len(demand.alpha), len(start))) if demand.mu is None else demand.mu
    every = len(chosen) == len(start)
    deviations = tastes if every else tastes[:, chosen]
    zeta = _ZetaMap(
        demand.delta[chosen] + deviations,
        demand.alpha,
        demand.weights,
        demand.outside,
        costs[chosen],
        net_share[chosen],
        firm_of[chosen],
        kappa,
        shadow,
        ~fixed[chosen],
        start[chosen],
    )
    point = _iterate(zeta, start[chosen].copy(), tolerance, max_iterations)
    prices, share = start.copy(), np.zeros(len(start))
    prices[chosen], share[chosen] = point.prices, point.shares
    return Equilibrium(
        prices,
        share,
        point.converged,
        point.residual,
        point.error_estimate,
        point.iterations,
        int(chosen[point.worst]),
    )


def _iterate(
    zeta: _ZetaMap, prices: FloatArray, tolerance: float, max_iterations: int
) -> Equilibrium:
    """Anderson's steps until they are small, then plain ones that measure the radius."""
    history: list[tuple[FloatArray, FloatArray]] = []
    residual = best = previous = np.inf
    radius = 0.5
    checking = False  # the last two points are a plain step apart
    step, share = zeta(prices)
    while True:
        residual = float(np.max(np.abs(step / prices)))
        if not np.isfinite(residual):
            return _verdict(zeta, prices, share, step, residual, radius, False)
        if checking and residual > ROUNDING:
            radius = min(residual / previous, HIGHEST_RADIUS)
        small = residual <= ROUNDING or residual / (1.0 - radius) < tolerance
        if small and checking:
            return _verdict(zeta, prices, share, step, residual, radius, True)
        if zeta.count >= max_iterations:
            return _verdict(zeta, prices, share, step, residual, radius, False)
        if residual > 10.0 * best:
            history.clear()
        best = min(best, residual)
        history.append((prices, step))
        del history[:-MEMORY]
        # Before acceptance, and at the start, where Anderson has no past, step plainly.
        checking = small or len(history) == 1
        previous = residual
        prices = prices + step if checking else _anderson(history)
        step, share = zeta(prices)


def _anderson(history: list[tuple[FloatArray, FloatArray]]) -> FloatArray:
    """Anderson's (1965) next point; the plain step where that is not a price."""
    points = np.array([point for point, _ in history])
    steps = np.array([step for _, step in history])
    changes = np.diff(steps, axis=0).T
    moves = np.diff(points, axis=0).T
    weights = np.linalg.lstsq(changes, steps[-1], rcond=1e-10)[0]
    candidate: FloatArray = points[-1] + steps[-1] - (moves + changes) @ weights
    plain: FloatArray = points[-1] + steps[-1]
    return candidate if np.all(np.isfinite(candidate)) and np.all(candidate > 0.0) else plain


def _verdict(
    zeta: _ZetaMap,
    prices: FloatArray,
    share: FloatArray,
    step: FloatArray,
    residual: float,
    radius: float,
    converged: bool,
) -> Equilibrium:
    size = np.abs(step)
    worst = int(np.argmax(np.where(np.isfinite(size), size, np.inf)))
    return Equilibrium(
        prices, share, converged, residual, residual / (1.0 - radius), zeta.count, worst
    )


def _check(
    demand: Demand,
    costs: FloatArray,
    net_share: FloatArray,
    kappa: FloatArray,
    shadow: FloatArray,
    start: FloatArray,
) -> None:
    for name, values in (("cost", costs), ("start price", start)):
        require_finite(name, values, demand.available)
    wrong = ~((start > 0.0) & (net_share > 0.0))
    if demand.available is not None:
        wrong &= demand.available
    if np.any(wrong):
        product = int(np.argmax(wrong))
        raise KernelInputError(f"price or net share of product {product} is not positive")
    if not (np.all(np.isfinite(kappa)) and np.all(np.isfinite(shadow))):
        raise KernelInputError("a profit weight or shadow value is not finite")
