"""Every shipped scenario asks its question in its first line, and each of its arms runs."""

import re

import numpy as np
import pytest
from shipped import FOLDER
from worlds import _CALIBRATIONS, differing, tables

from sim.batch.run_one import Runner
from sim.scenario import load

FILES = sorted(FOLDER.glob("*.yaml"))
README = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
# As long as the latest date of a new scenario needs; batteries get cheap in 2024 there.
QUARTERS, LONGER = 6, {"facts_reasons": 12}
SMALL = ("demand.types=32", "replicates=1")


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_the_question_stands_first_and_in_readme(path):
    question = load(path).heading.question
    assert question.endswith("?")
    if path.stem != "faw_leapmotor":
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first == f"# {question}"
        assert f"| [{path.stem}](scenarios/{path.name}) | {question} |" in README


def test_readme_lists_no_scenario_that_is_not_there():
    listed = set(re.findall(r"\(scenarios/(\w+\.yaml)\)", README))
    assert listed <= {path.name for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_every_arm_runs_and_differs_from_the_baseline(path):
    scenario = load(path, SMALL)
    runner = Runner(scenario)
    runner._calibrations = _CALIBRATIONS
    values = dict(scenario.reference_point().values)
    quarters = LONGER.get(path.stem, QUARTERS)
    made = {arm: tables(runner.run_of(arm, values, 0), quarters) for arm in scenario.arms}
    plain = made[scenario.heading.baseline]
    for arm, rows in made.items():
        for column in ("price_mean", "units", "penetration", "consumer_surplus"):
            assert np.all(rows["market"][column] > 0.0)
        events = scenario.settings(arm, values).events
        told = set(rows["events"]["counterparty"][rows["events"]["kind"] == "event"])
        assert told == set(events)
        if arm != scenario.heading.baseline:
            assert differing(plain, rows, ("market", "firms")) != []
