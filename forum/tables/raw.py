"""Items as they are on the wire, for moving data: an export of them, imported, is the same to the byte.

An item is a dict of DynamoDB's typed values (`{"UserID": {"S": "7"}, …}`), binaries as base64. Nothing of an item is
understood here but its keys, so also what this release does not know is carried over. Never for a request.

| what | calls |
|---|---|
| a page of a table, or of a partition | one Scan or Query, consistent: a read unit for each 4 KB |
| a page of a partition of an index | one Query: half of that |
| store items that are not there | one transaction for a hundred, or one PutItem for each |
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from botocore.exceptions import ClientError
from pynamodb.indexes import GlobalSecondaryIndex
from pynamodb.models import Model

from .base import connection
from .bulk import READ_BATCH
from .keys import Key
from .marks import Saved
from .members import Item
from .moderation import Record
from .parallel import Found, Start
from .posts import Post
from .talks import TalkItem
from .tallies import Tally
from .threads import Thread
from .totals import Totals

THREADS, POSTS, MEMBERS, MODERATION = "ForumThreads", "ForumPosts", "ForumMembers", "ForumModeration"
TABLES: dict[str, type[Model]] = {THREADS: Thread, POSTS: Post, MEMBERS: Item, MODERATION: Record}
# All that is stored in a table: several models share the one of members.
_MODELS: dict[str, tuple[type[Model], ...]] = {name: (model,) for name, model in TABLES.items()}
_MODELS[MEMBERS] = (Item, TalkItem, Tally, Totals, Saved)

PAGE = 500
# Of a transaction, of 100 items and 4 MB; and what one item may have.
AT_ONCE = 100
TRANSACTION_BYTES = 3_500_000
ITEM_BYTES = 400_000

Raw = dict[str, Any]
# The bare name of a table, without this deployment's prefix, and an item of it.
Named = tuple[str, Raw]


def key_names(table: str) -> tuple[str, str]:
    """The names of a table's partition key and sort key."""
    model = TABLES[table]
    hash_key, range_key = model._hash_keyname, model._range_keyname
    attributes = model.get_attributes()
    return str(attributes[str(hash_key)].attr_name), str(attributes[str(range_key)].attr_name)


def key_of(table: str, item: Raw) -> Key:
    partition, sort = key_names(table)
    return item[partition]["S"], item[sort]["S"]


def estimate(table: str) -> int:
    """About how many items there are: DynamoDB counts some times a day, a local engine when asked."""
    described = connection().client.describe_table(TableName=TABLES[table].Meta.table_name)
    return int(described["Table"].get("ItemCount", 0))


# -- Reads ----------------------------------------------------------------------------------------


def list_page(table: str, segment: int, segments: int, start: Start | None) -> Found:
    """A page of a segment of a table: all that was written before it was asked for is in it."""
    return _page("Scan", table, start, {"Segment": segment, "TotalSegments": segments})


def list_partition(table: str, partition: str, start: Start | None) -> Found:
    """A page of a partition of a table."""
    return _page("Query", table, start, _partition(key_names(table)[0], partition))


def list_index(table: str, index: GlobalSecondaryIndex[Any], partition: str, start: Start | None) -> Found:
    """A page of a partition of a global index, which follows the table after a moment: what it projects of items."""
    name = str(index._hash_key_attribute().attr_name)  # type: ignore[no-untyped-call]
    request = _partition(name, partition) | {"IndexName": index.Meta.index_name, "ConsistentRead": False}
    return _page("Query", table, start, request)


def _partition(name: str, value: str) -> dict[str, Any]:
    condition = {"KeyConditionExpression": "#p = :p", "ExpressionAttributeNames": {"#p": name}}
    return {**condition, "ExpressionAttributeValues": {":p": {"S": value}}}


def _page(operation: str, table: str, start: Start | None, asked: dict[str, Any]) -> Found:
    request = {
        "TableName": TABLES[table].Meta.table_name,
        "Limit": PAGE,
        "ConsistentRead": True,
        "ReturnConsumedCapacity": "TOTAL",
        **asked,
    }
    if start is not None:
        request["ExclusiveStartKey"] = start
    answer = connection().dispatch(operation, request)
    units = float((answer.get("ConsumedCapacity") or {}).get("CapacityUnits", 0.0))
    return answer["Items"], answer.get("LastEvaluatedKey"), units


def get_items(table: str, keys: Iterable[Key]) -> list[Raw]:
    """The items with these keys, consistent, in no order; missing ones are left out. One BatchGetItem for each
    hundred, and more where DynamoDB leaves some unread."""
    wanted, found = list(dict.fromkeys(keys)), []
    name, (partition, sort) = TABLES[table].Meta.table_name, key_names(table)
    todo = [{partition: {"S": key[0]}, sort: {"S": key[1]}} for key in wanted]
    while todo:
        request = {name: {"Keys": todo[:READ_BATCH], "ConsistentRead": True}}
        answer = connection().dispatch("BatchGetItem", {"RequestItems": request})
        found += answer["Responses"].get(name, [])
        todo = answer.get("UnprocessedKeys", {}).get(name, {}).get("Keys", []) + todo[READ_BATCH:]
    return found


# -- Writes ---------------------------------------------------------------------------------------


