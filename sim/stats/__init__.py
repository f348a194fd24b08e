"""Intervals and tests as pure functions of arrays: shares, pairs, means, curves, precision."""

from sim.stats.bands import Band, mean_band, quantile_band, survival_band
from sim.stats.best import Best, find_best
from sim.stats.bootstrap import SEED, bootstrap_interval
from sim.stats.boxes import Box, Fit, find_box, fit
from sim.stats.couples import (
    couple_means,
    couple_paired_shares,
    couple_share,
    couple_sign_test,
    couple_variance_ratio,
    mirror_ratio,
)
from sim.stats.effects import Morris, elementary_effects, morris
from sim.stats.intervals import LEVEL, Estimate, Interval
from sim.stats.means import mean_interval, quantile_interval, t_test
from sim.stats.pairing import (
    replicates_for_mean,
    replicates_for_paired_shares,
    replicates_for_share,
    variance_ratio,
)
from sim.stats.proportions import clopper_pearson, rule_of_three, share_interval, wilson
from sim.stats.ranking import (
    Selection,
    kim_nelson,
    rank_ranges,
    rinott_constant,
    rinott_sizes,
)
from sim.stats.stopping import (
    More,
    more_for_couples,
    more_for_mean,
    more_for_paired_shares,
    more_for_share,
)
from sim.stats.yes_no_pairs import (
    PairCounts,
    count_pairs,
    mcnemar_exact,
    newcombe_paired,
    paired_shares,
    pairs_won,
    tango,
)

__all__ = [
    "LEVEL",
    "SEED",
    "Band",
    "Best",
    "Box",
    "Estimate",
    "Fit",
    "Interval",
    "More",
    "Morris",
    "PairCounts",
    "Selection",
    "bootstrap_interval",
    "clopper_pearson",
    "count_pairs",
    "couple_means",
    "couple_paired_shares",
    "couple_share",
    "couple_sign_test",
    "couple_variance_ratio",
    "elementary_effects",
    "find_best",
    "find_box",
    "fit",
    "kim_nelson",
    "mcnemar_exact",
    "mean_band",
    "mean_interval",
    "mirror_ratio",
    "more_for_couples",
    "more_for_mean",
    "more_for_paired_shares",
    "more_for_share",
    "morris",
    "newcombe_paired",
    "paired_shares",
    "pairs_won",
    "quantile_band",
    "quantile_interval",
    "rank_ranges",
    "replicates_for_mean",
    "replicates_for_paired_shares",
    "replicates_for_share",
    "rinott_constant",
    "rinott_sizes",
    "rule_of_three",
    "share_interval",
    "survival_band",
    "t_test",
    "tango",
    "variance_ratio",
    "wilson",
]
