"""Small random markets of each kind of demand."""

import numpy as np

from sim.kernels.demand import Demand
from sim.kernels.game import PriceGame

KINDS = ("logit", "nested", "random", "random nested")


def random_demand(rng, kind, *, products=6, types=5, closed=False):
    """Demand of one kind and prices near what such a market would ask."""
    random = kind.startswith("random")
    nested = kind.endswith("nested")
    if not random:
        types = 1
    nests = np.arange(products) % 2
    return Demand(
        delta=rng.normal(1.0, 1.0, products),
        mu=rng.normal(0.0, 0.7, (types, products)) if random else None,
        alpha=np.exp(rng.normal(0.0, 0.3, types)),
        weights=rng.uniform(0.5, 1.5, types) / types,
        outside=np.full(types, -np.inf) if closed else rng.normal(0.0, 0.3, types),
        nest_of=rng.permutation(nests) if nested else None,
        rho=rng.uniform(0.0, 0.8, 2) if nested else None,
    ), rng.uniform(1.0, 3.0, products)


def random_game(rng, kind, *, products=6, types=5):
    """Three firms with weights on each other, shadow values and different net shares."""
    demand, _ = random_demand(rng, kind, products=products, types=types)
    others = 1.0 - np.eye(3)
    return PriceGame(
        demand=demand,
        costs=rng.uniform(0.3, 1.0, products),
        firm_of=np.arange(products) % 3,
        kappa=np.eye(3) + others * rng.uniform(0.0, 0.3, (3, 3)),
        shadow=rng.uniform(0.0, 0.1, (3, 3)),
        net_share=rng.uniform(0.7, 1.0, products),
    )
