"""Calibration from little: logit or nested logit from prices, shares and a few other numbers.

Observed shares give mean utilities in closed form (Berry 1994), and the first-order conditions
give every margin once the price coefficient, the outside share and the nesting parameters are
known. Those few unknowns are found from margins (Lerner indices) of some products and the
elasticity of the market, by least squares where there are more data than unknowns; where the
data do not determine them, the calibration is refused with what is missing (equations 9.15 to
9.18 of ``sim/MODEL.md``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from sim.errors import CalibrationError
from sim.kernels.evidence import Evidence, check_evidence
from sim.kernels.ownership import product_weights

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

STARTS = (0.15, 0.4, 0.75)  # outside shares and nesting parameters that are tried first
EDGE = 18.0  # in logits: a share or rho beyond is at its bound
SAME_FIT = 1e-10
SMALLEST_RATIO = 1e-7  # of singular values, under which a direction is not determined
POLISH = 12
NESTING = "nesting parameter"


@dataclass(frozen=True)
class Datum:
    """One number that was to be matched: given, fitted, and the residual in its unit."""

    name: str
    product: int  # -1 for a datum of the market
    given: float
    fitted: float

    @property
    def residual(self) -> float:
        """Given less fitted."""
        return self.given - self.fitted


@dataclass(frozen=True, eq=False)
class Recovery:
    """A market recovered from little, with its verdict.

    Attributes
    ----------
    alpha, outside_share, rho
        Price coefficient, outside share, (H,) nesting parameters (None without nests).
    shares
        (J,) of the market, outside option included.
    delta
        (J,) mean utilities without price; the first one 0 in a closed market.
    margins
        (J,) money, from the first-order conditions; for a product at capacity as observed.
    costs
        (J,) marginal cost, money.
    capacity_cost
        (J,) scarcity rent of a product at capacity, money; 0 elsewhere.
    unknowns
        What was found from the data.
    data
        What was to be matched, each with its residual.
    degrees
        Data less unknowns: 0 exactly identified, above over-identified.
    gradient
        Largest derivative of the squared error that is left, relative to it.
    """

    alpha: float
    outside_share: float
    rho: FloatArray | None
    shares: FloatArray
    delta: FloatArray
    margins: FloatArray
    costs: FloatArray
    capacity_cost: FloatArray
    unknowns: tuple[str, ...]
    data: tuple[Datum, ...]
    degrees: int
    gradient: float

    @property
    def largest_residual(self) -> float:
        """Largest absolute residual; 0 without data."""
        return max((abs(datum.residual) for datum in self.data), default=0.0)


class _Model:
    """Margins and market elasticity as smooth functions of the unknowns.

    All arithmetic is analytic, so that a step along the imaginary axis gives derivatives to
    rounding (Squire & Trapp 1998).
    """

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.weights = product_weights(evidence.kappa, evidence.firm_of)
        self.inside = evidence.shares / evidence.shares.sum()
        nest_of = evidence.nest_of
        self.same = None if nest_of is None else nest_of[:, None] == nest_of[None, :]
        names = []
        if evidence.alpha is None:
            names.append("price coefficient")
        if evidence.outside_share is None:
            names.append("outside share")
        if nest_of is not None and evidence.rho is None:
            # Alone in its nest, a product says nothing of the nest's parameter.
            members = np.bincount(nest_of)
            together = np.flatnonzero(members > 1)
            if evidence.rho_by_nest:
                names += [f"{NESTING} of nest {nest}" for nest in together]
            elif len(together):
                names.append(NESTING)
        self.unknowns = tuple(names)
        free = np.isfinite(evidence.margins)
        if evidence.at_capacity is not None:
            free &= ~evidence.at_capacity
        self.products = np.flatnonzero(free)
        elasticity = evidence.market_elasticity
        given = [float(evidence.margins[j]) for j in self.products]
        self.given = np.array([*given, *([] if elasticity is None else [elasticity])])

    def parameters(self, point: Any) -> tuple[Any, Any, Any]:
        """Price coefficient, outside share and (H,) rho at a point of the search."""
        values = dict(zip(self.unknowns, point, strict=True))
        alpha, outside, rho = self.evidence.alpha, self.evidence.outside_share, self.evidence.rho
        if "price coefficient" in values:
            alpha = np.exp(values["price coefficient"])
        if "outside share" in values:
            outside = 1.0 / (1.0 + np.exp(-values["outside share"]))
        if self.evidence.nest_of is not None and rho is None:
            nests = range(int(self.evidence.nest_of.max()) + 1)
            found = [values.get(NESTING, values.get(f"{NESTING} of nest {h}")) for h in nests]
            rho = np.array([0.0 if x is None else 1.0 / (1.0 + np.exp(-x)) for x in found])
        return alpha, outside, rho

    def slopes(self, alpha: Any, share: Any, rho: Any) -> Any:
        """``ds_k / dp_j`` from shares alone (equation 9.16), (J, J)."""
        result = -np.outer(share, share)
        own = share
        if self.same is not None:
            steep = 1.0 / (1.0 - rho)
            nest_of = self.evidence.nest_of
            nest = self.same @ share
            within = np.outer(share, share / nest) * (steep - 1.0)[nest_of]
            result = result - np.where(self.same, within, 0.0)
            own = share * steep[nest_of]
        return -alpha * (result + np.diag(own))

    def markups(self, alpha: Any, outside: Any, rho: Any) -> Any:
        """Margins of the first-order conditions, (J,) money."""
        share = self.inside * (1.0 - outside)
        slopes = self.slopes(alpha, share, rho)
        return np.linalg.solve(self.weights * slopes, -self.evidence.net_share * share)

    def predict(self, point: Any) -> Any:
        """What the data should be, in their order."""
        alpha, outside, rho = self.parameters(point)
        prices = self.evidence.prices
        net = self.evidence.net_share * prices
        fitted = (self.markups(alpha, outside, rho) / net)[self.products]
        if self.evidence.market_elasticity is None:
            return fitted
        share = self.inside * (1.0 - outside)
        change = (self.slopes(alpha, share, rho) @ prices).sum() / share.sum()
        return np.append(fitted, change)

    def errors(self, point: FloatArray) -> FloatArray:
        """Fitted less given; the elasticity relative to what is given."""
        result: FloatArray = (self.predict(point) - self.given) / self.units
        return result

    @property
    def units(self) -> FloatArray:
        """Unit of each residual."""
        units = np.ones(len(self.given))
        if self.evidence.market_elasticity is not None:
            units[-1] = abs(self.evidence.market_elasticity)
        return units

    def slopes_of_errors(self, point: FloatArray) -> FloatArray:
        """Derivatives of the errors, exact to rounding."""
        columns = []
        for number in range(len(point)):
            moved = point.astype(np.complex128)
            moved[number] += 1e-30j
            columns.append(np.imag(self.predict(moved)) / 1e-30 / self.units)
        return np.array(columns).T.reshape(len(self.given), len(point))


def recover(evidence: Evidence) -> Recovery:
    """Recover a logit or nested-logit market from what is known of it (equation 9.17).

    Raises
    ------
    KernelInputError
        A number is not one of a market; the message names the product.
    CalibrationError
        The data do not determine the unknowns (with what is missing), contradict each other
        beyond an interior solution, or imply a cost that is not positive.
    """
    check_evidence(evidence)
    model = _Model(evidence)
    _count(model)
    point = np.zeros(0)
    gradient = 0.0
    if model.unknowns:
        point, gradient = _search(model)
    alpha, outside, rho = model.parameters(point)
    fitted = model.predict(point)
    names = [("margin", int(j)) for j in model.products]
    if evidence.market_elasticity is not None:
        names.append(("market elasticity", -1))
    data = tuple(
        Datum(name, product, float(given), float(found))
        for (name, product), given, found in zip(names, model.given, fitted, strict=True)
    )
    share = model.inside * (1.0 - outside)
    margins = model.markups(alpha, outside, rho)
    rent = np.zeros(len(share))
    if evidence.at_capacity is not None:
        full = evidence.at_capacity
        observed = evidence.margins * evidence.net_share * evidence.prices
        rent = np.where(full, observed - margins, 0.0)
        _refuse_where(rent < 0.0, rent, "scarcity rent", "a margin above the model's at capacity")
        margins = np.where(full, observed, margins)
    costs = evidence.net_share * evidence.prices - margins
    _refuse_where(costs <= 0.0, costs, "marginal cost", "buyers who react more to price")
    return Recovery(
        alpha=float(alpha),
        outside_share=float(outside),
        rho=None if rho is None else np.asarray(rho, dtype=np.float64),
        shares=share,
        delta=_utilities(evidence, float(alpha), float(outside), rho, share),
        margins=margins,
        costs=costs,
        capacity_cost=rent,
        unknowns=model.unknowns,
        data=data,
        degrees=len(data) - len(model.unknowns),
        gradient=gradient,
    )


def _refuse_where(wrong: BoolArray, values: FloatArray, name: str, needed: str) -> None:
    if wrong.any():
        worst = int(np.argmax(wrong))
        raise CalibrationError(
            f"{name} of product {worst} would be {values[worst]:.6g}: the data ask for {needed}"
        )


def _utilities(
    evidence: Evidence, alpha: float, outside: float, rho: Any, share: FloatArray
) -> FloatArray:
    """Mean utilities without price (equation 9.15; Berry 1994), (J,)."""
    delta = np.log(share) + alpha * evidence.prices
    if evidence.nest_of is not None:
        nest = np.bincount(evidence.nest_of, weights=share)[evidence.nest_of]
        delta -= rho[evidence.nest_of] * np.log(share / nest)
    result: FloatArray = delta - (np.log(outside) if outside > 0.0 else delta[0])
    return result


def _search(model: _Model) -> tuple[FloatArray, float]:
    """Least squares from several starts; the one best point, and the gradient left there."""
    found: list[tuple[float, FloatArray]] = []
    for start in _starts(model):
        solution = least_squares(
            model.errors, start, jac=model.slopes_of_errors, method="trf", x_scale="jac",
            xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=500,
        )
        found.append((float(2.0 * solution.cost), solution.x))
    least, best = min(found, key=lambda each: each[0])
    _refuse_edges(model, best)
    best = _polish(model, best)
    steep = model.slopes_of_errors(best)
    scale = np.linalg.svd(steep, compute_uv=False)
    if scale[-1] <= SMALLEST_RATIO * scale[0]:
        raise CalibrationError(
            f"the data do not determine {_listed(model.unknowns)} apart: the margins given say "
            "one and the same thing (products of one firm do, in a plain logit); missing is "
            f"{_missing(model)}"
        )
    for cost, other in found:
        alike = cost <= least + SAME_FIT * max(1.0, least)
        if alike and np.max(np.abs(other)) < EDGE and np.max(np.abs(other - best)) > 1e-3:
            raise CalibrationError(
                f"the data are met by more than one {_listed(model.unknowns)}; missing is "
                f"{_missing(model)}"
            )
    errors = model.errors(best)
    size = float(np.linalg.norm(errors))
    left = float(np.max(np.abs(steep.T @ errors))) / max(size, 1e-300) if size > 1e-12 else 0.0
    return best, left


def _starts(model: _Model) -> list[FloatArray]:
    evidence = model.evidence
    grids: list[FloatArray] = []
    size = float(evidence.prices @ model.inside)
    for outside in STARTS if evidence.outside_share is None else (evidence.outside_share,):
        for rho in STARTS if any(name.startswith(NESTING) for name in model.unknowns) else (0.0,):
            if len(model.products):
                j = int(model.products[0])
                rest = 1.0 - model.inside[j] * (1.0 - outside)
                net = evidence.margins[j] * evidence.prices[j]
                alpha = (1.0 - rho) / max(net * rest, 1e-12 * size)
            else:
                elasticity = evidence.market_elasticity
                alpha = abs(elasticity or 2.0) / (size * max(outside, 0.05))
            values = {
                "price coefficient": np.log(alpha),
                "outside share": np.log(outside / (1.0 - outside)) if outside else 0.0,
            }
            nesting = np.log(rho / (1.0 - rho)) if rho else 0.0
            grids.append(np.array([values.get(name, nesting) for name in model.unknowns]))
    return grids


def _polish(model: _Model, point: FloatArray) -> FloatArray:
    """Newton's steps on the gradient, which least squares leaves at the root of rounding."""

    def gradient(at: FloatArray) -> FloatArray:
        result: FloatArray = model.slopes_of_errors(at).T @ model.errors(at)
        return result

    best, size = point, float(np.max(np.abs(gradient(point))))
    for _ in range(POLISH):
        step = 1e-6
        base = [gradient(best + step * axis) - gradient(best - step * axis)
                for axis in np.eye(len(best))]
        curve = np.array(base).T / (2.0 * step)
        if not np.isfinite(curve).all() or np.linalg.matrix_rank(curve) < len(best):
            return best
        candidate = best - np.linalg.solve(curve, gradient(best))
        left = float(np.max(np.abs(gradient(candidate))))
        if not left < size:
            return best
        best, size = candidate, left
    return best


