"""A batch whose calibration is held: other runs, by other keys, and made again from its folder."""

from pathlib import Path

import pytest

from sim.batch.batch import run_batch
from sim.batch.plan import make_cells
from sim.cli import main
from sim.record import open_batch
from sim.scenario import load

MARGIN = "firms.leapmotor.gross_margin"
TEXT = f"""\
scenario: 1
name: Held
extends: base/china_nev_2024.yaml
horizon: {{quarters: 2}}
demand: {{types: 16}}
replicates: 2
arms: {{solo: {{}}}}
sweep: {{{MARGIN}: [0.084, 0.12]}}
"""
STRUCTURAL = {MARGIN: 0.12, "demand.income_sigma": 0.8}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "held.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def keys(scenario) -> list[str]:
    return [cell.key for cell in make_cells(scenario)]


def test_the_key_of_a_run_says_whether_its_calibration_is_held(file: Path) -> None:
    again = load(file)
    held = again.holding_calibration()
    one, other = zip(keys(again), keys(held), strict=True)
    # A sweep over it leaves the file itself without a margin: no point is the held one.
    assert other[0] != other[1]
    assert one[0] != one[1]
    assert len({*one, *other}) == 4
    settled = {"conduct.war_intensity": 2.0, "sweep": None}
    for path, value in settled.items():
        again, held = again.set(path, value), held.set(path, value)
    assert keys(again) == keys(held)
    for path, value in STRUCTURAL.items():
        assert keys(again.set(path, value)) != keys(held.set(path, value))


@pytest.mark.parametrize("hold", [False, True])
def test_the_resolved_scenario_makes_the_same_runs_again(
    file: Path, tmp_path: Path, hold: bool
) -> None:
    sets = [f"{path}={value}" for path, value in STRUCTURAL.items()]
    scenario = load(file, ["sweep=null", *sets])
    if hold:
        scenario = scenario.holding_calibration()
    resolved = tmp_path / "scenario.resolved.yaml"
    resolved.write_text(scenario.resolved_yaml(), encoding="utf-8")
    again = load(resolved)
    assert keys(again.holding_calibration() if hold else again) == keys(scenario)
    assert ("--hold-calibration" in resolved.read_text(encoding="utf-8")) == hold


def test_several_calibrations_cannot_be_held(file: Path, capsys, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for verb in ("run", "plan"):
        words = [verb, str(file), "--full", "--hold-calibration", "--out", str(out)]
        assert main(words) == 2
        assert "--hold-calibration" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.slow
def test_a_held_batch_says_so_and_is_made_again_from_its_folder(
    file: Path, tmp_path: Path, capsys
) -> None:
    def say(*words: object, status: int = 0) -> str:
        assert main([str(word) for word in words]) == status
        return capsys.readouterr().out

    held, free, second = (tmp_path / name for name in ("held", "free", "second"))
    options, hold = ("--set", f"{MARGIN}=0.12"), "--hold-calibration"
    assert "1 points, held as" in say("validate", file, *options, hold)
    say("run", file, *options, hold, "--workers", "1", "--quiet", "--out", held)
    assert "calibrations  middle, held as" in say("plan", file, *options, hold, "--out", held)
    run_batch(load(file, options[1:]), free, quiet=True)
    manifest = open_batch(held).manifest
    assert manifest["hold_calibration"] is True
    assert open_batch(free).manifest["hold_calibration"] is False
    assert hold in manifest["commands"]["rerun"]
    assert hold in (held / "report.html").read_text(encoding="utf-8")
    rows = [(folder / "firms.parquet").read_bytes() for folder in (held, free)]
    assert rows[0] != rows[1]
    assert hold in say("compare", held, free)
    # From what lies in the folder: the same bytes, and a quarter taken apart is that of the run.
    run_batch(load(held / "scenario.resolved.yaml").holding_calibration(), second, quiet=True)
    assert (second / "firms.parquet").read_bytes() == rows[0]
    say("explain", held, "--firm", "leapmotor", "--quarter", "2025Q2")
