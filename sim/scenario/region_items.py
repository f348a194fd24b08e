"""What the model knows of a region abroad, and of a firm there, by name.

Every number of a region is illustrative: the word stands beside each of them wherever it is
shown.
"""

from __future__ import annotations

# The word beside every number of a region.
ILLUSTRATIVE = "illustrative"

# Numbers of a region, each in ``regions.csv`` of the market; a scenario may override them.
REGION_NUMBERS = (
    "market_units", "nev_units", "local_price", "income", "vat", "dealer_margin", "basic_duty",
    "logistics_cny", "export_share", "reach", "market_growth", "acceptance_drift",
    "reach_quarters",
)  # fmt: skip

# Numbers of a firm in a region with their bounds; ``region_firms.csv``, or what the comment says.
REGION_FIRM_BOUNDS: dict[str, tuple[float, float]] = {
    "export_share": (0.0, 1.0),  # else that of the region
    "bev_share": (0.0, 1.0),  # else that of its cars at home
    "reach": (1e-6, 1.0),  # else that of the region
    "duty": (0.0, 10.0),  # else none
    "reach_goal": (1e-6, 1.0),  # else as in the base year
    "channel": (0.0, 1.0),  # else none
    "partner_share": (0.0, 0.95),  # else none
    "rights": (0.0, 1.0),  # else it may sell
    "exclusive": (0.0, 1.0),  # else not
}
REGION_FIRM_ITEMS = tuple(REGION_FIRM_BOUNDS)
# Values that calibration must meet again when they change.
REGION_FIRM_STRUCTURAL = frozenset({"export_share", "bev_share", "reach"})
# Items that are yes or no.
REGION_FIRM_FLAGS = frozenset({"rights", "exclusive"})
