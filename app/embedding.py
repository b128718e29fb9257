"""The embedder that the settings name: a server's, or a model in a folder with the tokenizer beside it.

Here because it joins what may not know each other: settings, tokenizers and papers.
"""

from app.errors import EmbedError, InputError
from app.papers.meaning.embedder import Embedder
from app.settings import Settings


def open_embedder(settings: Settings, threads: int = 1) -> Embedder | None:
    """The embedder of the settings; None where none is named, or its server is another host's and Quire is offline.

    A model in a folder runs on so many threads, 0 for one a core. Raises InputError for settings that don't go
    together, EmbedError and ModelError for a folder that holds no model or no tokenizer.
    """
    prefixes = settings.embed_paper_prefix, settings.embed_query_prefix
    if settings.embed_url and settings.embed_folder is not None:
        raise InputError("QUIRE_EMBED_URL and QUIRE_EMBED_FOLDER are both set; set only one of them")
    if settings.embed_folder is not None:
        from app.papers.meaning.folder import FolderEmbedder
        from app.tokenizer.others.base import OtherTokenizer
        from app.tokenizer.others.loading import load

        if not (settings.embed_folder / "tokenizer.json").is_file():
            raise EmbedError(f"{settings.embed_folder} holds no tokenizer.json (QUIRE_EMBED_FOLDER)")
        tokenizer = load(settings.embed_folder / "tokenizer.json")
        around = tokenizer.own_special if isinstance(tokenizer, OtherTokenizer) else ([], [])
        return FolderEmbedder(settings.embed_folder, tokenizer.encode, around, prefixes, threads)
    if not settings.embed_url:
        return None
    if not settings.embed_model:
        raise InputError("QUIRE_EMBED_URL is set without QUIRE_EMBED_MODEL, the model to ask its server for")
    if settings.offline and not settings.embedder_is_here:
        return None
    from app.papers.meaning.endpoint import EndpointEmbedder, Server

    key = settings.embed_key.get_secret_value()
    return EndpointEmbedder(
        Server(settings.embed_url, settings.embed_model, key, settings.embed_batch, settings.embed_seconds),
        prefixes,
    )
