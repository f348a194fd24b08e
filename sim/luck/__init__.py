"""Named random streams: the same name is the same luck, whoever else draws."""

from sim.luck.streams import LuckBook

__all__ = ["LuckBook"]
