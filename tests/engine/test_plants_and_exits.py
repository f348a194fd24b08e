"""Plants follow production and no more; who leaves moves nobody else's quality."""

import numpy as np
from worlds import run_of, walk

from sim.decisions.investment import InvestmentPlan
from sim.engine.model import PriceWar

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


class LaunchesAll:
    """Makes every launch that is due and builds nothing."""

    def invest(self, view):
        return InvestmentPlan(launch=view.launch_due.copy(), build=0.0, issue=0.0)


def qualities(run, leaves: int | None) -> np.ndarray:
    """Quality of all lines by quarter; one firm is taken off the market after the first."""
    model = PriceWar(run)
    for automaker in model.automakers:
        automaker.investor = LaunchesAll()
    path = []

    def after(state, work):
        firm_of = run.world.industry.firm_of
        path.append(state.permanent + state.passing[firm_of])
        if leaves is not None:
            state.active[leaves] = False

    model.walk(QUARTERS, after)
    return np.array(path)


def test_an_exit_moves_no_quality_of_those_who_stay():
    run = run_of(replicate=1, sets=("finance.exits=false",))
    largest = int(np.argmax(run.world.industry.by_firm(run.world.industry.units)))
    stay, gone = qualities(run, None), qualities(run, largest)
    others = run.world.industry.firm_of != largest
    assert np.max(np.abs(stay - gone)[:, others]) < 1e-12
    assert np.std(stay[-1]) > 0.2


def test_luck_alone_does_not_inflate_the_market():
    run = run_of(replicate=1, sets=("finance.exits=false",))
    weight = run.world.calibration.shares / run.world.calibration.shares.sum()
    level = np.log(np.exp(qualities(run, None)) @ weight)
    assert np.max(np.abs(level)) < 1e-12
