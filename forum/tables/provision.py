"""Creating, mending, describing and deleting the tables: the calls behind `manage.py tables`.

Everything waits a bounded time and can be run again. Expiry, point-in-time recovery and deletion
protection are set after a table exists, one by one, since not every engine has them.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from . import schema
from .base import connection
from .billing import Billing, Units
from .schema import Shape

# How an engine says that it lacks a feature.
LACKING = {"UnknownOperationException", "ValidationException", "NotImplemented", "InvalidAction", "501"}
FIRST_POLL_SECONDS = 0.05
SLOWEST_POLL_SECONDS = 5.0

Say = Callable[[str], object]
Answer = Mapping[str, Any]


class ProvisionError(Exception):
    """Something an operator can act on; the message is one sentence that says what."""


class _Refused(ProvisionError):
    """A service's own refusal, with its code."""

    def __init__(self, service: str, operation: str, code: str, message: str) -> None:
        super().__init__(f"{service} refused {operation}: {message.strip().rstrip('.') or code} ({code}).")
        self.code = code


def call(operation: str, **arguments: Any) -> dict[str, Any]:
    """One call of the shared client; ProvisionError when nothing answers or it is refused."""
    return ask(connection().client, "DynamoDB", operation, arguments)


def ask(client: Any, service: str, operation: str, arguments: Answer) -> dict[str, Any]:
    """One call of a botocore client, of a service that is named so in what operators are told."""
    try:
        answer: dict[str, Any] = client._make_api_call(operation, arguments)
        return answer
    except BotoCoreError as error:
        here = " (`manage.py up` starts the local one)" if settings.LOCAL else ""
        raise ProvisionError(f"{service} cannot be reached{here}: {str(error).rstrip('.')}.") from error
    except ClientError as error:
        said = error.response.get("Error", {})
        raise _Refused(service, operation, said.get("Code", ""), said.get("Message", "")) from error


# -- Looking --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Status:
    """A table as it is: its shape and DescribeTable's answer; the flags are None where unknown."""

    shape: Shape
    table: Answer
    recovery: bool | None

    @property
    def protected(self) -> bool:
        return bool(self.table.get("DeletionProtectionEnabled"))

    @property
    def units(self) -> Units | None:
        """What is reserved for the table; None when it is paid on demand."""
        return units_of(self.table)


def units_of(described: Answer) -> Units | None:
    """The units in the description of a table or index; None (or zeros) mean on demand."""
    throughput = described.get("ProvisionedThroughput") or {}
    read, write = int(throughput.get("ReadCapacityUnits", 0)), int(throughput.get("WriteCapacityUnits", 0))
    return Units(read, write) if read and write else None


def describe(name: str) -> Answer | None:
    """DescribeTable's answer, None where there is no such table."""
    try:
        table: Answer = call("DescribeTable", TableName=name)["Table"]
    except _Refused as refused:
        if refused.code == "ResourceNotFoundException":
            return None
        raise
    return table


def status(name: str) -> Status | None:
    """Everything that can be known about a table, None where there is none. Three calls."""
    table = describe(name)
    if table is None:
        return None
    time_to_live = _where_known("DescribeTimeToLive", name).get("TimeToLiveDescription")
    backups = _where_known("DescribeContinuousBackups", name).get("ContinuousBackupsDescription")
    recovery = (backups or {}).get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
    return Status(schema.described(table, time_to_live), table, None if backups is None else recovery == "ENABLED")


def declared() -> list[Shape]:
    """The tables that the code declares."""
    return [schema.declared(model) for model in schema.MODELS]


def existing(names: Sequence[str]) -> list[Status]:
    """The forum's tables that exist, or those of them that are named; ValueError for any other name."""
    ours = [shape.name for shape in declared()]
    strangers = [name for name in names if name not in ours]
    if strangers:
        raise ValueError(f"{strangers[0]} is not one of this forum's tables, which are {', '.join(ours)}.")
    found = [status(name) for name in ours if not names or name in names]
    return [table for table in found if table]


def _where_known(operation: str, name: str) -> Answer:
    try:
        return call(operation, TableName=name)
    except _Refused as refused:
        if refused.code in LACKING:
            return {}
        raise


# -- Waiting --------------------------------------------------------------------------------------


@dataclass
class Patience:
    """How long to wait in all, and where progress is told: `step(what, seconds so far)`."""

    seconds: float
    step: Callable[[str, float], object] = lambda what, seconds: None
    started: float = field(default_factory=time.monotonic)

    def until(self, ready: Callable[[], str]) -> None:
        """Ask until `ready` returns ""; what it returns otherwise is what is being waited for."""
        pause = FIRST_POLL_SECONDS
        while what := ready():
            waited = time.monotonic() - self.started
            if waited > self.seconds:
                raise ProvisionError(
                    f"{what} still, after {waited:.0f} seconds. It goes on by itself: run the same command later."
                )
            self.step(what, waited)
            time.sleep(pause)
            pause = min(pause * 2, SLOWEST_POLL_SECONDS)


