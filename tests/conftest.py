"""What holds for every test: one thread per process, set before NumPy is imported anywhere."""

import os

from run_sim import THREADS

for name in THREADS:
    os.environ[name] = "1"
