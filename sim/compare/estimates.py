"""From pairs to the numbers of one row: levels, difference, interval, p and counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim import stats
from sim.compare.pairs import Pairs

FloatArray = NDArray[np.float64]
NAN = float("nan")


def share_interval(yes: int, total: int) -> tuple[float, float]:
    return stats.wilson(yes, total)


def mean_interval(values: FloatArray) -> tuple[float, float, float]:
    return stats.mean_interval(values)


def share_of(values: FloatArray) -> dict[str, float]:
    yes, total = int(values.sum()), len(values)
    low, high = share_interval(yes, total)
    return {"value": yes / total if total else NAN, "low": low, "high": high, "n": total}


def estimate(pairs: Pairs, *, yes_no: bool) -> dict[str, float]:
    first, second, change = pairs.baseline, pairs.arm, pairs.differences
    n = pairs.count
    if yes_no:
        b0 = share_of(first)
        a0 = share_of(second)
        bl = (b0["value"], b0["low"], b0["high"])
        al = (a0["value"], a0["low"], a0["high"])
        both = int((first * second).sum())
        fo = int((first * (1 - second)).sum())
        so = int((second * (1 - first)).sum())
        if n:
            lo, hi = stats.newcombe_paired(both, fo, so, n - both - fo - so)
        else:
            lo, hi = NAN, NAN
        d = (change.mean() if n else NAN, lo, hi)
        p = stats.mcnemar_exact(so, fo)
        rl, rh = pairs.range_if_failed()
    else:
        bl, al, d = (mean_interval(x) for x in (first, second, change))
        p = stats.t_test(change)
        rl = rh = NAN
    vr = NAN
    if n > 1 and first.var() + second.var() > 0 and change.any():
        vr = change.var() / (first.var() + second.var())
    return dict(
        baseline_value=bl[0],
        baseline_low=bl[1],
        baseline_high=bl[2],
        value=al[0],
        value_low=al[1],
        value_high=al[2],
        difference=d[0],
        difference_low=d[1],
        difference_high=d[2],
        p=p,
        higher=int((change > 0).sum()),
        lower=int((change < 0).sum()),
        same=int((change == 0).sum()),
        pairs=n,
        failed_pairs=pairs.failed,
        range_low=rl,
        range_high=rh,
        variance_ratio=vr,
    )
