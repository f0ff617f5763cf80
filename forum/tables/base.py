"""The one DynamoDB connection: its endpoint, time limits, retries, errors, and who calls what.

All tables share one botocore client (PynamoDB would make one per table, at tens of milliseconds
each). Every call passes `ForumConnection.dispatch`, the one place where DynamoDB's failures become
the errors a reader is shown, where scans on a request are refused, and where calls are counted.
"""

import json
import math
import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from django.conf import settings
from django.utils.translation import gettext as _
from pynamodb.connection import Connection, TableConnection
from pynamodb.connection.base import MetaTable
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from forum.errors import Busy, Unavailable

from . import consumption
from .consumption import Used
from .dax import Accelerator

# A reader waits 5 s at the very most: a request that has waited for DynamoDB longer than
# REQUEST_SECONDS makes no further call, and the call before that may have hung for READ_SECONDS.
CONNECT_SECONDS = 1.0
READ_SECONDS = 2.0
REQUEST_SECONDS = 2.8
ATTEMPTS = 2
COMMIT_ATTEMPTS = 24

OVERLOADED = {
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionInProgressException",
}
# Errors that do not pass by themselves.
FINAL = {"ResourceNotFoundException", "NoCredentialsError"}


# -- Counting calls -------------------------------------------------------------------------------


@dataclass
class Ledger:
    """The DynamoDB calls of one request: operation names in order, capacity units by table and index, seconds.

    With `seconds` beyond `patience` no further call is made.
    """

    calls: list[str] = field(default_factory=list)
    used: dict[str, Used] = field(default_factory=dict)
    seconds: float = 0.0
    scans_allowed: bool = True
    patience: float = math.inf

    @property
    def read_units(self) -> float:
        return sum(used.read for used in self.used.values())

    @property
    def write_units(self) -> float:
        return sum(used.write for used in self.used.values())

    def add(self, operation: str, answer: Mapping[str, Any]) -> None:
        for part, units in consumption.consumed(operation, answer):
            used = self.used.setdefault(part, Used())
            used.read += units.read
            used.write += units.write


_ledger: ContextVar[Ledger | None] = ContextVar("ledger", default=None)


def _to_nobody(ledger: Ledger) -> None:
    pass


# Who is told what a call has cost that nobody counts (see `forum.charging`).
elsewhere: Callable[[Ledger], object] = _to_nobody


@contextmanager
def counting(scans_allowed: bool = True, patience: float = math.inf) -> Iterator[Ledger]:
    """Count the calls made inside; with `scans_allowed=False` a Scan raises (request paths never scan).

    After `patience` seconds of waiting for DynamoDB in all, calls raise Unavailable.
    """
    ledger = Ledger(scans_allowed=scans_allowed, patience=patience)
    reset = _ledger.set(ledger)
    try:
        yield ledger
    finally:
        _ledger.reset(reset)


def spent() -> Ledger:
    """What the request has cost so far; an empty ledger where nobody counts."""
    return _ledger.get() or Ledger()


class ScanRefused(AssertionError):
    """Code on a request path asked for a Scan, which reads a whole table: a bug, never a state."""


# -- The connection -------------------------------------------------------------------------------


