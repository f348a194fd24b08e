"""Scenario files written for a test, and their faults."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sim.errors import Fault, InputError
from sim.scenario import Scenario, load

HEAD = """\
scenario: 1
name: A test
extends: base/china_nev_2024.yaml
replicates: 3
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a scenario that extends the shipped base; the text follows line 4."""

    def make(text: str = "", name: str = "test.yaml", head: str = HEAD) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(head + text, encoding="utf-8")
        return path

    return make


@pytest.fixture
def loaded(write: Callable[..., Path]) -> Callable[..., Scenario]:
    """Load a scenario that extends the shipped base."""

    def make(text: str = "", *sets: str) -> Scenario:
        return load(write(text), sets)

    return make


@pytest.fixture
def faults(write: Callable[..., Path]) -> Callable[..., list[Fault]]:
    """Faults of a scenario that extends the shipped base."""

    def make(text: str = "", *sets: str, head: str = HEAD) -> list[Fault]:
        with pytest.raises(InputError) as refusal:
            load(write(text, head=head), sets)
        return refusal.value.faults

    return make
