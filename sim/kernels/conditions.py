"""First-order conditions of prices, their derivatives, and what follows: pass-through.

Condition of product j of firm f, in shares (equation 9.1 of ``sim/MODEL.md``):
``F_j = w_j s_j + sum_k [kappa_{f g(k)} m_k + Lambda_{f g(k)}] ds_k/dp_j``, with the margin
``m_k = w_k p_k - c_k``. By the implicit function theorem prices answer costs by
``dp/dc = -F_p^-1 F_c`` (equation 9.8), which needs the second derivatives of shares (9.7);
they are contracted with each firm's margins, so that no J x J x J array is built.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.errors import KernelInputError
from sim.kernels.demand import Choice, Demand, choices, require_finite, utility_slopes

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def product_weights(kappa: FloatArray, firm_of: IntArray) -> FloatArray:
    """Weight of j's firm on the profit of product k, (J, J), from kappa (F, F).

    Raises
    ------
    KernelInputError
        A product names a firm that kappa does not have, or kappa's diagonal is not one.
    """
    if kappa.ndim != 2 or kappa.shape[0] != kappa.shape[1]:
        raise KernelInputError(f"kappa has shape {kappa.shape}, not one row and column a firm")
    wrong = (firm_of < 0) | (firm_of >= len(kappa))
    if wrong.any():
        worst = int(np.argmax(wrong))
        raise KernelInputError(f"product {worst} is of firm {firm_of[worst]}, of {len(kappa)}")
    if not np.isfinite(kappa).all():
        raise KernelInputError("a profit weight is not finite")
    if np.any(np.diag(kappa) != 1.0):
        worst = int(np.argmax(np.diag(kappa) != 1.0))
        raise KernelInputError(
            f"firm {worst} weighs its own profit with {kappa[worst, worst]}, not 1"
        )
    return np.ascontiguousarray(kappa[np.ix_(firm_of, firm_of)])


def _market(
    demand: Demand, prices: FloatArray, costs: FloatArray, net_share: FloatArray
) -> FloatArray:
    """Margins at prices, 0 where not on sale; every array checked."""
    for name, values in (("cost", costs), ("net share", net_share)):
        if values.shape != demand.delta.shape:
            raise KernelInputError(f"{name} has shape {values.shape}, not {demand.delta.shape}")
        require_finite(name, values, demand.available)
    margins = net_share * prices - costs
    return margins if demand.available is None else np.where(demand.available, margins, 0.0)


def conditions(
    demand: Demand,
    prices: FloatArray,
    costs: FloatArray,
    net_share: FloatArray,
    weights: FloatArray,
    shadow: FloatArray | None = None,
) -> FloatArray:
    """First-order conditions F (equation 9.1), (J,): zero where prices are best replies.

    Parameters
    ----------
    prices, costs
        (J,) money.
    net_share
        (J,) w, part of the buyer's price that the firm keeps.
    weights
        (J, J) weight of j's firm on product k's profit, see :func:`product_weights`.
    shadow
        (J, J) Lambda: what a sale of k is worth to j's firm beyond its margin; None for 0.
    """
    choice = choices(demand, prices)
    margins = _market(demand, prices, costs, net_share)
    value = weights * margins
    if shadow is not None:
        value = value + shadow
    slopes = -utility_slopes(demand, choice, demand.weights * demand.alpha)
    share = demand.weights @ choice.probabilities
    result: FloatArray = net_share * share + (value * slopes).sum(axis=1)
    return result


def curvature(demand: Demand, choice: Choice, value: FloatArray, rows: IntArray) -> FloatArray:
    """``sum_k v_k d2 s_k / dp_j dp_l`` (equation 9.7), rows j chosen: (len(rows), J).

    With ``X_j = v_j / (1 - rho) - rho / (1 - rho) vbar_h - vbar`` per type, vbar_h and vbar
    the means of v within j's nest and over the market, the second derivative to utilities is
    ``1[j=l] P_j X_j / (1 - rho) - 1[same nest] rho / (1 - rho) P_j P_l|h (X_j + X_l - vbar_h +
    vbar) - P_j P_l (X_j + X_l)``; prices add the factor alpha squared.

    Parameters
    ----------
    value
        (J,) v: what a sale of each product is worth.
    """
    chosen, within = choice.probabilities, choice.within
    mean = (chosen @ value)[:, None]
    mass = (demand.weights * demand.alpha**2)[:, None]
    if within is None or demand.nest_of is None or demand.rho is None:
        gain = value - mean
        nest_mean = None
    else:
        nest_of, steep = demand.nest_of, 1.0 / (1.0 - demand.rho)
        by_nest = np.zeros((len(demand.alpha), len(demand.rho)))
        np.add.at(by_nest.T, nest_of, (within * value).T)
        nest_mean = by_nest[:, nest_of]
        gain = steep[nest_of] * value - (steep[nest_of] - 1.0) * nest_mean - mean
    weighted = mass * chosen
    result: FloatArray = -(weighted * gain)[:, rows].T @ chosen
    result -= weighted[:, rows].T @ (chosen * gain)
    own = (weighted * gain).sum(axis=0)
    if nest_mean is not None and within is not None and demand.nest_of is not None:
        assert demand.rho is not None
        nest_of, steep = demand.nest_of, 1.0 / (1.0 - demand.rho)
        shift = gain - nest_mean + mean
        block = (weighted * shift)[:, rows].T @ within + weighted[:, rows].T @ (within * gain)
        same = nest_of[rows][:, None] == nest_of[None, :]
        result -= np.where(same, (steep - 1.0)[nest_of][None, :] * block, 0.0)
        own = own * steep[nest_of]
    result[np.arange(len(rows)), rows] += own[rows]
    return result


def jacobian(
    demand: Demand,
    prices: FloatArray,
    costs: FloatArray,
    net_share: FloatArray,
    weights: FloatArray,
    shadow: FloatArray | None = None,
) -> FloatArray:
    """Derivatives of the first-order conditions to prices, (J, J): entry (j, l) dF_j/dp_l.

    ``w_j ds_j/dp_l + kappa_jl w_l ds_l/dp_j + sum_k [kappa_jk m_k + Lambda_jk] d2 s_k/dp_j dp_l``.
    """
    choice = choices(demand, prices)
    margins = _market(demand, prices, costs, net_share)
    value = weights * margins
    if shadow is not None:
        value = value + shadow
    slopes = -utility_slopes(demand, choice, demand.weights * demand.alpha)
    result = net_share[:, None] * slopes + weights * net_share[None, :] * slopes
    # Products of one firm weigh all products alike: one contraction a firm.
    _, first, group = np.unique(value, axis=0, return_index=True, return_inverse=True)
    group = group.reshape(-1)
    for number, example in enumerate(first):
        rows = np.flatnonzero(group == number)
        result[rows] += curvature(demand, choice, value[example], rows)
    return result


def pass_through(
    demand: Demand,
    prices: FloatArray,
    costs: FloatArray,
    net_share: FloatArray,
    weights: FloatArray,
    shadow: FloatArray | None = None,
    frozen: BoolArray | None = None,
) -> FloatArray:
    """Equilibrium pass-through ``dp_j / dc_k`` (equation 9.8), (J, J).

    Rows of products that are frozen are zero; rows and columns of products not on sale NaN.

    Raises
    ------
    KernelInputError
        The conditions have no unique solution nearby (a singular Jacobian).
    """
    count = len(prices)
    slopes_to_costs = _cost_slopes(demand, prices, weights)
    free = np.zeros(count, dtype=np.bool_)
    free[demand.on_sale] = True
    moves = free if frozen is None else free & ~frozen
    chosen = np.flatnonzero(moves)
    steep = jacobian(demand, prices, costs, net_share, weights, shadow)[np.ix_(chosen, chosen)]
    result = np.full((count, count), np.nan)
    sold = np.flatnonzero(free)
    result[np.ix_(sold, sold)] = 0.0
    try:
        answer = np.linalg.solve(steep, -slopes_to_costs[np.ix_(chosen, sold)])
    except np.linalg.LinAlgError:
        raise KernelInputError(
            "prices do not answer costs in one way here: the conditions' Jacobian is singular"
        ) from None
    result[np.ix_(chosen, sold)] = answer
    return result


def _cost_slopes(demand: Demand, prices: FloatArray, weights: FloatArray) -> FloatArray:
    """``dF_j / dc_k = -kappa_jk ds_k/dp_j``, (J, J)."""
    choice = choices(demand, prices)
    slopes: FloatArray = utility_slopes(demand, choice, demand.weights * demand.alpha)
    return weights * slopes


def second_order(
    demand: Demand,
    prices: FloatArray,
    costs: FloatArray,
    net_share: FloatArray,
    firm_of: IntArray,
    kappa: FloatArray,
) -> FloatArray:
    """Largest eigenvalue of each firm's Hessian over its own prices, (F,).

    Scaled by prices and own shares; negative where prices are a local best reply, NaN for a
    firm without products on sale.
    """
    weights = product_weights(kappa, firm_of)
    steep = jacobian(demand, prices, costs, net_share, weights)
    share = demand.weights @ choices(demand, prices).probabilities
    result = np.full(len(kappa), np.nan)
    for firm in range(len(kappa)):
        rows = demand.on_sale[firm_of[demand.on_sale] == firm]
        if len(rows) == 0:
            continue
        # prices / sqrt(share price) on both sides leaves numbers of order one.
        scale = np.sqrt(prices[rows] / share[rows])
        block = steep[np.ix_(rows, rows)] * scale[:, None] * scale[None, :]
        result[firm] = np.linalg.eigvalsh(0.5 * (block + block.T))[-1]
    return result
