"""Slopes of the first-order conditions: for Newton's steps, pass-through and second orders.

With ``v_fl = kappa_fg m_l + Lambda_fg`` (g sells l, margins m without shadow values) and
``K_if = sum_l v_fl P_il``, ``K_if|h`` the same within nest h,
``dK_if / dp_k = P_ik [kappa_fg net_k - alpha_i (v_fk - rho K_if|h) / (1 - rho) + alpha_i K_if]``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.kernels.demand import choices
from sim.kernels.game import PriceGame

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Curvature:
    """First-order conditions of a game at given prices, and their slopes.

    Parameters
    ----------
    game
        The game; positions below are those of its products.
    prices
        (J,) money.

    Attributes
    ----------
    slope
        (J,) ``A_j = sum_i w_i alpha_i P_ij``.
    shares
        (J,) market shares.
    """

    def __init__(self, game: PriceGame, prices: FloatArray) -> None:
        demand = game.demand
        chosen = demand.on_sale
        choice = choices(demand, prices)
        self._probability, self._within = choice.probabilities, choice.within
        self._alpha, self._mass = demand.alpha, demand.weights * demand.alpha
        self._firm_of, self._kappa = game.firm_of, game.weights
        self._net = game.kept
        products = len(game.costs)
        self._rho = np.zeros(products)
        self._nest_of = demand.nest_of
        if demand.nest_of is not None and demand.rho is not None:
            self._rho = demand.rho[demand.nest_of]
        margin = np.zeros(products)
        margin[chosen] = (game.kept * prices - game.costs)[chosen]
        self._value = self._kappa[:, game.firm_of] * margin + game.lambdas[:, game.firm_of]
        self._minded = self._probability @ self._value.T  # (I, F) K_if
        self._near: dict[int, FloatArray] = {}
        if self._within is not None and self._nest_of is not None:
            for nest in np.unique(self._nest_of):
                mine = np.flatnonzero(self._nest_of == nest)
                self._near[int(nest)] = self._within[:, mine] @ self._value[:, mine].T
        own = self._value[game.firm_of, np.arange(products)]
        self.shares: FloatArray = demand.weights @ self._probability
        self.slope: FloatArray = self._mass @ self._probability
        # n_j - own is the cost less the own shadow value.
        self._markup = own
        self._sum = self._numerator()

    def _near_own(self, rows: IntArray) -> FloatArray:
        """(I, N) K_if|h of each row's firm and nest; zero without nests."""
        result = np.zeros((len(self._alpha), len(rows)))
        if self._nest_of is not None:
            for n, j in enumerate(rows):
                result[:, n] = self._near[int(self._nest_of[j])][:, self._firm_of[j]]
        return result

    def _minds(self, rows: IntArray) -> FloatArray:
        """(I, N) ``K_if + rho / (1 - rho) K_if|h`` of each row's firm and nest."""
        odds = self._rho[rows] / (1.0 - self._rho[rows])
        result: FloatArray = self._minded[:, self._firm_of[rows]] + odds * self._near_own(rows)
        return result

    def _numerator(self) -> FloatArray:
        rows = np.arange(len(self._net))
        weighted = self._mass[:, None] * self._probability
        result: FloatArray = self._net * self.shares + (weighted * self._minds(rows)).sum(axis=0)
        return result

    def step(self, rows: IntArray) -> FloatArray:
        """Undamped zeta step of the rows, (N,) money of price."""
        # At prices that nobody pays slopes are 0: not finite, which callers look for.
        with np.errstate(all="ignore"):
            markup = (1.0 - self._rho[rows]) * self._sum[rows] / self.slope[rows]
            result: FloatArray = (markup - self._markup[rows]) / self._net[rows]
        return result

    def _spread(self, factor: FloatArray, rows: IntArray, columns: IntArray) -> FloatArray:
        """``sum_i factor_ij dP_ij / dV_ik``, (N, M); factor is (I, N)."""
        weighted = factor * self._probability[:, rows]
        result: FloatArray = -(weighted.T @ self._probability[:, columns])
        if self._within is not None and self._nest_of is not None:
            odds = self._rho[rows] / (1.0 - self._rho[rows])
            same = self._nest_of[rows][:, None] == self._nest_of[columns][None, :]
            result -= same * odds[:, None] * (weighted.T @ self._within[:, columns])
        same_product = rows[:, None] == columns[None, :]
        own = weighted.sum(axis=0) / (1.0 - self._rho[rows])
        result += same_product * own[:, None]
        return result

    def _mind_slopes(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """``sum_i w_i alpha_i P_ij dL_ij / dp_k``, L as in ``_minds``, (N, M)."""
        mass, alpha = self._mass[:, None], self._alpha[:, None]
        there = self._probability[:, columns]
        firms = self._firm_of[rows]
        here = mass * self._probability[:, rows]
        kept = self._kappa[np.ix_(firms, self._firm_of[columns])] * self._net[columns]
        value = self._value[np.ix_(firms, columns)] / (1.0 - self._rho[columns])
        result: FloatArray = kept * (here.T @ there) - value * ((here * alpha).T @ there)
        result += (here * alpha * self._minded[:, firms]).T @ there
        if self._within is None or self._nest_of is None:
            return result
        odds = self._rho / (1.0 - self._rho)
        for nest, near in self._near.items():
            inside = np.flatnonzero(self._nest_of[columns] == nest)
            term = (here * alpha * near[:, firms]).T @ there[:, inside]
            result[:, inside] += odds[columns[inside]] * term
            mine = np.flatnonzero(self._nest_of[rows] == nest)
            block = np.ix_(mine, inside)
            within = self._within[:, columns[inside]]
            left = here[:, mine]
            steep = 1.0 / (1.0 - self._rho[columns[inside]])
            change = kept[block] * (left.T @ within)
            change -= value[block] * ((left * alpha).T @ within)
            change += steep * ((left * alpha * near[:, firms[mine]]).T @ within)
            result[block] += odds[rows[mine]][:, None] * change
        return result

    def step_slopes(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """Derivatives of the zeta step: entry (j, k) is ``d step_j / d p_k``, (N, M)."""
        mass = self._mass[:, None]
        steep = mass * self._alpha[:, None]
        # d / dp = -alpha d / dV.
        direct = self._spread(np.repeat(mass, len(rows), axis=1), rows, columns)
        change = -self._net[rows][:, None] * direct
        change -= self._spread(steep * self._minds(rows), rows, columns)
        change += self._mind_slopes(rows, columns)
        fall = -self._spread(np.repeat(steep, len(rows), axis=1), rows, columns)
        with np.errstate(all="ignore"):
            ratio = self._sum[rows] / self.slope[rows]
            scale = (1.0 - self._rho[rows]) / (self._net[rows] * self.slope[rows])
            result: FloatArray = scale[:, None] * (change - ratio[:, None] * fall)
        result -= rows[:, None] == columns[None, :]
        return result

    def cost_slopes(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """Derivatives of the zeta step to costs: entry (j, k) is ``d step_j / d c_k``, (N, M)."""
        here = self._mass[:, None] * self._probability[:, rows]
        there = here.T @ self._probability[:, columns]
        if self._within is not None and self._nest_of is not None:
            odds = self._rho[rows] / (1.0 - self._rho[rows])
            same = self._nest_of[rows][:, None] == self._nest_of[columns][None, :]
            there += same * odds[:, None] * (here.T @ self._within[:, columns])
        weight = self._kappa[np.ix_(self._firm_of[rows], self._firm_of[columns])]
        scale = (1.0 - self._rho[rows]) / self.slope[rows]
        result: FloatArray = -scale[:, None] * weight * there
        result += rows[:, None] == columns[None, :]
        return result / self._net[rows][:, None]

    def hessian(self, products: IntArray) -> FloatArray:
        """Second derivatives of the objective of the firm that owns all these products.

        (N, N) money a squared unit of price, where its first-order conditions hold.
        """
        slopes = self.step_slopes(products, products)
        scale = self.slope[products] * self._net[products] / (1.0 - self._rho[products])
        result: FloatArray = scale[:, None] * slopes
        return 0.5 * (result + result.T)


def passthrough(game: PriceGame, prices: FloatArray) -> FloatArray:
    """Entry (j, k): change of equilibrium price j a unit of k's cost, (J, J).

    By the implicit function theorem at an equilibrium; rows of frozen products are 0, rows and
    columns of products not on sale NaN.
    """
    curvature, chosen = Curvature(game, prices), game.demand.on_sale
    free = chosen[~game.held[chosen]]
    result = np.full((len(game.costs), len(game.costs)), np.nan)
    result[np.ix_(chosen, chosen)] = 0.0
    result[np.ix_(free, chosen)] = np.linalg.solve(
        -curvature.step_slopes(free, free), curvature.cost_slopes(free, chosen)
    )
    return result
