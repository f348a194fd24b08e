"""Runs of a study: the same numbers as a batch's, failures by name, nothing made twice."""

import numpy as np
import pytest

from sim.batch.batch import run_batch
from sim.compare import Batch
from sim.compare.outcomes import outcomes, values_of
from sim.errors import InputError
from sim.record.store import Store
from sim.scenario import load
from sim.studies.outcome import OF_FIRM, measured, quarters_of, read_outcome, value_of
from sim.studies.points import Point, ask, concerns
from sim.studies.ranges import chosen_ranges, firms_of, known_ranges

SHIPPED = "scenarios/faw_leapmotor.yaml"
WAR = "conduct.war_intensity"
STAKE = "alliances.faw_leapmotor.terms.equity_stake.stake"


def outcome(scenario, text="leapmotor.units@2026Q3"):
    return read_outcome(text, scenario, firms_of(scenario))


def hand_made():
    """Two firms over three quarters; the second leaves after the first quarter."""
    return {
        "market": {
            "t": np.arange(3),
            "units": np.array([100.0, 50.0, 150.0]),
            "price_mean": np.array([10.0, 20.0, 30.0]),
            "hhi": np.array([5000.0, 10000.0, 10000.0]),
            "consumer_surplus": np.array([1.0, 2.0, 3.0]),
        },
        "firms": {
            "t": np.repeat(np.arange(3), 2),
            "firm": np.array(["a", "b"] * 3),
            "units": np.array([60.0, 40.0, 50.0, 0.0, 150.0, 0.0]),
            "cash": np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
            "state_money": np.zeros(6),
            "owner_money": np.zeros(6),
            **{name: np.array([True, True, True, False, True, False])
               for name in ("survives", "brand", "independent")},
        },
    }


def test_measures_of_a_run_made_by_hand(short):
    columns = measured(hand_made(), 2)
    found = {
        (firm, measure): value
        for firm, measure, value in zip(*columns.values(), strict=True)
    }
    assert found["", "price_level"] == pytest.approx((1000.0 + 1000.0 + 4500.0) / 300.0)
    assert found["", "consumer_surplus"] == 6.0
    assert found["", "hhi"] == pytest.approx(25000.0 / 3.0)
    # Three quarters stand for a year.
    assert found["a", "units"] == pytest.approx(260.0 * 4.0 / 3.0)
    assert found["b", "share"] == pytest.approx(40.0 / 300.0)
    assert found["b", "survives"] == 0.0
    assert found["a", "cash"] == 5.0
    # What comes after the quarter asked for does not matter.
    assert dict(zip(columns["measure"], measured(hand_made(), 1)["value"], strict=True)) != {}
    assert measured(hand_made(), 0)["value"][0] == 10.0


@pytest.mark.slow
def test_a_study_measures_what_a_batch_does_and_stops_at_its_quarter(short, tmp_path):
    scenario = short.with_replicates(2)
    run_batch(scenario, tmp_path / "batch", quiet=True)
    batch = Batch(tmp_path / "batch")
    quarter = "2026Q3"
    table = outcomes(batch, batch.runs, firms_of(scenario), [quarter])
    runs = batch.runs_at(batch.reference)
    whole = {
        (firm, measure.key)
        for firm in ("leapmotor", "faw", "byd")
        for measure in OF_FIRM
    } | {("", "price_level"), ("", "hhi"), ("", "consumer_surplus")}
    points = [Point(tuple(batch.reference.point.items()))]
    with Store(tmp_path / "study") as store:
        made = []
        for firm, measure in sorted(whole):
            asked = outcome(scenario, f"{firm or 'market'}.{measure}@{quarter}")
            answers = ask(scenario, asked, points, scenario.arms, 2, store)
            made.append(answers.made)
            theirs = values_of(table, measure, quarter, firm)
            for a, arm in enumerate(scenario.arms):
                numbers = runs.loc[runs["arm"] == arm].sort_values("replicate")["run"]
                expected = theirs.reindex(numbers).to_numpy()
                assert answers.values[0, a] == pytest.approx(expected, rel=1e-12), (firm, measure)
    # Every other outcome at the quarter is read from what the first one left.
    assert made[0] == 2 * len(scenario.arms)
    assert set(made[1:]) == {0}


