"""What makes the pages installable and readable offline: manifest, service worker, and the page shown offline."""

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from app.paths import STATIC
from app.web.templates import render

router = APIRouter(include_in_schema=False)


@router.get("/manifest.webmanifest")
def manifest(request: Request) -> Response:
    """The manifest (W3C Web Application Manifest)."""
    base: str = request.scope.get("root_path", "")
    described = {
        "id": f"{base}/",
        "name": "Quire",
        "short_name": "Quire",
        "start_url": f"{base}/",
        "scope": f"{base}/",
        "display": "minimal-ui",
        "background_color": "#fbfaf7",
        "theme_color": "#fbfaf7",
        "icons": [
            {
                "src": f"{base}/static/img/quire.svg",
                "sizes": "any",
                "type": "image/svg+xml",
                "purpose": "any",
            },
            {"src": f"{base}/static/img/quire-192.png", "sizes": "192x192", "type": "image/png"},
            {"src": f"{base}/static/img/quire-512.png", "sizes": "512x512", "type": "image/png"},
        ],
    }
    return Response(orjson.dumps(described), media_type="application/manifest+json")


@router.get("/service-worker.js")
def service_worker() -> Response:
    """Served from the root, because a worker governs what lies beneath its own address."""
    headers = {"cache-control": "no-cache"}
    return FileResponse(
        STATIC / "js" / "page" / "service-worker.js", media_type="text/javascript", headers=headers
    )


@router.get("/offline")
def offline(request: Request) -> Response:
    """What the browser shows, without a connection, for a page that it never saw."""
    return render(request, "offline.html")
