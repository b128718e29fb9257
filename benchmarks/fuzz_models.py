"""Feeds the reader of model files with what libFuzzer makes of them: `python -m benchmarks.fuzz_models`.

Anything but a model or ModelError is a find. Needs atheris, and takes libFuzzer's own options, as
`-max_total_time=600`; a minute without any.
"""

import importlib
import importlib.util
import sys
import tempfile
from contextlib import suppress
from pathlib import Path


def main() -> None:
    """Runs until libFuzzer stops."""
    if importlib.util.find_spec("atheris") is None:
        print("missing: atheris")
        return
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["app.tokenizer.model", "zipfile", "json"]):
        from app.errors import ModelError
        from app.tokenizer.model import Model

    folder = Path(tempfile.mkdtemp(prefix="quire-fuzz-"))
    seeds = folder / "seeds"
    seeds.mkdir()
    right = Model.from_counts("right", {bytes([byte]): byte + 1 for byte in range(256)})
    right.save(folder / "right.model")
    for name in ("right.model", "right.card.json"):
        (seeds / name).write_bytes((folder / name).read_bytes())

    def read(data: bytes) -> None:
        (folder / "any.model").write_bytes(data)
        with suppress(ModelError):
            Model.load(folder / "any.model", max_bytes=1 << 20).to_bytes()
        (folder / "right.card.json").write_bytes(data)
        with suppress(ModelError):
            Model.load(folder / "right.model")

    options = sys.argv[1:] or ["-max_total_time=60"]
    atheris.Setup([sys.argv[0], *options, str(seeds)], read)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
