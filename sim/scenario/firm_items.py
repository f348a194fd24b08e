"""Figures of a firm that the model reads, and where they have sense."""

from __future__ import annotations

import math

# Figures of a firm that the model reads; the tables hold others, from which these were derived.
FIRM_ITEMS = (
    "exports",
    "export_growth",
    "export_margin",
    "experience_units",
    "capacity_units",
    "gross_margin",
    "depreciation_share",
    "variable_selling_share",
    "warranty_share",
    "dealer_margin",
    "rd",
    "fixed_cost",
    "interest",
    "other_business",
    "cash_share",
    "cash",
    "debt",
    "credit_line",
    "state_backstop",
    "owner_support",
    "launches_per_year",
    "payable_days",
    "receivable_days",
    "inventory_days",
    "discount_rate",
    "survival_expected",
    "fleet_share",
)
# Where a figure has no sense beyond them: bounds, both included.
FIRM_BOUNDS: dict[str, tuple[float, float]] = {
    **dict.fromkeys(
        ("exports", "rd", "fixed_cost", "cash", "debt", "credit_line", "state_backstop",
         "owner_support", "launches_per_year"),
        (0.0, math.inf),
    ),
    **dict.fromkeys(("experience_units", "capacity_units"), (1.0, math.inf)),
    **dict.fromkeys(("payable_days", "receivable_days", "inventory_days"), (0.0, 360.0)),
    **dict.fromkeys(
        ("depreciation_share", "variable_selling_share", "warranty_share", "cash_share",
         "survival_expected", "fleet_share"),
        (0.0, 1.0),
    ),
    **dict.fromkeys(("gross_margin", "export_margin"), (-2.0, 0.95)),
    "dealer_margin": (0.0, 0.9),
    "discount_rate": (0.0, 1.0),
    "export_growth": (-1.0, 10.0),
}  # fmt: skip
