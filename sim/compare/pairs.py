"""Pairs: the same luck and the same point in two arms, and the pairs that a failure broke."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Pairs:
    """Values of one measure in the baseline and in an arm, replicate by replicate.

    Attributes
    ----------
    replicates
        (N,) replicates in which both runs gave a value, ascending.
    baseline, arm
        (N,) values of the two runs of each pair.
    baseline_alone
        (B,) values of the baseline where the arm's run failed.
    arm_alone
        (A,) values of the arm where the baseline's run failed.
    both_failed
        Pairs in which both runs failed.
    antithetic
        Whether replicates 2k and 2k + 1 are a couple of mirrored luck.
    """

    replicates: NDArray[np.int64]
    baseline: FloatArray
    arm: FloatArray
    baseline_alone: FloatArray
    arm_alone: FloatArray
    both_failed: int
    antithetic: bool = False

    @property
    def count(self) -> int:
        """Complete pairs, N."""
        return len(self.replicates)

    def in_couples(self) -> Pairs:
        """The pairs of which the other pair of the couple is complete too, couple by couple."""
        whole = complete_couples(self.replicates)
        return replace(
            self,
            replicates=self.replicates[whole],
            baseline=self.baseline[whole],
            arm=self.arm[whole],
        )

    @property
    def failed(self) -> int:
        """Pairs that lack at least one value."""
        return len(self.baseline_alone) + len(self.arm_alone) + self.both_failed

    @property
    def planned(self) -> int:
        """All pairs, complete or not."""
        return self.count + self.failed

    @property
    def differences(self) -> FloatArray:
        """(N,) arm minus baseline."""
        return self.arm - self.baseline

    def range_if_failed(self) -> tuple[float, float]:
        """Mean difference of a yes/no measure had every failed pair gone one way or the other.

        Where one run of a pair is known, it is kept; only the failed run goes both ways.

        Returns
        -------
        tuple of float
            Lowest and highest mean difference over all planned pairs.
        """
        known = float(self.differences.sum())
        lowest = known - float(self.baseline_alone.sum()) + float((self.arm_alone - 1.0).sum())
        highest = known + float((1.0 - self.baseline_alone).sum()) + float(self.arm_alone.sum())
        if self.planned == 0:
            return float("nan"), float("nan")
        return (
            (lowest - self.both_failed) / self.planned,
            (highest + self.both_failed) / self.planned,
        )


def complete_couples(replicates: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of some replicates (N,), ascending, have the other one of their couple beside them."""
    couple = replicates // 2
    found: NDArray[np.bool_] = np.isin(couple, couple[1:][couple[1:] == couple[:-1]])
    return found


def make_pairs(
    runs: pd.DataFrame,
    values: pd.Series[float],
    arm: str,
    baseline: str,
    *,
    antithetic: bool = False,
) -> Pairs:
    """Pair the runs of two arms at one point under one calibration.

    Parameters
    ----------
    runs
        Rows of the run table of one point and calibration: ``run``, ``replicate``, ``arm``,
        ``status``.
    values
        Value of the measure by run number; runs that failed are absent or NaN. A run that ended
        without a value has none to give (a firm that is not in the arm's market): its replicate
        is no pair, and no failed one either.
    arm, baseline
        Names of the two arms.
    antithetic
        Whether replicates come in couples of mirrored luck.
    """
    sides, without = {}, []
    for name in (baseline, arm):
        of_arm = runs.loc[runs["arm"] == name]
        found = values.reindex(of_arm["run"]).to_numpy(dtype=np.float64)
        ended = (of_arm["status"] == "ok").to_numpy(dtype=np.bool_)
        without.append(of_arm["replicate"].to_numpy(dtype=np.int64)[ended & np.isnan(found)])
        sides[name] = pd.Series(found, index=of_arm["replicate"].to_numpy(dtype=np.int64))
    planned = np.union1d(sides[baseline].index, sides[arm].index)
    planned = np.setdiff1d(planned, np.concatenate(without))
    first: FloatArray = np.asarray(sides[baseline].reindex(planned), dtype=np.float64)
    second: FloatArray = np.asarray(sides[arm].reindex(planned), dtype=np.float64)
    has_first, has_second = np.isfinite(first), np.isfinite(second)
    both = has_first & has_second
    return Pairs(
        replicates=planned[both].astype(np.int64),
        baseline=first[both],
        arm=second[both],
        baseline_alone=first[has_first & ~has_second],
        arm_alone=second[has_second & ~has_first],
        both_failed=int((~has_first & ~has_second).sum()),
        antithetic=antithetic,
    )
