"""Ports for servers that can't be told to take any free one."""

import socket


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens at."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])
