"""Every limit, path and key, from the environment: `QUIRE_` and the field's name in capitals.

Read in `main.py` and `cli.py` only; everything below them takes plain values as arguments.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveInt, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """What an operator can change; the description of a field says what it is for, with its unit."""

    model_config = SettingsConfigDict(env_prefix="QUIRE_", extra="ignore")

    data_dir: Path = Field(PROJECT / "data", description="the only folder that Quire writes to")
    default_model: str = Field("default", description="the model that answers where a request names none")
    base_path: str = Field("", description="path under which a proxy serves Quire, such as /quire")

    max_body_bytes: PositiveInt = Field(32 << 20, description="largest request body, in bytes")
    max_text_bytes: PositiveInt = Field(16 << 20, description="largest text to tokenise, in UTF-8 bytes")
    max_batch: PositiveInt = Field(1024, description="most texts or id lists in one request")
    max_ids: PositiveInt = Field(1 << 20, description="most token ids in one request")
    max_model_len: PositiveInt = Field(1 << 20, description="limit of tokens per request, told to clients")
    max_lattice_bytes: PositiveInt = Field(2048, description="largest text for a lattice, in UTF-8 bytes")
    max_query_bytes: PositiveInt = Field(2048, description="longest search query, in UTF-8 bytes")
    max_concurrent: PositiveInt = Field(8, description="heavy requests worked on at once, per worker")
    max_waiting: PositiveInt = Field(64, description="heavy requests waiting for their turn, per worker")
    max_model_bytes: PositiveInt = Field(64 << 20, description="largest vocabulary file, in bytes")
    max_loaded_models: PositiveInt = Field(8, description="models kept in memory, per worker")

    log_format: Literal["json", "console"] = Field("console", description="one JSON object a line, or text")
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    contact: str = Field("", description="address or page named in the user agent when papers are fetched")
    fetch_daily_budget: PositiveInt = Field(2000, description="most requests a day to papers' sources")
    arxiv_api: str = Field("https://export.arxiv.org/api/query", description="address of arXiv's API")
    arxiv_oai: str = Field("https://oaipmh.arxiv.org/oai", description="address of arXiv's OAI-PMH")
    arxiv_feeds: str = Field(
        "https://rss.arxiv.org/atom/", description="address of arXiv's announcements; categories follow it"
    )
    offline: bool = Field(False, description="never ask another host for anything")

    @field_validator("base_path")
    @classmethod
    def _leading_slash(cls, value: str) -> str:
        value = value.rstrip("/")
        if value and not value.startswith("/"):
            raise ValueError("base path starts with a slash, such as /quire")
        return value

    @property
    def store_path(self) -> Path:
        """The file of the store of papers."""
        return self.data_dir / "papers.sqlite"

    @property
    def index_path(self) -> Path:
        """The folder of the search index."""
        return self.data_dir / "index"

    @property
    def model_folders(self) -> tuple[Path, Path]:
        """Where models are looked for, the operator's own first."""
        return self.data_dir / "models", PROJECT / "models"
