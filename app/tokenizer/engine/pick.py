"""`pick` chooses between two values in a kernel without a branch; numba has no way to say so."""

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba.extending import intrinsic


def _pick(_typing: Any, condition: Any, chosen: Any, other: Any) -> Any:
    """`chosen if condition else other`, which LLVM may not make a branch: it is marked as unpredictable."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        flag = builder.trunc(arguments[0], ir.IntType(1))
        value = builder.select(flag, *arguments[1:])
        value.set_metadata("unpredictable", builder.module.add_metadata([]))
        return value

    return chosen(condition, chosen, other), generate


pick: Any = intrinsic(_pick)
