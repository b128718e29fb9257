"""Where the shared data lies, for tests that use it. What a stranger's clone needs is in the project itself."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def shared(name: str) -> Path:
    """The path of a shared data file; skips the calling test with the reason where it is missing."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"shared data is not beside this checkout: {path}")
    return path
