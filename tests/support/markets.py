"""Small random markets of each kind of demand."""

import numpy as np

from sim.kernels.demand import Demand


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
