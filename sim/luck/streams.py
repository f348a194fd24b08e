"""Counter-based random streams addressed by name.

Two runs are comparable draw by draw only if a new firm, contract or purpose leaves every other
draw where it was. So nothing here is shared between streams: each is keyed by its own name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

LARGEST_UNIFORM = 1.0 - 2.0**-53
KEY_BYTES = 16  # a Philox-4x64 key has 128 bits


@dataclass(frozen=True)
class LuckBook:
    """All luck of one replicate.

    The stream of (seed, replicate, purpose, name) is Philox (Salmon et al. 2011, "Parallel random
    numbers: as easy as 1, 2, 3") keyed by 128 bits of BLAKE2b of the four. A longer horizon
    continues each stream; its first quarters stay as they were.

    Antithetic luck (Hammersley & Morton 1956, Mathematical Proceedings of the Cambridge
    Philosophical Society 52, 449-475) comes in couples: replicates 2k and 2k + 1 draw from the
    streams of 2k, the second one mirrored. Each has the distribution that it has alone.

    Parameters
    ----------
    seed
        Seed of the batch.
    replicate
        Number of the replicate; the same in every arm and design point.
    antithetic
        Whether replicates come in couples.
    """

    seed: int
    replicate: int
    antithetic: bool = False

    @property
    def mirrored(self) -> bool:
        """Whether this is the second replicate of a couple."""
        return self.antithetic and self.replicate % 2 == 1

    def stream(self, purpose: str, name: str) -> np.random.Generator:
        """Generator of one purpose and name, at its beginning; a couple shares it."""
        replicate = int(self.replicate) - int(self.mirrored)
        text = json.dumps([int(self.seed), replicate, purpose, name])
        digest = hashlib.blake2b(text.encode("utf-8"), digest_size=KEY_BYTES).digest()
        return np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))

    def normal(self, purpose: str, names: Sequence[str], quarters: int) -> FloatArray:
        """Standard normal draws, shape (quarters, len(names)); column i belongs to names[i]."""
        draws = self._columns(
            purpose, names, quarters, lambda stream: stream.standard_normal(quarters)
        )
        return -draws if self.mirrored else draws

    def uniform(self, purpose: str, names: Sequence[str], quarters: int) -> FloatArray:
        """Draws uniform on [0, 1), shape (quarters, len(names)); column i belongs to names[i]."""
        draws = self._columns(purpose, names, quarters, lambda stream: stream.random(quarters))
        # Draws are whole multiples of 2^-53 below 1, and so are these, each as often.
        return LARGEST_UNIFORM - draws if self.mirrored else draws

    def _columns(
        self,
        purpose: str,
        names: Sequence[str],
        quarters: int,
        draw: Callable[[np.random.Generator], FloatArray],
    ) -> FloatArray:
        draws = np.empty((quarters, len(names)))
        for column, name in enumerate(names):
            draws[:, column] = draw(self.stream(purpose, name))
        return draws
