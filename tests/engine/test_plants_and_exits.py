"""Plants follow production and no more; who leaves moves nobody else's quality."""

from dataclasses import replace

import numpy as np
from worlds import run_of, walk

QUARTERS = 24


def test_nobody_builds_beyond_a_years_mean_production():
    run = run_of(replicate=2, sets=("finance.exits=false",))
    industry = run.world.industry
    base = industry.by_firm(industry.units) + industry.exports
    volumes = [base] * 4
    ceiling = industry.capacity.copy()
    built = []

    def after(state, work):
        np.maximum(ceiling, np.mean(volumes[-4:], axis=0), out=ceiling)
        assert np.all(state.capacity <= ceiling * (1.0 + 1e-12))
        built.append(work.build.sum())
        volumes.append(state.volume.copy())

    walk(run, QUARTERS, after)
    assert np.count_nonzero(built) > QUARTERS / 2
