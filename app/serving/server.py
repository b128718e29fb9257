"""Serves the application with uvicorn: one process, or several that share one socket and are replaced when they die."""

import asyncio
import contextlib
import errno
import os
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI

from app.errors import InputError
from app.memory import give_back
from app.serving.connections import BoundedConnection, ConnectionBounds, bounded
from app.serving.workers import Workers, heeded
from app.web.worker_counts import count_as

log = structlog.get_logger()

_OTHER_FILES = 128
"""Files that a worker opens beside its connections: store, index, event loop, with room to spare."""

_GIVE_BACK_SECONDS = 2.0
"""How often memory that is free is given back to the system: so seldom that the loop is not held up by it."""


@dataclass(frozen=True)
class ServerOptions:
    """How to serve: what connections may cost, which proxies' headers are trusted, how long stopping may take."""

    bounds: ConnectionBounds
    trusted_proxies: tuple[str, ...]
    keep_alive_seconds: int
    drain_seconds: int


class _Server(uvicorn.Server):
    """Says when it answers requests, stops when the file `life` can be read, and leaves no connection unaccepted.

    `look_after` are called every few seconds.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        on_started: Callable[[], None],
        life: int | None = None,
        look_after: Sequence[Callable[[], None]] = (),
    ) -> None:
        super().__init__(config)
        self._on_started = on_started
        self._life = life
        self._look_after = look_after
        self._drain_seconds = config.timeout_graceful_shutdown

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._listeners = [listener.dup() for listener in sockets or []]
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        for number in heeded([signal.SIGHUP]):  # a terminal that is closed; uvicorn knows the other two
            signal.signal(number, self.handle_exit)
        if self._life is not None:
            loop, life = self._loop, self._life

            def parent_is_gone() -> None:
                loop.remove_reader(life)
                self.should_exit = True

            loop.add_reader(life, parent_is_gone)
        self._maintain()
        self._on_started()

    def _maintain(self) -> None:
        give_back()
        for look in self._look_after if not self.should_exit else ():
            look()
        self._loop.call_later(_GIVE_BACK_SECONDS, self._maintain)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self.force_exit:  # by a second Ctrl-C
            self._loop.call_soon_threadsafe(self._give_up)

    def _give_up(self) -> None:
        """Closes all connections: so that what uvicorn ends then is not answered as a failure (500)."""
        for connection in list(self.server_state.connections):
            if isinstance(connection, BoundedConnection):
                connection.give_up()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for _ in range(3):
            await asyncio.sleep(0)  # the event loop closes its own files in its next turns
        await self._accept_waiting_clients()
        if self._drain_seconds:
            # Before uvicorn, whose time begins a little later, ends what is not answered then.
            self._loop.call_later(self._drain_seconds, self._give_up)
        await super().shutdown(sockets)

    async def _accept_waiting_clients(self) -> None:
        """Accepts the connections that the system has made already; closing the socket would reset them."""
        waiting = []
        for listener in self._listeners:
            listener.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    waiting.append(listener.accept()[0])
            listener.close()
        for connection in waiting:
            await self._loop.connect_accepted_socket(self._connection, connection)

    def _connection(self) -> asyncio.Protocol:
        protocol: Any = self.config.http_protocol_class
        made: asyncio.Protocol = protocol(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made


def serve(
    app: FastAPI,
    listener: socket.socket,
    workers: int,
    options: ServerOptions,
    announce: Callable[[str], None],
    look_after: Sequence[Callable[[], None]] = (),
) -> int:
    """Serve until told to stop; `announce` gets the address once, when requests are answered. Returns the exit code.

    `look_after` are called every few seconds, in the process that this is called in.
    """
    host, port = listener.getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    config = uvicorn.Config(
        app,
        http=bounded(_within_open_files(options.bounds)),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(options.trusted_proxies),
        forwarded_allow_ips=list(options.trusted_proxies),
        timeout_keep_alive=options.keep_alive_seconds,
        timeout_graceful_shutdown=options.drain_seconds,
    )
    if workers == 1:
        # uvicorn raises the signal that stopped it once more when all is done; that must not kill us.
        for number in heeded([signal.SIGTERM, signal.SIGINT, signal.SIGHUP]):
            signal.signal(number, lambda *_: None)
        _Server(config, lambda: announce(address), look_after=look_after).run(sockets=[listener])
        return 0

    def work(number: int, on_started: Callable[[], None], life: int) -> None:
        count_as(number)
        _Server(config, on_started, life).run(sockets=[listener])

    return Workers(
        workers,
        listener,
        work,
        on_ready=lambda: announce(address),
        stop_seconds=options.drain_seconds + 5,
        look_after=look_after,
    ).run()


def _within_open_files(bounds: ConnectionBounds) -> ConnectionBounds:
    """The bounds with no more connections than there can be files, of which the system is asked for all it grants.

    A connection over the bound is answered; one for which there is no file any more could only be dropped.
    """
    if os.name != "posix":
        return bounds
    import resource

    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with contextlib.suppress(ValueError, OSError):  # then it stays as it is
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    granted = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if granted == resource.RLIM_INFINITY or granted >= bounds.connections + _OTHER_FILES:
        return bounds
    connections = max(1, granted - _OTHER_FILES)
    log.warning(
        f"the system grants a process {granted:,} open files (ulimit -n), so that a worker takes {connections:,} "
        f"connections at once and not {bounds.connections:,} (QUIRE_MAX_CONNECTIONS)"
    )
    return replace(bounds, connections=connections)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens at the address, port 0 meaning any free one; raises InputError that says why it can't."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with contextlib.ExitStack() as on_failure:
            listener = on_failure.enter_context(socket.socket(family))
            if os.name == "posix":
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(2048)
            on_failure.pop_all()
    except socket.gaierror as error:
        raise InputError(
            f"--host {host}: there is no such address on this machine ({error.strerror})"
        ) from error
    except OverflowError as error:
        raise InputError(f"--port {port}: a port is a number from 0 to 65535") from error
    except OSError as error:
        reason = {
            errno.EADDRINUSE: "another program listens there already; stop it, or name another port (--port, PORT=…)",
            errno.EACCES: "this user may not use that port; ports from 1024 on are free to all",
            errno.EADDRNOTAVAIL: "this machine has no such address",
        }.get(error.errno or 0, error.strerror)
        raise InputError(f"Can't listen on {host} port {port}: {reason}") from error
    return listener
