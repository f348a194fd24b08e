"""The verbs that ask in a loop: what they refuse before a run, and one small study of each."""

import json

import pytest

pytest.importorskip("SALib", reason="SALib is not installed: make setup")

SCENARIO = "scenarios/faw_leapmotor.yaml"
OUTCOME = "leapmotor.units@2025Q4"
SHORT = ("--set", "horizon.quarters=6")
WAR = "conduct.war_intensity"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("sensitivity", SCENARIO), "--outcome"),
        (("sensitivity", SCENARIO, "--outcome", "leapmotor.survive@2030Q4"), "'survives'"),
        (("sensitivity", SCENARIO, "--outcome", OUTCOME, "--arm", "capitol"), "'capital'"),
        (("sensitivity", SCENARIO, "--outcome", OUTCOME, "--arm", "solo", "--difference"), "arm"),
        (("sensitivity", SCENARIO, "--outcome", OUTCOME, "--vary", "conduct.mu_mx"), "mu_max"),
        (("sensitivity", SCENARIO, "--outcome", OUTCOME, "--max-failed", "2"), "share"),
        (("map", SCENARIO, "--outcome", OUTCOME, "--x", f"{WAR}=0:1"), "--y"),
        (
            ("map", SCENARIO, "--outcome", OUTCOME, "--x", f"{WAR}=0:1", "--y", f"{WAR}=0:2"),
            "another setting",
        ),
        (
            ("map", SCENARIO, "--outcome", OUTCOME, "--x", f"{WAR}=1:0", "--y", "no.path=0:1"),
            "2 faults",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_written(say, tmp_path, words, said):
    told = say(*words, "--out", tmp_path / "study")
    assert told.status == 2
    assert said in told.err
    assert "Traceback" not in told.err
    assert not (tmp_path / "study").exists()


@pytest.mark.slow
def test_a_small_sensitivity_study_is_printed_kept_and_repeated(say, tmp_path):
    words = (
        "sensitivity", SCENARIO, *SHORT, "--outcome", OUTCOME, "--arm", "capital", "--difference",
        "--method", "morris", "--trajectories", 2, "--replicates", 2, "--workers", 1,
        "--vary", "conduct.mu_max", "--vary", f"{WAR}=0.5:1.5", "--quiet",
    )  # fmt: skip
    first = say(*words, "--out", tmp_path)
    assert first.status == 0, first.err
    assert WAR in first.out
    assert "another draw of luck" in first.out
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    # Two trajectories of two settings and the dummy; two arms, two draws.
    assert manifest["found"]["points"] == 8
    assert 0 < manifest["found"]["runs_made"] <= 32
    indices = (tmp_path / "indices.csv").read_bytes()
    again = say(*words, "--out", tmp_path)
    assert again.out == first.out
    assert (tmp_path / "indices.csv").read_bytes() == indices
    assert json.loads((tmp_path / "manifest.json").read_text())["found"]["runs_made"] == 0


@pytest.mark.slow
def test_small_futures_are_told(say, tmp_path):
    told = say(
        "sensitivity", SCENARIO, *SHORT, "--outcome", "leapmotor.cash@2025Q4", "--arm", "capital",
        "--method", "futures", "--samples", 4, "--replicates", 2, "--workers", 1,
        "--vary", "conduct.mu_max", "--vary", "conduct.comfort_quarters", "--quiet",
        "--out", tmp_path,
    )  # fmt: skip
    assert told.status == 0, told.err
    # Ten per cent of new shares are cash whatever the world is like.
    assert "pays in all of 4 futures" in told.out
    assert "worst regret" in told.out


@pytest.mark.slow
def test_a_small_map_is_drawn(say, tmp_path):
    told = say(
        "map", SCENARIO, *SHORT, "--outcome", "leapmotor.cash@2025Q4", "--arm", "capital",
        "--x", f"{WAR}=0.5:1.5",
        "--y", "alliances.faw_leapmotor.terms.equity_stake.stake=0.01:0.2",
        "--coarse", 1, "--depth", 0, "--replicates", 2, "--workers", 1, "--quiet",
        "--out", tmp_path,
    )  # fmt: skip
    assert told.status == 0, told.err
    assert "in 100 % of the map" in told.out
    assert (tmp_path / "figures" / "map.png").is_file()
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    # The stake does not touch the baseline: its runs at two wars are made once.
    assert manifest["found"]["runs_made"] == 2 * 2 + 4 * 2
