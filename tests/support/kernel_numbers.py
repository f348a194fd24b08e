"""Numbers of the compiled kernels, printed: run with and without compilation."""

import json

import numpy as np
from markets import KINDS, random_game

from sim.kernels.equilibrium import solve_prices


def numbers():
    """Prices, shares and verdicts of one game of each kind."""
    found = {}
    for kind in KINDS:
        # Solved to less than what is compared.
        point = solve_prices(random_game(np.random.default_rng(4), kind), tolerance=1e-13)
        found[kind] = {
            "prices": point.prices.tolist(),
            "shares": point.shares.tolist(),
            "iterations": point.iterations,
            "converged": point.converged,
        }
    return found


if __name__ == "__main__":
    print(json.dumps(numbers()))
