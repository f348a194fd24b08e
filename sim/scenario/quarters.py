"""Calendar quarters, written as 2025Q1."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PATTERN = re.compile(r"(19|20)\d\dQ[1-4]")


@dataclass(frozen=True, order=True)
class Quarter:
    """A calendar quarter, counted as ``4 year + quarter - 1``."""

    index: int

    @classmethod
    def parse(cls, text: str) -> Quarter:
        """Read ``2025Q1``.

        Raises
        ------
        ValueError
            The text is not a quarter.
        """
        if not _PATTERN.fullmatch(text):
            raise ValueError("a quarter such as 2025Q1")
        return cls(4 * int(text[:4]) + int(text[5]) - 1)

    def __str__(self) -> str:
        return f"{self.index // 4}Q{self.index % 4 + 1}"
