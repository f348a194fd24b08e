"""Speed of the price solver, as ratios to yardsticks of the same run (`make bench`).

Yardsticks: one exponential (the compiled one of the kernels, and NumPy's, in a loop over an
array of the market's size), and PyBLP's zeta solver where PyBLP is installed. A time is the
best of several, on the calling thread, so that other work on the machine counts less.
"""

import time
from dataclasses import replace

import numba
import numpy as np
import pytest

from sim.kernels.demand import LN2, Demand
from sim.kernels.equilibrium import linearise, solve_prices
from sim.kernels.game import PriceGame
from sim.kernels.powers import power

pytestmark = pytest.mark.bench

# Aims (printed) and what a slower solver would break (asserted): multiples of the floor, of
# PyBLP's fastest setting, parts of a cold solve. The aim of 25 was set on a machine with vectors
# twice as wide; with AVX2 alone the solver does not reach it.
FLOOR_MOST = 2.0
PYBLP_AIM, PYBLP_LEAST = {"random": 25.0, "plain": 100.0}, {"random": 15.0, "plain": 100.0}
WARM_MOST = 0.5


def market(products, types, firms, seed=0):
    rng = np.random.default_rng(seed)
    random = types > 1
    demand = Demand(
        delta=rng.normal(1.0, 1.0, products),
        mu=rng.normal(0.0, 0.5, (types, products)) if random else None,
        alpha=np.exp(rng.normal(0.0, 0.3, types)) if random else np.ones(1),
        weights=np.full(types, 1.0 / types),
        outside=np.zeros(types),
    )
    return PriceGame(demand, rng.uniform(0.5, 2.0, products), np.arange(products) % firms)


def best(action, repeats):
    """Shortest time of one call, seconds."""
    action()
    shortest = np.inf
    for _ in range(repeats):
        began = time.thread_time()
        action()
        shortest = min(shortest, time.thread_time() - began)
    return shortest


@numba.njit(fastmath={"contract"})
def exponentials(values, result):
    for n in range(len(values)):
        result[n] = power(values[n] / LN2)


def exp_times(size):
    values = np.random.default_rng(0).uniform(-20.0, 0.0, size)
    result = np.empty(size)
    compiled = best(lambda: exponentials(values, result), 200) / size
    numpy = best(lambda: np.exp(values, out=result), 200) / size
    return compiled, numpy


def solve(game, start=None, near=None):
    found = solve_prices(game, start, near=near, second_order=False)
    assert found.converged
    return found


@pytest.mark.parametrize(
    ("products", "types", "firms", "repeats"), [(100, 200, 10, 300), (300, 1000, 15, 30)]
)
def test_time_against_its_exponentials(products, types, firms, repeats):
    game = market(products, types, firms)
    iterations = solve(game).iterations
    compiled, numpy = exp_times(products * types)
    cold = best(lambda: solve(game), repeats)
    cells = iterations * products * types
    print(
        f"\nJ={products} I={types}: cold {1e3 * cold:.3f} ms, {iterations} iterations; one exp "
        f"{1e9 * compiled:.2f} ns (NumPy's {1e9 * numpy:.2f}): {cold / cells / compiled:.2f} "
        f"times the floor ({cold / cells / numpy:.2f} of NumPy's); at most {FLOOR_MOST}"
    )
    assert cold < FLOOR_MOST * cells * compiled


def test_cost_is_linear_in_types_and_products():
    def each(products, types):
        game = market(products, types, 10)
        return best(lambda: solve(game), 60) / solve(game).iterations

    base = each(100, 200)
    ratios = {"types": each(100, 800) / base, "products": each(400, 200) / base}
    print(f"\nfour times the types: {ratios['types']:.2f}, products: {ratios['products']:.2f}")
    assert max(ratios.values()) < 5.5


