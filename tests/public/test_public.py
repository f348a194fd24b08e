"""The public Python: what importing costs, what it offers, and that it says what a batch says."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from synthetic_batch import Plan, write_batch

import sim
from sim.compare import Batch, answer, compare_arms
from sim.errors import InputError, StoreError
from sim.public import _own_name

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "scenarios" / "faw_leapmotor.yaml"
HEAVY = ("numpy", "pandas", "mesa", "scipy", "numba", "pydantic", "ruamel", "matplotlib", "duckdb")


def in_a_new_python(code: str, *, timeout: int = 300) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )


def test_import_sim_imports_nothing_heavy() -> None:
    code = f"import sim, sys; print([n for n in {HEAVY} if n in sys.modules])"
    said = in_a_new_python(code)
    assert said.stderr == ""
    assert said.stdout.strip() == "[]"


def test_loading_a_scenario_imports_no_model_and_no_frames() -> None:
    code = (
        "import sim, sys; sim.load('scenarios/faw_leapmotor.yaml');"
        "print([n for n in ('numpy', 'pandas', 'mesa', 'scipy', 'numba') if n in sys.modules])"
    )
    said = in_a_new_python(code)
    assert said.stderr == ""
    assert said.stdout.strip() == "[]"


def test_every_name_that_is_offered_is_there() -> None:
    assert set(sim.__all__) <= set(dir(sim))
    for name in sim.__all__:
        assert getattr(sim, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = sim.nothing


def test_set_changes_every_arm_and_leaves_the_first_scenario_alone() -> None:
    first = sim.load(SHIPPED)
    second = first.set("conduct.mu_max", 0)
    for arm in first.arms:
        assert first.settings(arm, {}).conduct.mu_max == 4.0
        assert second.settings(arm, {}).conduct.mu_max == 0.0


def test_set_in_python_is_set_on_the_command_line() -> None:
    by_hand = sim.load(SHIPPED, ["conduct.war_intensity=1.2", "replicates=7"])
    by_program = sim.load(SHIPPED).set("conduct.war_intensity", 1.2).set("replicates", 7)
    assert by_program.heading == by_hand.heading
    assert by_program.sweep == by_hand.sweep == ()
    for arm in by_hand.arms:
        assert by_program.settings(arm, {}) == by_hand.settings(arm, {})
    (notice,) = by_program.notices
    path = "conduct.war_intensity"
    assert notice == f"set in Python {path}=1.2 replaces the sweep of {path}"


def test_set_takes_what_numpy_gives() -> None:
    import numpy as np

    changed = sim.load(SHIPPED).set("conduct.mu_max", np.float64(2.0))
    assert changed.settings("solo", {}).conduct.mu_max == 2.0


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("conduct.war_intensit", 1, "did you mean 'war_intensity'"),
        ("conduct.mu_max", float("nan"), "finite"),
        ("conduct.mu_max", "4", "a number"),
        ("conduct.mu_max", object(), "a number, text"),
        ("Conduct..mu", 1, "a dotted path"),
        ("extends", "other.yaml", "stands in the file"),
    ],
)
def test_a_wrong_change_is_refused_in_words(path: str, value: object, words: str) -> None:
    with pytest.raises(InputError) as refusal:
        sim.load(SHIPPED).set(path, value)
    assert words in str(refusal.value)
    assert str(refusal.value).startswith("set in Python: ")


def test_results_say_what_the_batch_says(tmp_path: Path) -> None:
    folder = write_batch(tmp_path, Plan(replicates=12))
    results = sim.open_results(folder)
    batch = Batch(folder)
    pd.testing.assert_frame_equal(
        results.compare("capital"), compare_arms(batch, arms=["capital"])
    )
    pd.testing.assert_frame_equal(results.compare(), compare_arms(batch))
    at_war = results.compare("capital", firms=["nio"], point={"conduct.war_intensity": 1.5})
    scope = batch.at({"conduct.war_intensity": 1.5})
    pd.testing.assert_frame_equal(
        at_war, compare_arms(batch, arms=["capital"], firms=["nio"], scope=scope)
    )
    assert results.answer("capital") == [str(each) for each in answer(batch, arm="capital")]
    assert len(results.table("runs")) == 12 * 3 * 5
    assert results.arms == batch.arms
    assert "180 runs, 1 failed" in repr(results)


def test_names_that_a_batch_does_not_have_are_refused(tmp_path: Path) -> None:
    results = sim.open_results(write_batch(tmp_path, Plan(replicates=4)))
    for wrong in (
        {"arm": "captal"},
        {"point": {"conduct.war": 1.0}},
        {"calibration": "midle"},
        {"firms": ["leapmotr"]},
    ):
        with pytest.raises(InputError, match="did you mean"):
            results.compare(**wrong)


def test_a_changed_scenario_has_a_folder_of_its_own() -> None:
    plain = sim.load(SHIPPED)
    names = {_own_name(scenario) for scenario in (
        plain, plain.set("conduct.mu_max", 3), plain.set("conduct.mu_max", 2)
    )}  # fmt: skip
    assert _own_name(plain) == "faw_leapmotor"
    assert len(names) == 3
    assert _own_name(plain.set("conduct.mu_max", 3)) in names


def test_a_folder_without_a_batch_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no batch here"):
        sim.open_results(tmp_path)


def test_an_arm_that_the_scenario_lacks_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'capital'"):
        sim.run(sim.load(SHIPPED), arms=["captal"], out=tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


# The line of the design, in a script without `if __name__ == "__main__"`.
SCRIPT = """
import sim
s = sim.load({file!r}).set("conduct.war_intensity", 1.2).set("horizon.quarters", 8)
b = sim.run(s.set("replicates", 2), workers=2, arms=["capital"], out={out!r})
frame = b.compare("capital")
print(type(frame).__name__, sorted(set(frame["arm"])), int(frame["pairs"].max()), b.arms)
"""


@pytest.mark.slow
def test_the_line_of_the_readme_runs_with_two_workers_and_no_guard(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        SCRIPT.format(file=str(SHIPPED), out=str(tmp_path / "out")), encoding="utf-8"
    )
    said = subprocess.run(
        [sys.executable, script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert said.stderr == ""
    assert said.stdout == "DataFrame ['capital'] 2 ('solo', 'capital')\n"
