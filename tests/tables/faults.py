"""Faults put in below PynamoDB, where DynamoDB and the network put them: at botocore's events."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from moto.core.models import botocore_stubber

from forum.tables import base, schema
from forum.tables.posts import Post

Content = dict[str, Any] | str
Reply = Callable[[dict[str, Any]], Content]


class _Body:
    """The stream that botocore reads an answer's content from."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def stream(self) -> Iterator[bytes]:
        yield self.content


def answer(url: str, status: int, body: Content) -> AWSResponse:
    """An HTTP answer as if DynamoDB, or something on the way to it, had given it."""
    text = body if isinstance(body, str) else json.dumps(body)
    return AWSResponse(url, status, {"content-type": "application/x-amz-json-1.0"}, _Body(text.encode()))


def error(code: str, message: str = "") -> dict[str, Any]:
    """The body of an error of DynamoDB's."""
    return {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message}


@contextmanager
def answering(operation: str, status: int, body: Content | Reply, times: int = 1_000) -> Iterator[list[str]]:
    """The next requests of an operation are answered without reaching the engine; the list holds them.

    `body` may be a function of what was asked.
    """
    asked: list[str] = []
    mocked = botocore_stubber.enabled

    def instead(request: Any, **_: Any) -> AWSResponse | None:
        if len(asked) >= times:
            return None
        asked.append(operation)
        botocore_stubber.enabled = False  # moto would act as well, since every handler is called
        return answer(request.url, status, body(json.loads(request.body)) if callable(body) else body)

    def moto_again(**_: Any) -> None:
        botocore_stubber.enabled = mocked

    with _at(f"before-send.dynamodb.{operation}", instead), _at("before-send", moto_again, last=True):
        yield asked


@contextmanager
def losing_answers(operation: str, times: int) -> Iterator[list[AWSResponse]]:
    """The next requests of an operation reach the engine, but their answers do not come back."""
    lost: list[AWSResponse] = []
    client = base.connection().client

    def lose(request: Any, **_: Any) -> None:
        if len(lost) < times:
            # moto answers at this same event; any other engine is asked through the client's own session.
            mocked = botocore_stubber(f"before-send.dynamodb.{operation}", request)
            lost.append(mocked or client._endpoint.http_session.send(request))
            raise ReadTimeoutError(endpoint_url=request.url)

    with _at(f"before-send.dynamodb.{operation}", lose):
        yield lost


@contextmanager
def changing_answers(operation: str, change: Callable[[dict[str, Any]], object]) -> Iterator[None]:
    """Every answer of an operation goes through `change`, which may alter it in place."""

    def changed(parsed: dict[str, Any], **_: Any) -> None:
        change(parsed)

    with _at(f"after-call.dynamodb.{operation}", changed):
        yield


@contextmanager
def lagging_indexes() -> Iterator[Callable[[], None]]:
    """ThreadPosts and UserPosts stay as they are, whatever is written, until the function given is called.

    They are asked of a copy of the table, so that the engine itself answers as it would have then.
    """
    client = base.connection().client
    table = Post.Meta.table_name
    copy = f"{table}-{uuid4().hex}"
    client.create_table(**schema.create_request(schema.declared(Post), schema.ON_DEMAND) | {"TableName": copy})

    def catch_up() -> None:
        there, shown = (client.scan(TableName=name)["Items"] for name in (table, copy))
        for item in there:
            client.put_item(TableName=copy, Item=item)
        for key in map(key_of, shown):
            if key not in map(key_of, there):
                client.delete_item(TableName=copy, Key=key)

    def ask_the_copy(params: dict[str, Any], **_: Any) -> dict[str, Any] | None:
        return params | {"TableName": copy} if params["TableName"] == table and "IndexName" in params else None

    def key_of(item: dict[str, Any]) -> dict[str, Any]:
        return {name: item[name] for name in ("ForumName", "PostTimestamp")}

    catch_up()
    try:
        with _at("provide-client-params.dynamodb.Query", ask_the_copy):
            yield catch_up
    finally:
        client.delete_table(TableName=copy)


@contextmanager
def _at(event: str, handler: Callable[..., Any], *, last: bool = False) -> Iterator[None]:
    events = base.connection().client.meta.events
    (events.register_last if last else events.register_first)(event, handler)
    try:
        yield
    finally:
        events.unregister(event, handler)
