"""Antithetic luck in runs: what couples share, what they save, and who refuses them."""

import numpy as np
import pytest
from worlds import differing, run_of, scenario, tables

from sim.batch.run_one import Runner
from sim.batch.spread import compare_spread
from sim.errors import InputError
from sim.stats import mirror_ratio

ANTITHETIC = ("luck.antithetic=true", "replicates=2", "demand.types=32")
PLAIN = ANTITHETIC[1:]
NORMAL, UNIFORM = ("firm", "passing", "line", "hit", "battery"), ("launch", "equity")


def test_every_stream_of_the_second_run_mirrors_the_first() -> None:
    one, other = (run_of("capital", ANTITHETIC, replicate) for replicate in (6, 7))
    for stream in NORMAL:
        assert np.array_equal(getattr(one.world.luck, stream), -getattr(other.world.luck, stream))
    for stream in UNIFORM:
        total = getattr(one.world.luck, stream) + getattr(other.world.luck, stream)
        assert np.allclose(total, 1.0, rtol=0.0, atol=1e-15)
    assert np.allclose(one.contract_luck + other.contract_luck, 1.0, rtol=0.0, atol=1e-15)
    assert one.contract_luck.shape[1] == 1


def test_arms_and_points_of_a_replicate_still_share_their_luck() -> None:
    for replicate in (6, 7):
        one = run_of("solo", ANTITHETIC, replicate)
        other = run_of("merger", ANTITHETIC, replicate, {"conduct.war_intensity": 1.25})
        for stream in (*NORMAL, *UNIFORM):
            assert np.array_equal(
                getattr(one.world.luck, stream), getattr(other.world.luck, stream)
            )


def test_the_first_half_of_a_couple_is_a_plain_run() -> None:
    plain, half = (tables(run_of("capital", sets, 6), 4) for sets in (PLAIN, ANTITHETIC))
    assert differing(plain, half) == []
    mirrored = tables(run_of("capital", ANTITHETIC, 7), 4)
    assert "firms.units" in differing(plain, mirrored)


def test_without_luck_both_halves_are_one_run() -> None:
    sets = (*ANTITHETIC, "luck.scale=0", "quality.renewal=false", "finance.equity_market=false")
    one, other = (tables(run_of("solo", sets, replicate), 3) for replicate in (0, 1))
    assert differing(one, other) == []


def sales_ratio(sets: tuple[str, ...]) -> float:
    """Mirror ratio of Leapmotor's sales in the last of three quarters, over ten couples."""
    runner, sold = Runner(scenario(sets)), []
    for replicate in range(20):
        rows = tables(runner.run_of("solo", {}, replicate), 3)["firms"]
        chosen = (rows["firm"] == "leapmotor") & (rows["t"] == 2)
        sold.append(float(np.log(rows["units"][chosen][0])))
    return mirror_ratio(sold)


def test_couples_save_variance_of_what_rises_with_luck() -> None:
    # Log sales are nearly linear in the shocks to a brand.
    assert sales_ratio(ANTITHETIC) < 0.2
    assert sales_ratio(PLAIN) > 0.4


def test_who_counts_replicates_refuses_couples() -> None:
    with pytest.raises(InputError, match="independent draws of luck"):
        compare_spread(scenario(ANTITHETIC), 2)
    with pytest.raises(InputError, match=r"luck\.antithetic"):
        scenario(ANTITHETIC).independent("a study")
    assert scenario(PLAIN).independent("a study") is scenario(PLAIN)
