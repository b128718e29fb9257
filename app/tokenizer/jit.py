"""How the loops of training are compiled: by numba, in the process that needs them, and kept where that is possible.

The segmentation kernels, which every process needs, go another way (`compiled.py`). Only this decorator is shared:
numba does not see edits across files, so kernels call only those of their own.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compiles a kernel and keeps the machine code where numba finds a folder it may write to."""
    try:
        return cast(Function, njit(nogil=True, error_model="numpy", cache=True)(function))
    except RuntimeError:  # a read-only installation without a cache folder: compiled anew in each process
        return cast(Function, njit(nogil=True, error_model="numpy")(function))
