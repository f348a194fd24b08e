"""Verdicts: nothing unconverged, infinite or locally wrong passes for an equilibrium."""

from dataclasses import replace

import numpy as np
import pytest
from markets import KINDS, random_game
from pyblp_reference import SCENARIOS, reference

from sim.errors import KernelInputError, SolverError
from sim.kernels.branches import compare_games, solve_from_starts, usual_starts
from sim.kernels.curvature import Curvature
from sim.kernels.demand import Demand, shares
from sim.kernels.deviations import audit_deviations
from sim.kernels.equilibrium import check_second_order, linearise, solve_prices, zeta_steps
from sim.kernels.game import PriceGame


def two_peaks():
    """One firm, one product, two types: many who mind the price and a few who do not."""
    demand = Demand(
        np.zeros(1),
        np.array([[4.0], [4.0]]),
        np.array([4.0, 0.4]),
        np.array([0.9, 0.1]),
        np.zeros(2),
    )
    return PriceGame(demand, [0.2], [0])


def profit(game, price):
    return (price - game.costs[0]) * shares(game.demand, np.array([price]))[0]


def stationary_points(game, low=0.3, high=15.0):
    """Prices where profit turns, by brute force."""
    grid = np.linspace(low, high, 20_001)
    values = np.array([profit(game, price) for price in grid[::10]])
    turns = np.flatnonzero(np.diff(np.sign(np.diff(values)))) + 1
    return grid[::10][turns], values[turns]


def test_a_trough_of_profit_is_no_equilibrium():
    game = two_peaks()
    points, values = stationary_points(game)
    assert len(points) == 3
    trough = points[np.argmin(values)]
    concave, product = check_second_order(game, np.array([trough]))
    assert not concave
    assert product == 0
    for peak in np.delete(points, np.argmin(values)):
        assert check_second_order(game, np.array([peak])) == (True, -1)


def test_the_audit_finds_the_higher_peak():
    game = two_peaks()
    points, values = stationary_points(game)
    low, high = sorted(np.delete(points, np.argmin(values)), key=lambda p: profit(game, p))
    lower = solve_prices(game, np.array([low]))
    assert lower.converged
    assert lower.second_order
    assert lower.prices[0] == pytest.approx(low, rel=1e-2)
    audit = audit_deviations(game, lower.prices)
    assert not audit.nash
    assert audit.price[0] == pytest.approx(high, rel=1e-2)
    gain = profit(game, audit.price[0]) / profit(game, lower.prices[0]) - 1
    assert audit.largest == pytest.approx(gain, rel=1e-9)
    assert audit_deviations(game, solve_prices(game, np.array([high])).prices).nash


def firm_profit(game, prices, product):
    sold = shares(game.demand, prices)
    firm = game.firm_of[product]
    worth = game.weights[firm, game.firm_of] * (game.kept * prices - game.costs)
    worth += game.lambdas[firm, game.firm_of]
    return float(worth @ sold)


@pytest.mark.parametrize("name", ["blp1974", "blp1980", "blp1989", "cereal1", "random_nested"])
def test_gains_of_the_audit_are_gains(name):
    case = reference(name)
    game = case.game("pre")
    prices = case["pre__prices"]
    audit = audit_deviations(game, prices)
    for product in np.argsort(audit.gain)[-3:]:
        moved = prices.copy()
        moved[product] = audit.price[product]
        before = firm_profit(game, prices, product)
        gain = (firm_profit(game, moved, product) - before) / abs(before)
        assert audit.gain[product] == pytest.approx(gain, rel=1e-6, abs=1e-9)
    # The search misses no price of a coarse grid of another kind.
    for product in range(0, len(prices), 7):
        for price in np.linspace(0.3, 5.0, 25) * prices[product]:
            moved = prices.copy()
            moved[product] = price
            before = firm_profit(game, prices, product)
            gain = (firm_profit(game, moved, product) - before) / abs(before)
            assert gain <= audit.gain[product] + 1e-9


@pytest.mark.parametrize("kind", KINDS)
def test_plain_equilibria_pass_the_audit(kind):
    game = replace(random_game(np.random.default_rng(1), kind), shadow=None)
    found = solve_prices(game)
    audit = audit_deviations(game, found.prices)
    assert audit.nash
    raised = found.prices * 1.2
    assert not audit_deviations(game, raised).nash