@pytest.mark.slow
def test_what_cannot_be_calibrated_is_a_failure_by_name(short, tmp_path):
    points = [Point(()), Point((("demand.no_purchase_margin", 1.0001),)), Point((), luck=1)]
    with Store(tmp_path) as store:
        first = ask(short, outcome(short), points, ["solo"], 2, store, workers=2)
        again = ask(short, outcome(short), points, ["solo"], 2, store)
    assert first.failed_points == (1,)
    assert np.isnan(first.values[1]).all()
    assert np.isfinite(first.values[[0, 2]]).all()
    ((reason, count),) = first.reasons()
    assert count == 1
    assert "elasticity" in reason
    # Failed runs are tried again, the others are not; the numbers do not depend on the workers.
    assert (first.made, again.made) == (6, 2)
    assert np.array_equal(first.values, again.values, equal_nan=True)
    # Another block of luck is other luck.
    assert not np.isin(first.values[2], first.values[0]).any()


@pytest.mark.slow
def test_a_term_of_a_contract_leaves_the_arm_without_it_alone(short, tmp_path):
    points = [Point(((STAKE, 0.05),)), Point(((STAKE, 0.20),))]
    with Store(tmp_path) as store:
        asked = outcome(short, "leapmotor.cash@2026Q3")
        answers = ask(short, asked, points, ["solo", "capital"], 1, store)
    # The baseline's run is made once and stands at both points.
    assert answers.made == 3
    assert answers.values[0, 0, 0] == answers.values[1, 0, 0]
    assert answers.values[0, 1, 0] < answers.values[1, 1, 0]


def test_a_point_outside_what_a_setting_may_be_fails_without_a_run(short, tmp_path):
    with Store(tmp_path) as store:
        answers = ask(short, outcome(short), [Point(((WAR, -1.0),))], ["solo"], 3, store)
    assert answers.made == 0
    assert len(answers.errors) == 3
    assert WAR in answers.reasons()[0][0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("leapmoter.survives@2026Q4", "did you mean 'leapmotor'"),
        ("leapmotor.survive@2026Q4", "did you mean 'survives'"),
        ("leapmotor.survives@2035Q1", "2025Q1"),
        ("market.survives@2026Q4", "price_level"),
        ("leapmotor", "survives"),
        ("", "market"),
    ],
)
def test_an_outcome_that_is_not_there_gets_the_nearest(short, text, expected):
    with pytest.raises(InputError) as error:
        outcome(short, text)
    assert expected in str(error.value)


def test_an_outcome_reads_back(short):
    for text in ("leapmotor.share@2025Q1", "market.hhi@2026Q4"):
        assert str(outcome(short, text)) == text
    assert len(quarters_of(short)) == 8


def test_a_missing_value_is_no_number():
    asked = type("Asked", (), {"firm": "c", "measure": OF_FIRM[0]})
    assert np.isnan(value_of(asked, measured(hand_made(), 2)))


def test_known_ranges_say_whose_they_are_and_hold_the_value(short):
    found = known_ranges(short)
    assert len(found) > 60
    assert all(each.source for each in found)
    assert {each.setting for each in found} == {"structural", "counterfactual"}
    inside = [each.low <= each.value <= each.high for each in found]
    assert all(inside)


def test_ranges_are_chosen_by_pattern_and_by_hand(short):
    chosen = chosen_ranges(short, ["conduct.*", "conduct.mu_max=1:2", f"{WAR}=0:1.5"])
    by_path = {each.path: each for each in chosen}
    assert set(by_path) == {
        "conduct.mu_max", "conduct.comfort_quarters", "conduct.idle_cost_share", WAR,
    }
    assert (by_path["conduct.mu_max"].low, by_path["conduct.mu_max"].high) == (1.0, 2.0)
    assert by_path[WAR].source == "command line"
    (stake,) = chosen_ranges(short, [f"{STAKE}=0.01:0.3"])
    assert stake.value == 0.1


def test_a_setting_concerns_the_arms_that_have_it():
    whole = load(SHIPPED)
    theta = "alliances.faw_leapmotor.terms.tech_sharing.theta"
    held = {
        path: [arm for arm in whole.arms if concerns(whole, arm, path)]
        for path in (STAKE, theta, WAR, "injections.new_money.stake", "alliances.other.hazard")
    }
    assert held[STAKE] == ["capital"]
    # Set by the kind of the contract and not by the file.
    assert held[theta] == ["mou", "capital", "merger"]
    assert held[WAR] == list(whole.arms)
    assert held["injections.new_money.stake"] == ["stranger"]
    assert held["alliances.other.hazard"] == []


@pytest.mark.parametrize(
    "text",
    [
        "conduct.mu_maxx", "conduct.mu_max=2:1", "conduct.mu_max=1:x", "conduct.mu_max=0:inf",
        "conduct.war_intensity=-2:1", "alliances.nobody.hazard=0:1", "horizon.quarters=1:2",
    ],
)
def test_a_range_that_cannot_be_varied_is_refused(short, text):
    with pytest.raises(InputError) as error:
        chosen_ranges(short, ["conduct.*", text])
    assert len(error.value.faults) >= 1
