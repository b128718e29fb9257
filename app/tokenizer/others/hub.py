"""Fetches a tokenizer's files from the Hugging Face Hub, or a server that speaks its protocol (`HF_ENDPOINT`).

By `huggingface_hub`, with its own environment variables (`HF_TOKEN`, `HF_HUB_OFFLINE`, …). Used by the command line
alone: a server never fetches.
"""

import shutil
import sys
from pathlib import Path

from app.errors import ModelError, SourceError
from app.tokenizer.others.adding import FILES, AddedTokenizer, beside, check_name, files_of_tokenizer, put
from app.tokenizer.others.loading import VOCABULARIES, load

_STATE = ".cache"
"""Where the library notes the ETag of each file, so that what has not changed is not fetched again."""


def fetch(repository: str, folder: Path, max_bytes: int, revision: str | None = None) -> AddedTokenizer:
    """The tokenizer `ORG/NAME`, fetched into a models folder under that name.

    The folder has all of the new files or none. SourceError says why the Hub gave nothing, ModelError that what it
    gave isn't a tokenizer.
    """
    check_name(repository)
    target = folder / repository
    with beside(target) as made:
        if target.is_dir():
            _begin_with(target, made)
        _download(repository, made, revision)
        if not any((made / name).is_file() for name in VOCABULARIES):
            raise ModelError(
                f"{repository}: none of its files is a tokenizer, which would be one of {', '.join(VOCABULARIES)}"
            )
        tokenizer = load(made, max_bytes, repository)
        state = made / _STATE
        if target.is_dir():
            shutil.rmtree(target / _STATE, ignore_errors=True)
            if state.is_dir():
                state.replace(target / _STATE)
        put(made, target)
    return AddedTokenizer(repository, tokenizer, target)


def _begin_with(target: Path, made: Path) -> None:
    """What is there already, so that only what has changed is fetched."""
    for file in files_of_tokenizer(target):
        shutil.copy2(file, made / file.name)
    if (target / _STATE).is_dir():
        shutil.copytree(target / _STATE, made / _STATE)


def _download(repository: str, made: Path, revision: str | None) -> None:
    from huggingface_hub import errors, snapshot_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    if not sys.stderr.isatty():
        disable_progress_bars()
    try:
        snapshot_download(repository, revision=revision, local_dir=made, allow_patterns=list(FILES))
    except errors.GatedRepoError as error:
        raise SourceError(
            f"{repository}: accept its owners' terms on the Hub first, then set HF_TOKEN to your token"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise SourceError(
            f"{repository}: the Hub has no such model, or it is private (set HF_TOKEN)"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise SourceError(f"{repository}: the Hub has no revision {revision!r} of it") from error
    except errors.HFValidationError as error:
        raise SourceError(f"{repository}: not a model's name on the Hub: {error}") from error
    except (errors.HfHubHTTPError, errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled) as error:
        raise SourceError(f"{repository}: the Hub could not be reached: {_first_line(error)}") from error
    except Exception as error:  # the library's HTTP client, and so its errors, is another one by version
        raise SourceError(
            f"{repository}: the download was interrupted: {_first_line(error)}; run it again"
        ) from error


def _first_line(error: Exception) -> str:
    cause = error.__cause__ if isinstance(error.__cause__, Exception) and not str(error).strip() else error
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0][:300]
