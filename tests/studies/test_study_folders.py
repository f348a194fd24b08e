"""Studies from design to folder on answers whose truth is planted instead of played."""

import json
import math

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("SALib", reason="SALib is not installed: make setup")

from sim.errors import SimError, StoreError
from sim.record import Store
from sim.studies import futures, sensitivity_study, survival_map
from sim.studies.outcome import read_outcome
from sim.studies.points import Answers
from sim.studies.ranges import chosen_ranges, firms_of
from sim.studies.refinement import Lattice

WAR, MU = "conduct.war_intensity", "conduct.mu_max"


def planted(rule, fails=lambda values: False):
    """Stand in for ``ask``: ``rule(values, arm, replicate)`` instead of a run."""

    def ask(scenario, outcome, points, arms, replicates, store, *, workers, quiet, **_):
        shape = (len(points), len(arms), replicates)
        values, errors = np.empty(shape), {}
        for place in np.ndindex(shape):
            settings = dict(points[place[0]].values)
            replicate = points[place[0]].luck * replicates + place[2]
            values[place] = rule(settings, arms[place[1]], replicate)
            if fails(settings):
                values[place], errors[place] = np.nan, "cannot be calibrated"
        return Answers(values, errors, values.size)

    return ask


def asked(scenario, text="leapmotor.survives@2026Q4"):
    return read_outcome(text, scenario, firms_of(scenario))


def question(scenario, *, level=False, most=200, text="leapmotor.survives@2026Q4"):
    x, y = chosen_ranges(scenario, [f"{WAR}=0:1", f"{MU}=0:4"])
    outcome = asked(scenario, text)
    threshold = survival_map.default_threshold(outcome, level=level)
    return survival_map.Question(
        outcome, "capital", x, y, level, threshold, 20, Lattice(4, 3), most
    )


def dies_in_a_hard_war(settings, arm, replicate):
    """Alone the firm dies above war 0.5; with the alliance only above war 0.5 + mu / 10."""
    edge = 0.5 + (settings[MU] / 10.0 if arm == "capital" else 0.0)
    return float(settings[WAR] < edge)


def test_the_map_finds_where_the_alliance_decides(short, tmp_path, monkeypatch):
    monkeypatch.setattr(survival_map, "ask", planted(dies_in_a_hard_war))
    table, said = survival_map.draw_map(
        short, question(short, most=2000), tmp_path, command="as typed"
    )
    truth = (table[WAR] >= 0.5) & (table[WAR] < 0.5 + table[MU] / 10.0)
    assert (table["decision"] == truth).all()
    assert (table["effect"] == truth).all()
    assert len(table) < 0.4 * 33 * 33
    # The region is a triangle with half the height of 0.4 at its far end: a fifth of the map.
    cells = pd.read_csv(tmp_path / "cells.csv")
    decided = cells[cells["decision"] == 1]["area"].sum()
    undecided = cells[cells["flips"]]["area"].sum()
    assert decided < 0.2 < decided + undecided
    assert undecided < 0.1
    assert "leapmotor.survives@2026Q4 (capital less solo): above +5.0 points in" in said
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["kind"] == "map"
    assert manifest["command"] == "as typed"
    assert manifest["seed"] == short.heading.seed
    assert manifest["versions"]["numpy"]
    assert manifest["found"]["points"] == len(table)
    assert len(pd.read_csv(tmp_path / "map.csv")) == len(table)
    assert (tmp_path / "figures" / "map.svg").read_text().startswith("<?xml")


def test_the_map_by_level_asks_for_the_arm_alone(short, tmp_path, monkeypatch):
    monkeypatch.setattr(survival_map, "ask", planted(dies_in_a_hard_war))
    table, _ = survival_map.draw_map(short, question(short, level=True), tmp_path)
    assert (table["decision"] == (table[WAR] < 0.5 + table[MU] / 10.0)).all()


