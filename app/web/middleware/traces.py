"""A span for each request, sent to a collector where OpenTelemetry's own variables ask for it.

The SDK reads them (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/); here is only
what a span says: method, route, path, status and the request's id, never a query, a header or a text. The layer is our
own because the existing ones, FastAPI's too, record addresses with their queries. Where no variable asks for
it there is no layer, and the SDK is not imported.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import __version__
from app.errors import InputError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")

_LAST_SECONDS = 3.0
"""How long stopping may take for spans that a collector does not take."""


def span_exporter(environment: Mapping[str, str]) -> "SpanExporter | None":
    """What sends spans to the collector that the variables name; None where they name none or switch it off.

    Raises InputError for what they ask and Quire can't do, and where OpenTelemetry is not installed.
    """
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip()
    asked_by = next(
        (name for name in _ENDPOINTS if environment.get(name)), exporter and "OTEL_TRACES_EXPORTER"
    )
    if (
        not asked_by
        or exporter == "none"
        or environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    ):
        return None
    if exporter not in ("", "otlp"):
        raise InputError(
            f"OTEL_TRACES_EXPORTER={exporter}: Quire sends spans by otlp only; write that, or none"
        )
    name = next((name for name in _PROTOCOLS if environment.get(name)), "")
    if name and environment[name] != "http/protobuf":
        raise InputError(
            f"{name}={environment[name]}: Quire sends spans by http/protobuf only, usually to port 4318"
        )
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError as error:
        raise InputError(
            f"{asked_by} is set, but OpenTelemetry is not installed: pip install --require-hashes -r "
            "requirements/traces.txt, or unset it"
        ) from error
    try:
        return OTLPSpanExporter()
    except ValueError as error:
        raise InputError(f"an OpenTelemetry variable (OTEL_EXPORTER_OTLP_…) is invalid: {error}") from error


class Traces:
    """Puts each request into a span, a part of its caller's trace where `traceparent` names one.

    It stands within `Observation`, whose line in the log so gets the ids of trace and span. What sends the spans starts
    and ends with the application, and so in each worker, after it was forked.
    """

    def __init__(self, app: ASGIApp, exporter: "SpanExporter") -> None:
        self.app = app
        self._exporter = exporter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._trace(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        provider = _provider(self._exporter)
        self._tracer = provider.get_tracer("quire", __version__)

        async def send_after_spans(message: Message) -> None:
            if message["type"] != "lifespan.startup.complete":
                with anyio.move_on_after(_LAST_SECONDS) as sending_the_rest:
                    await anyio.to_thread.run_sync(provider.shutdown, abandon_on_cancel=True)
                if sending_the_rest.cancelled_caught:
                    self._exporter.shutdown()  # it would try again for OTEL_EXPORTER_OTLP_TIMEOUT
            await send(message)  # after the last one no client waits any more

        await self.app(scope, receive, send_after_spans)

    async def _trace(self, scope: Scope, receive: Receive, send: Send) -> None:
        from opentelemetry.propagate import extract
        from opentelemetry.trace import SpanKind

        carrier = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        attributes = {
            "http.request.method": scope["method"],
            "url.path": scope["path"],
            "url.scheme": scope["scheme"],
            "network.protocol.version": scope["http_version"],
            "quire.request_id": scope["request_id"],
        }
        status = 0

        async def send_and_see(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        span = self._tracer.start_span(scope["method"], extract(carrier), SpanKind.SERVER, attributes)
        context = span.get_span_context()
        # For as long as the request's task lives, so that its line in the log has them too.
        structlog.contextvars.bind_contextvars(
            trace_id=f"{context.trace_id:032x}", span_id=f"{context.span_id:016x}"
        )
        try:
            await self.app(scope, receive, send_and_see)
        except Exception as error:
            _fail(span, type(error).__name__)
            raise
        finally:
            if route := getattr(scope.get("route"), "path", None):
                span.update_name(f"{scope['method']} {route}")
                span.set_attribute("http.route", route)
            if status:
                span.set_attribute("http.response.status_code", status)
            if status >= 500:
                _fail(span, str(status))
            span.end()


def _provider(exporter: "SpanExporter") -> "TracerProvider":
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.version": __version__, "process.pid": os.getpid()})
    if str(resource.attributes[SERVICE_NAME]).startswith("unknown_service"):
        resource = resource.merge(Resource({SERVICE_NAME: "quire"}))
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def _fail(span: "Span", kind: str) -> None:
    """What failed is named by its kind alone: messages may hold what was sent."""
    from opentelemetry.trace import StatusCode

    span.set_attribute("error.type", kind)
    span.set_status(StatusCode.ERROR)
