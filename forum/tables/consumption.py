"""What calls have consumed, by table and index, read off DynamoDB's answers.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ConsumedCapacity.html

A *part* is what capacity is reserved for and billed by: a table, "ForumPosts", or one of its indexes,
"ForumPosts/UserPosts". A local index uses its table's capacity and is told apart all the same. An engine that does not
break its answers down has everything in the table's own part. A transaction that is cancelled is billed, and
a write whose condition fails, but neither is told, so they are missing here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

WRITES = {"BatchWriteItem", "DeleteItem", "PutItem", "TransactWriteItems", "UpdateItem"}
# Of these no index has a share, so the shorter answer says as much.
ASKED = {"GetItem": "TOTAL", "BatchGetItem": "TOTAL", "Query": "INDEXES", "Scan": "INDEXES"} | dict.fromkeys(
    WRITES, "INDEXES"
)

Answer = Mapping[str, Any]


@dataclass(slots=True)
class Used:
    """Capacity units of a part."""

    read: float = 0.0
    write: float = 0.0


def asking(operation: str) -> dict[str, str]:
    """The argument by which a call's answer tells what it consumed; none for calls that cost nothing."""
    return {"ReturnConsumedCapacity": ASKED[operation]} if operation in ASKED else {}


def consumed(operation: str, answer: Answer) -> Iterator[tuple[str, Used]]:
    """Which parts a call has used, each with its units."""
    told = answer.get("ConsumedCapacity") or []
    writes = operation in WRITES
    for one in told if isinstance(told, list) else [told]:
        table, indexed = one.get("TableName", ""), 0.0
        for kind in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes"):
            for name, units in (one.get(kind) or {}).items():
                indexed += _total(units)
                yield f"{table}/{name}", _used(units, writes)
        # What is not an index's is the table's, also where the table is not named apart.
        rest = one.get("Table") or {"CapacityUnits": _total(one) - indexed}
        if _total(rest):
            yield table, _used(rest, writes)


def _total(units: Answer) -> float:
    return float(units.get("CapacityUnits", 0.0))


def _used(units: Answer, writes: bool) -> Used:
    """Transactions tell reads and writes apart, other calls do one of them."""
    if "WriteCapacityUnits" in units or "ReadCapacityUnits" in units:
        return Used(float(units.get("ReadCapacityUnits", 0.0)), float(units.get("WriteCapacityUnits", 0.0)))
    return Used(write=_total(units)) if writes else Used(read=_total(units))
