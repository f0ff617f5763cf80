"""DynamoDB Accelerator (DAX), where it helps: the two lists of posts that an index gives to whoever makes a page.

DAX keeps what is read eventually consistently and passes everything else on
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/DAX.consistency.html). Here nearly all reads are
consistent, and what they become stands in Redis until a write renews it; in front of these DAX would be one more hop,
and a cache that no write reaches. Only the posts of a thread and of a member are read eventually consistently to fill
pages: from the indexes ThreadPosts and UserPosts, with what was written lately laid over them (`overlay`). In a busy
thread the same Query comes again and again, for every language, feed, program and open page, after every reply.

An answer is used no longer than a *window* lasts, whatever the cluster's own TTL is: each request carries the window
that it is made in, so in the next one it is another request. Windows are short, since not all that is written is named:
what a killed writer wrote is not, nor what a Redis has forgotten that was restarted. After such a change DAX is not
asked for 3 s (`forum.cache.scripts`), and by then the window is over that began before it, also for a server whose
clock is half a second behind.

DAX only saves read units. Where it does not answer, DynamoDB does, and DAX is left alone for some seconds.
"""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from botocore.config import Config
from django.conf import settings

from .overlay import AllWritten, Written

log = logging.getLogger(__name__)

WINDOW_SECONDS = 2
LEFT_ALONE_SECONDS = 5
# DAX answers within a millisecond or so; who waits longer is better off with DynamoDB.
CONNECT_SECONDS = 0.5
READ_SECONDS = 0.3

_asked: ContextVar[bool] = ContextVar("asked", default=False)


@contextmanager
def asked(written: Written) -> Iterator[None]:
    """Let DAX answer the Query made inside, of an index of ForumPosts. Only where `written` is known to be all that
    was: what it does not name would be missing for as long as a window."""
    reset = _asked.set(isinstance(written, AllWritten))
    try:
        yield
    finally:
        _asked.reset(reset)


class Accelerator:
    """The cluster, found at its first use, with the connections to its nodes."""

    def __init__(self, url: str, dummy: str | None) -> None:
        """`dummy` stands for all credentials where no real ones are wanted."""
        self._url = url
        self._dummy = dummy
        self._client: Any = None
        self._connecting = threading.Lock()
        self._failed = False
        self._left_alone_until = 0.0

    def answer(self, operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a Query with these arguments of DynamoDB's; {} where it is for DynamoDB to give."""
        if not self._url or operation != "Query" or not _asked.get():
            return {}
        return self._query(arguments)

    def _query(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        now = time.monotonic()
        if now < self._left_alone_until:
            return {}
        if self._failed:
            # This thread tries again; the others need not wait for what may still not answer.
            self._left_alone_until = now + LEFT_ALONE_SECONDS
        client = self._connected()
        if client is None:
            return {}
        try:
            found: dict[str, Any] = client.query(**_within_this_window(arguments))
        except Exception as error:
            # Whatever it is that DAX cannot do, DynamoDB can.
            self._leave_alone(error)
            return {}
        self._failed, self._left_alone_until = False, 0.0
        return found

    def _leave_alone(self, error: Exception) -> None:
        log.warning("DAX did not answer, so DynamoDB does for %d s: %s", LEFT_ALONE_SECONDS, error)
        self._failed, self._left_alone_until = True, time.monotonic() + LEFT_ALONE_SECONDS

    def _connected(self) -> Any:
        """The client; None while it looks for the cluster, whose nodes it may have to try one after the other. Nobody
        waits longer for that than for one of them."""
        if self._client is None and self._connecting.acquire(blocking=False):
            connecting = threading.Thread(target=self._connect, daemon=True)
            connecting.start()
            connecting.join(CONNECT_SECONDS)
        return self._client

    def _connect(self) -> None:
        try:
            self._client = self._client or _client(self._url, self._dummy)
        except Exception as error:
            self._leave_alone(error)
        finally:
            self._connecting.release()

    def close(self) -> None:
        if self._client is not None:
            self._client.close()


def _client(url: str, dummy: str | None) -> Any:
    """AWS's own client. It is imported here because only sites with DAX have it (requirements-dax.txt)."""
    from amazondax import AmazonDaxClient

    limits = Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"max_attempts": 0})
    return AmazonDaxClient(
        endpoint_url=url,
        region_name=settings.AWS_REGION,
        config=limits,
        aws_access_key_id=dummy,
        aws_secret_access_key=dummy,
    )


def _window() -> int:
    return int(time.time() // WINDOW_SECONDS)


def _within_this_window(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """These arguments with a filter that everything passes: no item has an attribute of the window's name. It costs
    nothing, and DAX takes two requests for the same only if all their parameters are."""
    names = {**arguments.get("ExpressionAttributeNames", {}), "#window": f"Window{_window()}"}
    return {**arguments, "ExpressionAttributeNames": names, "FilterExpression": "attribute_not_exists(#window)"}
