"""The verbs that read a batch: what they print, and what they say of names it does not have."""

import csv
import io
from pathlib import Path

import pytest
from synthetic_batch import Plan, write_batch

from sim.compare import Batch, compare_arms
from sim.compare.across import compare_batches
from sim.record.manifest import write_manifest


def test_compare_says_the_sentence_first(say, folder: Path) -> None:
    said = say("compare", folder, "--arm", "capital")
    assert said.status == 0
    assert said.err == ""
    assert said.out.startswith("The alliance (capital) raises Leapmotor's odds")
    assert "capital against solo; calibration middle, conduct.war_intensity = 1" in said.out


def test_compare_takes_baseline_firm_and_point(say, folder: Path) -> None:
    said = say(
        "compare", folder, "--arm", "merger", "--baseline", "mou", "--firm", "nio",
        "--set", "conduct.war_intensity=1.5",
    )
    assert said.status == 0
    assert "merger against mou; calibration middle, conduct.war_intensity = 1.5" in said.out
    assert "NIO: alive (headline)" in said.out
    assert "Leapmotor: cars sold" not in said.out


def test_csv_holds_the_rows_of_the_comparison(say, folder: Path) -> None:
    said = say("compare", folder, "--arm", "capital", "--csv")
    rows = list(csv.DictReader(io.StringIO(said.out)))
    expected = compare_arms(Batch(folder), arms=["capital"])
    assert [row["measure"] for row in rows] == list(expected["measure"])
    assert [float(row["value"]) for row in rows] == pytest.approx(
        list(expected["value"]), rel=1e-9, nan_ok=True
    )


def test_csv_without_an_arm_has_all_of_them(say, folder: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(say("compare", folder, "--csv").out)))
    assert {row["arm"] for row in rows} == {"stranger", "mou", "capital", "merger"}


def test_unknown_names_are_told_all_at_once_with_the_nearest(say, folder: Path) -> None:
    said = say(
        "compare", folder, "--arm", "captal", "--baseline", "sollo", "--firm", "leapmotr",
        "--calibration", "midle", "--set", "conduct.war_intensit=1",
    )
    assert said.status == 2
    assert said.out == ""
    lines = said.err.splitlines()
    assert len(lines) == 6
    for option, near in zip(
        ("--arm", "--baseline", "--firm", "--calibration", "--set"),
        ("capital", "solo", "leapmotor", "middle", "conduct.war_intensity"),
        strict=True,
    ):
        line = next(line for line in lines if option in line)
        assert f"did you mean '{near}'?" in line


def test_a_value_that_was_not_swept_lists_those_that_were(say, folder: Path) -> None:
    said = say("compare", folder, "--set", "conduct.war_intensity=0.9")
    assert said.status == 2
    assert "expected one of 0.5, 1, 1.5" in said.err


@pytest.mark.parametrize("text", ["conduct.war_intensity", "=1", "a=b", "a=nan", "a=\x1b[31m"])
def test_a_point_that_is_none_is_a_fault(say, folder: Path, text: str) -> None:
    said = say("compare", folder, "--set", text)
    assert said.status == 2
    assert "--set" in said.err
    assert "\x1b" not in said.err


@pytest.mark.parametrize("verb", ["compare", "report"])
def test_a_folder_that_is_no_batch_is_told_in_one_line(say, tmp_path: Path, verb: str) -> None:
    for place in (tmp_path, tmp_path / "missing"):
        said = say(verb, place)
        assert said.status == 2
        assert said.err.count("\n") == 1
        assert "no batch here" in said.err
    assert list(tmp_path.iterdir()) == []


def test_a_manifest_that_lacks_entries_is_named(say, tmp_path: Path) -> None:
    write_manifest(tmp_path, {"arms": ["solo"]})
    said = say("compare", tmp_path)
    assert said.status == 2
    assert said.err.count("\n") == 1
    assert "says nothing of baseline" in said.err


def test_report_draws_again_and_prints_the_page(say, tmp_path: Path) -> None:
    folder = write_batch(tmp_path / "batch", Plan(replicates=6))
    said = say("report", folder)
    assert said.status == 0
    page = Path(said.out.strip())
    assert page == folder / "report.html"
    first = page.read_bytes()
    page.unlink()
    assert say("report", folder).status == 0
    assert page.read_bytes() == first


def test_two_batches_stand_side_by_side(say, folder: Path, tmp_path: Path) -> None:
    other = write_batch(tmp_path / "other", Plan(seed=8, arms=("solo", "capital")))
    said = say("compare", folder, other, "--arm", "capital")
    assert said.status == 0
    assert f"A  {folder}" in said.out
    assert f"B  {other}" in said.out
    assert any(line.split() == ["seed", "7", "8"] for line in said.out.splitlines())
    assert "difference A" in said.out


def test_each_half_of_two_batches_is_what_one_batch_says(folder: Path, tmp_path: Path) -> None:
    other = Batch(write_batch(tmp_path / "other", Plan(seed=8)))
    first = Batch(folder)
    both = compare_batches(first, other, arm="capital")
    for side, batch in (("first", first), ("second", other)):
        alone = compare_arms(batch, arms=["capital"])
        assert list(both[f"difference_{side}"]) == pytest.approx(
            list(alone["difference"]), rel=1e-12, nan_ok=True
        )


def test_a_batch_beside_itself_differs_in_nothing(say, folder: Path) -> None:
    said = say("compare", folder, folder, "--arm", "capital")
    assert said.status == 0
    assert "No measure differs between the two batches." in said.out


def test_settings_that_differ_between_two_batches_come_first(say, tmp_path: Path) -> None:
    base = "extends: base/china_nev_2024.yaml\n"
    for name, text in (("one", ""), ("other", "conduct: {mu_max: 2}\n")):
        folder = write_batch(tmp_path / name, Plan(replicates=4, failed=()))
        (folder / "scenario.resolved.yaml").write_text(base + text, encoding="utf-8")
    said = say("compare", tmp_path / "one", tmp_path / "other")
    lines = said.out.splitlines()
    assert lines[0].split() == ["settings", "that", "differ", "A", "B"]
    assert lines[2].split() == ["conduct.mu_max", "4", "2"]
    said = say("compare", tmp_path / "one", tmp_path / "one")
    assert said.out.startswith("No setting differs between A and B.\n\nA  ")


def test_batches_without_their_scenario_are_compared_all_the_same(say, folder: Path) -> None:
    said = say("compare", folder, folder)
    assert said.status == 0
    assert said.out.startswith("The settings cannot be compared: ")


def test_an_arm_that_the_second_batch_lacks_is_a_fault(say, folder: Path, tmp_path: Path) -> None:
    other = write_batch(tmp_path / "other", Plan(replicates=4, failed=(), arms=("solo", "mou")))
    said = say("compare", folder, other, "--arm", "capital")
    assert said.status == 2
    assert "expected one of solo, mou" in said.err
