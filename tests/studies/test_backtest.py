"""A year judged: closed forms on a made-up forecast, and a small forecast of a real year."""

import numpy as np
import pytest

import sim.scenario.outcomes as outcomes
from sim.cli import main
from sim.errors import InputError
from sim.market.costs import battery_price, subsidy_lost
from sim.quarter.context import first_state
from sim.scenario import load
from sim.scenario.outcomes import Observed
from sim.studies.backtest import MODEL, Forecast, backtest, forecast, judge
from sim.studies.backtest_text import firm_table, printed, score_table

FILE = "scenarios/base/china_nev_2022.yaml"
FIRMS = ("a", "b", "c", "other")


def units(values, year, metric="retail"):
    total = Observed(sum(values), "retail")
    found = {(f, "units", year): Observed(v, metric) for f, v in zip(FIRMS, values, strict=True)}
    found["other", "units", year] = Observed(values[-1], "remainder")
    return {**found, ("market", "units", year): total}


HISTORY = {**units([50.0, 400.0, 20.0, 30.0], 2021), **units([100.0, 200.0, 60.0, 40.0], 2022)}
HISTORY["c", "units", 2021] = Observed(20.0, "wholesale")
REALISED = {**units([150.0, 100.0, 90.0, 60.0], 2023)}
del REALISED["other", "units", 2023]


def judged_by(made, history=HISTORY, realised=REALISED):
    replicates = np.array(made, dtype=float)
    ratios = np.ones_like(replicates)
    found = Forecast(FIRMS, replicates, ratios, ())
    return judge(load(FILE), 2023, found, (), history, realised)


def test_a_forecast_that_knew_is_without_error_and_beats_all():
    found = judged_by([[150.0, 100.0, 90.0, 60.0]] * 5)
    by_units, by_share = found.judged
    assert by_units.firms == ("a", "b", "c")
    assert by_units.scores[MODEL].mean == by_share.scores[MODEL].mean == 0.0
    assert [each.inside for each in by_units.coverage] == [3, 3]
    text = printed(found)
    assert "beats persistence" in text
    assert "loses" not in text
    assert found.unscored == {"other": "what is left of the market"}


def test_benchmarks_are_what_they_say_and_losing_is_said():
    found = judged_by([[15.0, 1000.0, 9.0, 6.0]] * 5)
    forecasts = found.judged[0].forecasts
    assert forecasts["persistence"].tolist() == [100.0, 200.0, 60.0]
    # The third was counted otherwise the year before, so it grows as the market, 400 / 500.
    assert forecasts["trend"].tolist() == [200.0, 100.0, 48.0]
    assert forecasts["equal shares"].tolist() == [100.0, 100.0, 100.0]
    expected = np.log([150 / 100, 200 / 100, 90 / 60])
    assert found.judged[0].scores["persistence"].mean == pytest.approx(expected.mean())
    weighted = expected @ [150, 100, 90] / 340
    assert found.judged[0].scores["persistence"].weighted == pytest.approx(weighted)
    shares = found.judged[1]
    assert shares.realised.tolist() == [150 / 400, 100 / 400, 90 / 400]
    assert shares.forecasts["persistence"].tolist() == [0.25, 0.5, 0.15]
    text = printed(found)
    assert text.count("loses to") == 6
    assert "beats" not in text
    assert [each.inside for each in found.judged[0].coverage] == [0, 0]
    assert found.judged[0].nearer("persistence") == 0
    ours = np.log([150 / 15, 1000 / 100, 90 / 9])
    excess = found.judged[0].mean_excess("persistence")
    assert excess.value == pytest.approx((ours - expected).mean())
    assert excess.low < excess.value < excess.high


def test_an_entrant_counts_in_the_market_and_is_scored_by_nobody():
    realised = {**REALISED, ("new", "units", 2023): Observed(70.0, "retail")}
    made = Forecast(
        (*FIRMS, "new"), np.array([[150.0, 100.0, 90.0, 60.0, 100.0]] * 5), np.ones((5, 5)), ()
    )
    found = judge(load(FILE), 2023, made, (), HISTORY, realised)
    by_units, by_share = found.judged
    assert by_units.firms == by_share.firms == ("a", "b", "c")
    assert by_units.forecasts[MODEL].tolist() == [150.0, 100.0, 90.0]
    assert by_share.forecasts[MODEL].tolist() == [0.3, 0.2, 0.18]
    assert found.total[MODEL] == 500.0
    assert found.unscored["new"] == "not on sale before; sold 70"
    assert "new" in printed(found)


