"""BytePiece, a byte-level unigram tokenizer, and tokenizers of any other kind by `load`: a library in its own right.

Nothing here knows HTTP, papers or settings; at the top is what a caller uses, below it what that is made of.
"""

from typing import TYPE_CHECKING, Any

from app.tokenizer.model import Model
from app.tokenizer.tokenizer import Tokenizer

if TYPE_CHECKING:
    from app.tokenizer.others.loading import load
    from app.tokenizer.training.trainer import Trainer

__all__ = ["Model", "Tokenizer", "Trainer", "load"]


def __getattr__(name: str) -> Any:
    """Import on first use what many callers don't need: the trainer, which needs numba, and the other kinds."""
    if name == "load":
        from app.tokenizer.others.loading import load

        return load
    if name == "Trainer":
        from app.tokenizer.training.trainer import Trainer

        return Trainer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
