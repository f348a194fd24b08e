"""The synthetic batch of the comparison's tests, with its report written once."""

from pathlib import Path

import pytest
from synthetic_batch import Plan, write_batch

from sim.compare import Batch
from sim.report import write_report


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("reported") / "batch"
    write_batch(made, Plan(replicates=24, wars=(0.5, 1.0)))
    return made


@pytest.fixture(scope="session")
def batch(folder: Path) -> Batch:
    return Batch(folder)


@pytest.fixture(scope="session")
def written(folder: Path) -> list[Path]:
    return write_report(folder)
