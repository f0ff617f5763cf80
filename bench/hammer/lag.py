"""A DynamoDB whose global indexes lag: an HTTP proxy in front of the local engine.

Everything passes as it is, except that a Query of an index of ForumPosts is answered as the index
stood up to so many seconds ago, a new random lag for each answer. The proxy remembers what each post
was before it was last written, which it reads itself just before it lets the write through.

Run: python -m bench.hammer.lag <port> <the engine's port> <seconds>
GET answers how many index reads were answered with something old.
"""

import http.client
import json
import math
import random
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOST = "127.0.0.1"
PATIENCE_SECONDS = 5.0
TABLE = "ForumPosts"
# The attributes that name an entry of each index; the last answer's cursor is made of them.
INDEXES = {
    "UserPosts": ("UserID", "PostTimestamp", "ForumName"),
    "ThreadPosts": ("ThreadID", "PostNumber", "ForumName", "PostTimestamp"),
}

Item = dict[str, Any]
Key = tuple[str, str]


@dataclass(slots=True)
class Change:
    """A write to one post: what it was before (None: not there), and when the write was done."""

    key: Key
    before: Item | None
    at: float = math.inf


def key_of(item: Item) -> Key | None:
    """The base key in an item; None in one of which it was not asked for."""
    if "ForumName" in item and "PostTimestamp" in item:
        return item["ForumName"]["S"], item["PostTimestamp"]["S"]
    return None


def written_keys(operation: str, request: Item) -> list[Item]:
    """The posts that a request writes, as DynamoDB's keys."""
    if operation == "TransactWriteItems":
        parts = [part for entry in request["TransactItems"] for part in entry.values()]
    elif operation == "BatchWriteItem":
        writes = [(table, write) for table, found in request["RequestItems"].items() for write in found]
        parts = [part | {"TableName": table} for table, write in writes for part in write.values()]
    else:
        parts = [request] if operation in ("PutItem", "UpdateItem", "DeleteItem") else []
    items = [part.get("Key") or part.get("Item") for part in parts if part["TableName"].endswith(TABLE)]
    return [{name: item[name] for name in ("ForumName", "PostTimestamp")} for item in items if item]


class History:
    """The changes of the last moments. Writes to posts pass one after the other, so that what was there
    before each of them is known."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.old_answers = 0
        self._writing = threading.Lock()
        self._changes: deque[Change] = deque()

    @contextmanager
    def writing(self, engine: "Engine", table: str, keys: list[Item]) -> Iterator[None]:
        """While a write is under way no lagging index shows it; afterwards it shows by and by."""
        with self._writing:
            changes = [Change(key_of(key) or ("", ""), engine.item(table, key)) for key in keys]
            self._changes.extend(changes)
            while self._changes and self._changes[0].at < time.monotonic() - 2 * self.seconds:
                self._changes.popleft()
            yield
            for change in changes:
                change.at = time.monotonic()

    def recent(self, asked: float) -> dict[Key, Item | None]:
        """The posts that changed within the lag of one answer, as they were before that."""
        since = asked - random.uniform(0, self.seconds)
        # The oldest change comes last, and so wins.
        return {change.key: change.before for change in reversed(list(self._changes)) if change.at > since}


class Engine:
    """One thread's connection to the engine."""

    def __init__(self, port: int) -> None:
        self._http = http.client.HTTPConnection(HOST, port, timeout=PATIENCE_SECONDS)

    def send(self, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        self._http.request("POST", "/", body, headers)
        response = self._http.getresponse()
        return response.status, response.read()

    def item(self, table: str, key: Item) -> Item | None:
        """One item, read consistently; None where there is none."""
        body = json.dumps({"TableName": table, "Key": key, "ConsistentRead": True}).encode()
        _, answer = self.send(plain_headers("GetItem"), body)
        found: Item | None = json.loads(answer).get("Item")
        return found


def plain_headers(operation: str) -> dict[str, str]:
    return {
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        "Content-Type": "application/x-amz-json-1.0",
        "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, "
        "SignedHeaders=host, Signature=0",
        "X-Amz-Date": "20260101T000000Z",
    }


def aged(request: Item, answer: Item, before: dict[Key, Item | None]) -> bool:
    """Make an index's answer as old as `before` says; whether that changed anything. A post keeps its
    place in both indexes for ever, so it only has to be put back as it was, or left out."""
    items = [(item, key_of(item)) for item in answer["Items"]]
    old = [before.get(key, item) if key else item for item, key in items]
    wanted = request.get("Limit", len(old))
    left = [item for item in old if item is not None]
    changed: bool = left != answer["Items"]
    if len(left) > wanted:
        left = left[:wanted]
        answer["LastEvaluatedKey"] = {name: left[-1][name] for name in INDEXES[request["IndexName"]]}
    answer["Items"] = left
    answer["Count"] = answer["ScannedCount"] = len(left)
    return changed


class Proxy(ThreadingHTTPServer):
    """Listens on `port`, asks the engine on `engine_port`."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, engine_port: int, seconds: float) -> None:
        super().__init__((HOST, port), Handler)
        self.engine_port = engine_port
        self.history = History(seconds)

    def handle_error(self, *_: object) -> None:
        """Clients die by design; there is nothing to say about it."""


class Handler(BaseHTTPRequestHandler):
    """One connection of a worker."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Proxy

    def setup(self) -> None:
        super().setup()
        self.engine = Engine(self.server.engine_port)

    def do_GET(self) -> None:
        self.answer(200, str(self.server.history.old_answers).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        request = json.loads(body)
        if operation == "Query" and request.get("IndexName") in INDEXES:
            return self.answer(*self.query(headers, request))
        if keys := written_keys(operation, request):
            with self.server.history.writing(self.engine, TABLE, keys):
                return self.answer(*self.engine.send(headers, body))
        return self.answer(*self.engine.send(headers, body))

    def query(self, headers: dict[str, str], request: Item) -> tuple[int, bytes]:
        """Ask for some more than is wanted, since what is too new is left out."""
        history = self.server.history
        before = history.recent(time.monotonic())
        more = request | ({"Limit": request["Limit"] + len(before)} if "Limit" in request else {})
        headers = {name: value for name, value in headers.items() if name.lower() != "content-length"}
        status, body = self.engine.send(headers, json.dumps(more).encode())
        answer = json.loads(body)
        if status == 200 and "Items" in answer:
            history.old_answers += aged(request, answer, before)
        return status, json.dumps(answer).encode()

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """The engine keeps the log."""


if __name__ == "__main__":
    Proxy(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])).serve_forever()
