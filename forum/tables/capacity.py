"""Changing how tables that exist are paid for: the calls behind `manage.py capacity`.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-switching-capacity-modes.html

From provisioned to on-demand a table can be switched four times in 24 hours, back at any time; reserved capacity can be
raised as often as one likes and lowered four times a day, and once more in each hour without a change. DynamoDB counts
both, and refuses with its own sentence, which is passed on.
"""

from collections.abc import Mapping
from typing import Any

from . import provision
from .billing import Billing, Units
from .provision import Patience, Status, units_of
from .schema import throughput


def request(found: Status, wanted: Billing) -> dict[str, Any] | None:
    """The arguments of UpdateTable that have the table paid for as wanted; None where it is so already."""
    name, now = found.shape.name, found.units
    if wanted.table is None:
        return {"TableName": name, "BillingMode": "PAY_PER_REQUEST"} if now else None
    indexes = [
        {"Update": {"IndexName": index, **throughput(units)}}
        for index, units in _index_units(found, wanted).items()
        if now is None or units != index_units(found).get(index)
    ]
    changes: dict[str, Any] = {"GlobalSecondaryIndexUpdates": indexes} if indexes else {}
    if now is None:
        changes["BillingMode"] = "PROVISIONED"
    if now != wanted.table:
        changes |= throughput(wanted.table)
    return {"TableName": name, **changes} if changes else None


def index_units(found: Status) -> dict[str, Units | None]:
    """What is reserved for each global index."""
    return {index["IndexName"]: units_of(index) for index in found.table.get("GlobalSecondaryIndexes") or ()}


def _index_units(found: Status, wanted: Billing) -> dict[str, Units]:
    return {name: units for name in index_units(found) if (units := wanted.of_index(name))}


def change_billing(found: Status, wanted: Billing, patience: Patience) -> list[str]:
    """Have the table paid for as wanted, and wait until it is; what the engine did not do all the same, as sentences.

    ProvisionError with DynamoDB's reason when it refuses.
    """
    arguments = request(found, wanted)
    if arguments is None:
        return []
    provision.call("UpdateTable", **arguments)
    patience.until(lambda: provision.unready(found.shape.name))
    after = provision.status(found.shape.name)
    if after is None or request(after, wanted) is None:
        return []
    return [f"{found.shape.name}: this engine keeps no capacity of its indexes."]


def changes_in_words(found: Status, wanted: Billing) -> list[str]:
    """What `change_billing` would do, one sentence for the table and one for each index that changes."""
    arguments = request(found, wanted)
    name = found.shape.name
    if arguments is None:
        return [f"{name} is so already."]
    if wanted.table is None:
        return [f"{name}: on demand, instead of {found.units}."]
    lines = []
    if "ProvisionedThroughput" in arguments:
        lines.append(f"{name}: {wanted.table}, instead of {found.units or 'on demand'}.")
    before = index_units(found)
    for update in arguments.get("GlobalSecondaryIndexUpdates", ()):
        index: Mapping[str, Any] = update["Update"]
        told = before.get(index["IndexName"]) or "on demand"
        lines.append(f"{name}/{index['IndexName']}: {units_of(index)}, instead of {told}.")
    return lines