def test_two_equilibria_of_1980_are_found_and_told_apart():
    case = reference("blp1980")
    game, observed = case.game("pre"), case["in__observed_prices"]
    branches = solve_from_starts(game, usual_starts(game, observed))
    assert len(branches.equilibria) >= 2
    assert branches.reached[0] == 0
    np.testing.assert_allclose(branches.equilibria[0].prices, case["pre__prices"], rtol=1e-8)
    assert any(number > 0 for number in branches.reached)
    for point in branches.equilibria:
        assert np.max(np.abs(zeta_steps(game, point.prices) / point.prices)) < 1e-9


@pytest.mark.parametrize("scenario", SCENARIOS[1:])
def test_a_comparison_says_where_it_leaves_its_branch(scenario):
    # 1980's prices stand at a fold: any change makes the price of product 20 fall by a fifth.
    case = reference("blp1980")
    before, after = case.game("pre"), case.game(scenario)
    compared = compare_games(before, after, case["in__observed_prices"])
    assert compared.changed
    assert not compared.same_branch
    jump = compared.direct.prices / compared.before.prices - 1
    assert np.argmax(np.abs(jump)) == 20
    assert jump[20] < -0.2
    # The other branch goes through.
    compared = compare_games(before, after)
    assert compared.same_branch
    assert not compared.changed
    np.testing.assert_allclose(compared.after.prices, case[f"{scenario}__prices"], rtol=1e-8)


@pytest.mark.parametrize("name", ["nested_one_rho", "random_nested", "cereal1", "blp1974"])
def test_a_comparison_keeps_to_its_branch(name):
    case = reference(name)
    compared = compare_games(case.game("pre"), case.game("merge"))
    assert compared.same_branch
    assert not compared.changed
    np.testing.assert_allclose(compared.after.prices, case["merge__prices"], rtol=1e-8)


def test_a_branch_that_ends_is_flagged():
    # Raising cost moves the low peak up until it is none; the price must jump.
    game = two_peaks()
    low = min(
        (point for point, value in zip(*stationary_points(game), strict=True)),
    )
    dear = replace(game, costs=np.array([1.4]))
    assert len(stationary_points(dear, 1.5)[0]) == 1
    compared = compare_games(game, dear, np.array([low]))
    assert compared.changed
    assert not compared.same_branch
    assert compared.reason
    small = compare_games(game, replace(game, costs=np.array([0.21])), np.array([low]))
    assert not small.changed


def test_too_few_iterations_are_no_equilibrium():
    game = reference("blp1974").game("pre")
    found = solve_prices(game, max_iterations=5)
    assert not found.converged
    assert found.residual > 1e-10
    step = np.abs(zeta_steps(game, found.prices) / found.prices)
    assert found.worst == np.argmax(step)
    assert found.residual == pytest.approx(step.max(), rel=1e-6)


def test_a_start_near_the_solution_saves_work():
    game = random_game(np.random.default_rng(3), "random", products=40, types=60)
    cold = solve_prices(game)
    shocked = replace(game, costs=1.01 * game.costs)
    near = linearise(game, cold.prices)
    warm = solve_prices(shocked, cold.prices, near=near)
    alone = solve_prices(shocked)
    assert warm.converged
    np.testing.assert_allclose(warm.prices, alone.prices, rtol=2e-10)
    assert warm.iterations <= 0.5 * alone.iterations


@pytest.mark.parametrize("types", [1, 3])
def test_a_price_out_of_range_is_an_error_that_names_the_product(types):
    # A markup of 1 / alpha overflows.
    demand = Demand(np.zeros(2), None, np.full(types, 1e-310), np.ones(types), np.zeros(types))
    with pytest.raises(SolverError, match=r"product \d left the range"), np.errstate(all="ignore"):
        solve_prices(PriceGame(demand, [1.0, 1.0], [0, 0]))


BAD = {
    "costs": (lambda v: np.where(np.arange(len(v)) == 2, np.nan, v), "cost of product 2"),
    "negative": (lambda v: np.where(np.arange(len(v)) == 3, -0.1, v), "product 3.*negative"),
    "firm_of": (lambda v: np.where(np.arange(len(v)) == 1, 7, v), "product 1 belongs to firm 7"),
    "kappa": (lambda v: v * np.nan, "kappa of firm 0"),
    "own": (lambda v: v * 0.5, "weighs its own profit"),
    "shadow": (lambda v: np.where(np.eye(3) > 0, np.inf, v), "shadow of firm 0"),
    "net_share": (lambda v: np.where(np.arange(len(v)) == 4, 0.0, v), "net share of product 4"),
    "shape": (lambda v: v[1:], "costs has shape"),
}
FIELDS = {"negative": "costs", "own": "kappa", "shape": "costs"}


