"""Spans go to the collector that the variables name, hold nothing that was sent, and cost nothing without it."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from app.errors import InputError
from app.web.middleware.traces import span_exporter
from tests.server import QUIRE, ROOT, environment, server_process

SECRET = "zanzibar"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Collector(ThreadingHTTPServer):
    """Takes what OTLP exporters send by HTTP, and keeps it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiver)
        self.received: list[bytes] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def spans(self) -> list[dict[str, Any]]:
        """All spans, each with its attributes and those of the process that sent it."""
        found = []
        for body in self.received:
            for group in ExportTraceServiceRequest.FromString(body).resource_spans:
                resource = _plain(group.resource.attributes)
                for scope in group.scope_spans:
                    found += [{"span": span, **resource, **_plain(span.attributes)} for span in scope.spans]
        return found


class _Receiver(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        assert self.path == "/v1/traces"
        self.server.received.append(body)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def _plain(attributes: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in attributes}


@contextmanager
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def test_workers_send_a_span_for_each_request_and_nothing_that_was_sent(
    library_folder: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with collector() as receiver:
        variables = [f"OTEL_EXPORTER_OTLP_ENDPOINT={receiver.address}", "OTEL_SERVICE_NAME=readers"]
        before = ["env", *variables, "sh", "-c", 'exec "$@" 2>"$0"', str(log)]
        with (
            server_process(
                library_folder, "--workers", "2", settings={"LOG_FORMAT": "json"}, before=before
            ) as (address, process),
            httpx.Client(base_url=address, trust_env=False, timeout=300) as client,
        ):
            joined = {"traceparent": f"00-{TRACE}-{PARENT}-01", "x-request-id": "mine"}
            answers = [
                client.post("/api/v1/encode", json={"text": SECRET}, headers=joined),
                client.post("/api/v1/encode", json={SECRET: SECRET}),
                client.get("/search", params={"q": SECRET}),
                client.get("/api/v1/papers/2606.00001", headers={"x-api-key": SECRET}),
                client.get("/nowhere", headers={"user-agent": SECRET}),
            ]
            answers += [httpx.get(f"{address}/healthz", trust_env=False) for _ in range(20)]
            process.send_signal(signal.SIGTERM)
            assert process.wait(300) == 0
    spans = {span["quire.request_id"]: span for span in receiver.spans()}
    assert len(receiver.spans()) == len(answers)
    assert spans.keys() == {answer.headers["x-request-id"] for answer in answers}
    assert {span["service.name"] for span in spans.values()} == {"readers"}
    for answer in answers:
        assert spans[answer.headers["x-request-id"]]["http.response.status_code"] == answer.status_code
    first, paper = spans["mine"], spans[answers[3].headers["x-request-id"]]
    assert first["span"].trace_id.hex() == TRACE
    assert first["span"].parent_span_id.hex() == PARENT
    assert first["span"].name == "POST /api/v1/encode"
    assert (paper["http.route"], paper["url.path"]) == (
        "/api/v1/papers/{id:path}",
        "/api/v1/papers/2606.00001",
    )
    assert not any(SECRET.encode() in body for body in receiver.received)
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    line = next(line for line in lines if line.get("request_id") == "mine" and line["event"] == "request")
    assert (line["trace_id"], line["span_id"]) == (TRACE, first["span"].span_id.hex())


def test_the_sampler_that_is_named_is_asked(library_folder: Path) -> None:
    with collector() as receiver:
        before = [
            "env",
            f"OTEL_EXPORTER_OTLP_ENDPOINT={receiver.address}",
            "OTEL_TRACES_SAMPLER=parentbased_always_off",
        ]
        with server_process(library_folder, before=before) as (address, process):
            sampled = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
            for headers in ({}, sampled, {}):
                httpx.get(f"{address}/version", headers=headers, trust_env=False).raise_for_status()
            process.send_signal(signal.SIGTERM)
            assert process.wait(300) == 0
    assert [span["span"].trace_id.hex() for span in receiver.spans()] == [TRACE]


def test_a_collector_that_is_away_costs_no_request_and_no_clean_end(library_folder: Path) -> None:
    with collector() as receiver:
        gone = receiver.address
    with server_process(library_folder, before=["env", f"OTEL_EXPORTER_OTLP_ENDPOINT={gone}"]) as (
        address,
        process,
    ):
        for _ in range(5):
            assert httpx.get(f"{address}/healthz", trust_env=False).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(300) == 0


def test_without_the_library_a_server_that_should_trace_says_what_to_install(tmp_path: Path) -> None:
    hidden = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
    (tmp_path / "sitecustomize.py").write_text(f"import sys; sys.modules['{hidden}'] = None")
    variables = {"PYTHONPATH": str(tmp_path), "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
    done = subprocess.run(
        [*QUIRE, "serve", "--port", "0"],
        capture_output=True,
        env={**environment(tmp_path / "data"), **variables},
        cwd=ROOT,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert b"OTEL_EXPORTER_OTLP_ENDPOINT" in done.stderr
    assert b"requirements/traces.txt" in done.stderr


def test_nothing_is_loaded_that_no_variable_asks_for(tmp_path: Path) -> None:
    program = (
        "import sys; from app.main import create_app; app = create_app(); "
        "print([layer.cls.__name__ for layer in app.user_middleware], "
        "[name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        env=environment(tmp_path),
        cwd=ROOT,
        timeout=300,
        check=True,
    )
    assert done.stdout.split() == [
        b"['Observation',", b"'SecurityHeaders',", b"'Compression',", b"'AddressLimit',", b"'BodyLimit']", b"[]"
    ]  # fmt: skip


ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"OTEL_SERVICE_NAME": "readers"},
        {**ENDPOINT, "OTEL_SDK_DISABLED": "true"},
        {**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_traces_are_off_unless_a_collector_is_named(variables: dict[str, str]) -> None:
    assert span_exporter(variables) is None


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({**ENDPOINT, "OTEL_TRACES_EXPORTER": "zipkin"}, "zipkin"),
        ({**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "http/protobuf"),
    ],
)
def test_what_is_asked_and_can_not_be_done_is_said(variables: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        span_exporter(variables)
