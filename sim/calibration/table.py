"""The calibrated market as a table for people (``./run_sim.py calibrate``)."""

from __future__ import annotations

from sim.calibration.calibrate import Calibration

HEADINGS = (
    "firm",
    "share",
    "price",
    "elasticity",
    "static_markup",
    "observed_markup",
    "revealed",
    "learning",
    "idle",
    "war",
    "conduct",
)
UNITS = "share in % of electric cars; money in thousand CNY a car, net of tax but the price paid"


def rows(calibration: Calibration) -> list[tuple[str | float, ...]]:
    """One row a firm: shares of electric sales in %, money in thousand CNY a car, net.

    The price is what the buyer pays; the elasticity is the volume-weighted own elasticity
    of the firm's lines. ``revealed = learning + idle + war - conduct``.
    """
    industry = calibration.industry
    units = industry.by_firm(industry.units)
    price = industry.by_firm(industry.units * industry.price) / units
    elasticity = industry.by_firm(industry.units * calibration.own_elasticity) / units
    share = 100.0 * units / units.sum()
    thousand = 1e-3
    return [
        (
            industry.firms[f],
            float(share[f]),
            float(price[f] * thousand),
            float(elasticity[f]),
            float(calibration.static_markup[f] * thousand),
            float(calibration.observed_markup[f] * thousand),
            float(calibration.revealed[f] * thousand),
            float(calibration.taught[f] * thousand),
            float(calibration.idle[f] * thousand),
            float(calibration.war[f] * thousand),
            float(calibration.conduct[f] * thousand),
        )
        for f in range(len(industry.firms))
    ]
