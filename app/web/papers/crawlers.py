"""For crawlers and their owners: robots.txt, a sitemap of all papers, and where to report a vulnerability."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response

from app.errors import NotFound
from app.papers.sources.client import contact_address
from app.papers.taxonomy import CATEGORIES
from app.web.dependencies import ServicesDep, StoreDep
from app.web.errors import problem_responses, text_response
from app.web.xml import base_address, render_xml

router = APIRouter(tags=["discovery"])

_MOST_MONTHS = 1 << 12


@router.get(
    "/robots.txt",
    response_class=Response,
    responses={200: text_response("text/plain", "The rules (RFC 9309)")},
)
def robots(request: Request) -> Response:
    """Papers and single categories are open to crawlers; searches and the endless combinations are not."""
    base: str = request.scope.get("root_path", "")
    # A name with a minus in it looks like a difference; what is more precise wins.
    named = [code for code in CATEGORIES if "-" in code.partition(".")[2]]
    lines = [
        f"Sitemap: {base_address(request)}/sitemap.xml",
        "User-agent: *",
        *(f"Disallow: {base}/{path}" for path in ("search", "suggest", "api/", "unapi", "starred")),
        *(f"Disallow: {base}/arxiv/*{mark}" for mark in ("+", ",", "?", ".*-", "/feed$")),
        *(f"Allow: {base}/arxiv/{code}$" for code in named),
    ]
    return Response("\n".join(lines) + "\n", media_type="text/plain; charset=utf-8")


@router.get(
    "/sitemap.xml",
    response_class=Response,
    responses={
        200: text_response("application/xml", "The index (sitemaps.org 0.9)"),
        **problem_responses(503),
    },
)
def sitemap(request: Request, store: StoreDep) -> Response:
    """Where crawlers find every paper: one part for each month of ids."""
    return render_xml("sitemap.xml", "application/xml", base=base_address(request), months=store.months())


@router.get(
    "/sitemap/{month}.xml",
    response_class=Response,
    responses={200: text_response("application/xml", "The addresses"), **problem_responses(404, 422, 503)},
)
def sitemap_of_month(request: Request, store: StoreDep, month: int) -> Response:
    """The papers of one month; no month of arXiv's comes near the 50,000 addresses that a sitemap may hold."""
    papers = store.ids_of_month(month) if 0 <= month < _MOST_MONTHS else []
    if not papers:
        raise NotFound(f"there is no paper of month {month} here", "?month")
    return render_xml("sitemap_month.xml", "application/xml", base=base_address(request), papers=papers)


@router.get(
    "/.well-known/security.txt",
    response_class=Response,
    responses={200: text_response("text/plain", "The contact (RFC 9116)"), **problem_responses(404)},
)
def security(request: Request, services: ServicesDep) -> Response:
    """Where to report a vulnerability, if the operator named a contact (QUIRE_CONTACT)."""
    if not services.contact:
        raise NotFound("the operator of this server names no contact (QUIRE_CONTACT)")
    # Good until the end of the next year, so that the text stays the same for a long time.
    expires = f"{datetime.now(UTC).year + 1}-12-31T23:59:59Z"
    lines = [
        f"Contact: {contact_address(services.contact)}",
        f"Expires: {expires}",
        "Preferred-Languages: en, zh",
        f"Canonical: {base_address(request)}/.well-known/security.txt",
    ]
    return Response("\n".join(lines) + "\n", media_type="text/plain; charset=utf-8")