def test_the_weight_of_a_price_error_is_what_was_sold_in_the_year():
    ratios = {(firm, "price_ratio", 2023): Observed(value, "list")
              for firm, value in (("a", 0.5), ("b", 1.0))}  # fmt: skip
    found = judged_by([[150.0, 100.0, 90.0, 60.0]] * 5, realised={**REALISED, **ratios})
    (prices,) = [each for each in found.judged if each.measure == "price"]
    assert prices.scores[MODEL].weighted == pytest.approx(150 / 250 * np.log(2.0))


def test_a_difference_that_chance_could_make_is_called_so():
    # Nearer for one firm by what it is farther for another.
    near = judged_by([[120.0, 180.0, 50.0, 60.0]] * 5)
    text = printed(near)
    line = next(each for each in text.splitlines() if "units by firm: the model" in each)
    between = near.judged[0].mean_excess("persistence")
    assert between.low < 0.0 < between.high
    assert line.endswith("not told apart from chance")
    told = printed(judged_by([[150.0, 100.0, 90.0, 60.0]] * 5))
    assert "beats equal shares" in told


def test_firms_counted_otherwise_and_newcomers_are_not_scored_but_named():
    realised = {**REALISED, ("a", "units", 2023): Observed(150.0, "wholesale"),
                ("b", "units", 2023): Observed(100.0, "estimate"),
                ("new", "units", 2023): Observed(7.0, "retail")}  # fmt: skip
    found = judged_by([[150.0, 100.0, 90.0, 60.0]] * 5, realised=realised)
    assert found.judged[0].firms == ("c",)
    assert found.unscored == {
        "a": "counted as retail before, as wholesale then",
        "b": "no full count of the year",
        "other": "what is left of the market",
        "new": "not on sale before; sold 7",
    }
    assert "not on sale before; sold 7: new" in printed(found)


def test_prices_are_scored_where_both_lists_are_known():
    realised = {**REALISED, ("a", "price_ratio", 2023): Observed(0.8, "list")}
    (*_, prices) = judged_by([[150.0, 100.0, 90.0, 60.0]] * 5, realised=realised).judged
    assert prices.measure == "price"
    assert prices.firms == ("a",)
    assert set(prices.scores) == {MODEL, "persistence"}
    assert prices.scores["persistence"].mean == pytest.approx(-np.log(0.8))
    history = {**HISTORY, ("a", "price_ratio", 2022): Observed(0.9, "list")}
    (*_, prices) = judged_by([[150.0, 100.0, 90.0, 60.0]] * 5, history, realised).judged
    assert prices.scores["trend"].mean == pytest.approx(np.log(0.9 / 0.8))
    assert "not scored" in printed(judged_by([[1.0, 1.0, 1.0, 1.0]] * 5))


def test_tables_hold_what_is_printed():
    found = judged_by([[15.0, 1000.0, 9.0, 6.0], [16.0, 900.0, 10.0, 6.0]])
    scores, firms = score_table(found), firm_table(found)
    assert len(scores) == 8
    row = scores[(scores.measure == "units") & (scores.forecaster == "persistence")].iloc[0]
    assert row.mean_abs_log_error == found.judged[0].scores["persistence"].mean
    assert firms[firms.measure == "units"].model.tolist() == [15.5, 950.0, 9.5]
    assert (firms.low <= firms.model).all()


@pytest.fixture(scope="module")
def small():
    return load(FILE).set("demand.types", 64)


def test_a_forecast_reads_neither_history_nor_what_was_realised(small, monkeypatch):
    def refused(path, name):
        raise AssertionError(f"{name} is read")

    monkeypatch.setattr(outcomes, "read_text", refused)
    made = forecast(small, 2)
    assert made.units.shape == (2, len(made.firms))
    assert made.failed == ()
    with pytest.raises(AssertionError, match="is read"):
        backtest(small, 2)