def test_a_warm_solve_costs_at_most_half_of_a_cold_one():
    game = market(100, 200, 10)
    found = solve(game)
    shocked = replace(game, costs=1.01 * game.costs)
    near = linearise(game, found.prices)
    cold = best(lambda: solve(shocked), 300)
    warm = best(lambda: solve(shocked, found.prices, near), 300)
    once = best(lambda: linearise(game, found.prices), 10)
    counts = solve(shocked, found.prices, near).iterations, solve(shocked).iterations
    print(
        f"\nafter a 1 % cost shock: {warm / cold:.2f} of a cold solve ({counts[0]} against "
        f"{counts[1]} iterations), at most {WARM_MOST}; the matrices behind it "
        f"{1e3 * once:.1f} ms, once"
    )
    assert counts[0] <= 0.5 * counts[1]
    assert warm < WARM_MOST * cold


def pyblp_time(pyblp, game, setting, repeats):
    """PyBLP's time to solve the same game from marginal cost, and its prices."""
    demand = game.demand
    products, types = len(game.costs), len(demand.alpha)
    random = types > 1
    data = {
        "market_ids": np.zeros(products),
        "firm_ids": game.firm_of,
        "delta": demand.delta,
    }
    agents = None
    formulations = [pyblp.Formulation("0 + delta + prices"), None, pyblp.Formulation("1")]
    sigma = None
    if random:
        # mu = nodes x characteristics: as many characteristics as tastes have rank.
        left, size, right = np.linalg.svd(demand.mu, full_matrices=False)
        rank = 3
        data |= {f"x{n}": right[n] for n in range(rank)}
        agents = {
            "market_ids": np.zeros(types),
            "weights": demand.weights,
            "nodes": np.c_[1.0 - demand.alpha, left[:, :rank] * size[:rank]],
        }
        names = " + ".join(f"x{n}" for n in range(rank))
        formulations[1] = pyblp.Formulation(f"0 + prices + {names}")
        sigma = np.eye(rank + 1)
    simulation = pyblp.Simulation(
        formulations,
        data,
        beta=[1.0, -1.0],
        sigma=sigma,
        gamma=[1.0],
        agent_data=agents,
        xi=np.zeros(products),
        omega=np.zeros(products),
    )
    results = simulation.replace_endogenous(costs=game.costs)
    prices = results.compute_prices(costs=game.costs, iteration=setting, prices=game.costs)
    seconds = best(
        lambda: results.compute_prices(costs=game.costs, iteration=setting, prices=game.costs),
        repeats,
    )
    return seconds, prices.ravel()


def low_rank(game):
    """The same game with tastes of rank three, which PyBLP can be given."""
    left, size, right = np.linalg.svd(game.demand.mu, full_matrices=False)
    tastes = (left[:, :3] * size[:3]) @ right[:3]
    return replace(game, demand=replace(game.demand, mu=tastes))


@pytest.mark.parametrize(("kind", "types"), [("random", 200), ("plain", 1)])
def test_time_against_pyblp(kind, types):
    pyblp = pytest.importorskip("pyblp", reason="PyBLP is not installed: comparison left out")
    pyblp.options.verbose = False
    game = market(100, types, 10)
    game = low_rank(game) if types > 1 else game
    ours = best(lambda: solve(game), 300)
    found = solve(game)
    # Both to a relative error of about 1e-10 of the price.
    settings = {
        "simple": pyblp.Iteration("simple", {"atol": 1e-10}),
        "squarem": pyblp.Iteration("squarem", {"atol": 1e-10}),
        "anderson": pyblp.Iteration("anderson", {"fatol": 1e-10}),
        "default": None,
    }
    times = {}
    for name, setting in settings.items():
        try:
            times[name], prices = pyblp_time(pyblp, game, setting, 30)
        except Exception as error:
            print(f"\nPyBLP {name}: left out, {type(error).__name__}")
            continue
        np.testing.assert_allclose(prices, found.prices, rtol=1e-7)
    # Again, so that both saw the machine at its best.
    ours = min(ours, best(lambda: solve(game), 300))
    fastest = min(times, key=times.get)
    print(
        f"\nJ=100 I={types}: {1e6 * ours:.0f} us; PyBLP "
        + ", ".join(f"{name} {1e3 * seconds:.2f} ms" for name, seconds in times.items())
        + f": {times[fastest] / ours:.0f} times its fastest ({fastest}); aim "
        f"{PYBLP_AIM[kind]:.0f}"
    )
    assert times[fastest] > PYBLP_LEAST[kind] * ours
