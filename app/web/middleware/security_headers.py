"""What every answer has the browser refuse. No cookie is ever set."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# MathJax adds <style> elements of its own and its speech worker starts from a blob; neither needs eval
# or inline script, and style attributes stay forbidden.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "base-uri 'none'",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "img-src 'self' data:",
        "manifest-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "style-src-attr 'none'",
        "style-src-elem 'self' 'unsafe-inline'",
        "worker-src 'self' blob:",
    ]
)

HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


# A year. Only where the request came by TLS: a browser ignores it otherwise, and a proxy's plain side has no need.
STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")

_RAW = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
_NAMES = frozenset(name for name, _ in _RAW)


class SecurityHeaders:
    """Adds the headers above to every answer, errors and static files too; what an answer says itself stays."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = message.get("headers", ())
                said = _NAMES.intersection([name for name, _ in own])
                missing = [header for header in _RAW if header[0] not in said] if said else _RAW
                message["headers"] = [*own, *missing]
                if scope["scheme"] == "https":
                    message["headers"].append(STRICT_TRANSPORT)
            await send(message)

        await self.app(scope, receive, send_with_headers)
