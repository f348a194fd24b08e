"""The command line: one module a group of verbs, no logic of its own."""

from sim.cli.main import main

__all__ = ["main"]
