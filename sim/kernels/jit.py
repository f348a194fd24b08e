"""One typed door to Numba."""

from __future__ import annotations

import hashlib
import pkgutil
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba.extending import intrinsic

import sim.kernels

Function = TypeVar("Function", bound=Callable[..., Any])

# nnan and ninf would let the compiler delete the checks for NaN and infinity.
FLAGS = {"contract", "reassoc", "arcp", "nsz"}
EXACT = {"contract"}


def _cache_folder() -> str:
    """Folder of compiled code, named by the sources of all kernels."""
    digest = hashlib.blake2b(digest_size=8)
    for module in sorted(found.name for found in pkgutil.iter_modules(sim.kernels.__path__)):
        source = pkgutil.get_data("sim.kernels", f"{module}.py")
        digest.update(module.encode() + (source or b""))
    return f"{sim.kernels.__path__[0]}/__pycache__/{digest.hexdigest()}"


if not numba.config.CACHE_DIR:  # type: ignore[attr-defined]
    numba.config.CACHE_DIR = _cache_folder()  # type: ignore[attr-defined]


def kernel(function: Function) -> Function:
    """Compile a function of arrays; the same source runs under NUMBA_DISABLE_JIT=1.

    Compiled code is kept beside the sources, in a folder named by their digest: Numba itself
    notices an edit of a function's own file, but not of a file from which it calls. Division
    by zero gives infinity or NaN, as in NumPy, and is caught where verdicts are made.
    """
    compiled = numba.njit(cache=True, fastmath=FLAGS, error_model="numpy")(function)
    return cast(Function, compiled)


def unlocked_kernel(function: Function) -> Function:
    """Compile as ``kernel`` does, for calls of seconds that threads run side by side."""
    compiled = numba.njit(cache=True, fastmath=FLAGS, error_model="numpy", nogil=True)(function)
    return cast(Function, compiled)


def part(function: Function) -> Function:
    """``kernel`` for kernels alone to call: what Python needs to call it costs seconds.

    A call from Python ends the process.
    """
    return _part(function, FLAGS)


def exact_part(function: Function) -> Function:
    """``part`` without reassociation: sums and roundings stand as they are written."""
    return _part(function, EXACT)


def exact(function: Function) -> Function:
    """``kernel`` without reassociation."""
    compiled = numba.njit(cache=True, fastmath=EXACT, error_model="numpy")(function)
    return cast(Function, compiled)


def as_written(function: Function) -> Function:
    """``kernel`` in which nothing is reordered or fused: the bits of the same steps in NumPy."""
    return cast(Function, numba.njit(cache=True, error_model="numpy")(function))


def _part(function: Function, flags: set[str]) -> Function:
    # Numba's types do not know these two of its options.
    bare: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    compiled = numba.njit(cache=True, fastmath=flags, error_model="numpy", **bare)(function)
    return cast(Function, compiled)


if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]

    def power_of_two(moved: float) -> float:
        """``2 ** k`` of ``k + 1.5 * 2**52``, k whole, between -1022 and 1023; NaN of NaN."""
        return float(2.0 ** (moved - 6755399441055744.0))

    def power_of_two_single(moved: np.float32) -> np.float32:
        """``2 ** k`` of the single number ``k + 1.5 * 2**23``, k between -126 and 127."""
        return np.float32(2.0 ** (float(moved) - 12582912.0))

else:

    def _shifted_in(bits: int, mantissa: int, bias: int) -> Any:
        """Shift k from the low bits of a number to its exponent.

        Two whole-number operations, which the compiler can do for several numbers at once.
        """
        from llvmlite import ir

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            whole = ir.IntType(bits)
            there = builder.bitcast(arguments[0], whole)
            there = builder.shl(there, ir.Constant(whole, mantissa))
            there = builder.add(there, ir.Constant(whole, bias << mantissa))
            return builder.bitcast(there, ir.DoubleType() if bits == 64 else ir.FloatType())

        return generate

    @intrinsic
    def power_of_two(typing_context: Any, moved: Any) -> Any:
        """``2 ** k`` of ``k + 1.5 * 2**52``, k whole, between -1022 and 1023."""
        return numba.types.float64(numba.types.float64), _shifted_in(64, 52, 1023)

    @intrinsic
    def power_of_two_single(typing_context: Any, moved: Any) -> Any:
        """``2 ** k`` of the single number ``k + 1.5 * 2**23``, k between -126 and 127."""
        return numba.types.float32(numba.types.float32), _shifted_in(32, 23, 127)
