import importlib.util
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def rows():
    name = "tests_record_run_rows"
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("run_rows.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
