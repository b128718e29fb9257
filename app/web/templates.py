"""Pages from templates: every value is escaped, every page gets its words and its addresses."""

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from app import __version__
from app.papers.citations import coins, csl
from app.papers.models import Paper
from app.papers.paper_cache import cached_by_paper
from app.papers.plain_text import plain_text
from app.papers.search.blending import Reason
from app.papers.taxonomy import CATEGORIES
from app.paths import STATIC
from app.web.wording import Wording, load_words, wording_of

PAGES = {"/search": "search", "/starred": "starred"}
MENU_PAGES = {"/tokenizer": "tokenizer", "/preview": "preview", "/docs": "api"}
"""The pages that the bar at the top and its menu lead to, with the names of their words."""

_environment = Environment(
    loader=FileSystemLoader(STATIC / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    auto_reload=False,  # it would look at a dozen files for each page
    trim_blocks=True,
    lstrip_blocks=True,
)


@lru_cache(4096)
def _author_search(name: str) -> str:
    """The search for the papers of an author, as part of an address; a list has hundreds."""
    return quote(f'au:"{name.replace(chr(34), "")}"', safe="/")


@cached_by_paper(1024)
def _listed_paper(
    paper: Paper,
    wording: Wording,
    base: str,
    number: int,
    cross_list: bool = False,
    why: tuple[Reason, ...] = (),
) -> Markup:
    """A paper as lists show it (paper_block.html)."""
    macro: Callable[..., Markup] = _environment.get_template("paper_block.html").module.paper_block  # type: ignore[attr-defined]
    return macro(wording, base, paper, number, cross_list=cross_list, why=why)


@lru_cache(256)
def _part(
    template: str, wording: Wording, base: str, chat_model: str, values: tuple[tuple[str, Any], ...]
) -> Markup:
    """A part of a page that depends on nothing else. Remembered: scripts' words and shortcuts are half a short page."""
    of_all = {"t": wording, "base": base, "chat_model": chat_model}
    return _environment.get_template(template).make_module(of_all | dict(values)).__html__()


_environment.globals |= {"listed_paper": _listed_paper, "taxonomy": tuple(CATEGORIES.values())}
_environment.filters |= {"csl": csl, "coins": coins, "plain": plain_text, "author_search": _author_search}


def render(request: Request, template: str, **values: Any) -> Response:
    """The page `template`, in the language of the request."""
    wording = wording_of(request)
    other_query = [pair for pair in request.query_params.multi_items() if pair[0] != "lang"]
    other_query.append(("lang", wording("other_language")))
    base = request.scope.get("root_path", "")
    chat_model = request.app.state.chat_model

    def part(name: str, /, **given: Hashable) -> Markup:
        return _part(name, wording, base, chat_model, tuple(given.items()))

    body = _environment.get_template(template).render(
        t=wording,
        language=wording.language,
        base=base,
        version=__version__,
        chat_model=chat_model,
        part=part,
        path=request.url.path,
        other_language_query=urlencode(other_query),
        pages=PAGES,
        menu_pages=MENU_PAGES,
        **values,
    )
    headers = {"content-language": wording.language, "vary": "accept-language"}
    return Response(body, media_type="text/html", headers=headers)


def load_templates() -> None:
    """Compile all pages and read all words now, not when the first reader waits for them."""
    for name in _environment.list_templates(extensions=["html"]):
        _environment.get_template(name)
    load_words()
