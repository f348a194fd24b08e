"""Ownership algebra: cash-flow rights, control rights, claims and profit weights.

O'Brien & Salop (2000); equations 9.2 to 9.4 of ``sim/MODEL.md``. Holdings D (F, F) say what
share of firm g firm f holds; control gamma (F, F) says what weight the outside owners of firm
s have in the conduct of firm f. Cross and circular holdings are allowed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.errors import KernelInputError
from sim.kernels import inputs

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

RIGHTS = ("silent", "proportional", "full")
# Claims of all firms on one, beyond which circular holdings leave nothing outside.
MOST_CLAIMS = 1e10


def claims_matrix(holdings: FloatArray) -> FloatArray:
    """Ultimate claims ``B = (I - D)^-1``, (F, F); D_fg is the share of g held by f.

    Raises
    ------
    KernelInputError
        A share is negative or not finite, a firm holds itself, the holdings in a firm exceed
        the whole, or a circle of firms holds itself whole.
    """
    holdings = inputs.square("holdings", holdings)
    wrong = (holdings < 0.0) | (np.eye(len(holdings), dtype=np.bool_) & (holdings != 0.0))
    if wrong.any():
        holder, firm = (int(n) for n in np.unravel_index(np.argmax(wrong), wrong.shape))
        raise KernelInputError(
            f"firm {holder} holds {holdings[holder, firm]} of firm {firm}: holdings are shares of "
            "other firms, not negative"
        )
    if np.any(holdings.sum(axis=0) > 1.0 + 1e-12):
        worst = int(np.argmax(holdings.sum(axis=0)))
        raise KernelInputError(f"holdings in firm {worst} add to over 1")
    try:
        result: FloatArray = np.linalg.inv(np.eye(len(holdings)) - holdings).astype(np.float64)
    except np.linalg.LinAlgError:
        result = np.full_like(holdings, np.inf)
    # Shares that are no binary fractions leave a singular matrix a rounding error from it.
    claims = result.sum(axis=0)
    if not (claims.max(initial=0.0) < MOST_CLAIMS and result.min(initial=0.0) > -1e-9):
        worst = int(np.argmax(np.where(np.isfinite(claims), np.abs(claims), np.inf)))
        raise KernelInputError(
            f"circular holdings leave nothing to outside owners (of firm {worst})"
        )
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
        Stakes and holdings in a firm exceed the whole, or a right is not finite or negative.
    """
    holdings = inputs.square("holdings", holdings)
    size = len(holdings)
    control = inputs.matrix("control", control, (size, size))
    none = np.zeros((0, size))
    stakes = none if stakes is None else stakes
    votes = none if votes is None else votes
    owners = len(np.atleast_1d(stakes))
    stakes = inputs.matrix("stakes", stakes, (owners, size), unit="owner")
    votes = inputs.matrix("votes", votes, (owners, size), unit="owner")
    for name, rights in (("stake", stakes), ("vote", votes)):
        if np.any(rights < 0.0):
            owner, firm = (int(n) for n in np.unravel_index(np.argmin(rights), rights.shape))
            raise KernelInputError(
                f"{name} of owner {owner} in firm {firm} is {rights[owner, firm]}: negative"
            )
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
    cash_flow, control = np.asarray(cash_flow), np.asarray(control)
    if cash_flow.ndim != 2 or cash_flow.shape != control.shape:
        raise KernelInputError(
            f"cash-flow rights have shape {cash_flow.shape}, control {control.shape}"
        )
    shape = (cash_flow.shape[0], cash_flow.shape[1])
    cash_flow = inputs.matrix("cash-flow rights", cash_flow, shape, unit="owner")
    control = inputs.matrix("control rights", control, shape, unit="owner")
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

    Raises
    ------
    KernelInputError
        There is no such firm, share or right, or what stood before is none.
    """
    _check_rights(holdings, control, holder, target)
    inputs.number(f"share of firm {target}", share, 0.0, 1.0)
    if rights not in RIGHTS:
        raise KernelInputError(f"control is {rights}, not one of {', '.join(RIGHTS)}")
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

    Raises
    ------
    KernelInputError
        There is no such firm or part, or a right is not finite.
    """
    inputs.square("control", control)
    inputs.position("target", target, len(control))
    inputs.number(f"part kept of firm {target}", kept, 0.0, 1.0)
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

    Raises
    ------
    KernelInputError
        There is no such firm, it is the acquirer, or what stood before is not finite.
    """
    _check_rights(holdings, control, acquirer, target)
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

    Raises
    ------
    KernelInputError
        A weight is not finite, or an owner is no firm.
    """
    kappa = inputs.square("kappa", kappa)
    owner = inputs.positions("owner", owner, len(kappa), len(kappa), unit="firm")
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
    kappa = inputs.square("kappa", kappa)
    firm_of = inputs.positions("firm", firm_of, len(kappa))
    result: FloatArray = kappa[np.ix_(firm_of, firm_of)]
    return result


def _check_rights(
    holdings: FloatArray, control: FloatArray, holder: int, target: int
) -> None:
    size = len(inputs.square("holdings", holdings))
    inputs.matrix("control", control, (size, size))
    inputs.position("holder", holder, size)
    inputs.position("target", target, size)
    if holder == target:
        raise KernelInputError(f"firm {target} cannot hold itself")
