"""The import contracts hold, and each of them catches a violation."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "sim"
LINT = Path(sys.executable).with_name("lint-imports")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the contracts of the project on the package that lies in a folder."""
    return subprocess.run(
        [LINT, "--no-cache", "--config", folder / "pyproject.toml"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def copy_of_project(folder: Path) -> Path:
    """Copy the package and its contracts, so that a wall can be broken without harm."""
    shutil.copytree(PACKAGE, folder / "sim", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def add_module(folder: Path, package: str, text: str) -> None:
    """Add a module to a package of the copy, making the package if it is not there yet."""
    place = folder / "sim" / package
    place.mkdir(exist_ok=True)
    (place / "__init__.py").touch()
    (place / "broken_wall.py").write_text(text, encoding="utf-8")


def broken(report: str) -> list[str]:
    """Return the names of the contracts that a report calls broken."""
    return re.findall(r"^(.+) BROKEN\b", report, re.MULTILINE)


def test_contracts_hold_on_the_package() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


def test_contracts_are_read_from_the_copy(tmp_path: Path) -> None:
    result = lint_imports(copy_of_project(tmp_path))
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("package", "text", "contract"),
    [
        ("kernels", "import mesa\n", "Kernels and stats are functions of arrays"),
        ("kernels", "import mesa\n", "Only engine imports Mesa"),
        ("stats", "import csv\n", "Kernels and stats are functions of arrays"),
        ("kernels", "from sim.errors import SimError\nimport pandas\n", "Data frames belong to"),
        ("kernels", "import sim.world\n", "Floors"),
        ("alliances", "import sim.finance\n", "Floors"),
        ("finance", "import sim.alliances\n", "Floors"),
        ("market", "def late():\n    import sim.quarter\n", "Floors"),
        ("quarter", "import mesa\n", "Only engine imports Mesa"),
        ("world", "from ruamel.yaml import YAML\n", "Only scenario reads YAML"),
        ("decisions", "import pydantic\n", "Only scenario reads YAML"),
        ("batch", "import sqlite3\n", "Only record opens a store"),
        ("compare", "import duckdb\n", "Only record opens a store"),
        ("engine", "from matplotlib.figure import Figure\n", "Only report draws"),
        ("report", "import sim.world\n", "Report and compare know rows only"),
        ("compare", "import sim.scenario\n", "Report and compare know rows only"),
    ],
)
def test_contract_catches_a_violation(
    tmp_path: Path, package: str, text: str, contract: str
) -> None:
    folder = copy_of_project(tmp_path)
    for target in ("scenario", "world", "quarter", "finance", "alliances"):
        (folder / "sim" / target).mkdir(exist_ok=True)
        (folder / "sim" / target / "__init__.py").touch()
    add_module(folder, package, text)
    result = lint_imports(folder)
    assert result.returncode != 0, result.stdout
    assert any(name.startswith(contract) for name in broken(result.stdout)), result.stdout


def test_a_new_package_must_be_given_its_floor(tmp_path: Path) -> None:
    folder = copy_of_project(tmp_path)
    add_module(folder, "attic", "")
    result = lint_imports(folder)
    assert result.returncode != 0
    assert "attic" in result.stdout


def test_every_folder_of_the_package_is_seen_by_the_contracts() -> None:
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_no_file_outgrows_its_subject() -> None:
    files = [*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    lengths = {path: path.read_text(encoding="utf-8").count("\n") for path in files}
    assert {str(path): length for path, length in lengths.items() if length > 450} == {}
