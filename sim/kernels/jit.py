"""One typed door to Numba."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])

# nnan and ninf would let the compiler delete the checks for NaN and infinity.
FLAGS = {"contract", "reassoc", "arcp", "nsz"}


def kernel(function: Function) -> Function:
    """Compile a function of arrays; the same source runs under NUMBA_DISABLE_JIT=1.

    Compiled code is kept beside the source and made anew when the file changes; kernels that
    call each other therefore stand in one file.
    """
    return cast(Function, numba.njit(cache=True, fastmath=FLAGS)(function))
