"""All random numbers of one replicate, drawn before the first period.

Streams are named by purpose and by firm, line or contract, so a new firm, a new contract
or another order shifts nobody else's draws (common random numbers).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim.luck import LuckBook

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Luck:
    """Standard normal and uniform draws; their sizes are settings.

    T quarters, F firms, J lines. ``contract`` maps a contract's stream name to (T,).
    """

    firm: FloatArray  # (T, F) normal, lasting shock to a brand
    passing: FloatArray  # (T, F) normal, shock to a brand that fades
    line: FloatArray  # (T, J) normal, lasting shock to a line
    launch: FloatArray  # (T, J) uniform, whether a launch falls in this quarter
    hit: FloatArray  # (T, J) normal, how well the launch does
    battery: FloatArray  # (T,) normal, shock to the battery price
    equity: FloatArray  # (T, F) uniform, whether the market takes up an issue
    book: LuckBook
    quarters: int
    firms: tuple[str, ...]
    lines: tuple[str, ...]

    @cached_property
    def conduct(self) -> FloatArray:
        """(T, J) uniform draws of the lines, for rules of conduct that need luck."""
        return self.book.uniform("conduct", self.lines, self.quarters)

    @cached_property
    def project(self) -> FloatArray:
        """(T, F) uniform, whether the research of a quarter succeeds."""
        return self.book.uniform("project", self.firms, self.quarters)

    def contract(self, stream: str) -> FloatArray:
        """Uniform draws (T,) of one contract, named by its members and kind."""
        return self.book.uniform("contract", (stream,), self.quarters)[:, 0]


def draw_luck(
    firms: tuple[str, ...],
    lines: tuple[str, ...],
    quarters: int,
    seed: int,
    replicate: int,
    *,
    antithetic: bool = False,
) -> Luck:
    """Draw the luck of one replicate; the same for every arm and design point.

    With ``antithetic`` replicates 2k and 2k + 1 are mirror images.
    """
    book = LuckBook(seed, replicate, antithetic)
    return Luck(
        firm=book.normal("firm", firms, quarters),
        passing=book.normal("passing", firms, quarters),
        line=book.normal("line", lines, quarters),
        launch=book.uniform("launch", lines, quarters),
        hit=book.normal("hit", lines, quarters),
        battery=book.normal("battery", ("market",), quarters)[:, 0],
        equity=book.uniform("equity", firms, quarters),
        book=book,
        quarters=quarters,
        firms=firms,
        lines=lines,
    )
