"""Batches with little in them, really run: everything that reads them copes, and says what is."""

import re
from pathlib import Path

import pytest

from sim.batch.run_one import Runner
from sim.compare import Batch
from sim.errors import SolverError

HEAD = """\
scenario: 1
name: Little
extends: base/china_nev_2024.yaml
demand: {types: 32}
"""
MOU = "{alliances: {pact: {members: [faw, leapmotor], start: 2025Q2, kind: mou}}}"
ALLIED = f"horizon: {{quarters: 2}}\nreplicates: 2\narms: {{solo: {{}}, mou: {MOU}}}\n"
WAR = "arms: {solo: {}, war: {conduct: {war_intensity: 2}}}\n"
CASES = {
    "one arm": "horizon: {quarters: 2}\nreplicates: 3\narms: {solo: {}}\n",
    "no alliance": f"horizon: {{quarters: 2}}\nreplicates: 2\n{WAR}",
    "one replicate": f"horizon: {{quarters: 2}}\nreplicates: 1\n{WAR}",
    "one quarter": f"horizon: {{quarters: 1}}\nreplicates: 2\n{WAR}",
    "a year that begins in spring": (
        f"horizon: {{start: 2025Q2, quarters: 2}}\nreplicates: 2\n{WAR}"
    ),
    "one couple": f"luck: {{antithetic: true}}\n{ALLIED}",
    "no rows of firms": f"record: none\n{ALLIED}",
    "all failed": f"sweep: {{conduct.war_intensity: {{grid: [1, 2]}}}}\n{ALLIED}",
    "the baseline failed": ALLIED,
    "the arm failed": ALLIED,
}
FAILS = {
    "all failed": ("solo", "mou"), "the baseline failed": ("solo",), "the arm failed": ("mou",),
}  # fmt: skip
# What the first line must say, for a reader who sees nothing else.
SAYS = {
    "one arm": "There is nothing to compare: solo is the baseline itself.",
    "no alliance": "The arm war has no clear effect on BYD's odds of being alive",
    "one quarter": "at the end of 2025Q1",
    "a year that begins in spring": "at the end of 2025Q3",
    "no rows of firms": "keeps no rows of them (record: none)",
    "all failed": "Nothing can be said",
    "the baseline failed": "Nothing can be said",
    "the arm failed": "Nothing can be said",
}
QUICK = ("all failed", "no rows of firms")


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=[] if case in QUICK else pytest.mark.slow) for case in CASES]
)
def test_every_reader_copes(say, tmp_path: Path, monkeypatch, case: str) -> None:
    file, out = tmp_path / "little.yaml", tmp_path / "out"
    file.write_text(HEAD + CASES[case], encoding="utf-8")
    make, failing = Runner.record, FAILS.get(case, ())

    def record(self, spec):
        if spec.arm in failing:
            raise SolverError("as the test wants it")
        return make(self, spec)

    monkeypatch.setattr(Runner, "record", record)
    said = say("run", file, "--workers", "1", "--out", out, "--quiet")
    assert said.status == (1 if failing else 0), said.err
    assert SAYS.get(case, "") in said.out
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.endswith("</html>\n")
    # A quarter that ends no year is named in full.
    assert ("2025Q" in page) or case == "no rows of firms"
    assert re.search(r"\bnan\b", page, re.IGNORECASE) is None
    for words in (
        ("compare", out), ("compare", out, "--csv"), ("compare", out, out),
        ("compare", out, "--arm", "solo"),
    ):  # fmt: skip
        told = say(*words)
        assert (told.status, "Traceback" in told.err) == (0, False), told.err
        assert told.out
    if Batch(out).has_firms:
        assert "odds" in say("compare", out).out or case == "one arm"
    else:
        refused = say("compare", out, "--firm", "byd")
        assert refused.status == 2
        assert "record: none" in refused.err
    assert any((out / "figures").glob("*.svg")) == (case != "all failed")


def test_an_arm_alone_is_told_by_its_own_odds(say, tmp_path: Path) -> None:
    file, out = tmp_path / "little.yaml", tmp_path / "out"
    file.write_text(HEAD + ALLIED, encoding="utf-8")
    said = say("run", file, "--only", "arm=solo", "--workers", "1", "--out", out, "--quiet")
    assert said.status == 0, said.err
    # Two of two: the exact interval begins at 0.025 to the power of one half.
    assert "alive at the end of 2025Q2 in 100.0 % of 2 runs" in said.out
    assert "(95 % interval 15.8 % to 100.0 %)" in said.out