class ForumConnection(Connection):
    """PynamoDB's connection with every call counted, every failure translated, and DAX asked where it helps."""

    dax: Accelerator

    def dispatch(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        """As PynamoDB's; raises Unavailable where DynamoDB is absent, slow, overloaded or not set up.

        What may pass is tried once more. Botocore's own retries are off: they know nothing of how
        long this request has waited already.
        """
        ledger = _ledger.get()
        if ledger is None:
            return self._uncounted(operation_name, operation_kwargs)
        if operation_name == "Scan" and not ledger.scans_allowed:
            raise ScanRefused("a request may not scan")
        return self._insisting(operation_name, operation_kwargs, ledger)

    def _uncounted(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        ledger = Ledger()
        try:
            return self._insisting(operation_name, operation_kwargs, ledger)
        finally:
            elsewhere(ledger)

    def _insisting(self, operation_name: str, operation_kwargs: dict[str, Any], ledger: Ledger) -> dict[str, Any]:
        for attempt in range(1, ATTEMPTS):
            try:
                return self._tried(operation_name, operation_kwargs, ledger)
            except Unavailable as failure:
                if not failure.__cause__ or _code(failure.__cause__) in FINAL:
                    raise
                pause(attempt + 2)
        return self._tried(operation_name, operation_kwargs, ledger)

    def _tried(self, operation: str, arguments: dict[str, Any], ledger: Ledger) -> dict[str, Any]:
        if ledger.seconds > ledger.patience:
            raise Unavailable(_("The post store is slow just now. Please try again in a moment."))
        ledger.calls.append(operation)
        arguments.update(consumption.asking(operation))
        started = time.perf_counter()
        try:
            answer = self.dax.answer(operation, arguments) or super().dispatch(operation, arguments)
        except (BotoCoreError, ClientError) as error:
            meaning = unavailable(error)
            if meaning is None:
                raise
            raise meaning from error
        finally:
            ledger.seconds += time.perf_counter() - started
        ledger.add(operation, answer or {})
        return answer


def unavailable(error: BotoCoreError | ClientError) -> Unavailable | None:
    """What a reader is told where DynamoDB is absent, slow, overloaded or not set up; None for other errors."""
    if isinstance(error, NoCredentialsError):
        return Unavailable(_("The post store has no credentials. (Operator: set the AWS credentials.)"))
    if isinstance(error, BotoCoreError):
        return Unavailable(_("The post store does not answer just now. Please try again in a moment."))
    code = _code(error)
    if code == "ResourceNotFoundException":
        return Unavailable(_("The post store is not set up yet. (Operator: run `manage.py tables create`.)"))
    if code in OVERLOADED or _http_status(error) >= 500:
        return Unavailable(_("The post store is overloaded just now. Please try again in a moment."))
    return None


def _code(error: BaseException) -> str:
    """DynamoDB's error code, or the name of an error of the connection's."""
    return (
        str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else type(error).__name__
    )


def _http_status(error: ClientError) -> int:
    """PynamoDB's own error leaves the response's metadata to the botocore error it was made from."""
    original = error.__cause__ if isinstance(error.__cause__, ClientError) else error
    return int(original.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


_connection: ForumConnection | None = None
_lock = threading.Lock()


def connection() -> ForumConnection:
    """The process's one connection to DynamoDB, opened on first use."""
    global _connection
    if _connection is None:
        with _lock:
            if _connection is None:
                _connection = _open()
    return _connection


def _open() -> ForumConnection:
    endpoint = settings.DYNAMODB_ENDPOINT_URL or None
    # A local engine takes any credentials, but botocore insists on some; AWS's own come from its chain.
    dummy = "local" if endpoint and "AWS_ACCESS_KEY_ID" not in os.environ else None
    opened = ForumConnection(
        region=settings.AWS_REGION,
        host=endpoint,
        connect_timeout_seconds=CONNECT_SECONDS,
        read_timeout_seconds=READ_SECONDS,
        max_retry_attempts=0,
        max_pool_connections=50,
        aws_access_key_id=dummy,
        aws_secret_access_key=dummy,
    )
    opened.dax = Accelerator(settings.DAX_ENDPOINT_URL, dummy)
    # The client is built here, under the lock: sixteen cold threads once built sixteen.
    opened.client.meta.events.register("before-parse.dynamodb", _parse)
    return opened


def _parse(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """Read an answer as the JSON it is. botocore's parser walks it once more, attribute by attribute, to
    turn base64 into bytes, which is most of what a Query costs here; no item of ours holds bytes."""
    if response_dict["status_code"] < 300 and response_dict["body"]:
        customized_response_dict.update(json.loads(response_dict["body"]))
        response_dict["body"] = b"{}"


def reset_connection() -> None:
    """Forget the connection: after a fork, and when the settings that lead to DynamoDB change."""
    global _connection
    with _lock:
        if _connection is not None:
            _connection.dax.close()
        _connection = None


def warm_up() -> None:
    """Open the connection before the first request needs it (called in each worker after the fork)."""
    reset_connection()
    connection()


class Table(Model):
    """Base of all items: shares the connection, and leaves writing to `commit` and `bulk`."""

    class Meta:
        table_name = ""

    _table_connection: ClassVar[TableConnection | None] = None

    @classmethod
    def _get_connection(cls) -> TableConnection:
        shared = connection()
        mine: TableConnection | None = cls.__dict__.get("_table_connection")
        if mine is None or mine.connection is not shared:
            mine = _table_connection(cls, shared)
            cls._table_connection = mine
        return mine


def _table_connection(model: type[Model], shared: ForumConnection) -> TableConnection:
    """PynamoDB's per-table view of the shared connection."""
    schema = model._get_schema()
    name = model.Meta.table_name
    indexes: list[Any] = [schema["global_secondary_indexes"], schema["local_secondary_indexes"]]
    with _lock:
        # Several classes may be of one table, of which one declares its indexes: none that comes first may hide them.
        if name not in shared._tables or any(indexes):
            described = {
                "TableName": name,
                "KeySchema": schema["key_schema"],
                "AttributeDefinitions": schema["attribute_definitions"],
                "GlobalSecondaryIndexes": [_index_keys(each) for each in indexes[0]],
                "LocalSecondaryIndexes": [_index_keys(each) for each in indexes[1]],
            }
            shared._tables[name] = MetaTable(described)
    view = TableConnection(name)
    view.connection = shared
    return view


def _index_keys(index: Any) -> dict[str, Any]:
    return {"IndexName": index["index_name"], "KeySchema": index["key_schema"]}


def table_name(name: str) -> str:
    """A table's name in this deployment."""
    return f"{settings.DYNAMODB_TABLE_PREFIX}{name}"


# -- Transactions ---------------------------------------------------------------------------------


class Lost(Exception):
    """A transaction was cancelled, and so nothing was written. `why` holds, for each of its checks, then each of its
    deletes, its puts and its updates, "" or the code: ConditionalCheckFailed, TransactionConflict, …"""

    def __init__(self, why: list[str]) -> None:
        super().__init__(", ".join(code or "fine" for code in why))
        self.why = why


Check = tuple[type[Model], tuple[str, str], Condition]
Put = tuple[Model, Condition | None]
Delete = tuple[Model, Condition | None]


class Told:
    """Stands among a transaction's updates and writes nothing: it is called once all of them are stored."""

    def __init__(self, call: Callable[[], None]) -> None:
        self.call = call


Update = tuple[Model | Told, Sequence[Action], Condition | None]


def commit(
    puts: Sequence[Put] = (),
    updates: Sequence[Update] = (),
    token: str | None = None,
    deletes: Sequence[Delete] = (),
    checks: Sequence[Check] = (),
) -> None:
    """Write all or nothing; raises Lost when a condition fails or another transaction interferes. `checks` are of
    items that are not written.

    `token` is the client request token (at most 36 characters): the same write sent again within
    ten minutes counts once. Without one, this call gets its own. PynamoDB sends checks before deletes before puts
    before updates, and so the reasons come in that order. DynamoDB takes at most 100 items and 4 MB.
    """
    try:
        with TransactWrite(connection=connection(), client_request_token=token or str(uuid4())) as transaction:
            for model, key, holds in checks:
                transaction.condition_check(model, *key, condition=holds)
            for item, condition in deletes:
                transaction.delete(item, condition)
            for item, condition in puts:
                transaction.save(item, condition=condition)
            for updated, actions, condition in updates:
                if not isinstance(updated, Told):
                    transaction.update(updated, list(actions), condition)
    except TransactWriteError as error:
        if error.cause_response_code == "TransactionCanceledException":
            why = [reason.code if reason else "" for reason in error.cancellation_reasons]
            if any(code in ("ThrottlingError", "ProvisionedThroughputExceeded") for code in why):
                raise Unavailable(_("The post store is overloaded just now. Please try again in a moment.")) from error
            raise Lost(why) from error
        if error.cause_response_code == "TransactionConflictException":
            raise Lost(["TransactionConflict"] * (len(checks) + len(deletes) + len(puts) + len(updates))) from error
        raise
    for update in updates:
        if isinstance(update[0], Told):
            update[0].call()


def commit_between(
    puts: Sequence[Put] = (),
    updates: Sequence[Update] = (),
    deletes: Sequence[Delete] = (),
    checks: Sequence[Check] = (),
) -> None:
    """As `commit`, tried again while other transactions are at the same items; Lost only where a
    condition fails, Busy when the others do not let it through."""
    for attempt in range(COMMIT_ATTEMPTS):
        try:
            return commit(puts, updates, deletes=deletes, checks=checks)
        except Lost as lost:
            if "ConditionalCheckFailed" in lost.why:
                raise
            pause(attempt)
    raise Busy(_("This thread is changing very fast. Please try again."))


def pause(attempt: int) -> None:
    """Wait before the next attempt: a random part of 10 ms × 2^attempt, at most 300 ms (full jitter,
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/)."""
    time.sleep(random.uniform(0, min(0.3, 0.01 * 2**attempt)))
