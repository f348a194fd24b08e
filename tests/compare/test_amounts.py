import math

import pytest

from sim.compare import amounts


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (110_000.0, "¥110k"),
        (3.2e9, "¥3.2bn"),
        (-3.2e9, "−¥3.2bn"),
        (999_499.0, "¥999k"),
        (999_999.0, "¥1.0m"),
        (99.96e9, "¥100bn"),
        (0.0, "¥0"),
        (-0.2, "¥0"),
        (math.nan, "–"),
    ],
)
def test_money(value: float, said: str) -> None:
    assert amounts.money(value) == said


def test_units_of_the_design() -> None:
    assert amounts.scaled(293_724) == "294k"


@pytest.mark.parametrize(
    ("value", "said"), [(0.031, "+3.1"), (-0.031, "−3.1"), (0.0, "0.0"), (-0.0001, "0.0")]
)
def test_points_are_signed_and_zero_is_not(value: float, said: str) -> None:
    assert amounts.points(value) == said


def test_a_p_value_is_never_zero() -> None:
    assert amounts.probability(1e-12) == "<0.001"
    assert amounts.probability(0.0991) == "0.099"
    assert amounts.probability(0.0999) == "0.10"
