"""Everything in a table, page by page, for commands that make something again from all of it. Never for a request:
`base.counting(scans_allowed=False)`, under which they all run, refuses this.

Access pattern: Scan, in parallel segments, eventually consistent: half a read unit for each 4 KB of the table.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html#Scan.ParallelScan
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from forum.errors import Unavailable

from .base import Table, connection, pause
from .parallel import Start
from .posts import Post
from .threads import Thread

# Items of a page for whoever may not read too much at once; without a limit a page is 1 MB, all that DynamoDB gives.
PAGE = 500
ATTEMPTS = 4

T = TypeVar("T")
M = TypeVar("M", bound=Table)


class PostText(NamedTuple):
    """What an index keeps of a post, by the names that it has in `Post`, of which each costs several times as much
    to make as all of this."""

    thread_id: str
    number: int
    user_id: str
    timestamp: str
    written_at: str | None
    revision: int
    status: str
    body: str


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items, and where the next page begins; None at a segment's end."""

    items: Sequence[T]
    next: Start | None
    read_units: float


def list_threads(segment: int, segments: int, start: Start | None = None, most: int = PAGE) -> Page[Thread]:
    """At most `most` heads; with 0 as many as there are in 1 MB."""
    return _models(Thread, _page(Thread, segment, segments, start, most))


def list_posts(segment: int, segments: int, start: Start | None = None, most: int = PAGE) -> Page[Post]:
    return _models(Post, _page(Post, segment, segments, start, most))


def list_texts(segment: int, segments: int, start: Start | None = None, most: int = PAGE) -> Page[PostText]:
    page = _page(Post, segment, segments, start, most)
    return Page([_text(item) for item in page.items], page.next, page.read_units)


def estimate_posts() -> int:
    """About how many posts there are: DynamoDB counts some times a day, a local engine when asked."""
    return int(connection().client.describe_table(TableName=Post.Meta.table_name)["Table"].get("ItemCount", 0))


def _page(model: type[Table], segment: int, segments: int, start: Start | None, most: int) -> Page[dict[str, Any]]:
    """Items as DynamoDB writes them. A page that is full only by its size saves more than the calls: the local engine
    goes through the others' items, too, before it has a segment's own."""
    request: dict[str, Any] = {"TableName": model.Meta.table_name, "ReturnConsumedCapacity": "TOTAL"}
    if segments > 1:
        request |= {"Segment": segment, "TotalSegments": segments}
    if most:
        request["Limit"] = most
    if start is not None:
        request["ExclusiveStartKey"] = start
    answer = _patiently(request)
    units = float((answer.get("ConsumedCapacity") or {}).get("CapacityUnits", 0.0))
    return Page(answer["Items"], answer.get("LastEvaluatedKey"), units)


def _patiently(request: dict[str, Any]) -> dict[str, Any]:
    """Scan. Nobody waits for an answer: a store that is busy for some seconds does not end the work of an hour."""
    for attempt in range(1, ATTEMPTS):
        try:
            return connection().dispatch("Scan", request)
        except Unavailable:
            pause(attempt + 3)
    return connection().dispatch("Scan", request)


def _models(model: type[M], page: Page[dict[str, Any]]) -> Page[M]:
    return Page([model.from_raw_data(item) for item in page.items], page.next, page.read_units)


def _text(item: dict[str, Any]) -> PostText:
    """With the defaults that `Post` has for what is not there."""
    return PostText(
        thread_id=item["ThreadID"]["S"],
        number=int(item["PostNumber"]["N"]),
        user_id=item["UserID"]["S"],
        timestamp=item["PostTimestamp"]["S"],
        written_at=item.get("WrittenAt", {}).get("S"),
        revision=int(item["Revision"]["N"]) if "Revision" in item else 1,
        status=item["Status"]["S"] if "Status" in item else "visible",
        body=item["Body"]["S"],
    )
