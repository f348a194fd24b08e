"""Compiled code does what its source says, and stands where its cache can see it."""

import json
import os
import pkgutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numba
import numpy as np
import pytest
from kernel_numbers import numbers
from markets import random_game

from sim.kernels import jit
from sim.kernels.demand import LN2
from sim.kernels.equilibrium import solve_prices, zeta_steps
from sim.kernels.powers import SMALL, grow, power, power_single

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


def test_powers_in_single_precision_and_small_moves_are_exact_to_their_rounding():
    exponents = np.random.default_rng(2).uniform(-79.0, 99.0, 5_000).astype(np.float32)
    single = np.array([power_single(x) for x in exponents], dtype=np.float64)
    np.testing.assert_allclose(single, 2.0 ** exponents.astype(np.float64), rtol=3e-7)
    assert np.isnan(power_single(np.float32(np.nan)))
    moves = np.random.default_rng(3).uniform(-SMALL, SMALL, 5_000)
    np.testing.assert_allclose([grow(1.5, y) for y in moves], 1.5 * np.exp(moves), rtol=5e-16)


@pytest.mark.parametrize("height", [-60.0, 90.0, 400.0])
def test_single_precision_that_is_too_narrow_leaves_no_trace(height):
    # Utilities so far from the outside option's that single numbers cannot hold both.
    game = random_game(np.random.default_rng(5), "random")
    far = replace(game, demand=replace(game.demand, delta=game.demand.delta + height))
    found = solve_prices(far)
    assert found.converged
    assert np.max(np.abs(zeta_steps(far, found.prices)) / found.prices) < 1e-9
