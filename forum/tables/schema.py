"""The shape of the tables: what the code declares, what DynamoDB describes, and how they differ.

Nothing here talks to DynamoDB; `provision` does. The models are the one declaration: keys, indexes,
projections and the expiry attribute are read from them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pynamodb.models import Model

from .billing import ON_DEMAND, Billing, Units
from .members import Item
from .moderation import Record
from .posts import Post
from .threads import Thread

MODELS: tuple[type[Model], ...] = (Thread, Post, Record, Item)

# (attribute name, type) of the partition key and, where there is one, of the sort key: in this
# order, which DynamoDB insists on and PynamoDB's schema does not keep.
Keys = tuple[tuple[str, str], ...]
Answer = Mapping[str, Any]
Remedy = Literal["create the table", "add the index", "set the expiry", "none"]


@dataclass(frozen=True, slots=True)
class Index:
    """A secondary index; `projection` is "ALL", "KEYS_ONLY" or the sorted attributes it includes."""

    keys: Keys
    projection: str | tuple[str, ...]
    local: bool

    def __str__(self) -> str:
        where = "local" if self.local else "global"
        named = {"ALL": "all attributes", "KEYS_ONLY": "keys only"}
        shown = named[self.projection] if isinstance(self.projection, str) else ", ".join(self.projection)
        return f"{where}, {show_keys(self.keys)}, {shown}"


@dataclass(frozen=True, slots=True)
class Shape:
    """A table. `expiry` is its TTL attribute, "" for none, None where the engine cannot tell."""

    name: str
    keys: Keys
    indexes: Mapping[str, Index] = field(default_factory=dict)
    expiry: str | None = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something in which a table is not as declared, as a sentence, and what mends it."""

    sentence: str
    remedy: Remedy
    index: str = ""


def show_keys(keys: Keys) -> str:
    """Keys for people: `ThreadID (S) + PostNumber (N)`."""
    return " + ".join(f"{name} ({kind})" for name, kind in keys)


# -- Two ways to a shape --------------------------------------------------------------------------


def declared(model: type[Model]) -> Shape:
    """The shape that a model declares."""
    schema = model._get_schema()
    kinds = _kinds(schema["attribute_definitions"])
    indexes = {
        str(index["index_name"]): _index(index["key_schema"], index["projection"], kinds, local)
        for local, group in ((False, "global_secondary_indexes"), (True, "local_secondary_indexes"))
        for index in schema[group]  # type: ignore[literal-required]
    }
    expiry = model._ttl_attribute()  # type: ignore[no-untyped-call]
    return Shape(
        model.Meta.table_name,
        _keys(schema["key_schema"], kinds),
        indexes,
        str(expiry.attr_name) if expiry else "",
    )


def described(table: Answer, time_to_live: Answer | None) -> Shape:
    """The shape in the answers to DescribeTable and DescribeTimeToLive (None where that is unknown)."""
    kinds = _kinds(table["AttributeDefinitions"])
    indexes = {
        str(index["IndexName"]): _index(index["KeySchema"], index["Projection"], kinds, local)
        for local, group in ((False, "GlobalSecondaryIndexes"), (True, "LocalSecondaryIndexes"))
        for index in table.get(group) or ()
    }
    return Shape(table["TableName"], _keys(table["KeySchema"], kinds), indexes, _expiry(time_to_live))


def _kinds(definitions: Iterable[Any]) -> dict[str, str]:
    return {definition["AttributeName"]: definition["AttributeType"] for definition in definitions}


def _keys(key_schema: Iterable[Any], kinds: Mapping[str, str]) -> Keys:
    in_order = sorted(key_schema, key=lambda key: str(key["KeyType"]))  # HASH sorts before RANGE
    return tuple((key["AttributeName"], kinds[key["AttributeName"]]) for key in in_order)


def _index(key_schema: Iterable[Any], projection: Answer, kinds: Mapping[str, str], local: bool) -> Index:
    included = tuple(sorted(projection.get("NonKeyAttributes") or ()))
    return Index(_keys(key_schema, kinds), included or projection["ProjectionType"], local)


def _expiry(time_to_live: Answer | None) -> str | None:
    if time_to_live is None:
        return None
    on = time_to_live.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
    return str(time_to_live["AttributeName"]) if on else ""


