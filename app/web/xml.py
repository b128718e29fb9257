"""Answers in XML from templates: every value is escaped, and characters that XML can't carry are replaced."""

import re
from typing import Any

from fastapi import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from app.papers.plain_text import plain_text
from app.paths import STATIC

# What lies outside of the production Char of XML 1.0, https://www.w3.org/TR/xml/#charsets.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _carried(value: Any) -> Any:
    if value is None:
        return None
    carried = _NO_XML.sub("\ufffd", str(value))
    return Markup(carried) if isinstance(value, Markup) else carried  # noqa: S704  # it was before


_environment = Environment(
    loader=FileSystemLoader(STATIC / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    finalize=_carried,
)
_environment.filters["plain"] = plain_text


def render_xml(template: str, media_type: str, status: int = 200, **values: Any) -> Response:
    """The document `template`, in UTF-8."""
    body = _environment.get_template(template).render(**values)
    return Response(body, status, media_type=f"{media_type}; charset=utf-8")


def base_address(request: Request) -> str:
    """The start of every address of this site, as the reader sees it: scheme, host and the path of a proxy."""
    root: str = request.scope.get("root_path", "")
    return f"{request.url.scheme}://{request.url.netloc}{root}"
