"""Compiled code does what its source says, and stands where its cache can see it."""

import json
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
from kernel_numbers import numbers

from sim.kernels import jit
from sim.kernels.compiled import LN2
from sim.kernels.zeta import power

ROOT = Path(__file__).resolve().parents[2]


def test_the_source_without_compilation_agrees():
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "support")])
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "support" / "kernel_numbers.py")],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    compiled, source = numbers(), json.loads(done.stdout)
    assert compiled.keys() == source.keys()
    for kind, found in compiled.items():
        for name in ("prices", "shares"):
            np.testing.assert_allclose(source[kind][name], found[name], rtol=1e-12)
        assert source[kind]["converged"]


def test_powers_are_exact_to_two_units_in_the_last_place():
    values = np.random.default_rng(0).uniform(-590.0, 690.0, 20_000)
    ours = np.array([power(value / LN2) for value in values])
    np.testing.assert_allclose(ours, np.exp(values), rtol=3e-16 * np.max(np.abs(values)) / 2)
    small = np.random.default_rng(1).uniform(-0.5, 0.5, 5_000)
    np.testing.assert_allclose([power(v) for v in small], 2.0**small, rtol=4.5e-16)
    assert np.isnan(power(np.nan))
    assert 0.0 < power(-np.inf) < 1e-250
    assert np.isfinite(power(np.inf))


@pytest.mark.parametrize("edited", ["zeta", "surplus", "compiled"])
def test_an_edit_of_any_kernel_leaves_all_compiled_code_behind(monkeypatch, edited):
    # Numba keeps compiled code by file: an edit in a callee's file would go unseen.
    before = jit._cache_folder()
    read = pkgutil.get_data

    def changed(package, name):
        return read(package, name) + (b"#" if name == f"{edited}.py" else b"")

    assert jit._cache_folder() == before == numba.config.CACHE_DIR
    monkeypatch.setattr(jit.pkgutil, "get_data", changed)
    assert jit._cache_folder() != before
