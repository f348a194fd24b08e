"""Ownership algebra: cash-flow rights, control rights, claims and profit weights.

O'Brien & Salop (2000); equations 9.2 to 9.4 of ``sim/MODEL.md``. Holdings D (F, F) say what
share of firm g firm f holds; control gamma (F, F) says what weight the outside owners of firm
s have in the conduct of firm f. Cross and circular holdings are allowed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.errors import KernelInputError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def claims_matrix(holdings: FloatArray) -> FloatArray:
    """Ultimate claims ``B = (I - D)^-1``, (F, F); D_fg is the share of g held by f.

    Raises
    ------
    KernelInputError
        A share is negative, a firm holds itself, or the holdings in a firm exceed the whole.
    """
    if np.any(holdings < 0.0) or np.any(np.diag(holdings) != 0.0):
        raise KernelInputError("holdings are shares of other firms, not negative")
    if np.any(holdings.sum(axis=0) > 1.0 + 1e-12):
        worst = int(np.argmax(holdings.sum(axis=0)))
        raise KernelInputError(f"holdings in firm {worst} add to over 1")
    try:
        result: FloatArray = np.linalg.inv(np.eye(len(holdings)) - holdings).astype(np.float64)
    except np.linalg.LinAlgError:
        raise KernelInputError("circular holdings leave nothing to outside owners") from None
    return result


def control_weights(
    holdings: FloatArray,
    control: FloatArray,
    stakes: FloatArray | None = None,
    votes: FloatArray | None = None,
) -> FloatArray:
    """Profit weights kappa, (F, F), of cash-flow and control rights (equation 9.4).

    ``kappa_fg = sum_o gamma_of beta_og / sum_o gamma_of beta_of`` over the outside owners o:
    those who hold several firms, and for each firm s everybody else who holds it. beta_og is
    their claim on g through all holdings; gamma_of their weight in firm f, which firm f's
    outside owners share by their votes. Silent stakes (control the identity) and no common
    owners give ``B_fg / B_ff``.

    Parameters
    ----------
    holdings
        (F, F) share of g held by f.
    control
        (F, F) gamma: entry (f, s), weight of the outside owners of s in firm f.
    stakes, votes
        (O, F) shares and votes of common owners in each firm; None for none.

    Raises
    ------
    KernelInputError
        Stakes and holdings in a firm exceed the whole.
    """
    size = len(holdings)
    none = np.zeros((0, size))
    stakes = none if stakes is None else stakes
    votes = none if votes is None else votes
    rest = 1.0 - holdings.sum(axis=0) - stakes.sum(axis=0)
    if np.any(rest < -1e-12):
        worst = int(np.argmin(rest))
        raise KernelInputError(f"holdings in firm {worst} add to over 1")
    # A firm held whole has no outside owners; its weight then comes from its controllers.
    others = np.diag(np.maximum(rest, 1e-12))
    claims = np.vstack([stakes, others]) @ claims_matrix(holdings)
    voting = np.vstack([votes, others])
    voting = voting / voting.sum(axis=0)
    return owner_weights(claims, voting @ control.T)


def owner_weights(cash_flow: FloatArray, control: FloatArray) -> FloatArray:
    """Profit weights kappa, (F, F), of the rights of any set of owners (equation 9.4).

    ``kappa_fg = sum_o gamma_of beta_og / sum_o gamma_of beta_of``. With proportional control
    (gamma = beta) this is ``cos(beta_f, beta_g) sqrt(IHHI_g / IHHI_f)`` (Backus, Conlon &
    Sinkinson 2021).

    Parameters
    ----------
    cash_flow, control
        (O, F) beta and gamma: share of owner o in the profit and in the conduct of firm f.

    Raises
    ------
    KernelInputError
        The shapes differ, or those who control a firm have no share in its profit.
    """
    if cash_flow.shape != control.shape:
        raise KernelInputError(
            f"cash-flow rights have shape {cash_flow.shape}, control {control.shape}"
        )
    weight = control.T @ cash_flow
    own = np.diag(weight)
    if not (np.isfinite(weight).all() and np.all(own > 0.0)):
        worst = int(np.argmin(np.where(np.isfinite(own), own, -np.inf)))
        raise KernelInputError(f"those who control firm {worst} have no share in its profit")
    result: FloatArray = weight / own[:, None]
    return result


def silent_weights(holdings: FloatArray) -> FloatArray:
    """Profit weights of silent stakes, (F, F): ``B_fg / B_ff`` of the claims B (equation 9.3)."""
    claims = claims_matrix(holdings)
    result: FloatArray = claims / np.diag(claims)[:, None]
    return result


def add_stake(
    holdings: FloatArray,
    control: FloatArray,
    holder: int,
    target: int,
    share: float,
    rights: str,
) -> None:
    """Enter a stake into the matrices of cash-flow and control rights, in place.

    ``control[g, f]`` is the weight of firm f's owners in the conduct of firm g.

    Parameters
    ----------
    share
        Share of the target, 0 to 1.
    rights
        ``silent`` (conduct stays with the target's other owners), ``proportional`` (the
        holder's owners count for the share held) or ``full`` (they decide alone).
    """
    holdings[holder, target] += share
    if rights == "proportional":
        control[target, holder] += share
        control[target, target] -= share
    elif rights == "full":
        control[target, :] = 0.0
        control[target, holder] = 1.0


def dilute_control(control: FloatArray, target: int, kept: float) -> None:
    """New shares of the target dilute the votes of its holders, in place.

    Each holder's rights shrink to ``kept`` of what they were, and what they lose goes to the
    target's other owners. A holder who decides alone keeps deciding: his control is a contract.
    """
    rights = control[target].copy()
    if rights[target] <= 0.0:
        return
    rights *= kept
    rights[target] += 1.0 - kept
    control[target] = rights


def acquire(holdings: FloatArray, control: FloatArray, acquirer: int, target: int) -> None:
    """Enter a merger into the matrices, in place: the acquirer holds all of the target.

    All other holders of the target are bought out; what the target holds and controls stays
    with it, and so comes to the acquirer's owners. The two then weigh each other with one.
    """
    holdings[:, target] = 0.0
    holdings[acquirer, target] = 1.0
    # A stake of the target in its acquirer is cancelled.
    holdings[target, acquirer] = 0.0
    control[:, acquirer] += control[:, target]
    control[:, target] = 0.0
    control[target, :] = control[acquirer, :]


def merge_kappa(kappa: FloatArray, owner: IntArray) -> FloatArray:
    """Weights after mergers: 1 among the brands of one owner, the owner's weights elsewhere.

    Parameters
    ----------
    owner
        (F,) position of the firm that owns each; itself unless merged.
    """
    if np.array_equal(owner, np.arange(len(owner))):
        return kappa
    result: FloatArray = kappa[np.ix_(owner, owner)]
    return np.where(owner[:, None] == owner[None, :], 1.0, result)


def product_weights(kappa: FloatArray, firm_of: IntArray) -> FloatArray:
    """Weight of j's firm on the profit of product k, (J, J), from kappa (F, F).

    Raises
    ------
    KernelInputError
        A product names a firm that kappa does not have, or a weight is not finite.
    """
    if kappa.ndim != 2 or kappa.shape[0] != kappa.shape[1]:
        raise KernelInputError(f"kappa has shape {kappa.shape}, not one row and column a firm")
    wrong = (firm_of < 0) | (firm_of >= len(kappa))
    if wrong.any():
        worst = int(np.argmax(wrong))
        raise KernelInputError(f"product {worst} is of firm {firm_of[worst]}, of {len(kappa)}")
    if not np.isfinite(kappa).all():
        raise KernelInputError("a profit weight is not finite")
    result: FloatArray = kappa[np.ix_(firm_of, firm_of)]
    return result
