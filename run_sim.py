#!/usr/bin/env python3
"""Start the simulator: ``./run_sim.py VERB ...``; without arguments it prints the verbs."""

import importlib.util
import os
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve()
VENV_PYTHON = str(SCRIPT.parent / ".venv" / "bin" / "python")
PACKAGES = (
    "duckdb",
    "matplotlib",
    "mesa",
    "networkx",
    "numba",
    "numpy",
    "pandas",
    "pydantic",
    "rich",
    "ruamel",
    "scipy",
)
# Runs are parallel by process: threads inside one would fight for the same cores.
THREADS = (
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
# Holds a process number, which exec keeps: the second look of one process is told from a child's.
MARK = "EV_PRICE_WAR_STARTED"


def fits():
    """Tell whether this Python can run the simulator."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        return False
    return all(importlib.util.find_spec(name) is not None for name in PACKAGES)


def start():
    """Go on in the project's own environment if this Python lacks the packages, and run."""
    tried = os.environ.pop(MARK, "") == str(os.getpid())
    if not fits():
        if tried or not os.access(VENV_PYTHON, os.X_OK):
            return "run_sim.py: its packages are not installed (Python 3.11 to 3.13): `make setup`"
        os.environ[MARK] = str(os.getpid())
        os.execv(VENV_PYTHON, [VENV_PYTHON, str(SCRIPT), *sys.argv[1:]])
    for name in THREADS:
        os.environ[name] = "1"
    from sim.cli import main

    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(start())