# -- The difference -------------------------------------------------------------------------------


def differences(wanted: Shape, found: Shape | None) -> list[Difference]:
    """In what `found` is not as `wanted`; None is a table that is not there."""
    if found is None:
        return [Difference(f"{wanted.name} does not exist.", "create the table")]
    differing = []
    if wanted.keys != found.keys:
        differing.append(Difference(_other(wanted.name, show_keys(found.keys), show_keys(wanted.keys)), "none"))
    for name, index in wanted.indexes.items():
        differing += _index_differences(wanted.name, name, index, found.indexes.get(name))
    for name in found.indexes.keys() - wanted.indexes.keys():
        differing.append(Difference(f"{wanted.name} has an index {name} that the code does not know.", "none", name))
    if found.expiry is not None and wanted.expiry != found.expiry:
        differing.append(_expiry_difference(wanted, found.expiry))
    return differing


def _index_differences(table: str, name: str, wanted: Index, found: Index | None) -> list[Difference]:
    if found == wanted:
        return []
    if found is not None:
        return [Difference(_other(f"{table}'s index {name}", str(found), str(wanted)), "none", name)]
    if wanted.local:
        why = "local indexes can only be made together with their table"
        return [Difference(f"{table} lacks the local index {name}, and {why}.", "none", name)]
    return [Difference(f"{table} lacks the index {name}.", "add the index", name)]


def _expiry_difference(wanted: Shape, found: str) -> Difference:
    if wanted.expiry and not found:
        return Difference(f"{wanted.name} does not expire items by {wanted.expiry}.", "set the expiry")
    instead = f"by {wanted.expiry}" if wanted.expiry else "never"
    return Difference(f"{wanted.name} expires items by {found}; the code says {instead}.", "none")


def _other(what: str, found: str, wanted: str) -> str:
    return f"{what} is {found}; the code says {wanted}."


# -- Requests that make it so ---------------------------------------------------------------------


def create_request(shape: Shape, billing: Billing = ON_DEMAND) -> dict[str, Any]:
    """The arguments of CreateTable."""
    request: dict[str, Any] = {
        "TableName": shape.name,
        "AttributeDefinitions": _definitions([shape.keys, *(index.keys for index in shape.indexes.values())]),
        "KeySchema": _key_schema(shape.keys),
        "BillingMode": billing.mode,
        **throughput(billing.table),
    }
    for name, index in shape.indexes.items():
        group = "LocalSecondaryIndexes" if index.local else "GlobalSecondaryIndexes"
        units = None if index.local else billing.of_index(name)
        request.setdefault(group, []).append(_index_request(name, index, units))
    return request


def add_index_request(wanted: Shape, found: Shape, name: str, units: Units | None) -> dict[str, Any]:
    """The arguments of UpdateTable that add one global index to a table; one at a time is allowed."""
    index = wanted.indexes[name]
    used = [found.keys, *(other.keys for other in found.indexes.values()), index.keys]
    return {
        "TableName": wanted.name,
        "AttributeDefinitions": _definitions(used),
        "GlobalSecondaryIndexUpdates": [{"Create": _index_request(name, index, units)}],
    }


def _index_request(name: str, index: Index, units: Units | None) -> dict[str, Any]:
    if isinstance(index.projection, str):
        projection: dict[str, Any] = {"ProjectionType": index.projection}
    else:
        projection = {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.projection)}
    return {
        "IndexName": name,
        "KeySchema": _key_schema(index.keys),
        "Projection": projection,
        **throughput(units),
    }


def _definitions(keys: Iterable[Keys]) -> list[dict[str, str]]:
    """Each key attribute once: DynamoDB refuses definitions that no key uses."""
    kinds = dict(pair for pairs in keys for pair in pairs)
    return [{"AttributeName": name, "AttributeType": kind} for name, kind in kinds.items()]


def _key_schema(keys: Keys) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": part} for (name, _), part in zip(keys, ("HASH", "RANGE"), strict=False)]


def throughput(units: Units | None) -> dict[str, Any]:
    """What reserves so many units for a table or an index in a request; nothing where it is paid on demand."""
    if units is None:
        return {}
    return {"ProvisionedThroughput": {"ReadCapacityUnits": units.read, "WriteCapacityUnits": units.write}}
