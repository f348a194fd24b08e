"""The loop gain of learning: whether a car sold for what it teaches sells ever more cars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.calibration.calibrate import LEARNING_HORIZON, Calibration
from sim.errors import CalibrationError
from sim.kernels.demand import Demand
from sim.kernels.equilibrium import solve_prices
from sim.kernels.game import PriceGame
from sim.kernels.learning import discounts_ahead, learning_values
from sim.scenario.world import WorldSettings

FloatArray = NDArray[np.float64]

STEP = 1e-3  # of a firm's unit cost, by which its value of learning is moved to either side


@dataclass(frozen=True)
class LoopGain:
    """How a quarter's values of learning move the next quarter's.

    Attributes
    ----------
    matrix
        (F, F) ``dL_h(next) / dL_f`` at the base year, all firms' prices in equilibrium.
    total
        Its spectral radius: below one a disturbance dies out.
    """

    matrix: FloatArray
    total: float

    @property
    def own(self) -> FloatArray:
        """(F,) gain of each firm's own loop."""
        return np.diag(self.matrix)


def loop_gain(calibration: Calibration, settings: WorldSettings) -> LoopGain:
    """Loop gain of learning in the base year (equation 3.7a).

    One yuan more of learning value lowers prices, sells more cars and so raises what a car
    teaches; the other firms answer. Central differences of price equilibria.

    Raises
    ------
    CalibrationError
        A price equilibrium beside the base year's was not found.
    """
    industry = calibration.industry
    size = len(industry.firms)
    theta = np.full((size, size), settings.costs.industry_spillover)
    np.fill_diagonal(theta, 1.0)
    volume = industry.by_firm(industry.units)
    glider = industry.by_firm(industry.units * calibration.glider) / volume
    discounts = discounts_ahead(industry.discount, LEARNING_HORIZON)
    elasticity = float(-np.log2(1.0 - settings.calibration.vehicle_learning))
    other = np.diag(calibration.revealed - calibration.taught)

    def learnt(learning: FloatArray) -> FloatArray:
        game = PriceGame(
            demand=Demand(
                delta=calibration.quality,
                mu=calibration.types.taste,
                alpha=calibration.alpha,
                weights=calibration.types.weights,
                outside=np.zeros(len(calibration.alpha)),
            ),
            costs=calibration.cost,
            firm_of=industry.firm_of,
            kappa=calibration.kappa,
            shadow=(calibration.kappa * learning) @ theta + other,
            net_share=industry.net_share,
        )
        found = solve_prices(game, industry.price, second_order=False)
        if not found.converged:
            raise CalibrationError(
                f"loop gain: prices did not converge, residual {found.residual:.1e}"
            )
        units = industry.by_firm(found.shares * industry.market_size)
        return learning_values(
            units + industry.exports, industry.experience, glider, elasticity, discounts, theta
        )

    matrix = np.zeros((size, size))
    for firm in range(size):
        step = np.zeros(size)
        step[firm] = STEP * calibration.unit_cost[firm]
        above, below = learnt(calibration.learning + step), learnt(calibration.learning - step)
        matrix[:, firm] = (above - below) / (2.0 * step[firm])
    return LoopGain(matrix=matrix, total=float(np.abs(np.linalg.eigvals(matrix)).max()))
