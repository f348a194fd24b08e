"""A short scenario: two years of the shipped one, in three arms."""

import pytest

from sim.scenario import load
from sim.scenario.scenario import Scenario

SHIPPED = "scenarios/faw_leapmotor.yaml"


@pytest.fixture(scope="session")
def short() -> Scenario:
    """Two years of the founding case."""
    return load(SHIPPED, ["horizon.quarters=8", "arms.mou=null", "arms.merger=null"])
