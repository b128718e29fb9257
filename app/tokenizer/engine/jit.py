"""How the loops of training are compiled: by numba, in the process that needs them, and kept where that is possible.

The segmentation kernels, which every process needs, go another way (`machine_code.py`). Only this decorator is shared:
numba does not see edits across files, so kernels call only those of their own, and `pick`.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit
from numba.extending import intrinsic

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compiles a kernel and keeps the machine code where numba finds a folder it may write to."""
    try:
        return cast(Function, njit(nogil=True, error_model="numpy", cache=True)(function))
    except RuntimeError:  # a read-only installation without a cache folder: compiled again in each process
        return cast(Function, njit(nogil=True, error_model="numpy")(function))


def _pick(_typing: Any, condition: Any, chosen: Any, other: Any) -> Any:
    """`chosen if condition else other`, which LLVM may not make a branch: it is marked as unpredictable."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        flag = builder.trunc(arguments[0], ir.IntType(1))
        value = builder.select(flag, *arguments[1:])
        value.set_metadata("unpredictable", builder.module.add_metadata([]))
        return value

    return chosen(condition, chosen, other), generate


pick: Any = intrinsic(_pick)
