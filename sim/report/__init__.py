"""Figures and the page, drawn from the rows of a batch without the model."""

from sim.report.write import write_report

__all__ = ["write_report"]
