"""Antithetic luck as its readers see it: a couple is one observation, and the reader is told."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from synthetic_batch import Plan, write_batch

from sim import stats
from sim.compare import Batch, compare_arms, heat, level_paths, survival_paths
from sim.compare.estimates import estimate, share_of
from sim.compare.pairs import Pairs, make_pairs
from sim.compare.printing import printed_comparison, worth_of_pairing
from sim.compare.sentence import answer
from sim.report.sections import side_by_side_section, trust_strip

# Couples: (0, 1), (2, 3), (4, 5), (6, 7); one run of replicate 3 failed.
SOLO = np.array([1.0, 0, 0, 0, 1, 0, 0, 1])
ALLY = np.array([1.0, 1, 1, np.nan, 1, 1, 1, 0])


def paired(solo: np.ndarray, ally: np.ndarray, *, antithetic: bool = True) -> Pairs:
    count = len(solo)
    runs = pd.DataFrame({
        "run": np.arange(2 * count),
        "replicate": np.repeat(np.arange(count), 2),
        "arm": ["solo", "capital"] * count,
    })
    values = pd.Series(np.array([solo, ally]).T.ravel(), index=np.arange(2 * count))
    runs["status"] = np.where(np.isfinite(values), "ok", "failed")
    return make_pairs(runs, values.dropna(), "capital", "solo", antithetic=antithetic)


def test_a_couple_with_a_failed_run_is_left_out_and_its_pairs_are_told() -> None:
    pairs = paired(SOLO, ALLY)
    assert (pairs.count, pairs.failed) == (7, 1)
    assert pairs.in_couples().replicates.tolist() == [0, 1, 4, 5, 6, 7]
    row = estimate(pairs, yes_no=True)
    assert (row["pairs"], row["failed_pairs"], row["observations"]) == (7, 1, 3)
    # Means of the three whole couples: a half, a half, and a gain that a loss undoes.
    assert row["difference"] == pytest.approx(1.0 / 3.0)
    assert row["value"] - row["baseline_value"] == pytest.approx(row["difference"])
    # All eight planned pairs stand in the range; solo's run of replicate 3 is known to be 0.
    assert (row["range_low"], row["range_high"]) == pytest.approx((3.0 / 8.0, 4.0 / 8.0))


def test_amounts_are_means_of_couples() -> None:
    luck = np.random.default_rng(1)
    solo, gain = luck.standard_normal(20), luck.exponential(size=20)
    row = estimate(paired(solo, solo + gain), yes_no=False)
    means = gain.reshape(10, 2).mean(axis=1)
    assert (row["difference"], row["difference_low"], row["difference_high"]) == pytest.approx(
        stats.mean_interval(means)
    )
    assert row["p"] == pytest.approx(stats.t_test(means))
    assert row["observations"] == 10
    assert row["mirror_ratio"] == pytest.approx(
        2.0 * means.var(ddof=1) / gain.var(ddof=1)
    )


def test_the_order_of_couples_and_their_halves_is_only_an_order() -> None:
    luck = np.random.default_rng(2)
    solo, ally = (luck.random(12) < 0.5).astype(float), (luck.random(12) < 0.7).astype(float)
    row = estimate(paired(solo, ally), yes_no=True)
    turned = estimate(paired(solo[::-1], ally[::-1]), yes_no=True)
    assert turned == pytest.approx(row, nan_ok=True)


def test_a_share_is_over_whole_couples() -> None:
    found = share_of(np.array([1.0, 0, 1, 1, 1]), np.array([0, 1, 3, 4, 5]), antithetic=True)
    assert found["n"] == 4
    assert found["value"] == 0.75
    assert (found["low"], found["high"]) == tuple(stats.couple_share([1, 0, 1, 1]))[1:]


@pytest.fixture(scope="module")
def batches(tmp_path_factory) -> tuple[Batch, Batch]:
    """The same rows twice: said to be plain luck, and said to be antithetic."""
    folder: Path = tmp_path_factory.mktemp("couples")
    plain = write_batch(folder / "plain", Plan(replicates=20))
    couples = write_batch(folder / "couples", Plan(replicates=20), antithetic=True)
    return Batch(plain), Batch(couples)


def test_every_number_of_a_batch_counts_couples(batches) -> None:
    plain, couples = (compare_arms(batch) for batch in batches)
    assert set(plain["observations"]) == {20, 19}
    assert set(couples["observations"]) == {10, 9}
    whole = couples["failed_pairs"] == 0
    # Means of couples are means of pairs; only what they are known to is not the same.
    assert np.allclose(couples["difference"][whole], plain["difference"][whole], rtol=1e-9)
    assert not np.allclose(
        couples["difference_high"][whole], plain["difference_high"][whole], equal_nan=True
    )
    assert plain["mirror_ratio"].isna().all()
    assert couples["mirror_ratio"].notna().any()


def test_curves_and_maps_count_couples_too(batches) -> None:
    plain, couples = (survival_paths(batch, "leapmotor") for batch in batches)
    capital = couples["arm"] == "capital"
    assert set(couples["n"][~capital]) == {20}
    assert set(couples["n"][capital]) == {18}
    assert set(plain["n"][capital]) == {19}
    widths = [(table["high"] - table["low"])[~capital].mean() for table in (plain, couples)]
    assert widths[1] > widths[0]
    plain, couples = (heat(batch, "leapmotor") for batch in batches)
    assert (couples["high"] - couples["low"]).mean() > (plain["high"] - plain["low"]).mean()
    plain, couples = (level_paths(batch, "price_mean") for batch in batches)
    moved = couples["arm"] == "stranger"
    assert np.allclose(plain["difference"][moved], couples["difference"][moved], rtol=1e-9)
    assert not np.allclose(plain["difference_low"][moved], couples["difference_low"][moved])


def test_readers_are_told(batches) -> None:
    plain, couples = (printed_comparison(batch) for batch in batches)
    assert "couple" not in plain
    assert "every interval and test is over" in " ".join(couples.split())
    assert "mirrored luck" in couples
    batch = batches[1]
    comparison = compare_arms(batch)
    assert "every interval and test is over couples" in side_by_side_section(batch, comparison)
    assert "9 complete couples of mirrored luck" in trust_strip(batch, comparison)
    assert answer(batch)


def test_what_pairing_saved_is_told_of_the_headline_in_print_and_on_the_page(batches) -> None:
    for batch in batches:
        comparison = compare_arms(batch)
        of_arm = comparison[
            (comparison["arm"] == "capital")
            & (comparison["quarter"] == batch.headline_quarter)
            & (comparison["higher"] + comparison["lower"] > 0)
        ]
        ratios = of_arm["variance_ratio"].dropna()
        assert len(ratios) > 5
        # Luck is shared in these rows: for cash, by hand, a pair is worth many runs.
        said = worth_of_pairing(of_arm)
        assert f"median {ratios.median():.2f}" in said
        assert f"from {ratios.min():.2f} to {ratios.max():.2f}" in said
        assert said in " ".join(printed_comparison(batch, arm="capital").split())
        assert said.replace("'", "&#x27;") in side_by_side_section(batch, comparison)


def test_the_ratio_of_a_batch_is_that_of_its_rows(batches) -> None:
    batch = batches[0]
    runs = batch.runs_at(batch.reference, ["solo", "capital"])
    end = batch.quarter_number(batch.headline_quarter)
    rows = batch.firms(runs["run"].tolist(), ["cash"], firms=["leapmotor"], times=[end])
    joined = rows.merge(runs[["run", "arm", "replicate"]], on="run")
    cash = joined.pivot(index="replicate", columns="arm", values="cash").dropna()
    by_hand = (cash["capital"] - cash["solo"]).var() / (cash["capital"].var() + cash["solo"].var())
    table = compare_arms(batch, arms=["capital"], firms=["leapmotor"])
    told = table[(table["measure"] == "cash") & (table["quarter"] == batch.headline_quarter)]
    assert float(told["variance_ratio"].iloc[0]) == pytest.approx(by_hand, rel=1e-9)
    assert by_hand < 0.25


def test_what_pairing_saved_is_the_median_over_measures_that_differ() -> None:
    table = pd.DataFrame({
        "variance_ratio": [0.1, 0.25, 0.5, np.nan], "mirror_ratio": [np.nan] * 4,
    })
    said = worth_of_pairing(table)
    assert "median 0.25 (worth 4.0 times as many runs), from 0.10 to 0.50" in said
    assert "mirrored" not in said
    table["mirror_ratio"] = [0.5, 0.5, 1.5, np.nan]
    assert "mirrored luck helped" in worth_of_pairing(table)
    assert "did not help" in worth_of_pairing(table.assign(variance_ratio=1.25))
    assert "nothing to say" in worth_of_pairing(table.assign(variance_ratio=np.nan))
