"""Can the service listen there? Asked before it starts, to say no in one sentence."""

from __future__ import annotations

import socket

from features.errors import ConfigError


def refuse_taken(host: str, port: int) -> None:
    """Refuse an address at which nobody can listen now.

    Raises
    ------
    ConfigError
        Another program listens at the port, it needs rights, or there is no such host here.
    """
    try:
        [(family, kind, _, _, address), *_] = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )
        with socket.socket(family, kind) as tried:
            # as the server itself does: an address that was left a moment ago is free
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except OSError as error:
        raise ConfigError(
            f"can't listen at {host}:{port} ({error.strerror}); stop what listens there, or choose "
            "another --port or --host"
        ) from error
