"""Planted effects are found, and what was not planted is not."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from synthetic_batch import FIRMS, Plan, write_batch

from sim.compare import Batch, Scope, compare_arms, deals, heat, losers, only_what_differs
from sim.compare.paths import alive_strip, level_paths, pair_differences, survival_paths
from sim.errors import InputError, StoreError


@pytest.fixture(scope="module")
def table(batch: Batch) -> pd.DataFrame:
    return compare_arms(batch)


def _row(table: pd.DataFrame, **wanted: str) -> pd.Series:
    chosen = table
    for column, value in wanted.items():
        chosen = chosen[chosen[column] == value]
    assert len(chosen) == 1, wanted
    return chosen.iloc[0]


def test_dates_are_the_three_of_the_design(table: pd.DataFrame) -> None:
    assert sorted(table["quarter"].unique()) == ["2027Q4", "2030Q4", "2034Q4"]


def test_the_planted_effect_is_found(table: pd.DataFrame) -> None:
    row = _row(table, arm="capital", firm="leapmotor", measure="survives", quarter="2030Q4")
    assert row["difference_low"] > 0.0
    assert row["p"] < 0.001
    assert row["lower"] == 0
    assert (row["pairs"], row["failed_pairs"]) == (39, 1)


def test_no_effect_is_found_where_none_was_planted(table: pd.DataFrame) -> None:
    row = _row(table, arm="mou", firm="leapmotor", measure="survives", quarter="2030Q4")
    assert row["difference"] == 0.0
    assert row["difference_low"] < 0.0 < row["difference_high"]
    assert row["p"] == 1.0
    assert row["same"] == row["pairs"] == 40


def test_a_merged_brand_lives_but_is_not_independent(table: pd.DataFrame) -> None:
    alive = _row(table, arm="merger", firm="leapmotor", measure="brand", quarter="2034Q4")
    free = _row(table, arm="merger", firm="leapmotor", measure="independent", quarter="2034Q4")
    assert alive["value"] > 0.8
    assert free["value"] == 0.0
    assert free["value_high"] > 0.0


def test_levels_are_those_of_the_rows(batch: Batch, table: pd.DataFrame) -> None:
    """Trailing year, sums since the start and pooled cash, recomputed from the raw rows."""
    scope = batch.reference
    runs = batch.runs_at(scope, ["solo"])
    broken = set(batch.runs_at(scope, ["capital"]).query("status != 'ok'")["replicate"])
    whole = runs[~runs["replicate"].isin(broken)]["run"].tolist()
    firms = batch.firms(whole, ["units", "cash"])
    market = batch.market(whole, ["units", "consumer_surplus", "price_mean"])
    end = batch.quarter_number("2030Q4")
    assert end == 23
    year = firms[firms["t"].between(end - 3, end)]
    cars = year[year["firm"] == "leapmotor"].groupby("run")["units"].sum()
    pooled = firms[(firms["t"] == end) & firms["firm"].isin(["faw", "leapmotor"])]
    surplus = market[market["t"] <= end].groupby("run")["consumer_surplus"].sum()
    recent = market[market["t"].between(end - 3, end)]
    price = (recent["price_mean"] * recent["units"]).groupby(recent["run"]).sum() / recent.groupby(
        "run"
    )["units"].sum()
    expected = {
        ("leapmotor", "units"): cars.mean(),
        ("leapmotor", "cash_together"): pooled.groupby("run")["cash"].sum().mean(),
        ("", "consumer_surplus"): surplus.mean(),
        ("", "price_level"): price.mean(),
    }
    for (firm, measure), value in expected.items():
        row = _row(table, arm="capital", firm=firm, measure=measure, quarter="2030Q4")
        assert row["baseline_value"] == pytest.approx(value, rel=1e-12)


def test_pooled_cash_stands_once(table: pd.DataFrame) -> None:
    pooled = table[table["measure"] == "cash_together"]
    assert set(pooled["firm"]) == {"leapmotor"}


def test_only_what_differs_keeps_the_headline(table: pd.DataFrame) -> None:
    differs, same = only_what_differs(table[table["arm"] == "mou"])
    assert set(differs["measure"]) == {"survives"}
    assert len(differs) + len(same) == (table["arm"] == "mou").sum()


def test_any_firm_and_any_baseline(batch: Batch) -> None:
    table = compare_arms(batch, arms=["capital"], baseline="stranger", firms=["byd"])
    assert set(table["firm"]) == {"byd", ""}
    assert set(table["baseline"]) == {"stranger"}


def test_another_point_has_other_runs(batch: Batch) -> None:
    peace, war = (
        compare_arms(batch, scope=batch.at({"conduct.war_intensity": value}), arms=["capital"])
        for value in (0.5, 1.5)
    )
    wanted = {"firm": "leapmotor", "measure": "survives", "quarter": "2030Q4"}
    assert _row(peace, **wanted)["baseline_value"] > _row(war, **wanted)["baseline_value"]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda batch: compare_arms(batch, arms=["captial"]), "did you mean 'capital'?"),
        (lambda batch: compare_arms(batch, firms=["leapmoter"]), "did you mean 'leapmotor'?"),
        (lambda batch: batch.runs_at(batch.at({"conduct.war_intensity": 0.7})), "0.5, 1, 1.5"),
        (lambda batch: batch.runs_at(batch.at({"conduct.war": 1.0})), "conduct.war_intensity"),
        (lambda batch: batch.runs_at(Scope("midle")), "did you mean 'middle'?"),
    ],
)
def test_names_that_do_not_exist_are_named(batch: Batch, call, said: str) -> None:
    with pytest.raises(InputError) as caught:
        call(batch)
    assert said in str(caught.value)


def test_a_folder_without_a_batch_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        Batch(tmp_path)


def test_the_planted_loser_comes_first(batch: Batch) -> None:
    table = losers(batch)
    assert table["firm"].tolist()[0] == "nio"
    assert set(table["firm"]) == set(FIRMS) - {"faw", "leapmotor"}
    assert table["survives_high"].iloc[0] < 0.0
    assert table["units_high"].iloc[0] < 0.0


def test_deals_count_runs_and_not_events(batch: Batch) -> None:
    table = deals(batch).set_index("arm")
    assert table.loc["capital", ["runs", "signed"]].tolist() == [39, 39]
    assert table.loc["mou", ["runs", "signed"]].tolist() == [40, 0]


def test_the_map_has_a_cell_for_each_value_and_arm(batch: Batch) -> None:
    cells = heat(batch, "leapmotor").set_index(["setting", "arm"])
    assert len(cells) == 15
    assert (cells["low"] < cells["high"]).all()
    solo = cells.xs("solo", level="arm")["value"]
    assert solo.is_monotonic_decreasing
    assert np.isnan(cells.loc[(1.0, "solo"), "difference"])
    assert cells.loc[(1.0, "capital"), "failed_pairs"] == 1
    assert cells.loc[(1.0, "capital"), "n"] == 39
    assert cells.loc[(1.0, "capital"), "difference_low"] > 0.0


def test_survival_paths_never_rise_and_have_bands(batch: Batch) -> None:
    paths = survival_paths(batch, "leapmotor", measure="brand")
    for _, path in paths.groupby("arm"):
        assert path["value"].is_monotonic_decreasing
        assert ((path["low"] < path["high"]) & (path["low"] <= path["value"])).all()
    assert paths.loc[paths["arm"] == "capital", "n"].unique().tolist() == [39]


def test_level_paths_pair_before_they_average(batch: Batch) -> None:
    """Luck moves the price by 3 %, the arm by 0.48 %: only pairs can see it."""
    paths = level_paths(batch, "price_mean")
    last = paths[(paths["arm"] == "capital") & (paths["quarter"] == "2030Q4")].iloc[0]
    assert last["pairs"] == 39
    assert 0.0 < last["difference_low"] < last["difference"] < last["difference_high"]
    assert last["difference"] == pytest.approx(0.0048 * last["value"] / 1.0048, rel=0.01)
    assert last["upper_runs"] - last["lower_runs"] > 10.0 * last["difference"]


def test_alive_strip_is_of_the_baseline(batch: Batch) -> None:
    strip = alive_strip(batch)
    assert len(strip) == len(FIRMS) * 40
    assert strip.loc[strip["firm"] == "byd", "value"].eq(1.0).all()
    assert strip["n"].eq(40).all()


def test_pair_differences_keep_every_pair(batch: Batch) -> None:
    rows = pair_differences(batch, "units", firm="leapmotor")
    assert rows.groupby("arm").size().to_dict() == {
        "capital": 39,
        "merger": 40,
        "mou": 40,
        "stranger": 40,
    }
    assert np.array_equal(rows["difference"], rows["value"] - rows["baseline"])


def test_a_short_run_is_told_at_its_end(tmp_path: Path) -> None:
    short = Batch(write_batch(tmp_path, Plan(replicates=6, wars=(1.0,), quarters=6, failed=())))
    assert short.horizons == ("2026Q2",)
    assert short.headline_quarter == "2026Q2"
    assert set(compare_arms(short)["quarter"]) == {"2026Q2"}


def test_all_runs_failed(tmp_path: Path) -> None:
    arms = ("solo", "capital")
    plan = Plan(
        replicates=2,
        arms=arms,
        wars=(1.0,),
        failed=tuple((replicate, 1.0, arm, "middle") for replicate in range(2) for arm in arms),
    )
    empty = Batch(write_batch(tmp_path, plan))
    table = compare_arms(empty)
    assert (table["pairs"] == 0).all()
    assert (table["failed_pairs"] == 2).all()
