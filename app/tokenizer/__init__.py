"""BytePiece, a byte-level unigram tokenizer: a library in its own right. Knows no web, no papers, no settings."""

from typing import TYPE_CHECKING, Any

from app.tokenizer.model import Model
from app.tokenizer.tokenizer import Tokenizer

if TYPE_CHECKING:
    from app.tokenizer.training.trainer import Trainer

__all__ = ["Model", "Tokenizer", "Trainer"]


def __getattr__(name: str) -> Any:
    """Import the trainer when it is asked for: it needs numba, which encoding does without once it is compiled."""
    if name == "Trainer":
        from app.tokenizer.training.trainer import Trainer

        return Trainer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
