"""A short cut for the calls that are made most: from the layers straight to the route, past what only others need.

Which call it is, is one look into a table. FastAPI's routing and its stacks for dependencies and open files take longer
than a short text's tokens.
"""

from collections.abc import Iterable

from fastapi import Request
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from app.web.errors import HANDLED, answer_to
from app.web.json_route import BareRoute


class ShortCalls:
    """Calls the routes that take a body and have an address without parameters; leaves the rest to `app`."""

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self.app = app
        self._routes = {
            route.path: route
            for route in routes
            if isinstance(route, BareRoute) and route.methods == {"POST"} and "{" not in route.path
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        route = self._routes.get(scope["path"].removeprefix(scope.get("root_path", "")))
        if route is None:
            await self.app(scope, receive, send)
            return
        scope["route"] = route
        request = Request(scope, receive, send)
        try:
            response = await route.answer(request)
        except HANDLED as error:
            response = answer_to(request, error)
        await response(scope, receive, send)
