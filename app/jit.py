"""How numba compiles the kernels that not every process needs: at their first use, and kept where that is possible."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function, types: tuple[Any, ...] | None = None) -> Function:
    """Compiles a kernel, which releases the interpreter's lock: for `types` at once, else at each call with new ones.

    The machine code is kept where numba finds a folder that it may write to. It does not see edits across files, so
    kernels call only those of their own, and `pick`.
    """
    compiler: Any = njit
    signature = () if types is None else ([types],)
    try:
        return cast(Function, compiler(*signature, nogil=True, error_model="numpy", cache=True)(function))
    except RuntimeError:  # a read-only installation without a cache folder: compiled again in each process
        return cast(Function, compiler(*signature, nogil=True, error_model="numpy")(function))


def compiled_for(*types: Any) -> Callable[[Function], Function]:
    """Compiles a kernel for arguments of these types at once, so that no call waits for it."""
    return lambda function: compiled(function, types)
