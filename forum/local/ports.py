"""Which ports are free, and who answers there."""

import errno
import http.client
import socket


def speaks_http(host: str, port: int, path: str = "/", *, seconds: float = 1) -> bool:
    """Whether something there answers a request, whatever it says."""
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        connection.request("GET", path)
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now; OSError when `host` is none of this machine's."""
    try:
        listener(host, port).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return False
        raise
    return True


def listener(host: str, port: int) -> socket.socket:
    """A socket bound as servers bind theirs: what is only waiting to be forgotten does not count as in use."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except BaseException:
        bound.close()
        raise
    return bound


def free_port() -> int:
    """A port on 127.0.0.1 that nobody has now."""
    with listener("127.0.0.1", 0) as bound:
        port: int = bound.getsockname()[1]
    return port
