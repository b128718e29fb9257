"""Serves the application with uvicorn: one process, or several that share one socket and are replaced when they die."""

import contextlib
import errno
import os
import socket
import threading
import time
from collections.abc import Callable

import httpx
import uvicorn
from uvicorn.supervisors import Multiprocess

from app.errors import InputError
from app.web.addresses import BoundedHttp

DRAIN_SECONDS = 30


def serve(listener: socket.socket, workers: int, base_path: str, announce: Callable[[str], None]) -> None:
    """Serve until told to stop; `announce` gets the address once, when requests are answered."""
    host, port = listener.getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    config = uvicorn.Config(
        "app.main:create_app",
        factory=True,
        http=BoundedHttp,
        workers=workers,
        log_config=None,
        access_log=False,
        server_header=False,
        root_path=base_path,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    threading.Thread(target=_announce_when_ready, args=(address, announce), daemon=True).start()
    if workers == 1:
        uvicorn.Server(config).run(sockets=[listener])
    else:
        Multiprocess(config, sockets=[listener]).run()


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
    listener.set_inheritable(True)
    return listener


def _announce_when_ready(address: str, announce: Callable[[str], None]) -> None:
    """Wait for the first answer, however long the models take to load; then say so once."""
    with httpx.Client(timeout=5, trust_env=False) as client:
        while True:
            with contextlib.suppress(httpx.TransportError):
                if client.get(f"{address}/readyz").status_code == httpx.codes.OK:
                    break
            time.sleep(0.05)
    announce(address)
