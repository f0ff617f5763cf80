"""HTTP as a browser speaks it, as far as a forum needs it: kept connections, cookies, redirects, forms."""

import gzip
import http.client
import re
import time
from collections.abc import Mapping, Sequence
from html import unescape
from random import Random
from typing import NamedTuple
from urllib.parse import urlencode

HOST = "127.0.0.1"
PATIENCE_SECONDS = 6.0
REDIRECTS = {301, 302, 307, 308}
# The status of an answer that only a mistake of the site's explains.
MISTAKE = 500

_INPUT = re.compile(r'<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?[^>]*>')
_COOKIE = re.compile(r"([^=;]+)=([^;]*)")


class Broken(Exception):
    """There was no answer: with `cut` the server hung up, otherwise it took too long."""

    def __init__(self, cut: bool) -> None:
        super().__init__("the connection was cut" if cut else "no answer in time")
        self.cut = cut


class Answer(NamedTuple):
    """`location` is the path a redirect leads to, "" where it is none."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    location: str

    @property
    def text(self) -> str:
        body = gzip.decompress(self.body) if self.headers["Content-Encoding"] == "gzip" else self.body
        return body.decode()


class Connection:
    """One kept connection to one server; opened when it is first used, and again after it broke."""

    def __init__(self, port: int) -> None:
        self._http = http.client.HTTPConnection(HOST, port, timeout=PATIENCE_SECONDS)

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """One request; Broken where there is no whole answer."""
        try:
            self._http.request(method, path, body, dict(headers))
            response = self._http.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._http.close()
            raise Broken(cut=not isinstance(error, TimeoutError)) from error
        location = response.getheader("Location", "") if response.status in REDIRECTS else ""
        return Answer(response.status, response.headers, content, location)


class Person:
    """A browser with somebody's session in it; each request goes to one of the servers, by chance."""

    def __init__(self, ports: Sequence[int], session: str, random: Random) -> None:
        self._connections = [Connection(port) for port in ports]
        self._cookies = {"sessionid": session}
        self._random = random
        # When the last answer was asked for.
        self.asked = 0.0
        self.errors = 0

    def get(self, path: str) -> Answer:
        """The page, after at most three redirects."""
        answer = self._ask("GET", path)
        for _ in range(3):
            if not answer.location:
                break
            answer = self._ask("GET", answer.location.partition("#")[0])
        return answer

    def post(self, path: str, fields: Mapping[str, str]) -> Answer:
        """Send a form; a redirect is not followed."""
        return self._ask("POST", path, urlencode(fields).encode())

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.asked = time.monotonic()
        answer = self._random.choice(self._connections).ask(method, path, headers, body)
        self.errors += answer.status == MISTAKE
        for line in answer.headers.get_all("Set-Cookie", []):
            if (cookie := _COOKIE.match(line)) and cookie[1] == "csrftoken":
                self._cookies[cookie[1]] = cookie[2]
        return answer


def hidden_fields(html: str) -> dict[str, str]:
    """The hidden fields of the forms on a page, by name. All forms of a page carry the same CSRF token."""
    return {name: unescape(value) for name, value in _INPUT.findall(html)}
