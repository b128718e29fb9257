"""`quire keys`: makes, lists and revokes the API keys of a server that requires them."""

import sys
from typing import Annotated

import typer

from app.errors import InputError
from app.settings import Settings
from app.web.middleware.keys import SCOPES, Scope, new_key, read_keys, revoke_key

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Make, list and revoke API keys.")


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Whose key it is; shown in lists, never sent.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope", help="tokenise, read or admin; repeat it for several. All but admin if not given."
        ),
    ] = None,
) -> None:
    """Make a key and print it. It is shown this once: only its hash is kept."""
    place = Settings().keys_place
    print(new_key(place, name, _scopes(scope or ["tokenise", "read"])))
    print(f"Its hash is kept in {place}", file=sys.stderr)


@app.command("list")
def list_keys() -> None:
    """List all keys with their scopes and when each was made."""
    for key in read_keys(Settings().keys_place):
        print(f"{key.name}\t{' '.join(key.scopes)}\t{key.created}")


@app.command()
def revoke(name: Annotated[str, typer.Argument(help="The name of the key.")]) -> None:
    """Revoke a key; running servers refuse it within a second."""
    revoke_key(Settings().keys_place, name)
    print(f"{name} is revoked")


def _scopes(names: list[str]) -> list[Scope]:
    known: dict[str, Scope] = {scope: scope for scope in SCOPES}
    for name in names:
        if name not in known:
            raise InputError(f"--scope {name[:40]}: a scope is one of {', '.join(SCOPES)}")
    return [known[name] for name in names]
