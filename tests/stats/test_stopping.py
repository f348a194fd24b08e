"""Stopping when an interval is narrow enough leaves its coverage nearly whole."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import stats
from sim.stats.stopping import LEAST

FLOOR = 0.93
TRIALS = 1500
SIZES = (10, 20, 200)
BLOCK = 10
MOST = 100_000


def lowest(trials=TRIALS):
    """The floor less three standard errors of the simulation itself."""
    return FLOOR - 3.0 * math.sqrt(FLOOR * (1.0 - FLOOR) / trials)


def until_met(look, draw, first):
    """Add blocks as told until the wish is met; return the last look and the sizes seen."""
    data, sizes = draw(first), [first]
    more = look(data)
    while more.replicates:
        data = np.concatenate([data, draw(more.replicates)])
        sizes.append(len(data))
        more = look(data)
    return more, sizes


@pytest.mark.parametrize("first", SIZES)
@pytest.mark.parametrize("ratio", [1.2, 3.0])
def test_a_mean_is_covered_after_stopping(first, ratio):
    generator = np.random.default_rng([first, int(10 * ratio)])
    wish = 1.96 / math.sqrt(first * ratio)
    trials = TRIALS if first < 200 else 500
    inside, looks = 0, []
    for _ in range(trials):
        more, sizes = until_met(
            lambda data: stats.more_for_mean(data, wish, block=BLOCK, most=MOST),
            generator.standard_normal,
            first,
        )
        assert more.met
        assert more.half_width <= wish
        inside += more.estimate.low <= 0.0 <= more.estimate.high
        looks.append(len(sizes))
    assert lowest(trials) <= inside / trials < 0.99
    assert np.mean(looks) < 5.0


# A survival of 0, 5 and 50 %.
@pytest.mark.parametrize("first", SIZES)
@pytest.mark.parametrize("odds", [0.0, 0.05, 0.5])
def test_a_share_is_covered_after_stopping(first, odds):
    generator = np.random.default_rng([first, int(100 * odds)])
    low, high = stats.share_interval(round(odds * first), first)
    wish = (high - low) / 2.0 / math.sqrt(2.0)
    trials = 600
    inside = 0
    for _ in range(trials):
        more, _ = until_met(
            lambda data: stats.more_for_share(
                int(data.sum()), len(data), wish, block=BLOCK, most=MOST
            ),
            lambda size: generator.random(size) < odds,
            first,
        )
        inside += more.estimate.low <= odds <= more.estimate.high
    assert inside / trials >= lowest(trials)


@pytest.mark.parametrize("first", SIZES)
@pytest.mark.parametrize("gained", [0.05, 0.5])
def test_a_paired_difference_of_shares_is_covered_after_stopping(first, gained):
    generator = np.random.default_rng([first, int(100 * gained)])
    wish = 2.5 * math.sqrt(gained) / math.sqrt(2.0 * first)
    trials = 400
    inside = 0

    def look(data):
        counts = stats.PairCounts(0, 0, int(data.sum()), len(data) - int(data.sum()))
        return stats.more_for_paired_shares(counts, wish, block=BLOCK, most=MOST)

    for _ in range(trials):
        more, _ = until_met(look, lambda size: generator.random(size) < gained, first)
        inside += more.estimate.low <= gained <= more.estimate.high
    assert inside / trials >= lowest(trials)


def test_stopping_on_a_look_after_each_of_few_replicates_would_not_do():
    """What the rule guards against: from two replicates on, a look after each."""
    generator = np.random.default_rng(5)
    inside = 0
    for _ in range(600):
        data = list(generator.standard_normal(2))
        while True:
            estimate = stats.mean_interval(data)
            if estimate.high - estimate.low <= 1.6:
                break
            data.append(generator.standard_normal())
        inside += estimate.low <= 0.0 <= estimate.high
    assert inside / 600 < 0.9


@given(st.integers(0, 60), st.integers(1, 25), st.integers(1, 120), st.floats(0.01, 3.0))
def test_blocks_are_whole_and_the_most_is_never_passed(made, block, most, wish):
    data = np.sin(np.arange(made, dtype=float))
    more = stats.more_for_mean(data, wish, block=block, most=most)
    assert 0 <= more.replicates <= max(0, most - made)
    assert more.replicates % block == 0 or made + more.replicates == most
    assert more.replicates <= max(made, LEAST) + block
    assert more.met <= (more.half_width <= wish)
    assert (more.replicates == 0) == (more.met or made >= most)


def test_what_never_varied_is_looked_at_up_to_the_most_and_said_to_be_open():
    more = stats.more_for_mean(np.zeros(40), 0.1, block=10, most=100)
    assert more.replicates == 40
    last = stats.more_for_mean(np.zeros(100), 0.1, block=10, most=100)
    assert (last.replicates, last.met) == (0, False)


@pytest.mark.parametrize(
    "options", [{"half_width": 0.0}, {"block": 0}, {"most": 0}, {"half_width": math.inf}]
)
def test_wishes_that_cannot_be_met_are_refused(options):
    whole = {"half_width": 0.1, "block": 10, "most": 100, **options}
    with pytest.raises(ValueError, match=r"half-width|blocks"):
        stats.more_for_share(3, 20, whole.pop("half_width"), **whole)


def test_couples_are_counted_in_replicates_and_looked_at_as_couples():
    generator = np.random.default_rng(8)
    quiet = 1e-3 * generator.standard_normal(18)
    # Nine couples are too few to tell a spread, however quiet they are.
    few = stats.more_for_couples(quiet, 1.0, yes_no=False, block=2, most=MOST)
    assert (few.met, few.replicates) == (False, 2)
    enough = stats.more_for_couples(np.append(quiet, [0, 0]), 1.0, yes_no=False, block=2, most=MOST)
    assert (enough.met, enough.replicates) == (True, 0)
    # Halves that are alike are half as many pairs; halves that cancel leave nothing to learn.
    single = generator.standard_normal(50)
    pairs = stats.more_for_mean(single, 0.2, block=2, most=MOST)
    alike = stats.more_for_couples(np.repeat(single, 2), 0.2, yes_no=False, block=2, most=MOST)
    assert alike.estimate == pytest.approx(pairs.estimate)
    assert alike.replicates == pytest.approx(2 * pairs.replicates, abs=4)
    ones = (single > 1.0).astype(float)
    share = stats.more_for_couples(np.repeat(ones, 2), 0.05, yes_no=True, block=2, most=MOST)
    lost = int(ones.sum())
    assert share.estimate == pytest.approx(stats.paired_shares(0, 0, lost, 50 - lost))
    assert share.replicates >= 100


@pytest.mark.parametrize("yes_no", [False, True])
def test_a_difference_of_couples_is_covered_after_stopping(yes_no):
    generator = np.random.default_rng(9)
    inside, trials = 0, 400

    def draw(count):
        z = generator.standard_normal(count // 2)
        halves = np.column_stack([z, -z]) + 0.5 * generator.standard_normal((count // 2, 2))
        values = halves.ravel()
        return (values > 1.5).astype(float) if yes_no else np.exp(0.3 * values)

    far = np.concatenate([draw(10_000) for _ in range(40)]).mean()
    wish = 0.05 if yes_no else 0.03
    for _ in range(trials):
        more, _ = until_met(
            lambda data: stats.more_for_couples(data, wish, yes_no=yes_no, block=10, most=MOST),
            draw,
            20,
        )
        assert more.half_width <= wish
        inside += more.estimate.low <= far <= more.estimate.high
    assert lowest(trials) <= inside / trials
