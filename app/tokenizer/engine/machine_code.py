"""The machine code of the kernels: made once by numba, kept in a file, loaded with llvmlite alone.

No algorithm here. Importing numba and waking its compiler costs half a second in every process, calling kept machine
code next to nothing. The file is named after all that the code depends on (the kernels' source, the versions of
numba and llvmlite, the processor and its features), holds its own checksum, and is looked for beside the kernels and
in the user's cache. Where neither can be written, the code is made in memory; where it was put beforehand, as in a
read-only image, it is used.
"""

import ctypes
import hashlib
import importlib.metadata
import logging
import os
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import llvmlite.binding as llvm  # type: ignore[import-untyped]

_SOURCES = tuple(
    Path(__file__).with_name(name)
    for name in ("segmentation_kernels.py", "automaton_kernels.py", "array_sizes.py", "pick.py")
)
_ADDRESS, _NUMBER, _REAL, _TEXT = ctypes.c_void_p, ctypes.c_int64, ctypes.c_double, ctypes.c_char_p

_SIGNATURES: dict[str, tuple[Any, ...]] = {
    "encode": (_ADDRESS, _TEXT, _NUMBER),
    "sample": (_ADDRESS, _TEXT, _NUMBER, _REAL, ctypes.c_uint64),
    "build": (_TEXT, *[_ADDRESS] * 2, _NUMBER, *[_ADDRESS] * 2, _NUMBER, *[_ADDRESS] * 8),
    "connect": (_TEXT, _ADDRESS, *[_NUMBER] * 2, *[_ADDRESS] * 3, _NUMBER, *[_ADDRESS] * 6),
}

# What numba's wrapper of a kernel would call if it raised. Kernels don't, but the names have to lead somewhere.
_NEVER_CALLED = (
    "numba_gil_ensure",
    "numba_gil_release",
    "numba_unpickle",
    "numba_runtime_build_excinfo_struct",
    "numba_do_raise",
    "NRT_Free",
)


@cache
def load_kernels() -> Any:
    """The kernels as attributes: C functions that release the GIL and return an int.

    Made on the first call of the first process, which takes some seconds; ImportError where that is needed and
    numba is not installed.
    """
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    compiler = llvm.create_lljit_compiler(llvm.Target.from_default_triple().create_target_machine(jit=True))
    library = llvm.JITLibraryBuilder().add_object_img(_machine_code()).add_current_process()
    for name in _NEVER_CALLED:
        library.import_symbol(name, llvm.address_of_symbol("Py_DecRef"))
    for name in _SIGNATURES:
        library.export_symbol(name)
    addresses = library.link(compiler, "kernels")
    functions: dict[str, Any] = {
        name: ctypes.CFUNCTYPE(_NUMBER, *arguments)(addresses[name])
        for name, arguments in _SIGNATURES.items()
    }
    return SimpleNamespace(**functions, keep_alive=(compiler, addresses))


def _machine_code() -> bytes:
    made_of = [
        *(path.read_bytes() for path in (*_SOURCES, Path(__file__))),
        *(importlib.metadata.version(name).encode() for name in ("llvmlite", "numba")),
        *(part.encode() for part in (llvm.get_process_triple(), *_processor())),
    ]
    stamp = hashlib.sha256(b"\0".join(made_of)).hexdigest()[:32]
    name = f"kernels-{stamp}.code"
    for folder in _folders():
        content = _read_kept(folder / name)
        if content is not None:
            return content
    logging.getLogger(__name__).warning(
        "quire: compiling its kernels for this processor, once; this may take half a minute"
    )
    content = _compile()
    for folder in _folders():
        if _keep(folder, name, content):
            break
    return content


def _processor() -> tuple[str, str]:
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def _compile() -> bytes:
    from app.tokenizer.engine import automaton_kernels, segmentation_kernels

    triple = llvm.Target.from_default_triple()
    cpu, features = _processor()
    machine = triple.create_target_machine(cpu=cpu, features=features, opt=3, jit=True)
    whole = llvm.parse_assembly("")
    for name, kernel in (
        ("encode", segmentation_kernels.encode),
        ("sample", segmentation_kernels.sample),
        ("build", automaton_kernels.build),
        ("connect", automaton_kernels.connect),
    ):
        module = llvm.parse_assembly(kernel.inspect_llvm())
        module.get_function(kernel.native_name).name = name
        whole.link_in(module)
    code: bytes = machine.emit_object(whole)
    return code


def _folders() -> Iterator[Path]:
    yield _SOURCES[0].parent / "__pycache__"
    if override := os.environ.get("XDG_CACHE_HOME"):
        yield Path(override) / "quire"
    elif (home := os.path.expanduser("~")) != "~":  # noqa: PTH111 (Path.home raises where there is none)
        yield Path(home) / ".cache" / "quire"


def _read_kept(path: Path) -> bytes | None:
    """Machine code from a file, or None where there is none or it is not what was written."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, code = content[:32], content[32:]
    return code if hashlib.sha256(code).digest() == digest else None


def _keep(folder: Path, name: str, code: bytes) -> bool:
    """Writes beside the name, then renames; says whether it could."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, partial = tempfile.mkstemp(dir=folder, prefix=f".{name}.")
        with os.fdopen(descriptor, "wb") as file:
            file.write(hashlib.sha256(code).digest() + code)
        Path(partial).replace(folder / name)
    except OSError:
        return False
    return True
