"""Scenarios: untrusted text to validated settings; the one reader of YAML and market tables."""

from sim.scenario.load import load
from sim.scenario.scenario import Point, Scenario

__all__ = ["Point", "Scenario", "load"]