def test_a_real_year_is_judged(small):
    found = backtest(small, 3)
    assert found.year == 2023
    assert found.total["realised"] == 7_736_000
    persistent = found.judged[0].scores["persistence"]
    realised, last = found.judged[0].realised, found.judged[0].last
    assert persistent.mean == pytest.approx(np.abs(np.log(last / realised)).mean())
    assert {each.measure for each in found.judged} == {"units", "share", "price"}
    assert "xiaomi" not in found.forecast.firms
    assert backtest(small, 3).judged[0].scores == found.judged[0].scores


def test_dated_events_reach_costs_on_their_quarter():
    from sim.batch.run_one import Runner

    events = "{up: {start: 2022Q2, factor: 1.5}, down: {start: 2022Q4, factor: 0.5}}"
    sets = [f"costs.battery_events={events}", "costs.battery_decline=0", "demand.types=64",
            "costs.battery_events.spot=null"]  # fmt: skip
    run = Runner(load("scenarios/base/china_nev_2021.yaml", sets)).run_of("solo", {}, 0)
    state, prices, lost = first_state(run), [], []
    subsidy = run.world.industry.subsidy
    for quarter in range(5):
        state.t = quarter
        prices.append(battery_price(run.world, state))
        lost.append(subsidy_lost(run.world, quarter))
    assert prices == pytest.approx([720, 1080, 1080, 540, 540])
    assert subsidy.max() == pytest.approx(18_000 / 1.13)
    assert lost[0] == pytest.approx(0.3 * subsidy)
    assert lost[4] == pytest.approx(subsidy)


def test_a_frozen_subsidy_costs_nothing_and_a_lost_one_raises_prices_less_than_itself():
    def first_quarter(measure):
        sets = [f"measures.purchase_subsidy={measure}", "luck.on=false", "demand.types=64"]
        return forecast(load("scenarios/base/china_nev_2021.yaml", sets), 1)

    kept, lost = first_quarter("frozen"), first_quarter("on")
    dearer = lost.price_ratio[0] - kept.price_ratio[0]
    given = {"tesla": False, "xpeng": True, "gac_aion": True, "saic_vw": True}
    for firm, eligible in given.items():
        move = dearer[kept.firms.index(firm)]
        assert (move > 0.005) == eligible, (firm, move)
        assert move < 0.05
    assert lost.units.sum() < kept.units.sum()


@pytest.mark.parametrize(
    ("file", "sets", "expected"),
    [
        ("scenarios/base/china_nev_2024.yaml", [], "a market with history.csv"),
        (FILE, ["horizon.start=2024Q1"], "2023Q1, the year after the market's"),
        (FILE, ["horizon.start=2023Q2"], "a first quarter"),
        (FILE, ["horizon.quarters=3"], "at least 4"),
    ],
)
def test_what_cannot_be_judged_is_refused_with_its_place(file, sets, expected, capsys, tmp_path):
    with pytest.raises(InputError, match=expected):
        backtest(load(file, sets), 2)
    options = [part for each in sets for part in ("--set", each)]
    assert main(["backtest", file, *options, "--out", str(tmp_path / "out")]) == 2
    assert expected in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_later_input_is_refused(small, monkeypatch):
    rows = "table,known_last,rows,undated,note\nunits,2023-01,3,0,\nkinds,undated,3,3,\n"
    monkeypatch.setattr(outcomes, "read_text", lambda path, name: rows)
    with pytest.raises(InputError, match=r"units = 2023-01: expected a date up to 2022-12"):
        outcomes.read_information("china_nev_2022", 2022)
    assert len(outcomes.read_information("china_nev_2022", 2023)) == 2


def test_the_verb_prints_and_writes(capsys, tmp_path):
    line = ["backtest", FILE, "--replicates", "2", "--set", "demand.types=64"]
    assert main([*line, "--by-firm", "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "2023, from what was known in December 2022" in shown
    assert "in the 80% band" in shown
    written = {path.name for path in (tmp_path / "2023").iterdir()}
    assert {"scores.csv", "firms.csv", "reproduce.txt", "scenario.resolved.yaml"} <= written
