"""Price equilibrium against closed forms, and invariances."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markets import KINDS, random_demand, random_game
from scipy.special import lambertw

from sim.kernels.curvature import passthrough
from sim.kernels.demand import Demand, shares
from sim.kernels.equilibrium import solve_markets, solve_prices, zeta_steps
from sim.kernels.game import PriceGame


def logit(delta, alpha=1.0, outside=0.0, **nests):
    """Plain or nested logit of one type."""
    return Demand(
        np.asarray(delta, dtype=float),
        None,
        np.array([alpha]),
        np.ones(1),
        np.array([outside]),
        **nests,
    )


def best_reply(alpha, cost, utility, others):
    """p = c + (1 + W(exp(a (v - c) - 1) / A)) / a."""
    return cost + (1 + lambertw(np.exp(alpha * (utility - cost) - 1) / others).real) / alpha


@pytest.mark.parametrize(
    ("alpha", "cost", "utility", "others", "price"),
    [(1.0, 1.0, 2.0, 1.5, 2.4325627555), (0.35, 9.0, 4.0, 3.0, 11.9167691080)],
)
def test_best_reply_is_lambert_w(alpha, cost, utility, others, price):
    # A frozen rival and the outside option share the others' exponentials.
    rival = np.log(others / 2) + alpha * 3.0
    demand = logit([alpha * utility, rival], alpha, np.log(others / 2))
    game = PriceGame(demand, [cost, 1.0], [0, 1], frozen=[False, True])
    found = solve_prices(game, [cost, 3.0])
    assert found.converged
    assert found.prices[0] == pytest.approx(price, abs=1e-9)
    assert found.prices[0] == pytest.approx(best_reply(alpha, cost, utility, others), rel=1e-10)
    assert found.prices[1] == 3.0


def calvano(kappa=None, shadow=None):
    """Calvano et al. (2020): a = 2, c = 1, mu = 1/4, a0 = 0."""
    return PriceGame(logit([8.0, 8.0], 4.0), [1.0, 1.0], [0, 1], kappa=kappa, shadow=shadow)


@pytest.mark.parametrize(
    ("weights", "prices"),
    [
        (((1, 0), (0, 1)), (1.472927, 1.472927)),
        (((1, 1), (1, 1)), (1.924981, 1.924981)),
        (((1, 0.5), (0.5, 1)), (1.71057, 1.71057)),
        (((1, 0.25), (0, 1)), (1.54651, 1.50440)),
    ],
)
def test_published_duopoly(weights, prices):
    found = solve_prices(calvano(kappa=weights))
    assert found.converged
    assert found.second_order
    np.testing.assert_allclose(found.prices, prices, atol=6e-6)


def test_a_partners_sale_teaches_me_and_softens_the_war():
    # Two symmetric logit firms 2 / 1 / 0.25, L = 0.2: theta = 1 against theta = 0.
    alone, shared = 0.2 * np.eye(2), np.full((2, 2), 0.2)
    assert solve_prices(calvano(shadow=alone)).prices[0] == pytest.approx(1.286, abs=5e-4)
    assert solve_prices(calvano(shadow=shared)).prices[0] == pytest.approx(1.454, abs=5e-4)
    # Symmetry: (p - c + L) (1 - s) - theta L s = mu.
    for theta, shadow in ((0.0, alone), (1.0, shared)):
        found = solve_prices(calvano(shadow=shadow))
        margin, share = found.prices[0] - 1 + 0.2, found.shares[0]
        assert margin * (1 - share) - theta * 0.2 * share == pytest.approx(0.25, rel=1e-9)


def test_one_owner_of_several_products_earns_one_markup():
    game = PriceGame(logit([1.0, 0.2, 2.0, 1.1]), [0.3, 0.5, 1.0, 0.7], [0, 0, 0, 1])
    found = solve_prices(game)
    margin = found.prices - game.costs
    np.testing.assert_allclose(margin[:3], margin[0], rtol=1e-10)
    assert margin[0] * (1 - found.shares[:3].sum()) == pytest.approx(1.0, rel=1e-10)
    assert margin[3] * (1 - found.shares[3]) == pytest.approx(1.0, rel=1e-10)


def test_nested_logit_markup():
    # p - c = (1 - rho) / (alpha (1 - rho s_j|h - (1 - rho) s_j)) for one product a firm.
    rho, nest_of = np.array([0.5, 0.7]), np.array([0, 0, 0, 1, 1])
    demand = logit([1.0, 0.5, 0.2, 0.9, 0.4], 2.0, nest_of=nest_of, rho=rho)
    game = PriceGame(demand, [0.2, 0.3, 0.25, 0.4, 0.5], np.arange(5))
    found = solve_prices(game)
    assert found.converged
    share = found.shares
    within = share / np.bincount(nest_of, weights=share)[nest_of]
    loose = rho[nest_of]
    expected = (1 - loose) / (2.0 * (1 - loose * within - (1 - loose) * share))
    np.testing.assert_allclose(found.prices - game.costs, expected, rtol=1e-9)


def one_nest(game):
    """The same products in one nest, two firms that mind themselves alone, a price frozen."""
    demand = game.demand
    if demand.nest_of is not None:
        demand = replace(demand, nest_of=np.zeros(6, dtype=np.int64), rho=np.array([0.6]))
    return replace(
        game,
        demand=demand,
        kappa=None,
        shadow=np.diag([0.3, 0.0, 0.1]),
        firm_of=[0, 0, 2, 2, 0, 2],
        frozen=np.arange(6) == 4,
    )


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("start", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("kind", KINDS)
def test_two_ways_to_one_equilibrium(kind, start, apart):
    # Group markups and the zeta map share no code; types split in two force the second.
    game = random_game(np.random.default_rng(5), kind)
    game = one_nest(game) if apart else game
    demand, start = game.demand, np.full(6, start)
    twice = Demand(
        demand.delta,
        None if demand.mu is None else np.repeat(demand.mu, 2, axis=0),
        np.repeat(demand.alpha, 2),
        np.repeat(demand.weights, 2) * np.tile([0.3, 0.7], len(demand.alpha)),
        np.repeat(demand.outside, 2),
        demand.nest_of,
        demand.rho,
    )
    one, other = (solve_prices(g, start) for g in (game, replace(game, demand=twice)))
    assert one.converged
    assert other.converged
    np.testing.assert_allclose(other.prices, one.prices, rtol=1e-9)
    np.testing.assert_allclose(other.shares, one.shares, rtol=1e-8)
    assert (one.method == "groups") == (not kind.startswith("random"))
    assert other.method != "groups"


def objective(game, prices, firm):
    """What a firm maximises, written out."""
    sold = shares(game.demand, prices)
    margin = game.kept * prices - game.costs
    worth = game.weights[firm, game.firm_of] * margin + game.lambdas[firm, game.firm_of]
    return float((worth * sold).sum())


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), kind=st.sampled_from(KINDS))
def test_no_small_change_of_a_price_gains(seed, kind):
    game = random_game(np.random.default_rng(seed), kind)
    found = solve_prices(game)
    assert found.converged
    for j, firm in enumerate(game.firm_of):
        step = 1e-4 * abs(found.prices[j])
        moved = []
        for sign in (-1, 1):
            prices = found.prices.copy()
            prices[j] += sign * step
            moved.append(objective(game, prices, firm))
        slope = (moved[1] - moved[0]) / (2 * step)
        scale = max(abs(objective(game, found.prices, firm)), 1e-3)
        assert abs(slope) < 1e-6 * max(scale, 1.0)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), kind=st.sampled_from(KINDS))
def test_order_of_products_and_firms_does_not_matter(seed, kind):
    rng = np.random.default_rng(seed)
    game = random_game(rng, kind)
    order, names = rng.permutation(len(game.costs)), rng.permutation(game.firms)
    demand, place = game.demand, np.argsort(names)
    shuffled = PriceGame(
        demand=replace(
            demand,
            delta=demand.delta[order],
            mu=None if demand.mu is None else demand.mu[:, order],
            nest_of=None if demand.nest_of is None else demand.nest_of[order],
        ),
        costs=game.costs[order],
        firm_of=names[game.firm_of[order]],
        kappa=game.kappa[np.ix_(place, place)],
        shadow=game.shadow[np.ix_(place, place)],
        net_share=game.net_share[order],
    )
    one, other = solve_prices(game), solve_prices(shuffled)
    np.testing.assert_allclose(other.prices, one.prices[order], rtol=2e-10)


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 10_000), kind=st.sampled_from(KINDS), scale=st.floats(1e-3, 1e5)
)
def test_units_of_money_do_not_matter(seed, kind, scale):
    game = random_game(np.random.default_rng(seed), kind)
    dearer = replace(
        game,
        demand=replace(game.demand, alpha=game.demand.alpha / scale),
        costs=game.costs * scale,
        shadow=game.shadow * scale,
    )
    one, other = solve_prices(game), solve_prices(dearer)
    np.testing.assert_allclose(other.prices, one.prices * scale, rtol=2e-10)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), kind=st.sampled_from(KINDS), level=st.floats(-30, 30))
def test_the_level_of_utility_does_not_matter(seed, kind, level):
    game = random_game(np.random.default_rng(seed), kind)
    demand = game.demand
    raised = replace(demand, delta=demand.delta + level, outside=demand.outside + level)
    one, other = solve_prices(game), solve_prices(replace(game, demand=raised))
    np.testing.assert_allclose(other.prices, one.prices, rtol=2e-10)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), kind=st.sampled_from(KINDS))
def test_full_weights_are_one_owner(seed, kind):
    game = replace(random_game(np.random.default_rng(seed), kind), shadow=None, kappa=None)
    joint = np.eye(3)
    joint[:2, :2] = 1.0
    weighted = solve_prices(replace(game, kappa=joint))
    owned = solve_prices(replace(game, firm_of=np.where(game.firm_of == 1, 0, game.firm_of)))
    np.testing.assert_allclose(weighted.prices, owned.prices, rtol=2e-10)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), kind=st.sampled_from(KINDS))
def test_a_product_of_negligible_share_changes_nothing(seed, kind):
    game = random_game(np.random.default_rng(seed), kind)
    demand = game.demand
    larger = PriceGame(
        demand=replace(
            demand,
            delta=np.append(demand.delta, -60.0),
            mu=None if demand.mu is None else np.c_[demand.mu, np.zeros(len(demand.alpha))],
            nest_of=None if demand.nest_of is None else np.append(demand.nest_of, 0),
        ),
        costs=np.append(game.costs, 0.5),
        firm_of=np.append(game.firm_of, 0),
        kappa=game.kappa,
        shadow=game.shadow,
        net_share=np.append(game.net_share, 0.8),
    )
    one, other = solve_prices(game), solve_prices(larger)
    assert other.converged
    np.testing.assert_allclose(other.prices[:-1], one.prices, rtol=2e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_a_product_not_on_sale_is_as_if_it_were_not_there(kind):
    game = random_game(np.random.default_rng(3), kind)
    away = np.ones(len(game.costs), dtype=bool)
    away[2] = False
    kept = np.flatnonzero(away)
    demand = game.demand
    missing = replace(game, demand=replace(demand, available=away))
    smaller = PriceGame(
        replace(
            demand,
            delta=demand.delta[kept],
            mu=None if demand.mu is None else demand.mu[:, kept],
            nest_of=None if demand.nest_of is None else demand.nest_of[kept],
        ),
        game.costs[kept],
        game.firm_of[kept],
        game.kappa,
        game.shadow,
        game.net_share[kept],
    )
    start = np.where(away, 2.0, np.nan)
    one, other = solve_prices(missing, start), solve_prices(smaller, start[kept])
    np.testing.assert_allclose(one.prices[kept], other.prices, rtol=1e-12)
    assert np.isnan(one.prices[2])
    assert one.shares[2] == 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_passthrough_is_what_a_cost_does_to_prices(kind):
    game = random_game(np.random.default_rng(8), kind)
    found = solve_prices(game, tolerance=1e-13)
    slopes, step = passthrough(game, found.prices), 1e-5
    for k in range(len(game.costs)):
        ends = []
        for sign in (-1, 1):
            costs = game.costs.copy()
            costs[k] += sign * step
            ends.append(
                solve_prices(replace(game, costs=costs), found.prices, tolerance=1e-13).prices
            )
        np.testing.assert_allclose(
            slopes[:, k], (ends[1] - ends[0]) / (2 * step), rtol=1e-5, atol=1e-8
        )


def test_several_markets_are_solved_one_by_one():
    rng = np.random.default_rng(1)
    games = [random_game(rng, kind) for kind in KINDS]
    together = solve_markets(games)
    for game, found in zip(games, together, strict=True):
        np.testing.assert_array_equal(found.prices, solve_prices(game).prices)


def test_the_same_input_gives_the_same_bytes():
    game = random_game(np.random.default_rng(2), "random nested", products=40, types=70)
    first = solve_prices(game)
    for _ in range(3):
        again = solve_prices(game)
        assert again.prices.tobytes() == first.prices.tobytes()
        assert again.shares.tobytes() == first.shares.tobytes()


def test_a_closed_market_has_prices():
    demand, _ = random_demand(np.random.default_rng(4), "random", closed=True)
    found = solve_prices(PriceGame(demand, np.full(6, 0.5), np.arange(6) % 3))
    assert found.converged
    assert found.shares.sum() == pytest.approx(demand.weights.sum(), rel=1e-12)


def test_types_beyond_the_range_of_exponentials():
    # Prices far from the start move utilities by thousands; types are shifted anew.
    demand = Demand(
        np.array([0.0, 1.0]), None, np.array([1e-3, 2e3]), np.array([0.5, 0.5]), np.zeros(2)
    )
    game = PriceGame(demand, [1.0, 1.0], [0, 1])
    found = solve_prices(game)
    assert found.converged
    np.testing.assert_allclose(zeta_steps(game, found.prices) / found.prices, 0.0, atol=1e-9)


@pytest.mark.parametrize("kind", ["random", "random nested"])
@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("far", [1e-3, 2e3])
def test_starts_beyond_the_range_of_exponentials(kind, closed, far):
    # From a start a thousand times too high or low a type's sum overflows or vanishes.
    demand, _ = random_demand(np.random.default_rng(4), kind, closed=closed)
    game = PriceGame(demand, np.full(6, 0.5), np.arange(6) % 3)
    near = solve_prices(game)
    found = solve_prices(game, far * near.prices)
    assert found.converged
    np.testing.assert_allclose(found.prices, near.prices, rtol=1e-9)
