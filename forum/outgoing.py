"""Requests to addresses that somebody typed in: never to the inside of our own network.

A name is looked up once, and what is connected to is the address that was checked, so a name that leads elsewhere a
moment later gains nothing. Redirects are not followed, proxies of the environment not used, and little is read.
"""

import http.client
import ipaddress
import re
import socket
import ssl
import threading
from contextlib import suppress
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import wording

CONNECT_SECONDS = 5.0
# For all of it: a server that sends a byte now and then would else hold a worker for ever.
TOTAL_SECONDS = 10.0
READ_MOST = 300
# IPv4 within IPv6, by which a private address could be reached in disguise: translated, tunnelled.
_DISGUISES = [
    ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")
]

# What no request's first line can hold.
_UNSENT = re.compile("[\x00-\x20\x7f]")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Refused(Exception):
    """Nothing was sent, or nothing came back; the words say why."""


def post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    """The status of the answer, and the beginning of its text. Refused."""
    parts = urlsplit(url)
    if complaint := wrong_with(url):
        raise Refused(complaint)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    connection = _Checked(str(parts.hostname), port, secure)
    timer = threading.Timer(TOTAL_SECONDS, connection.cut)
    timer.daemon = True
    timer.start()
    try:
        connection.request("POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(READ_MOST).decode(errors="replace")
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Refused(_("It could not be reached: %(error)s") % {"error": _in_words(error)}) from error
    finally:
        timer.cancel()
        connection.close()


def wrong_with(url: str) -> str:
    """Why nothing can be sent to this address, "" where something can, as far as it can be told without asking."""
    try:
        parts = urlsplit(url)
        __ = parts.port
    except ValueError:
        return _("This is no address.")
    if parts.scheme not in ("https", "http") or not parts.hostname:
        return _("It has to begin with https:// or http:// and a host.")
    if _UNSENT.search(url) or not (parts.path + parts.query).isascii():
        return _("This is no address.")
    if parts.username or parts.password:
        return _("A name and a password in an address would be in every log.")
    with suppress(ValueError):
        if not allowed(ipaddress.ip_address(parts.hostname)):
            return _("It leads into a private network.")
    return ""


# What is stored of what was refused, with something in it.
_SAYINGS = (
    (
        re.compile(r"It could not be reached: no answer within (?P<seconds>\d+) seconds\."),
        gettext_lazy("It could not be reached: no answer within %(seconds)s seconds."),
    ),
    (
        re.compile(r"It could not be reached: (?P<error>.*)", re.DOTALL),
        gettext_lazy("It could not be reached: %(error)s"),
    ),
    (
        re.compile(r"(?P<host>\S+) leads into a private network\."),
        gettext_lazy("%(host)s leads into a private network."),
    ),
)


def in_words(refused: str) -> str:
    """Why nothing was sent, which is stored in English, in the reader's language."""
    return wording.retold(refused, _SAYINGS)


def allowed(address: Address) -> bool:
    """Whether something may be sent there: to the public internet, or anywhere where a setting says so."""
    if settings.WEBHOOKS_TO_PRIVATE_ADDRESSES:
        return True
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return allowed(address.ipv4_mapped)
        if any(address in disguise for disguise in _DISGUISES):
            return False
    return address.is_global and not address.is_multicast


class _Checked(http.client.HTTPConnection):
    """A connection to an address that was checked after its name was looked up; over TLS to the name's own server."""

    def __init__(self, host: str, port: int, secure: bool) -> None:
        super().__init__(host, port, timeout=CONNECT_SECONDS)
        self._secure = secure

    def connect(self) -> None:
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        addresses = [each[4][0] for each in found]
        # One address within is enough: which of them is taken must not be chance.
        if not addresses or not all(allowed(ipaddress.ip_address(str(each).partition("%")[0])) for each in addresses):
            raise Refused(_("%(host)s leads into a private network.") % {"host": self.host})
        self.sock = socket.create_connection((str(addresses[0]), self.port), self.timeout)
        if self._secure:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
            self.sock.do_handshake()

    def cut(self) -> None:
        if self.sock is not None:
            with suppress(OSError):
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


def _in_words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {CONNECT_SECONDS:.0f} seconds."
    return f"{str(error) or type(error).__name__}."
