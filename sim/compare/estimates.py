"""From pairs to the numbers of one row: levels, difference, interval, p and counts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim import stats
from sim.compare.pairs import Pairs

FloatArray = NDArray[np.float64]
NAN = float("nan")


def effect_of(row: Mapping[str, float] | pd.Series[float]) -> int:
    """Sign of an effect that may be claimed: 1, -1, or 0 where nothing may.

    The 95 % interval of the paired difference leaves out zero and the test agrees (p under
    0.05). For amounts the two say the same; for yes/no outcomes the score interval alone would
    claim an effect from five pairs, where McNemar's exact p is 0.06.
    """
    if not row["p"] < 0.05:
        return 0
    return int(row["difference_low"] > 0.0) - int(row["difference_high"] < 0.0)


def share_of(values: FloatArray) -> dict[str, float]:
    """Share of ones among yes/no values (N,) with its interval: ``value, low, high, n``."""
    yes, total = int(values.sum()), len(values)
    low, high = stats.share_interval(yes, total)
    return {"value": yes / total if total else NAN, "low": low, "high": high, "n": total}


def estimate(pairs: Pairs, *, yes_no: bool) -> dict[str, float]:
    """Summarise pairs: the numbers of a row of :func:`sim.compare.compare_arms`.

    Parameters
    ----------
    pairs
        Values of one measure in the baseline and in an arm.
    yes_no
        Values are ones and zeros: shares, Tango's interval and exact McNemar; else means, the
        t interval and the paired t-test.
    """
    change = pairs.differences
    if yes_no:
        counts = stats.count_pairs(pairs.baseline, pairs.arm)
        levels = [
            stats.Estimate(share["value"], share["low"], share["high"])
            for share in (share_of(pairs.baseline), share_of(pairs.arm))
        ]
        difference = stats.paired_shares(*counts)
        p = stats.mcnemar_exact(counts.first_only, counts.second_only)
        reach = pairs.range_if_failed()
    else:
        levels = [stats.mean_interval(values) for values in (pairs.baseline, pairs.arm)]
        difference = stats.mean_interval(change)
        p = stats.t_test(change)
        reach = (NAN, NAN)
    before, after = levels
    return {
        "baseline_value": before.value,
        "baseline_low": before.low,
        "baseline_high": before.high,
        "value": after.value,
        "value_low": after.low,
        "value_high": after.high,
        "difference": difference.value,
        "difference_low": difference.low,
        "difference_high": difference.high,
        "p": p,
        "higher": int((change > 0.0).sum()),
        "lower": int((change < 0.0).sum()),
        "same": int((change == 0.0).sum()),
        "pairs": pairs.count,
        "failed_pairs": pairs.failed,
        "range_low": reach[0],
        "range_high": reach[1],
        # Arms that never differ say nothing of what pairing saves.
        "variance_ratio": stats.variance_ratio(pairs.baseline, pairs.arm) if change.any() else NAN,
    }
