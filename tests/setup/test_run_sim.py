"""The starter: which Python it goes on in, and what it says when there is none."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest

import run_sim

ROOT = Path(__file__).resolve().parents[2]
CLI = """
import os
import sys


def main(argv):
    print("started in", sys.prefix, "with", argv, os.environ["OMP_NUM_THREADS"])
    return 7
"""


def start(python: str | Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Start the copy of run_sim.py in a folder with a given Python."""
    return subprocess.run(
        [python, folder / "run_sim.py", *arguments],
        env={**os.environ, "OMP_NUM_THREADS": "8"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the starter with a command line that only tells where it is."""
    folder = tmp_path / "project"
    (folder / "sim").mkdir(parents=True)
    (folder / "sim" / "__init__.py").touch()
    (folder / "sim" / "cli.py").write_text(CLI, encoding="utf-8")
    shutil.copy(ROOT / "run_sim.py", folder)
    return folder


@pytest.fixture
def bare_python(tmp_path: Path) -> Path:
    """A Python without the packages."""
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    return tmp_path / "bare" / "bin" / "python"


def test_arguments_and_exit_status_pass_through(project: Path) -> None:
    result = start(sys.executable, project, "list", "--all")
    assert result.returncode == 7
    assert "['list', '--all'] 1" in result.stdout


def test_bare_python_is_told_to_set_up(project: Path, bare_python: Path) -> None:
    result = start(bare_python, project)
    assert result.returncode == 1
    assert result.stdout == ""
    assert "make setup" in result.stderr
    assert result.stderr.count("\n") == 1


def test_bare_python_goes_on_in_the_environment(project: Path, bare_python: Path) -> None:
    (project / ".venv" / "bin").mkdir(parents=True)
    launcher = project / ".venv" / "bin" / "python"
    launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    launcher.chmod(0o755)
    result = start(bare_python, project, "list")
    assert result.returncode == 7
    assert f"started in {sys.prefix} with ['list']" in result.stdout


def test_an_environment_without_packages_is_tried_once(project: Path, bare_python: Path) -> None:
    (project / ".venv" / "bin").mkdir(parents=True)
    (project / ".venv" / "bin" / "python").symlink_to(bare_python)
    result = start(bare_python, project)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1


def test_the_starter_knows_every_package_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.split(r"[^A-Za-z0-9_-]", entry)[0] for entry in project["dependencies"]}
    assert set(run_sim.PACKAGES) == names


def test_the_starter_names_the_pythons_of_the_project() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'requires-python = ">=3.11,<3.14"' in text
