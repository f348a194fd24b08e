"""The set-up: refuses, repairs, and does nothing when nothing is to do."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with an empty lock, so that its environment builds in a second."""
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "set_up.py", tmp_path / "tools")
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.lock").write_text("", encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    return tmp_path


@pytest.fixture
def set_up(project: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The set-up of that project; its steps are recorded, and pip is left out."""
    spec = importlib.util.spec_from_file_location("set_up", project / "tools" / "set_up.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    steps: list[str] = []

    def call(*command: str) -> None:
        steps.append(" ".join(command[1:4]))
        if command[2] == "venv":
            packages = module.VENV / "lib" / "python3" / "site-packages"
            (packages / "numpy").mkdir(parents=True)
            module.PYTHON.parent.mkdir()
            module.PYTHON.symlink_to(sys.executable)

    monkeypatch.setattr(module, "call", call)
    module.steps = steps
    assert module.main() == 0
    assert steps == ["-m venv " + str(module.VENV), "-m pip install", "-m pip install"]
    steps.clear()
    return module


def test_second_call_does_nothing(set_up: ModuleType) -> None:
    assert set_up.main() == 0
    assert set_up.steps == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda m: m.STAMP.unlink(),
        lambda m: m.STAMP.write_text("{"),
        lambda m: m.STAMP.write_text("[]"),
        lambda m: m.PYTHON.unlink(),
        lambda m: shutil.rmtree(m.VENV),
        lambda m: shutil.rmtree(m.VENV / "lib" / "python3" / "site-packages" / "numpy"),
        lambda m: m.LOCK.write_text("# moved\n"),
        lambda m: m.STAMP.write_text(m.STAMP.read_text().replace(str(m.ROOT), "/elsewhere")),
    ],
    ids=[
        "no stamp",
        "stamp cut short",
        "strange stamp",
        "no python",
        "no environment",
        "package lost",
        "lock changed",
        "folder moved",
    ],
)
def test_damage_is_repaired_once(set_up: ModuleType, damage: object) -> None:
    damage(set_up)  # type: ignore[operator]
    assert set_up.main() == 0
    assert len(set_up.steps) == 3
    set_up.steps.clear()
    assert set_up.main() == 0
    assert set_up.steps == []


def test_another_python_rebuilds(set_up: ModuleType) -> None:
    stamp = json.loads(set_up.STAMP.read_text())
    set_up.STAMP.write_text(json.dumps({**stamp, "python": "3.11.0"}))
    assert set_up.main() == 0
    assert len(set_up.steps) == 3


def test_changed_project_table_installs_only_the_project(set_up: ModuleType) -> None:
    set_up.PROJECT.write_text("# changed\n")
    assert set_up.main() == 0
    assert set_up.steps == ["-m pip install"]


def test_packages_added_by_hand_stay(set_up: ModuleType) -> None:
    (set_up.VENV / "lib" / "python3" / "site-packages" / "ipython").mkdir()
    assert set_up.main() == 0
    assert set_up.steps == []


def test_failed_step_leaves_no_stamp(
    set_up: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*command: str) -> None:
        raise subprocess.CalledProcessError(1, command)

    set_up.LOCK.write_text("# moved\n")
    monkeypatch.setattr(set_up, "call", fail)
    assert set_up.main() == 1
    assert not set_up.STAMP.exists()
    assert capsys.readouterr().err.count("\n") == 1


def old_python(folder: Path) -> Path:
    """Write a stand-in for a Python of an unsupported version."""
    stand_in = folder / "python-old"
    stand_in.write_text(
        '#!/bin/sh\ncase "$1" in -V) echo "Python 3.9.2";; *) exit 1;; esac\n', encoding="utf-8"
    )
    stand_in.chmod(0o755)
    return stand_in


@pytest.mark.parametrize("python", ["old", "missing"])
def test_make_refuses_other_pythons_in_one_line(project: Path, python: str) -> None:
    name = old_python(project) if python == "old" else "python-that-is-missing"
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    result = subprocess.run(
        ["make", "setup", f"PYTHON={name}"],
        cwd=project,
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line for line in result.stderr.splitlines() if not line.startswith("make")]
    assert result.returncode == 2
    assert len(said) == 1
    assert "3.11 to 3.13" in said[0]
    assert not (project / ".venv").exists()
