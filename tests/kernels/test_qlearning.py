"""Q-learning does what its definition says: a slow reading of it, and cases with one answer."""

import itertools

import numpy as np
import pytest

from sim.errors import KernelInputError
from sim.kernels.qlearning import Learning, first_values, learn

MASK = 2**64 - 1
QUICK = Learning(alpha=0.2, beta=5e-4, delta=0.9, patience=400, most=40_000)


def words(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**64, 4, dtype=np.uint64)


def xoshiro(state: list[int]):
    """xoshiro256++ of Blackman & Vigna (2021) in Python's whole numbers."""

    def rotate(word, bits):
        return ((word << bits) | (word >> (64 - bits))) & MASK

    while True:
        yield (rotate((state[0] + state[3]) & MASK, 23) + state[0]) & MASK
        shifted = (state[1] << 17) & MASK
        state[2] ^= state[0]
        state[3] ^= state[1]
        state[1] ^= state[2]
        state[0] ^= state[3]
        state[2] ^= shifted
        state[3] = rotate(state[3], 45)


def test_the_generator_of_the_tests_is_the_published_one():
    # First numbers of xoshiro256++ from the state 1, 2, 3, 4, as its other implementations test.
    stream = xoshiro([1, 2, 3, 4])
    expected = [41943041, 58720359, 3588806011781223, 3591011842654386, 9228616714210784205]
    assert list(itertools.islice(stream, 5)) == expected


def slowly(profits, prices, learning, seed):
    """The definition, word by word: whole rows are searched and nothing is kept beside Q."""
    states, firms = profits.shape
    grid = profits.reshape((prices,) * firms + (firms,))
    q = {}
    for firm in range(firms):
        mean = np.moveaxis(grid[..., firm], firm, 0).reshape(prices, -1).mean(axis=1)
        for state in range(states):
            q[state, firm] = list(mean / (1.0 - learning.delta))
    greedy = {key: int(np.argmax(row)) for key, row in q.items()}
    stream = xoshiro([int(word) for word in seed])

    def number():
        return (next(stream) >> 11) * 2.0**-53

    def joined(actions):
        return int(np.ravel_multi_index(actions, (prices,) * firms))

    state = joined([int(number() * prices) for _ in range(firms)])
    t = still = 0
    while t < learning.most and still < learning.patience:
        epsilon = np.exp(-learning.beta * t)
        actions = []
        for firm in range(firms):
            u = number()
            explores = u < epsilon
            actions.append(int(u / epsilon * prices) if explores else greedy[state, firm])
        reached = joined(actions)
        before = dict(greedy)
        ahead = [max(q[reached, firm]) for firm in range(firms)]
        for firm, taken in enumerate(actions):
            row = q[state, firm]
            target = profits[reached, firm] + learning.delta * ahead[firm]
            row[taken] = (1.0 - learning.alpha) * row[taken] + learning.alpha * target
            greedy[state, firm] = int(np.argmax(row))
        still = still + 1 if greedy == before else 0
        state = reached
        t += 1
    return (
        t,
        still >= learning.patience,
        np.array([[greedy[state, firm] for firm in range(firms)] for state in range(states)]),
    )


@pytest.mark.parametrize(
    ("firms", "prices", "most"), [(1, 6, 6_000), (2, 4, 8_000), (2, 2, 300), (3, 3, 3_000)]
)
def test_the_kernel_plays_as_the_definition_does(firms, prices, most):
    for seed in range(3):
        profits = np.random.default_rng(seed).normal(size=(prices**firms, firms))
        learning = QUICK._replace(most=most)
        session = learn(profits, prices, learning, words(seed))
        periods, converged, greedy = slowly(profits, prices, learning, words(seed))
        assert session.periods == periods
        assert session.converged == converged
        assert np.array_equal(session.greedy, greedy)


def test_first_values_are_profits_against_a_random_rival_for_ever():
    profits = np.arange(8.0).reshape(4, 2)
    # Firm 0 chooses the row of a 2 x 2 game, firm 1 its column.
    expected = [[(0 + 2) / 2, (4 + 6) / 2], [(1 + 5) / 2, (3 + 7) / 2]]
    assert np.allclose(first_values(profits, 2, 0.75), np.array(expected) / 0.25)


@pytest.mark.parametrize("seed", range(5))
def test_one_firm_alone_learns_the_price_that_pays_most(seed):
    profits = np.random.default_rng(seed).uniform(size=(8, 1))
    session = learn(profits, 8, QUICK, words(seed))
    assert session.converged
    assert session.actions.tolist() == [[int(np.argmax(profits))]]
    assert session.profit == profits.max()


def test_firms_that_do_not_look_ahead_end_in_a_nash_equilibrium_of_the_grid():
    # delta = 0: Q is the profit of today, so what both play for ever is a best reply to itself.
    prices = np.linspace(1.2, 2.0, 6)
    odds = np.exp((2.0 - prices) / 0.25)
    total = 1.0 + odds[:, None] + odds[None, :]
    table = (prices - 1.0)[:, None] * odds[:, None] / total  # firm 0's, by row and column
    profits = np.stack([table.ravel(), table.T.ravel()], axis=1)
    nash = {
        (a, b)
        for a, b in itertools.product(range(6), repeat=2)
        if table[a, b] == table[:, b].max() and table[b, a] == table[:, a].max()
    }
    assert 0 < len(nash) < 6
    learning = QUICK._replace(delta=0.0, patience=4_000, most=400_000)
    ends = [learn(profits, 6, learning, words(seed)) for seed in range(40)]
    assert all(end.converged for end in ends)
    constant = [tuple(end.actions[0]) for end in ends if end.cycle == 1]
    assert len(constant) >= 20
    assert set(constant) <= nash


def test_the_same_seed_is_the_same_session_and_another_is_not():
    profits = np.random.default_rng(0).normal(size=(16, 2))
    first, again, other = (learn(profits, 4, QUICK, words(seed)) for seed in (1, 1, 2))
    assert first.periods == again.periods
    assert np.array_equal(first.greedy, again.greedy)
    assert first.periods != other.periods


def test_a_session_that_does_not_rest_says_so():
    profits = np.random.default_rng(0).normal(size=(16, 2))
    session = learn(profits, 4, QUICK._replace(most=300), words(0))
    assert not session.converged
    assert session.periods == 300


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"profits": np.zeros((15, 2))}, "a row for each combination"),
        ({"profits": np.full((16, 2), np.nan)}, "not finite"),
        ({"learning": QUICK._replace(alpha=0.0)}, "rates out of range"),
        ({"learning": QUICK._replace(patience=0)}, "at least one period"),
        ({"words": np.zeros(4, dtype=np.uint64)}, "not all zero"),
    ],
)
def test_nonsense_is_refused(change, message):
    given = {"profits": np.zeros((16, 2)), "prices": 4, "learning": QUICK, "words": words(0)}
    with pytest.raises(KernelInputError, match=message):
        learn(**(given | change))
