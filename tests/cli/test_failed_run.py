"""One run of fifty fails: the others stand, it is named, and the command printed makes it again."""

import shlex
from pathlib import Path

from sim.batch.run_one import Runner
from sim.errors import SolverError
from sim.record import open_batch

TEXT = """\
scenario: 1
name: Fifty
extends: base/china_nev_2024.yaml
horizon: {quarters: 2}
demand: {types: 32}
replicates: 25
arms: {solo: {}, war: {conduct: {war_intensity: 2}}}
"""
BAD = 17  # replicate 8 of the second arm


def test_one_failed_run_of_fifty(say, tmp_path: Path, monkeypatch) -> None:
    file, out = tmp_path / "fifty runs.yaml", tmp_path / "its results"
    file.write_text(TEXT, encoding="utf-8")
    make = Runner.record

    def record(self, spec):
        if spec.number == BAD:
            raise SolverError("prices did not converge: as the test wants it")
        return make(self, spec)

    monkeypatch.setattr(Runner, "record", record)
    said = say("run", file, "--workers", "1", "--out", out, "--quiet")
    assert said.status == 1
    assert "50 runs, 1 failed" in said.out
    named = "run 17 (war, replicate 8, middle): SolverError: prices did not converge"
    assert named in said.err
    runs = open_batch(out).table("runs")
    assert (runs["status"] == "ok").sum() == 49
    assert runs.loc[runs["status"] == "failed", "run"].tolist() == [BAD]
    rows = open_batch(out).table("firms", columns=["run"])["run"]
    assert set(rows) == set(range(50)) - {BAD}

    monkeypatch.undo()
    _, _, after = said.err.partition("to make failed runs again, and no others:\n")
    command = shlex.split(after.splitlines()[0])
    assert command[0] == "./run_sim.py"
    again = say(*command[1:], "--workers", "1", "--quiet")
    assert again.status == 0
    assert "50 runs, 49 of them made before, 0 failed" in again.out
    assert (open_batch(out).table("runs")["status"] == "ok").all()