def test_the_map_keeps_its_budget_and_shows_what_failed(short, tmp_path, monkeypatch):
    stand_in = planted(dies_in_a_hard_war, fails=lambda settings: settings[MU] > 3.9)
    monkeypatch.setattr(survival_map, "ask", stand_in)
    table, said = survival_map.draw_map(short, question(short, most=40), tmp_path)
    assert 35 < len(table) <= 40
    assert (table["decision"].isna() == (table[MU] > 3.9)).all()
    assert set(table.loc[table[MU] > 3.9, "error"]) == {"cannot be calibrated"}
    assert f"{int((table[MU] > 3.9).sum())} of {len(table)} points failed" in said
    with pytest.raises(SimError, match="25 points, more than the 24"):
        survival_map.draw_map(short, question(short, most=24), tmp_path)
    monkeypatch.setattr(survival_map, "ask", planted(dies_in_a_hard_war, lambda settings: True))
    with pytest.raises(SimError, match="every point of the map failed: cannot be"):
        survival_map.draw_map(short, question(short), tmp_path)


def test_a_map_of_an_amount_is_drawn_twice_alike(short, tmp_path, monkeypatch):
    rule = planted(lambda values, arm, r: (arm == "capital") * 1e9 * (values[WAR] - 0.4) + r)
    monkeypatch.setattr(survival_map, "ask", rule)
    asked_for = question(short, text="leapmotor.cash@2026Q4", most=60)
    for name in ("one", "two"):
        table, said = survival_map.draw_map(short, asked_for, tmp_path / name)
    assert (table["decision"] == (table[WAR] > 0.4)).all()
    assert "above ¥0 in" in said
    for file in ("map.csv", "cells.csv", "figures/map.svg", "figures/map.png"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def sensitivity_asked(scenario, method, size, *, difference=True, max_failed=0.3):
    return sensitivity_study.Asked(
        asked(scenario, "leapmotor.cash@2026Q4"), "capital", difference, method, size, 3, max_failed
    )


def linear(settings, arm, replicate):
    """A paired effect of 10 over war and 1 over mu, and luck that pairs do not share."""
    effect = 10.0 * settings[WAR] + 0.25 * settings[MU] if arm == "capital" else 0.0
    luck = math.sin(7.0 * replicate) * (arm == "capital")
    return effect + luck


@pytest.mark.parametrize(("method", "size"), [("morris", 12), ("sobol", 128)])
def test_a_sensitivity_study_ranks_and_writes(short, tmp_path, monkeypatch, method, size):
    monkeypatch.setattr(sensitivity_study, "ask", planted(linear))
    ranges = chosen_ranges(short, [f"{WAR}=0:1", f"{MU}=0:4", "conduct.comfort_quarters"])
    wanted = sensitivity_asked(short, method, size)
    table, said = sensitivity_study.study(short, wanted, ranges, tmp_path, command="as typed")
    assert table.iloc[0]["path"] == WAR
    assert said.startswith(("1 of 3 settings moves", "2 of 3 settings move"))
    assert f"{WAR} most" in said or f"{WAR}, {MU} most" in said
    if method == "morris":
        assert table.iloc[0]["effect"] == pytest.approx(10.0)
        assert table.set_index("path").loc[MU, "effect"] == pytest.approx(1.0)
    idle = table.set_index("path").loc["conduct.comfort_quarters"]
    assert idle["effect"] == pytest.approx(0.0, abs=1e-9)
    assert idle["source"] == "assumption"
    assert len(pd.read_csv(tmp_path / "indices.csv")) == 4
    design = pd.read_csv(tmp_path / "design.csv")
    assert {"luck_block", "outcome", WAR, MU} < set(design.columns)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["kind"] == "sensitivity"
    assert manifest["found"]["answer"] == said
    assert (tmp_path / "figures" / "sensitivity.svg").is_file()
    text = sensitivity_study.printed(table, wanted)
    assert WAR in text.splitlines()[2]
    assert "another draw of luck" in text


def test_a_study_with_too_many_failures_leaves_its_reasons_and_no_index(
    short, tmp_path, monkeypatch
):
    stand_in = planted(linear, fails=lambda settings: settings[WAR] > 0.9)
    monkeypatch.setattr(sensitivity_study, "ask", stand_in)
    ranges = chosen_ranges(short, [f"{WAR}=0:1", f"{MU}=0:4"])
    with pytest.raises(SimError, match="cannot be calibrated"):
        sensitivity_study.study(
            short, sensitivity_asked(short, "morris", 8, max_failed=0.1), ranges, tmp_path
        )
    assert not (tmp_path / "indices.csv").exists()
    assert pd.read_csv(tmp_path / "failures.csv")["reason"].tolist() == ["cannot be calibrated"]
    table, said = sensitivity_study.study(
        short, sensitivity_asked(short, "morris", 8, max_failed=0.6), ranges, tmp_path
    )
    failed = int(pd.read_csv(tmp_path / "design.csv")["outcome"].isna().sum())
    assert f"{failed} of 32 design points failed and enter no index" in said
    assert table["lost"].sum() > 0


def test_futures_tell_regret_and_when_the_alliance_pays(short, tmp_path, monkeypatch):
    def rule(settings, arm, replicate):
        noise = 0.01 * math.sin(3.0 * replicate)
        return {"solo": 1.0, "stranger": 1.2, "capital": 2.5 - 2.0 * settings[WAR]}[arm] + noise

    monkeypatch.setattr(futures, "ask", planted(rule, lambda settings: settings[MU] < 0.2))
    ranges = chosen_ranges(short, [f"{WAR}=0:1", f"{MU}=0:4"])
    told = futures.study_futures(
        short, asked(short, "leapmotor.cash@2026Q4"), "capital", ranges, 400, 4, tmp_path,
        max_failed=0.3,
    )  # fmt: skip
    assert told.failures.startswith("20 of 400 futures failed")
    table = told.regret.set_index("arm")
    # At war 1 capital loses 0.7 to the stranger; at war 0 the stranger loses 1.3 to capital.
    assert table.loc["capital", "worst"] == pytest.approx(0.7, abs=0.02)
    assert table.loc["stranger", "worst"] == pytest.approx(1.3, abs=0.02)
    assert table.loc["capital", "best_in"] == pytest.approx(0.65, abs=0.02)
    assert told.regret["arm"].iloc[0] == "capital"
    edge, words = told.pays.partition(f"pays unless {WAR} is ")[2].split(" ", 1)
    assert float(edge) == pytest.approx(0.75, abs=0.02)
    assert words.startswith("or more:")
    assert json.loads((tmp_path / "manifest.json").read_text())["kind"] == "futures"
    assert (tmp_path / "regret.csv").is_file()
    assert "capital" in futures.printed_regret(told, asked(short))
    with pytest.raises(SimError, match="20 of 400"):
        futures.study_futures(
            short, asked(short), "capital", ranges, 400, 4, tmp_path, max_failed=0.01
        )


def test_the_same_folder_is_not_written_by_two_studies_at_once(short, tmp_path, monkeypatch):
    monkeypatch.setattr(survival_map, "ask", planted(dies_in_a_hard_war))
    with Store(tmp_path), pytest.raises(StoreError, match="another process"):
        survival_map.draw_map(short, question(short), tmp_path)


def test_a_map_needs_no_more_than_its_rows_to_be_drawn():
    from matplotlib.colors import to_rgba

    from sim.report.studies import EITHER, UNKNOWN, decision_map

    points = pd.DataFrame(
        {"a": [0.0, 1.0], "b": [0.0, 1.0], "effect": [1, 0], "decision": [1, None]}
    )
    cells = pd.DataFrame(
        {"x_low": [0.0, 1.0, 0.0], "x_high": [1.0, 2.0, 1.0], "y_low": [0.0, 0.0, 1.0],
         "y_high": [1.0, 1.0, 2.0], "value": [np.nan, 0.0, 0.1], "flips": [False] * 3,
         "unknown": [4, 0, 1]}
    )  # fmt: skip
    figure = decision_map(
        points, cells, x="a", y="b", column="difference", signed=True, as_share=True, title="t",
        note="n",
    )  # fmt: skip
    assert figure.axes[0].get_xlabel() == "a"
    # What is not known has no colour of the scale and is hatched; a zero is neither.
    squares = [patch for patch in figure.axes[0].patches if patch.get_fill()]
    hatched = [patch.get_xy() for patch in figure.axes[0].patches if patch.get_hatch()]
    assert hatched == [(0.0, 0.0), (0.0, 1.0)]
    nothing, zero, _ = (patch.get_facecolor() for patch in squares)
    assert nothing == to_rgba(UNKNOWN)
    assert zero == EITHER(0.5)
    assert "2 of 3 cells" in " ".join(text.get_text() for text in figure.texts)
