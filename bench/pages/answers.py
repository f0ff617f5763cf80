"""What a server answered, and whether it is what the forum answers when nothing is cached."""

import gzip
import http.client
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .contents import Member
from .servers import HOST, Row

# A form's two tokens are new in every answer.
TOKEN = re.compile(rb'(name="(?:csrfmiddleware)?token" value=")[^"]*')
VIEWS = re.compile(rb"<span>\xc2\xb7 [\d,]+ (?:view|reader)s?</span>")
SECONDS = 30


class Wrong(Exception):
    """An answer that must not be; the run ends with this sentence."""


@dataclass(frozen=True)
class Answer:
    """An answer with status 200: its headers, its body as sent and as meant, its bytes on the wire."""

    headers: dict[str, str]
    sent: bytes
    body: bytes
    wire: int


class Connection:
    """A connection that is kept; asks as wrk does."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=SECONDS)

    def get(self, path: str, cookie: str = "") -> Answer:
        """Wrong unless the answer is 200."""
        headers = {"Accept-Encoding": "gzip"} | ({"Cookie": cookie} if cookie else {})
        self._connection.request("GET", path, headers=headers)
        response = self._connection.getresponse()
        sent, found = response.read(), dict(response.getheaders())
        if response.status != 200:
            raise Wrong(f"{path} was answered with status {response.status}")
        body = gzip.decompress(sent) if found.get("Content-Encoding") == "gzip" else sent
        first = len(f"HTTP/1.1 {response.status} {response.reason}\r\n\r\n")
        wire = first + sum(len(f"{name}: {value}\r\n") for name, value in response.getheaders()) + len(sent)
        return Answer(found, sent, body, wire)

    def close(self) -> None:
        self._connection.close()


def get(port: int, path: str, cookie: str = "") -> Answer:
    connection = Connection(port)
    try:
        return connection.get(path, cookie)
    finally:
        connection.close()


def meant(body: bytes) -> bytes:
    """The body, less what is new in every answer, and how often the page was read when it was made."""
    return VIEWS.sub(b"", TOKEN.sub(rb"\1", body))


def truth(port: int, path: str, members: Sequence[Member]) -> dict[str, bytes]:
    """What the server on `port`, which caches nothing, answers to each reader, by cookie."""
    return {cookie: meant(get(port, path, cookie).body) for cookie in ["", *(member.cookie for member in members)]}


def check(row: Row, port: int, path: str, members: Sequence[Member], expected: Mapping[str, bytes]) -> int:
    """Ask as everybody who asks in this row, twice; the mean bytes of an answer on the wire.

    Wrong unless every body is the expected one, with the reader's own name in it and nobody else's, and
    came the way the row says.
    """
    sizes = []
    for reader in members if row.signed_in else [None]:
        cookie, names = (reader.cookie, [reader.name]) if reader else ("", [])
        get(port, path, cookie)
        answer = get(port, path, cookie)
        if meant(answer.body) != expected[cookie]:
            raise Wrong(f"{row.name}: the answer is not the page")
        if [member.name for member in members if member.name.encode() in answer.body] != names:
            raise Wrong(f"{row.name}: the page names the wrong reader")
        if row.proof and answer.headers.get(row.proof[0]) != row.proof[1]:
            raise Wrong(f"{row.name}: {row.proof[0]} is {answer.headers.get(row.proof[0])}, not {row.proof[1]}")
        sizes.append(answer.wire)
    return sum(sizes) // len(sizes)
