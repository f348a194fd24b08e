"""The verbs that run the model: what plan foretells, and what run does with --only."""

import re
from pathlib import Path

import pytest

from sim.record import open_batch
from sim.record.manifest import write_manifest

TEXT = """\
scenario: 1
name: Small
extends: base/china_nev_2024.yaml
horizon: {quarters: 2}
demand: {types: 32}
replicates: 3
arms:
  solo: {}
  mou: {alliances: {pair: {members: [faw, leapmotor], start: 2025Q1, kind: mou}}}
  war: {conduct: {war_intensity: 2}}
sweep: {alliances.pair.hazard: [0.1, 0.2]}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    """A folder with the manifest of a batch: 12 runs of 2 quarters in 24 s on one worker."""
    folder = tmp_path / "measured"
    write_manifest(
        folder,
        {
            "quarters": 2,
            "runs": {"total": 12, "ok": 12, "failed": 0},
            "made": {"runs": 12, "seconds": 24.0, "workers": 1},
        },
    )
    return folder


def told(text: str, name: str) -> str:
    return re.search(rf"^{name} +(.*)$", text, re.MULTILINE).group(1)


def test_plan_counts_runs_and_those_that_differ(say, file: Path, measured: Path) -> None:
    said = say("plan", file, "--out", measured, "--workers", "2")
    assert said.status == 0
    assert told(said.out, "arms") == "solo, mou, war"
    assert told(said.out, "points") == "2"
    assert told(said.out, "runs") == "18 of 2 quarters"
    # solo and war are the same at both points: 3 x (1 + 2 + 1).
    assert told(said.out, "to make").startswith("12:")
    assert told(said.out, "time") == "about 12 s with 2 workers, 2000 ms a run"
    assert f"(measured on the 12 runs of {measured}; nothing was written)" in said.out


def test_a_large_plan_is_told_soon(say, file: Path, measured: Path) -> None:
    many = ", ".join(str(n / 1000) for n in range(300))
    said = say(
        "plan", file, "--out", measured, "--workers", "2", "--replicates", "1000000",
        "--set", f"sweep.conduct.mu_max=[{many}]",
        "--set", f"sweep.conduct.war_intensity=[{many}]",
        "--set", "sweep.alliances.pair.hazard=null", "--set", "arms.war=null",
    )
    assert said.status == 0
    assert told(said.out, "runs") == "180,000,000,000 of 2 quarters"
    assert "to make" not in said.out


def test_plan_takes_the_options_of_run(say, file: Path, measured: Path) -> None:
    said = say(
        "plan", file, "--out", measured, "--only", "arm=war", "--replicates", "1000",
        "--set", "alliances.pair.hazard=0.1", "--workers", "1",
    )
    # The contract is no thing of every arm, so that its clause cannot be set in all.
    assert said.status == 2
    said = say(
        "plan", file, "--out", measured, "--only", "arm=war", "--replicates", "1000",
        "--set", "horizon.quarters=20", "--workers", "1",
    )
    assert said.status == 0
    assert told(said.out, "arms") == "solo, war"
    assert told(said.out, "runs") == "4,000 of 20 quarters"
    assert told(said.out, "time") == "about 11 h with 1 workers, 20000 ms a run"


@pytest.mark.parametrize(
    ("text", "near"), [("arm=wra", "arm=war"), ("war", "arm=war"), ("point=1", ""), ("arm=", "")]
)
def test_only_what_is_no_arm_is_refused(say, file: Path, tmp_path: Path, text, near) -> None:
    before = sorted(tmp_path.rglob("*"))
    for verb in ("run", "plan"):
        said = say(verb, file, "--out", tmp_path / "out", "--only", text)
        assert said.status == 2
        assert "expected arm=NAME with one of solo, mou, war" in said.err
        assert not near or f"did you mean '{near}'?" in said.err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.slow
def test_only_runs_an_arm_and_its_baseline_and_the_rest_later(
    say, file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    words = ("run", file, "--out", folder, "--workers", "1", "--quiet")
    said = say(*words, "--only", "arm=war")
    assert said.status == 0
    assert "12 runs, 6 the same as another, 0 failed" in said.out
    batch = open_batch(folder)
    assert batch.manifest["arms"] == ["solo", "war"]
    assert set(batch.table("runs")["arm"]) == {"solo", "war"}
    said = say(*words)
    assert said.status == 0
    assert "18 runs, 6 of them made before, 6 the same as another, 0 failed" in said.out
    assert open_batch(folder).manifest["arms"] == ["solo", "mou", "war"]
    said = say("plan", file, "--out", folder)
    assert f"measured on the 6 runs of {folder}" in said.out


@pytest.mark.slow
def test_plan_without_a_batch_makes_a_probe(say, file: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    said = say("plan", file, "--out", tmp_path / "out")
    assert said.status == 0
    assert "measured on 3 probe runs of replicate 0; nothing was written" in said.out
    assert sorted(tmp_path.rglob("*")) == before
