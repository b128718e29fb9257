"""Which client may send what, and how often: the key of a request, its scope, and the client's rate.

Plain ASGI, before any body is read; installed only where a setting asks for it. Operations that watch over the
server, and the files that pages are made of, are open and not counted.
"""

import binascii
from base64 import b64decode
from ipaddress import IPv6Address, ip_address

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as Connection

from app.errors import QuireError, Sentence
from app.web.errors import failure, failure_of
from app.web.middleware.keys import Key, Keys, Scope
from app.web.middleware.rates import Rates, Taken

_OPEN = frozenset(
    {"/healthz", "/readyz", "/version", "/openapi.json", "/docs", "/robots.txt", "/opensearch.xml"}
)
_TOKENISE = ("tokenize", "detokenize", "decode", "tokenizer_info", "tokenizer", "apply-template", "v1")
_TOKENISE_API = ("models", "chat", "encode", "decode", "count", "chunk", "compare", "lattice")


def scope_of(path: str) -> Scope | None:
    """What a key has to be good for to ask for this path (without the base path); None where all may."""
    first, _, rest = path.removeprefix("/").partition("/")
    if path in _OPEN or first == "static":
        return None
    if path == "/metrics":
        return "admin"
    version, _, call = rest.partition("/")
    if first in _TOKENISE or (first == "api" and version == "v1" and call.partition("/")[0] in _TOKENISE_API):
        return "tokenise"
    return "read"


class Access:
    """Lets a request pass if its client asks seldom enough and its key is good for it.

    `required` are the scopes that need a key. Where a key is given it is the client, else the address is.
    """

    def __init__(self, app: ASGIApp, keys: Keys, required: frozenset[Scope], rates: Rates | None) -> None:
        self.app = app
        self.keys = keys
        self.required = required
        self.rates = rates
        # Of its own: threads that wait for a slow database must not delay looking keys up.
        self._limiter: CapacityLimiter | None = None

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked = scope_of(scope["path"].removeprefix(scope.get("root_path", "")))
        if asked is None:
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        given = given_key(request.headers)
        try:
            key = await self._find(given) if given else None
        except QuireError as error:
            await failure_of(request, error)(scope, receive, send)
            return
        if key is not None:
            scope.get("known_client", {})["key"] = key.name
            scope["quire.key"] = key.name
        if self.rates is not None:
            taken = self.rates.take(client_of(scope))
            fields = _rate_fields(self.rates, taken)
            send = _with_fields(send, fields)
            if not taken.allowed:
                detail = Sentence(
                    "at most {most} requests in {seconds} seconds are taken from one client; try again in "
                    "{wait} seconds",
                    most=self.rates.most,
                    seconds=self.rates.seconds,
                    wait=taken.retry_after,
                )
                headers = {"retry-after": str(taken.retry_after)}
                await failure(request, 429, "rate-limited", detail, headers=headers)(scope, receive, send)
                return
        if given or asked in self.required:
            send = _for_one_client(send)
        if asked in self.required and (key is None or asked not in key.scopes):
            await _refusal(request, key, given, asked)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    async def _find(self, given: str) -> Key | None:
        if not self.keys.may_block:
            return self.keys.find(given)
        if self._limiter is None:
            self._limiter = CapacityLimiter(1)
        return await run_sync(self.keys.find, given, limiter=self._limiter)


def client_of(scope: Connection) -> str:
    """The client: the name of the key that was given, else the address."""
    return f"key {scope['quire.key']}" if "quire.key" in scope else _address(scope)


def given_key(headers: Headers) -> str:
    """The key that a request brings: as a bearer's token, as `X-API-Key`, or as a browser sends a password."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, ValueError):
            return ""
    return headers.get("x-api-key", "").strip()


def _address(scope: Connection) -> str:
    """The client's address; of IPv6 the network that one subscriber has, /64."""
    host = scope["client"][0] if scope.get("client") else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address) and not address.ipv4_mapped:
        return f"{int(address) >> 64:x}::/64"
    return host


def _refusal(request: Request, key: Key | None, given: str, asked: Scope) -> Response:
    """401 where no key that we know was given, 403 where it is good for other things."""
    if key is not None:
        detail = Sentence(
            "the key {name} does not allow this; it needs the scope {scope}", name=key.name, scope=asked
        )
        return failure(request, 403, "forbidden", detail)
    detail = Sentence(
        "{why}; send it as `Authorization: Bearer KEY`, or as the password where a browser asks for one",
        why=Sentence("this API key is not valid here")
        if given
        else Sentence("this needs a key with the scope {scope}", scope=asked),
    )
    page = "text/html" in request.headers.get("accept", "")
    challenge = 'Basic realm="Quire", charset="UTF-8"' if page else 'Bearer realm="Quire"'
    return failure(request, 401, "unauthorised", detail, headers={"www-authenticate": challenge})


def _rate_fields(rates: Rates, taken: Taken) -> list[tuple[bytes, bytes]]:
    """The fields of draft-ietf-httpapi-ratelimit-headers, and those of its earlier versions that clients read."""
    return [
        (b"ratelimit-policy", b'"default";q=%d;w=%d' % (rates.most, rates.seconds)),
        (b"ratelimit", b'"default";r=%d;t=%d' % (taken.remaining, taken.reset)),
        (b"ratelimit-limit", b"%d" % rates.most),
        (b"ratelimit-remaining", b"%d" % taken.remaining),
        (b"ratelimit-reset", b"%d" % taken.reset),
    ]


def _for_one_client(send: Send) -> Send:
    """Says of an answer that it depends on a key, so that no cache gives it to a client with another one, or none."""

    async def send_as_private(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.add_vary_header("Authorization, X-API-Key")
            said = headers.get("cache-control", "")
            if "no-store" not in said:
                headers["cache-control"] = f"private, {said}" if said else "private"
        await send(message)

    return send_as_private


def _with_fields(send: Send, fields: list[tuple[bytes, bytes]]) -> Send:
    async def send_with_fields(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *fields]
        await send(message)

    return send_with_fields
