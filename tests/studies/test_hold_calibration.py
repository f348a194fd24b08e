"""Which settings calibrate the market again, and what holding the calibration reverses."""

import json

import pandas as pd
import pytest

from sim.scenario import load
from sim.studies.ranges import calibrated_again, chosen_ranges

SCENARIO = "scenarios/faw_leapmotor.yaml"
MARGIN = "firms.leapmotor.gross_margin"
OUTCOME = "leapmotor.units@2025Q2"


def test_held_the_calibration_is_that_of_the_file_whatever_sets_a_structural_value():
    scenario = load(SCENARIO)
    held = scenario.holding_calibration()
    assert held.calibration_settings("solo", {}) == scenario.calibration_settings("solo", {})
    for moved in ({MARGIN: 0.12}, {"demand.income_sigma": 0.8}):
        own = scenario.calibration_settings("solo", {})
        assert scenario.calibration_settings("solo", moved) != own
        assert held.calibration_settings("solo", moved) == own
        # The world itself moves in both.
        assert held.settings("solo", moved) == scenario.settings("solo", moved)
    (path, value), *_ = {MARGIN: 0.12}.items()
    assert held.set(path, value).calibration_settings("solo", {}) == own
    # A counterfactual never calibrates again.
    assert scenario.calibration_settings("solo", {"conduct.war_intensity": 2.0}) == own


def test_the_kind_of_a_range_and_the_sentence_say_so():
    texts = [MARGIN, "conduct.mu_max", "demand.income_sigma"]
    scenario = load(SCENARIO)
    ranges = chosen_ranges(scenario, texts)
    kinds = {each.path: each.setting for each in ranges}
    assert kinds[MARGIN] == "structural"
    assert kinds["conduct.mu_max"] == "counterfactual"
    said = calibrated_again(scenario, ranges)
    assert "calibrated again" in said
    assert MARGIN in said
    assert "conduct.mu_max" not in said
    held = scenario.holding_calibration()
    ranges = chosen_ranges(held, texts)
    assert {each.path: each.setting for each in ranges}[MARGIN] == "structural, held"
    assert "stays calibrated as the file is written" in calibrated_again(held, ranges)
    assert "No setting" in calibrated_again(scenario, chosen_ranges(scenario, ["conduct.mu_max"]))


@pytest.mark.slow
@pytest.mark.dask
def test_a_study_is_the_same_on_a_cluster_and_held_is_another_study(capsys, tmp_path):
    pytest.importorskip("SALib", reason="SALib is not installed: make setup")
    pytest.importorskip("distributed", reason="distributed is not installed: make setup")
    from sim.cli import main

    words = [
        "sensitivity", SCENARIO, "--set", "horizon.quarters=6", "--set", "demand.types=16",
        "--outcome", OUTCOME, "--arm", "solo", "--trajectories", "2", "--replicates", "1",
        "--vary", f"{MARGIN}=0.08:0.1", "--vary", "conduct.war_intensity=0.5:1.5", "--quiet",
    ]  # fmt: skip
    where = {
        "local": ["--workers", "1"],
        "dask": ["--executor", "dask", "--workers", "2"],
        "held": ["--workers", "1", "--hold-calibration"],
    }
    tables = {}
    for name, more in where.items():
        assert main([*words, *more, "--out", str(tmp_path / name)]) == 0, capsys.readouterr().err
        tables[name] = (tmp_path / name / "indices.csv").read_bytes()
    assert tables["local"] == tables["dask"]
    assert tables["local"] != tables["held"]
    manifest = json.loads((tmp_path / "held" / "manifest.json").read_text())
    assert manifest["asked"]["hold_calibration"] is True
    assert "--hold-calibration" in manifest["command"]
    # What only the calibration reads moves nothing where that is held.
    effects = pd.read_csv(tmp_path / "held" / "indices.csv").set_index("path")["effect"]
    assert effects[MARGIN] == 0.0
    assert effects["conduct.war_intensity"] > 0.0
