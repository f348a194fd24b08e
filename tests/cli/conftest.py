"""The command line called in this process, and one synthetic batch to read."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from synthetic_batch import Plan, write_batch

from sim.cli import main


@dataclass(frozen=True)
class Said:
    """What a verb printed and its exit status."""

    status: int
    out: str
    err: str


Say = Callable[..., Said]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Call the command line with some words."""

    def call(*words: object) -> Said:
        status = main([str(word) for word in words])
        out, err = capsys.readouterr()
        return Said(status, out, err)

    return call


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic batch."""
    return write_batch(tmp_path_factory.mktemp("synthetic"), Plan())
