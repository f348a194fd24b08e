"""The page on events: its example runs as it says, and it names every kind and condition."""

import re
from pathlib import Path

from worlds import _CALIBRATIONS, tables

from sim.batch.run_one import Runner
from sim.scenario import load
from sim.scenario.events import KINDS, Condition

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "events.md").read_text(encoding="utf-8")


def test_the_example_runs_and_the_answer_comes_a_quarter_later(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "page.yaml"
    path.write_text(text, encoding="utf-8")
    scenario = load(path, ["demand.types=32"])
    assert set(scenario.settings("no_shock", {}).events) == {
        "promise", "byd_cuts", "geely_answers", "newcomer",
    }  # fmt: skip
    assert scenario.settings("harder", {}).events["byd_cuts"].cut == 0.2
    assert [dict(point.values) for point in scenario.points()] == [
        {"events.shock.jump": 0.2}, {"events.shock.jump": 0.4},
    ]  # fmt: skip
    runner = Runner(scenario)
    runner._calibrations = _CALIBRATIONS
    told = tables(runner.run_of("solo", {}, 0), 6)["events"]
    chosen = told["kind"] == "event"
    started = dict(
        zip(told["counterparty"][chosen][::-1], told["t"][chosen][::-1].tolist(), strict=True)
    )
    assert started == {"byd_cuts": 1, "geely_answers": 2, "promise": 2, "newcomer": 3, "shock": 4}


def test_every_kind_and_condition_is_on_the_page() -> None:
    for name in (*KINDS, *Condition.model_fields):
        assert f"`{name}" in PAGE
