"""The path under which a proxy serves Quire, such as /quire: understood whether the proxy takes it away or not."""

from starlette.types import ASGIApp, Receive, Scope, Send


class BasePath:
    """Sets the application's `root_path`, which its links begin with."""

    def __init__(self, app: ASGIApp, base: str) -> None:
        self.app = app
        self.base = base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: str = scope["path"]
            if path == self.base:
                path += "/"
            elif not path.startswith(self.base + "/"):
                path = self.base + path
            scope = {**scope, "root_path": self.base, "path": path}
        await self.app(scope, receive, send)
