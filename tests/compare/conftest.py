"""One synthetic batch for all tests that only read it."""

from pathlib import Path

import pytest
from synthetic_batch import Plan, write_batch

from sim.compare import Batch


@pytest.fixture(scope="session")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Batch:
    folder: Path = tmp_path_factory.mktemp("synthetic")
    return Batch(write_batch(folder, Plan()))
