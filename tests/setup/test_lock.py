"""The lock fits the project, holds for every Python of it, and names no place."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PYTHONS = ("3.11", "3.12", "3.13")


def entries() -> list[Requirement]:
    """Return the pinned packages of the lock."""
    pins = re.findall(r"^([A-Za-z0-9].*?)\s*\\?$", LOCK, re.MULTILINE)
    return [Requirement(pin) for pin in pins]


def pins_for(python: str) -> dict[str, str]:
    """Return name and version of what the lock installs on Linux under one Python."""
    surroundings = {
        **default_environment(),
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": "linux",
    }
    chosen = [e for e in entries() if e.marker is None or e.marker.evaluate(surroundings)]
    names = [canonicalize_name(e.name) for e in chosen]
    assert len(names) == len(set(names))
    return dict(zip(names, (str(e.specifier).removeprefix("==") for e in chosen), strict=True))


def declared() -> list[Requirement]:
    """Return what the project, its tests and its build back end ask for."""
    asked = [
        *PROJECT["project"]["dependencies"],
        *PROJECT["dependency-groups"]["dev"],
        *PROJECT["build-system"]["requires"],
    ]
    return [Requirement(text) for text in asked]


def test_no_address_and_no_place_in_the_lock() -> None:
    assert not re.search(r"://|^--|\bfile:|(^|\s)/\w", LOCK, re.MULTILINE)


def test_every_pin_has_hashes() -> None:
    blocks = re.split(r"\n(?=[A-Za-z0-9])", LOCK.strip())
    assert len(blocks) == len(entries())
    assert [b.split()[0] for b in blocks if "--hash=sha256:" not in b] == []


@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_satisfies_the_project(python: str) -> None:
    pins = pins_for(python)
    for requirement in declared():
        name = canonicalize_name(requirement.name)
        assert name in pins
        assert requirement.specifier.contains(pins[name]), requirement


def test_one_version_of_everything_for_all_pythons() -> None:
    """An old Python may need a package more (a backport), never another version of one."""
    pinned = {pin for python in PYTHONS for pin in pins_for(python).items()}
    names = [name for name, _ in pinned]
    assert sorted(names) == sorted(set(names))
    assert set(pins_for("3.13")) <= set(pins_for("3.12")) <= set(pins_for("3.11"))
