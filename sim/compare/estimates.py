"""From pairs to the numbers of one row: levels, difference, interval, p and counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim import stats
from sim.compare.pairs import Pairs, complete_couples

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


def share_of(
    values: FloatArray, replicates: NDArray[np.int64], *, antithetic: bool
) -> dict[str, float]:
    """Share of ones among yes/no values (N,) with its interval: ``value, low, high, n``.

    Parameters
    ----------
    values, replicates
        Outcome and replicate of each run, replicates ascending.
    antithetic
        Whether replicates come in couples; then only complete couples count.
    """
    if antithetic:
        whole = complete_couples(replicates)
        share = stats.couple_share(values[whole])
        return {**share._asdict(), "n": int(whole.sum())}
    yes, total = int(values.sum()), len(values)
    low, high = stats.share_interval(yes, total)
    return {"value": yes / total if total else NAN, "low": low, "high": high, "n": total}


class _Summary(NamedTuple):
    """What a sample of pairs says; ``observations`` are independent of each other."""

    before: stats.Estimate
    after: stats.Estimate
    difference: stats.Estimate
    p: float
    ratio: float
    observations: int


def estimate(pairs: Pairs, *, yes_no: bool) -> dict[str, float]:
    """Summarise pairs: the numbers of a row of :func:`sim.compare.compare_arms`.

    Parameters
    ----------
    pairs
        Values of one measure in the baseline and in an arm. Where they are antithetic, values
        and intervals are of complete couples.
    yes_no
        Values are ones and zeros: shares, Tango's interval and exact McNemar; else means, the
        t interval and the paired t-test. Couples: the same on their means, and for yes/no the
        exact sign test over couples and intervals at the effective number of pairs
        (:mod:`sim.stats.couples`).
    """
    kept = pairs.in_couples() if pairs.antithetic else pairs
    found = (_of_couples if pairs.antithetic else _of_pairs)(kept, yes_no=yes_no)
    change = kept.differences
    reach = pairs.range_if_failed() if yes_no else (NAN, NAN)
    return {
        "baseline_value": found.before.value,
        "baseline_low": found.before.low,
        "baseline_high": found.before.high,
        "value": found.after.value,
        "value_low": found.after.low,
        "value_high": found.after.high,
        "difference": found.difference.value,
        "difference_low": found.difference.low,
        "difference_high": found.difference.high,
        "p": found.p,
        "higher": int((change > 0.0).sum()),
        "lower": int((change < 0.0).sum()),
        "same": int((change == 0.0).sum()),
        "pairs": pairs.count,
        "failed_pairs": pairs.failed,
        "observations": found.observations,
        "range_low": reach[0],
        "range_high": reach[1],
        # Arms that never differ say nothing of what pairing saves.
        "variance_ratio": found.ratio if change.any() else NAN,
        "mirror_ratio": stats.mirror_ratio(change) if pairs.antithetic else NAN,
    }


def _of_pairs(pairs: Pairs, *, yes_no: bool) -> _Summary:
    ratio = stats.variance_ratio(pairs.baseline, pairs.arm)
    if not yes_no:
        before, after, difference = (
            stats.mean_interval(values) for values in (pairs.baseline, pairs.arm, pairs.differences)
        )
        p = stats.t_test(pairs.differences)
        return _Summary(before, after, difference, p, ratio, pairs.count)
    counts = stats.count_pairs(pairs.baseline, pairs.arm)
    before, after = (
        stats.Estimate(
            float(values.mean()) if len(values) else NAN,
            *stats.share_interval(int(values.sum()), len(values)),
        )
        for values in (pairs.baseline, pairs.arm)
    )
    p = stats.mcnemar_exact(counts.first_only, counts.second_only)
    return _Summary(before, after, stats.paired_shares(*counts), p, ratio, pairs.count)


def _of_couples(pairs: Pairs, *, yes_no: bool) -> _Summary:
    ratio = stats.couple_variance_ratio(pairs.baseline, pairs.arm)
    count = pairs.count // 2
    if yes_no:
        before, after = stats.couple_share(pairs.baseline), stats.couple_share(pairs.arm)
        difference = stats.couple_paired_shares(pairs.differences)
        p = stats.couple_sign_test(pairs.differences)
        return _Summary(before, after, difference, p, ratio, count)
    before, after, difference = (
        stats.mean_interval(stats.couple_means(values))
        for values in (pairs.baseline, pairs.arm, pairs.differences)
    )
    p = stats.t_test(stats.couple_means(pairs.differences))
    return _Summary(before, after, difference, p, ratio, count)
