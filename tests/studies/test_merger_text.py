"""How a study of a static market is put: groups of buyers, amounts, verdicts."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.kernels.deviations import Audit
from sim.kernels.equilibrium import Equilibrium
from sim.studies.merger_deal_text import by_price_coefficient
from sim.studies.merger_numbers import change, money
from sim.studies.merger_text import verdict

FOUND = Equilibrium(np.ones(2), np.ones(2) / 3, True, 1e-15, 2e-15, 7, 0, True)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), types=st.integers(1, 60))
def test_fifths_hold_every_type_once_and_the_least_sensitive_first(seed, types):
    rng = np.random.default_rng(seed)
    alpha, weights = rng.uniform(1.0, 9.0, types), rng.uniform(0.5, 1.5, types)
    groups = by_price_coefficient(alpha, weights, 5)
    assert sorted(np.concatenate(groups)) == list(range(types))
    for lower, upper in pairwise(groups):
        assert alpha[lower].max() <= alpha[upper].min()
    # A type heavier than a fifth may leave none for the next one.
    if weights.max() < 0.2 * weights.sum():
        assert len(groups) == 5
        whole = [weights[group].sum() / weights.sum() for group in groups]
        # A type belongs to one fifth: each may be out by half the weight at either end.
        assert np.abs(np.array(whole) - 0.2).max() <= weights.max() / weights.sum()


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([0.0441, 0.0328], ["0.04410", "0.03280"]),
        ([25_000.0, 18_000.0], ["25,000", "18,000"]),
        ([1.5, -2.25], ["1.500", "−2.250"]),
        ([np.nan, 0.0], ["–", "0.00"]),
    ],
)
def test_amounts_show_four_figures_whatever_their_unit(values, shown):
    assert money(np.array(values)) == shown


def test_changes_are_signed_and_nothing_has_none():
    assert change(2.0, 2.1) == "+5.00 %"
    assert change(2.0, 1.9) == "−5.00 %"
    assert change(0.0, 1.0) == "–"


def test_verdicts_say_what_is_wrong():
    names = ("here", "there")
    audit = Audit(np.array([0.0, 0.21]), np.array([1.0, 7.5]), False, 1)
    assert "NOT Nash: its firm gains 21.00 % by repricing there to 7.500" in verdict(
        FOUND, names, audit
    )
    assert "no price far away gains" in verdict(
        FOUND, names, Audit(np.zeros(2), np.ones(2), True, 0)
    )
    steep = Equilibrium(np.ones(2), np.ones(2) / 3, True, 0.0, 0.0, 7, 0, False, 1)
    assert "NOT a local best reply: there" in verdict(steep, names)
    lost = Equilibrium(np.ones(2), np.ones(2) / 3, False, 0.01, 0.5, 9, 1)
    assert verdict(lost, names).startswith("NOT FOUND after 9 evaluations: step 1.0e-02")
    assert "worst there; no numbers are shown" in verdict(lost, names)
    few = Equilibrium(np.ones(2), np.array([1e-50, 0.3]), True, 0.0, 0.0, 7, 0, unpriced=(0,))
    assert "so few buy here that no price of theirs can be told" in verdict(few, names)
    assert "so few buy" not in verdict(FOUND, names)
