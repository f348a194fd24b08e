"""Consumer types: quasi-random nodes of income and tastes.

Equation numbers refer to ``sim/MODEL.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from sim.calibration.industry import Industry
from sim.errors import CalibrationError
from sim.scenario.world import WorldSettings

FloatArray = NDArray[np.float64]

# The nodes are part of the model, not of luck: one fixed scrambling for every run.
NODE_SEED = 1995
LEAST_SHARE = 1e-3  # of a line's units, to either group of buyers


@dataclass(frozen=True)
class ConsumerTypes:
    """Nodes of the random-coefficients logit.

    Attributes
    ----------
    weights
        (I,) sums to one.
    price_shape
        (I,) price coefficient of each type relative to the scale, positive, median one.
    taste
        (I, J) deviation of utility from its mean, without price.
    income
        (I,) household income relative to its median.
    """

    weights: FloatArray
    price_shape: FloatArray
    taste: FloatArray
    income: FloatArray


def consumer_types(industry: Industry, settings: WorldSettings) -> ConsumerTypes:
    """Draw the nodes (equation 2.2).

    ``alpha_i = alpha y_i^-e`` with log-normal income y (Berry, Levinsohn & Pakes 1995 take
    e = 1), and normal tastes for electric cars, for a battery without engine, and for size.
    """
    from scipy.stats import qmc

    demand = settings.demand
    engine = qmc.Sobol(d=4, scramble=True, seed=NODE_SEED)
    # The sequence's first points, whatever their number: SciPy warns unless it is a power of two.
    drawn = engine.random_base2((demand.types - 1).bit_length())[: demand.types]
    nodes = ndtri(np.clip(drawn, 1e-12, 1.0 - 1e-12))
    nodes = (nodes - nodes.mean(axis=0)) / nodes.std(axis=0)
    income = np.exp(demand.income_sigma * nodes[:, 0])
    taste = (
        demand.taste_electric_sd * nodes[:, 1][:, None]
        + demand.taste_plug_sd * nodes[:, 2][:, None] * industry.plug[None, :]
        + demand.taste_size_sd * nodes[:, 3][:, None] * industry.size[None, :]
    )
    types = ConsumerTypes(
        weights=np.full(demand.types, 1.0 / demand.types),
        price_shape=income**-demand.income_exponent,
        taste=np.ascontiguousarray(taste),
        income=income,
    )
    return _with_fleets(types, industry, settings) if demand.fleet_buyers > 0.0 else types


def _with_fleets(
    types: ConsumerTypes, industry: Industry, settings: WorldSettings
) -> ConsumerTypes:
    """Private buyers, and after them fleets with a taste for the lines they bought (2.8).

    Raises
    ------
    CalibrationError
        Fleets or private buyers would have bought more cars than there are buyers of them.
    """
    part, factor = settings.demand.fleet_buyers, settings.demand.fleet_price_factor
    # A line that one group never buys would have no taste to state.
    fleet = np.clip(industry.fleet_share, LEAST_SHARE, 1.0 - LEAST_SHARE)[industry.firm_of]
    odds = []
    for name, size, share in (("fleets", part, fleet), ("private buyers", 1.0 - part, 1.0 - fleet)):
        bought = share * industry.units / (size * industry.market_size)
        if bought.sum() >= 1.0:
            raise CalibrationError(
                f"demand.fleet_buyers: {part:g} of all buyers leave too few {name} for the cars "
                "they bought"
            )
        odds.append(np.log(bought / (1.0 - bought.sum())))
    group_taste = odds[0] - odds[1]
    return ConsumerTypes(
        weights=np.concatenate([(1.0 - part) * types.weights, part * types.weights]),
        price_shape=np.concatenate([types.price_shape, factor * types.price_shape]),
        taste=np.vstack([types.taste, types.taste + group_taste]),
        income=np.tile(types.income, 2),
    )