@pytest.mark.parametrize("name", BAD)
def test_a_game_that_is_none_is_refused(name):
    game = random_game(np.random.default_rng(0), "random")
    spoil, words = BAD[name]
    field = FIELDS.get(name, name)
    with pytest.raises(KernelInputError, match=words):
        replace(game, **{field: spoil(getattr(game, field))})


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_start_that_is_no_price_is_refused(value):
    game = random_game(np.random.default_rng(0), "random")
    start = np.ones(6)
    start[5] = value
    with pytest.raises(KernelInputError, match="start price of product 5"):
        solve_prices(game, start)
    with pytest.raises(KernelInputError, match="product 0 is frozen at no price"):
        solve_prices(replace(game, frozen=np.ones(6, dtype=bool)))


@pytest.mark.parametrize("kind", KINDS)
def test_slopes_of_the_first_order_conditions(kind):
    game = random_game(np.random.default_rng(11), kind)
    prices = np.random.default_rng(0).uniform(1.0, 2.0, 6)
    every, step = np.arange(6), 1e-6
    slopes = Curvature(game, prices).step_slopes(every, every)
    for k in range(6):
        ends = []
        for sign in (-1, 1):
            moved = prices.copy()
            moved[k] += sign * step
            ends.append(Curvature(game, moved).step(every))
        np.testing.assert_allclose(
            slopes[:, k], (ends[1] - ends[0]) / (2 * step), rtol=1e-5, atol=1e-8
        )


def test_a_firm_with_nothing_on_sale_may_be_minded_by_others():
    # It has the highest number, a weight in the others' eyes and a nest with one product left.
    rng = np.random.default_rng(3)
    market = Demand(
        np.zeros(40), rng.normal(size=(250, 40)), np.ones(250), np.full(250, 1 / 250),
        np.zeros(250), nest_of=np.zeros(40, dtype=np.int64), rho=np.array([0.3]),
        available=np.arange(40) < 2,
    )  # fmt: skip
    kappa = np.full((40, 40), 0.3) + 0.7 * np.eye(40)
    minds = PriceGame(market, np.ones(40), np.arange(40), kappa=kappa)
    two = PriceGame(
        Demand(
            market.delta[:2], market.mu[:, :2], market.alpha, market.weights, market.outside,
            nest_of=np.zeros(2, dtype=np.int64), rho=market.rho,
        ),
        np.ones(2), np.arange(2), kappa=np.array([[1.0, 0.3], [0.3, 1.0]]),
    )  # fmt: skip
    for _ in range(20):
        found, alone = solve_prices(minds), solve_prices(two)
        assert found.converged
        np.testing.assert_allclose(found.prices[:2], alone.prices, rtol=1e-9)


def test_a_known_market_foretells_where_prices_go():
    # Products off sale (no cost is known), held ones, and a nest: none may disturb.
    game = random_game(np.random.default_rng(6), "random nested")
    away = np.arange(6) != 1
    costs = np.where(away, game.costs, np.nan)
    game = replace(
        game,
        costs=costs,
        demand=replace(game.demand, available=away),
        frozen=np.arange(6) == 4,
    )
    start = np.where(away, 2.0, np.nan)
    found = solve_prices(game, start)
    near = linearise(game, found.prices)
    for size in (1e-2, 1e-3, 1e-4):
        dearer = replace(game, costs=costs * (1.0 + size * np.arange(6)))
        ahead = near.ahead(dearer, found.prices)
        there = solve_prices(dearer, found.prices)
        # What is left is of second order in the change.
        assert np.nanmax(np.abs(ahead / there.prices - 1.0)) < 3.0 * size**2
        assert ahead[4] == 2.0
        solved = solve_prices(dearer, found.prices, near=near)
        np.testing.assert_allclose(solved.prices[away], there.prices[away], rtol=2e-10)
    # Another start stands for something: it is left alone.
    assert near.ahead(dearer, start) is start
