"""Every limit, path and key, from the environment: `QUIRE_` and the field's name in capitals.

Read in `main.py` and `cli.py` only; everything below them takes plain values as arguments.
"""

import difflib
import os
import re
from datetime import time
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.errors import InputError
from app.papers.categories import codes_to_fetch
from app.papers.store.location import StoreLocation, postgres_location
from app.paths import DEFAULT_DATA, MODELS
from app.web.middleware.keys import Scope

if TYPE_CHECKING:
    from app.asking.chat import ChatServer
    from app.papers.sources.client import Addresses

Names = Annotated[tuple[str, ...], NoDecode]
"""Several names in one setting, with commas or spaces between."""

_ADDRESS = re.compile(r"https?://[^\s@/]+(?:/\S*)?")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+")


class Settings(BaseSettings):
    """What an operator can change; the description of a field says what it is for, with its unit."""

    model_config = SettingsConfigDict(env_prefix="QUIRE_", extra="ignore")

    data_dir: Path = Field(DEFAULT_DATA, description="the only folder that Quire writes to")
    store_url: SecretStr = Field(
        SecretStr(""),
        description="PostgreSQL database of papers, answers and keys, postgresql+psycopg://user@host/name; empty: "
        "SQLite in the data folder",
    )
    store_connections: PositiveInt = Field(10, description="connections to that database, per worker")
    store_seconds: PositiveFloat = Field(10, description="longest wait for that database")
    max_behind_seconds: PositiveFloat = Field(
        60, description="how far the search index may lag behind a database before /readyz says no"
    )
    default_model: str = Field("default", description="the model that answers where a request names none")
    base_path: str = Field("", description="path under which a proxy serves Quire, such as /quire")

    max_body_bytes: PositiveInt = Field(32 << 20, description="largest request body, in bytes")
    max_text_bytes: PositiveInt = Field(16 << 20, description="largest text to tokenise, in UTF-8 bytes")
    max_batch: PositiveInt = Field(1024, description="most texts or id lists in one request")
    max_ids: PositiveInt = Field(1 << 20, description="most token ids in one request")
    max_model_len: PositiveInt = Field(
        1 << 20, description="limit of tokens per request, announced to clients"
    )
    max_lattice_bytes: PositiveInt = Field(2048, description="largest text for a lattice, in UTF-8 bytes")
    max_query_bytes: PositiveInt = Field(2048, description="longest search query, in UTF-8 bytes")
    max_concurrent: PositiveInt = Field(
        8, description="heavy requests worked on at once, and as many that read papers, per worker"
    )
    max_waiting: PositiveInt = Field(64, description="heavy requests waiting for their turn, per worker")
    max_readers_waiting: PositiveInt = Field(
        512, description="pages, lists and searches waiting for their turn, per worker"
    )
    max_model_bytes: PositiveInt = Field(64 << 20, description="largest vocabulary file, in bytes")
    max_bodies_bytes: PositiveInt = Field(
        256 << 20, description="bytes of request bodies held at once, per worker"
    )
    max_unread_bytes: PositiveInt = Field(
        256 << 20, description="bytes of answers that clients have not taken yet, per worker"
    )
    max_models_bytes: PositiveInt = Field(
        2 << 30,
        description="memory that loaded models take together, their processes included, in bytes, per worker",
    )
    max_loaded_models: PositiveInt = Field(8, description="models kept in memory, per worker")

    max_head_bytes: PositiveInt = Field(64 << 10, description="largest address with headers, in bytes")
    max_connections: PositiveInt = Field(10_000, description="connections open at once, per worker")
    head_seconds: PositiveFloat = Field(10, description="time in which a request's head has to arrive")
    silent_seconds: PositiveFloat = Field(
        30, description="longest pause of a client that sends or is sent to"
    )
    keep_alive_seconds: PositiveInt = Field(75, description="time for which an idle connection is kept")
    drain_seconds: PositiveInt = Field(30, description="time to finish requests when told to stop")

    trusted_proxies: Names = Field(
        (), description="addresses or networks of proxies whose X-Forwarded headers are trusted"
    )
    cors_origins: Names = Field(
        (), description="origins whose pages may call the API, such as https://a.example"
    )
    keys_required: Annotated[tuple[Scope, ...], NoDecode] = Field(
        (), description="scopes that need a key: tokenise, read, admin; the others are open to all"
    )
    rate_limit: NonNegativeInt = Field(
        0, description="most requests of one client in rate_seconds; 0: no limit"
    )
    rate_seconds: PositiveInt = Field(60, description="time over which the requests of a client are counted")

    log_format: Literal["json", "console"] = Field("console", description="one JSON object a line, or text")
    log_clients: bool = Field(
        False, description="whether a request's line names its key, or else its client's address"
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    contact: str = Field("", description="address or page named to papers' sources and in security.txt")
    fetch_daily_budget: PositiveInt = Field(2000, description="most requests a day to papers' sources")
    fetch_daily: Names = Field(
        (),
        description="categories whose day is fetched by the server, such as cs.CL cs.LG; none: no fetching",
    )
    fetch_at: time = Field(time(6, 30), description="when it is fetched, in UTC, such as 06:30")
    fetch_on_loopback: bool = Field(
        True,
        description="visitors on this machine may have papers fetched by a button; others need an admin key",
    )
    arxiv_api: str = Field("https://export.arxiv.org/api/query", description="address of arXiv's API")
    arxiv_oai: str = Field("https://oaipmh.arxiv.org/oai", description="address of arXiv's OAI-PMH")
    arxiv_feeds: str = Field(
        "https://rss.arxiv.org/atom/", description="address of arXiv's announcements; categories follow it"
    )
    arxiv_html: str = Field(
        "https://arxiv.org/html/", description="address of papers in HTML; an id with its version follows it"
    )
    ar5iv: str = Field(
        "https://ar5iv.labs.arxiv.org/html/", description="address of older papers in HTML; ids follow it"
    )
    arxiv_pdf: str = Field("https://arxiv.org/pdf/", description="address of papers' PDFs; ids follow it")
    max_text_cache_bytes: NonNegativeInt = Field(
        1 << 30, description="cache of papers' full texts, in bytes on the disk"
    )
    offline: bool = Field(False, description="never ask another host for anything")

    chat_url: str = Field(
        "", description="server that answers questions about papers, such as http://127.0.0.1:8080/v1"
    )
    chat_model: str = Field("", description="model to ask that server for")
    chat_key: SecretStr = Field(SecretStr(""), description="key for that server, if it needs one")
    chat_context: PositiveInt = Field(
        128_000, description="tokens that the model takes, including its answer's"
    )
    chat_answer: PositiveInt = Field(8192, description="most tokens of an answer, including its reasoning")
    chat_tokenizer: str = Field("", description="served model to count with; none: the default model")
    chat_seconds: PositiveFloat = Field(120, description="longest silence of the model's server")
    ask_at_once: PositiveInt = Field(4, description="answers that are written at once")
    ask_waiting: NonNegativeInt = Field(64, description="questions that wait for their turn")
    ask_per_day: NonNegativeInt = Field(
        0, description="questions answered for one reader in a day; 0: no limit"
    )
    max_unpacked_bytes: PositiveInt = Field(
        64 << 20, description="how much a reader's own source file may unpack to, in bytes"
    )
    max_files_bytes: PositiveInt = Field(
        256 << 20, description="texts of readers' own files, in bytes on the disk"
    )
    feed_answers: bool = Field(
        False, description="whether the feed of papers by their ids holds the answers kept about them"
    )
    max_question_bytes: PositiveInt = Field(
        64 << 10, description="a reader's question with what was said before, in UTF-8 bytes"
    )

    embed_url: str = Field(
        "", description="server of /embeddings to find papers by meaning, such as http://127.0.0.1:8080/v1"
    )
    embed_model: str = Field("", description="model to ask that server for")
    embed_key: SecretStr = Field(SecretStr(""), description="key for that server, if it needs one")
    embed_folder: Path | None = Field(
        None, description="or a folder with model.onnx and tokenizer.json, run here"
    )
    embed_paper_prefix: str = Field("", description="what the model expects before a paper's text")
    embed_query_prefix: str = Field("", description="what it expects before a query")
    embed_batch: PositiveInt = Field(64, description="texts in one request to the server of embeddings")
    embed_seconds: PositiveFloat = Field(60, description="longest silence of the server of embeddings")
    embed_per_day: NonNegativeInt = Field(
        20_000, description="papers embedded in a day by the server, imports and fetches; 0: none"
    )

    @model_validator(mode="before")
    @classmethod
    def _known_names(cls, values: Any) -> Any:
        """Refuses a misspelt name: a limit that is not in force is worse than a server that does not start."""
        known = [f"QUIRE_{name.upper()}" for name in cls.model_fields]
        for name in sorted(map(str.upper, os.environ)):
            if name.startswith("QUIRE_") and name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]}?" if near else "docs/operating.md lists the settings"
                raise InputError(f"there is no setting {name[:80]}; {hint}")
        return values

    @field_validator("store_url")
    @classmethod
    def _database(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            postgres_location(value.get_secret_value())
        return value

    @field_validator("trusted_proxies", "cors_origins", "keys_required", "fetch_daily", mode="before")
    @classmethod
    def _separated(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            ip_network(name, strict=False)
        return value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"{origin} is not an origin; write scheme and host alone, such as https://a.example"
                )
        return value

    @field_validator("fetch_daily")
    @classmethod
    def _categories(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(codes_to_fetch(value)) if value else ()
        except InputError as error:
            raise ValueError(str(error)) from error

    @field_validator("fetch_at")
    @classmethod
    def _in_utc(cls, value: time) -> time:
        if value.tzinfo is not None:
            raise ValueError("the time is always in UTC; write hours and minutes alone, such as 06:30")
        return value

    @field_validator("base_path")
    @classmethod
    def _leading_slash(cls, value: str) -> str:
        value = value.rstrip("/")
        if value and not value.startswith("/"):
            raise ValueError("base path starts with a slash, such as /quire")
        return value

    @field_validator("chat_url", "embed_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and not _ADDRESS.fullmatch(value):
            raise ValueError(
                "it is an address such as http://127.0.0.1:8080/v1, without a name or a password"
            )
        return value

    @property
    def chat_server(self) -> "ChatServer | None":
        """The model's server; None where none is named, and for a Quire that is offline unless it is here."""
        if not (self.chat_url and self.chat_model) or (self.offline and not self.chat_is_here):
            return None
        from app.asking.chat import ChatServer  # brings an HTTP client, which few commands need

        key = self.chat_key.get_secret_value()
        return ChatServer(self.chat_url, self.chat_model, key, self.chat_answer, self.chat_seconds)

    @property
    def chat_is_here(self) -> bool:
        """Whether the model's server is on this machine, where it is asked also by a Quire that is offline."""
        return urlsplit(self.chat_url).hostname in ("localhost", "127.0.0.1", "::1")

    @property
    def embedder_is_here(self) -> bool:
        """Whether the server of embeddings is on this machine, where it is asked also by a Quire that is offline."""
        return urlsplit(self.embed_url).hostname in ("localhost", "127.0.0.1", "::1")

    @property
    def addresses(self) -> "Addresses":
        """Where papers' sources are."""
        from app.papers.sources.client import Addresses  # brings an HTTP client, which few commands need

        return Addresses(
            self.arxiv_api, self.arxiv_oai, self.arxiv_feeds, self.arxiv_html, self.ar5iv, self.arxiv_pdf
        )

    @property
    def store_location(self) -> StoreLocation:
        """Where the store of papers is: a file of the data folder, or a database."""
        url = self.store_url.get_secret_value()
        if url:
            return postgres_location(url, self.store_connections, self.store_seconds)
        return self.data_dir / "papers.sqlite"

    @property
    def keys_place(self) -> StoreLocation:
        """Where API keys are: a file of the data folder, or the database that papers are in."""
        place = self.store_location
        return self.data_dir / "keys.json" if isinstance(place, Path) else place

    @property
    def index_path(self) -> Path:
        """The folder of the search index."""
        return self.data_dir / "index"

    @property
    def vectors_path(self) -> Path:
        """The folder of the vectors that papers are found by meaning with."""
        return self.data_dir / "vectors"

    @property
    def requests_folder(self) -> Path:
        """The folder of the queue of requests to papers' sources."""
        return self.data_dir / "fetch"

    @property
    def model_folders(self) -> tuple[Path, Path]:
        """Where models are looked for, the operator's own first."""
        return self.data_dir / "models", MODELS
