"""FastAPI's application with Quire's own layers around its routes; `app/main.py` puts them together."""

from fastapi import FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import ASGIApp

from app.web.middleware.short_calls import ShortCalls


class Application(FastAPI):
    """Leaves out the layers of FastAPI that repeat ours, which bound bodies and answer defects."""

    def build_middleware_stack(self) -> ASGIApp:
        """All layers, the outermost one."""
        stack: ASGIApp = AsyncExitStackMiddleware(self.router)
        stack = ExceptionMiddleware(stack, handlers=self.exception_handlers)
        stack = ShortCalls(stack, self.router.routes)
        for layer, arguments, options in reversed(self.user_middleware):
            stack = layer(stack, *arguments, **options)
        return stack