def put_new(items: Sequence[Named], whole: bool) -> tuple[int, list[Named]]:
    """Store items where there are none with their keys; how many were there just so, and those that are there but
    differ, which stay as they are.

    With `whole` a hundred go in one transaction: a local engine flushes to disk once for all, AWS asks twice the
    price. Where one of them is there already, each goes by itself.
    """
    same, differing = 0, []
    for batch in _batches(items) if whole else ([item] for item in items):
        if len(batch) > 1 and _put_together(batch):
            continue
        for table, item in batch:
            there = _put_alone(table, item)
            same += there == canonical(item)
            if there and there != canonical(item):
                differing.append((table, item))
    return same, differing


def _batches(items: Sequence[Named]) -> Iterable[list[Named]]:
    batch: list[Named] = []
    size = 0
    for table, item in items:
        size += len(canonical(item))
        if len(batch) == AT_ONCE or (batch and size > TRANSACTION_BYTES):
            yield batch
            batch, size = [], len(canonical(item))
        batch.append((table, item))
    if batch:
        yield batch


def _put_together(batch: Sequence[Named]) -> bool:
    """Whether all were stored; else none was."""
    try:
        puts = [{"Put": _put(table, item)} for table, item in batch]
        connection().dispatch("TransactWriteItems", {"TransactItems": puts})
    except ClientError as error:
        if error.response["Error"]["Code"] in ("TransactionCanceledException", "TransactionConflictException"):
            return False
        raise
    return True


def _put_alone(table: str, item: Raw) -> str:
    """The item that is there already, canonical; "" where this one was stored."""
    try:
        connection().dispatch("PutItem", _put(table, item))
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return "".join(canonical(found) for found in get_items(table, [key_of(table, item)]))
    return ""


def _put(table: str, item: Raw) -> dict[str, Any]:
    return {
        "TableName": TABLES[table].Meta.table_name,
        "Item": {name: _sent(value) for name, value in item.items()},
        "ConditionExpression": "attribute_not_exists(#k)",
        "ExpressionAttributeNames": {"#k": key_names(table)[0]},
    }


def _sent(value: Any) -> Any:
    """A value as botocore wants it, which encodes binaries itself."""
    (kind, inner), *_ = value.items()
    if kind == "B":
        return {"B": b64decode(inner)}
    if kind == "BS":
        return {"BS": [b64decode(each) for each in inner]}
    if kind == "L":
        return {"L": [_sent(each) for each in inner]}
    if kind == "M":
        return {"M": {name: _sent(each) for name, each in inner.items()}}
    return value


# -- As text --------------------------------------------------------------------------------------


def canonical(item: Raw) -> str:
    """An item as JSON, always the same: names in order, and sets, which have none."""
    ordered = {name: _ordered(value) for name, value in item.items()}
    return json.dumps(ordered, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _ordered(value: Any) -> Any:
    (kind, inner), *_ = value.items()
    if kind in ("SS", "NS", "BS"):
        return {kind: sorted(inner)}
    if kind == "L":
        return {"L": [_ordered(each) for each in inner]}
    if kind == "M":
        return {"M": {name: _ordered(each) for name, each in inner.items()}}
    return value


# -- What cannot be stored ------------------------------------------------------------------------


def complaint(table: str, item: Any) -> str:
    """Why this cannot be an item of a table; "" where it can. It says nothing of how items fit together."""
    if not isinstance(item, dict) or not item:
        return "the item is no object"
    for name, value in item.items():
        if not _is_value(value):
            return f"{name} is no value of DynamoDB"
    if len(canonical(item).encode()) > ITEM_BYTES:
        return "the item has more than 400 KB"
    for name in key_names(table):
        if "S" not in item.get(name, {}) or not item[name]["S"]:
            return f"{name}, a part of the key, is missing"
    return _of_models(table, item)


def _of_models(table: str, item: Raw) -> str:
    for model in _MODELS[table]:
        for attribute in model.get_attributes().values():
            name = str(attribute.attr_name)
            if name in item and attribute.attr_type not in item[name]:
                return f"{name} is {next(iter(item[name]))} where the forum has {attribute.attr_type}"
            needed = not attribute.null and attribute.default is None
            if needed and name not in item and len(_MODELS[table]) == 1:
                return f"{name} is missing"
    return ""


_KINDS: dict[str, Callable[[Any], bool]] = {
    "S": lambda inner: isinstance(inner, str),
    "N": lambda inner: isinstance(inner, str) and _is_number(inner),
    "B": lambda inner: isinstance(inner, str) and _is_base64(inner),
    "BOOL": lambda inner: isinstance(inner, bool),
    "NULL": lambda inner: inner is True,
    "SS": lambda inner: _is_set(inner, "S"),
    "NS": lambda inner: _is_set(inner, "N"),
    "BS": lambda inner: _is_set(inner, "B"),
    "L": lambda inner: isinstance(inner, list) and all(map(_is_value, inner)),
    "M": lambda inner: isinstance(inner, dict) and all(map(_is_value, inner.values())),
}


def _is_value(value: Any) -> bool:
    if not isinstance(value, dict) or len(value) != 1:
        return False
    (kind, inner), *_ = value.items()
    return kind in _KINDS and _KINDS[kind](inner)


def _is_set(inner: Any, kind: str) -> bool:
    return isinstance(inner, list) and bool(inner) and all(_KINDS[kind](each) for each in inner)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.strip() == text and "_" not in text and text.lower() not in ("nan", "inf", "-inf", "infinity")


def _is_base64(text: str) -> bool:
    try:
        return b64encode(b64decode(text, validate=True)).decode() == text
    except ValueError:
        return False
