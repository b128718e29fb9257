"""`quire backup` and `quire restore`: the store of papers in one file, and back."""

from pathlib import Path
from typing import Annotated

import typer

from app.errors import InputError
from app.papers.backup import back_up
from app.papers.backup import restore as put_back
from app.settings import Settings

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace FILE where it exists.")] = False,
) -> None:
    """Copy all papers and answers into one file, while servers and imports go on."""
    if file.exists() and not force:
        raise InputError(f"{file} exists already; name another file, or replace it with --force")
    print(f"{back_up(_store_file(Settings()), file):,} papers are in {file}")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `quire backup` wrote, of any version.")],
) -> None:
    """Replace the papers with a backup; stop all servers first. The old store is kept beside it."""
    settings = Settings()
    restored = put_back(_store_file(settings), settings.index_path, file)
    print(f"{restored.papers:,} papers are restored")
    if restored.kept:
        print(f"The previous store is kept as {restored.kept}")


def _store_file(settings: Settings) -> Path:
    place = settings.store_location
    if not isinstance(place, Path):
        raise InputError(
            "the papers are in PostgreSQL (QUIRE_STORE_URL), whose own tools copy it: pg_dump and pg_restore, as "
            "docs/scaling.md says; `quire papers export` writes all papers and answers as JSON lines"
        )
    return place