def unready(name: str) -> str:
    """What of a table is not ACTIVE yet, as the beginning of a sentence; "" when all of it is."""
    table = describe(name)
    if table is None:
        return f"{name} is being created"
    if table["TableStatus"] != "ACTIVE":
        return f"{name} is {table['TableStatus'].lower()}"
    for index in table.get("GlobalSecondaryIndexes") or ():
        if index.get("IndexStatus", "ACTIVE") != "ACTIVE":
            return f"{name}'s index {index['IndexName']} is {index['IndexStatus'].lower()}"
    return ""


# -- Making ---------------------------------------------------------------------------------------


def create(wanted: Shape, billing: Billing, *, protect: bool, say: Say, patience: Patience) -> None:
    """Make a table what `wanted` says, as far as it is not; ProvisionError where it cannot be made so.

    `billing` is for what is made new; a table that exists keeps what it has.
    """
    if describe(wanted.name) is None:
        say(f"{wanted.name}: creating.")
        _create_table(wanted, billing)
    patience.until(lambda: unready(wanted.name))
    found = _found(wanted.name)
    hopeless = [one.sentence for one in schema.differences(wanted, found.shape) if one.remedy == "none"]
    if hopeless:
        raise ProvisionError(" ".join([*hopeless, "This cannot be changed in place: export, delete and create anew."]))
    for difference in schema.differences(wanted, found.shape):
        if difference.remedy == "add the index":
            say(f"{wanted.name}: adding the index {difference.index}.")
            _add_index(wanted, difference.index, billing)
            patience.until(lambda: unready(wanted.name))
    _set_features(wanted, protect, say, patience)


def _found(name: str) -> Status:
    found = status(name)
    if found is None:
        raise ProvisionError(f"{name} was deleted while it was being set up.")
    return found


def _create_table(wanted: Shape, billing: Billing) -> None:
    try:
        call("CreateTable", **schema.create_request(wanted, billing))
    except _Refused as refused:
        # Somebody else is creating it at this moment, which is as good.
        if refused.code != "ResourceInUseException":
            raise


def _add_index(wanted: Shape, name: str, billing: Billing) -> None:
    """Add one index, with units if and only if its table has some."""
    found = _found(wanted.name)
    units = (billing.of_index(name) or found.units) if found.units else None
    call("UpdateTable", **schema.add_index_request(wanted, found.shape, name, units))


def _set_features(wanted: Shape, protect: bool, say: Say, patience: Patience) -> None:
    found = _found(wanted.name)
    if wanted.expiry and found.shape.expiry == "":
        on = {"Enabled": True, "AttributeName": wanted.expiry}
        _tolerated("expiry", say, "UpdateTimeToLive", TableName=wanted.name, TimeToLiveSpecification=on)
    if not found.recovery:
        recovery = {"PointInTimeRecoveryEnabled": True}
        patience.until(lambda: _recovery(wanted.name, recovery, say))
    if protect and not found.protected:
        _tolerated("deletion protection", say, "UpdateTable", TableName=wanted.name, DeletionProtectionEnabled=True)
        patience.until(lambda: unready(wanted.name))


def _recovery(name: str, specification: Answer, say: Say) -> str:
    """Turn recovery on; a table that was just made refuses for some seconds, which is to be waited for."""
    arguments = {"TableName": name, "PointInTimeRecoverySpecification": specification}
    try:
        _tolerated("point-in-time recovery", say, "UpdateContinuousBackups", **arguments)
    except _Refused as refused:
        if refused.code == "ContinuousBackupsUnavailableException":
            return f"{name}'s backups are being enabled"
        raise
    return ""


def _tolerated(feature: str, say: Say, operation: str, **arguments: Any) -> None:
    """Make a call that not every engine knows; what it lacks is noted."""
    try:
        call(operation, **arguments)
    except _Refused as refused:
        if refused.code not in LACKING:
            raise
        say(f"{arguments['TableName']}: no {feature}, this engine does not have it ({refused.code}).")


# -- Deleting -------------------------------------------------------------------------------------


def unprotect(name: str, patience: Patience) -> None:
    """Take a table's deletion protection off."""
    call("UpdateTable", TableName=name, DeletionProtectionEnabled=False)
    patience.until(lambda: unready(name))


def delete(name: str, patience: Patience) -> None:
    """Delete a table with all its items, and wait until it is gone."""
    call("DeleteTable", TableName=name)
    patience.until(lambda: f"{name} is being deleted" if describe(name) else "")