def _refuse_edges(model: _Model, point: FloatArray) -> None:
    for name, value in zip(model.unknowns, point, strict=True):
        if name != "price coefficient" and abs(value) > EDGE:
            bound = "0" if value < 0.0 else "1"
            advice = "state the nesting parameter, or no nests"
            if name == "outside share":
                advice = "state an outside share or a closed market, or drop a datum"
            raise CalibrationError(
                f"the data push the {name} to its bound {bound}, where nothing fits better: "
                f"{advice}"
            )


def _count(model: _Model) -> None:
    """Refuse too few data, and data that can say nothing."""
    evidence = model.evidence
    if evidence.outside_share == 0.0 and evidence.market_elasticity is not None:
        raise CalibrationError(
            "a closed market's sales do not react to prices: a market elasticity and no outside "
            "option contradict each other"
        )
    short = len(model.unknowns) - len(model.given)
    if short > 0:
        raise CalibrationError(
            f"under-identified: {_listed(model.unknowns)} unknown, {len(model.given)} "
            f"{'datum' if len(model.given) == 1 else 'data'} to find "
            f"{'it' if len(model.unknowns) == 1 else 'them'}; missing is {_missing(model)}"
        )


def _missing(model: _Model) -> str:
    ways = ["the margin of a product of another firm" if len(model.products) else
            "the margin of a product"]
    if model.evidence.market_elasticity is None and model.evidence.outside_share != 0.0:
        ways.append("the market elasticity")
    ways += [f"the {name}" for name in model.unknowns]
    return " or ".join(ways)


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
