"""Items by their keys: one, or many at once, bounded, for DynamoDB may leave part of any batch undone, and says so.

PynamoDB's own batches retry without pause or give up at once, so these wrap the connection.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html#WorkingWithItems.BatchOperations
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from django.utils.translation import gettext as _
from pynamodb.exceptions import DoesNotExist
from pynamodb.models import Model

from forum.errors import Unavailable

from .base import Delete, Put, Update, commit, commit_between, connection, pause
from .keys import Key

ATTEMPTS = 10
# Loading data has nobody waiting for an answer: some five seconds.
WRITE_ATTEMPTS = 40
READ_BATCH = 100
WRITE_BATCH = 25
# A transaction takes 100 items and 4 MB: so many of the largest texts (40,000 characters of 4 bytes), and some more.
TRANSACTION = 100
PART = 20

T = TypeVar("T", bound=Model)
Item = dict[str, Any]


def get_one(model: type[T], partition: str, sort: str) -> T | None:
    """The item with these keys, read consistently; None where there is none. One GetItem."""
    try:
        return model.get(partition, sort, consistent_read=True)
    except DoesNotExist:
        return None


def get_many(model: type[T], keys: Iterable[Key]) -> list[T]:
    """The items with these keys, read consistently, in no order; missing ones are left out.

    One BatchGetItem for each hundred different keys, none for no keys. Unavailable when DynamoDB
    leaves some unread ten times in a row.
    """
    # A batch that names a key twice would be refused.
    different = list(dict.fromkeys(keys))
    batches = (different[start : start + READ_BATCH] for start in range(0, len(different), READ_BATCH))
    return [item for batch in batches for item in _get_batch(model, batch)]


def _get_batch(model: type[T], keys: Sequence[Key]) -> list[T]:
    """The items of a batch, and what is left of it again and again."""
    request: Item = {"Keys": [_key(model, key) for key in keys], "ConsistentRead": True}
    found: list[T] = []
    for attempt in range(ATTEMPTS):
        name = model.Meta.table_name
        answer = connection().dispatch("BatchGetItem", {"RequestItems": {name: request}})
        found += [model.from_raw_data(item) for item in answer["Responses"].get(name, [])]
        request["Keys"] = answer.get("UnprocessedKeys", {}).get(name, {}).get("Keys", [])
        if not request["Keys"]:
            return found
        pause(attempt + 3)
    raise Unavailable(_("The post store is overloaded just now. Please try again in a moment."))


def _key(model: type[Model], key: Key) -> Item:
    table = model._get_connection().get_meta_table()
    names = (table.hash_keyname, str(table.range_keyname))
    return {name: {"S": part} for name, part in zip(names, key, strict=True)}


def put_many(items: Iterable[Model], *, whole: bool = False) -> Iterator[int]:
    """Put items of any tables, in order, without conditions; yields how many are stored so far.

    For loading data: it would overwrite what is there. Memory holds one batch. Unavailable when
    DynamoDB leaves some unwritten for some seconds.

    With `whole` each batch is one transaction, of at most 4 MB: twice the price on AWS, but a local
    engine then flushes to disk once for a hundred items instead of for each.
    """
    source = iter(items)
    put, size = (_put_whole, TRANSACTION) if whole else (_put_batch, WRITE_BATCH)
    stored = 0
    while batch := list(islice(source, size)):
        put(batch)
        stored += len(batch)
        yield stored


def commit_parts(
    puts: Sequence[Put] = (), updates: Sequence[Update] = (), deletes: Sequence[Delete] = (), most: int = PART
) -> None:
    """Write many of one kind, so many in a transaction. Whoever is stopped in between does all of it again."""
    for start in range(0, max(len(puts), len(updates), len(deletes)), most):
        part = slice(start, start + most)
        commit_between(puts[part], updates[part], deletes[part])


def _put_whole(batch: list[Model]) -> None:
    commit(puts=[(item, None) for item in batch])


def _put_batch(batch: list[Model]) -> None:
    """Put a batch, and what is left of it again and again."""
    requests: dict[str, list[Item]] = {}
    for item in batch:
        requests.setdefault(item.Meta.table_name, []).append({"PutRequest": {"Item": item.serialize()}})
    for attempt in range(WRITE_ATTEMPTS):
        try:
            answer = connection().dispatch("BatchWriteItem", {"RequestItems": requests})
        except Unavailable:
            # Of a throttled table not even a part is taken.
            if attempt == WRITE_ATTEMPTS - 1:
                raise
        else:
            requests = answer.get("UnprocessedItems") or {}
            if not requests:
                return
        pause(attempt + 3)
    raise Unavailable(_("The post store is overloaded just now. Please try again in a moment."))
