"""A DAX of one node in front of the local engine, as far as a Query needs one.

It is the other half of AWS's own client: it takes what that sends with that client's codecs, asks the engine, and keeps
each answer by all parameters of its request for five minutes, as DAX does where nobody sets another TTL. No write
passes through it, so nothing renews what it keeps.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socket import SHUT_RDWR, inet_aton, socket
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any, ClassVar

from amazondax import AttributeValueDecoder, AttributeValueEncoder
from amazondax.CborEncoder import CborEncoder
from amazondax.CborSExprGenerator import Func
from amazondax.Constants import DaxDataRequestParam, DaxMethodIds, DaxResponseParam, Role
from amazondax.DaxCborDecoder import DaxCborDecoder
from botocore.session import get_session

HOST = "127.0.0.1"
QUERY_TTL_SECONDS = 300.0
COMPARED = {
    Func.Equal: "=",
    Func.LessThan: "<",
    Func.LessEqual: "<=",
    Func.GreaterThan: ">",
    Func.GreaterEqual: ">=",
}
# What a parameter's number stands for, and how its value is read.
PARAMETERS: dict[int, tuple[str, Callable[[Any], Any]]] = {
    DaxDataRequestParam.IndexName: ("IndexName", bytes.decode),
    DaxDataRequestParam.Limit: ("Limit", int),
    DaxDataRequestParam.ConsistentRead: ("ConsistentRead", bool),
    DaxDataRequestParam.ScanIndexForward: ("ScanIndexForward", bool),
    DaxDataRequestParam.FilterExpression: ("FilterExpression", bytes),
    DaxDataRequestParam.ReturnConsumedCapacity: ("ReturnConsumedCapacity", int),
    DaxDataRequestParam.ExpressionAttributeNames: ("", dict),
    DaxDataRequestParam.ExpressionAttributeValues: ("", dict),
}

Item = dict[str, Any]


class Node(ThreadingTCPServer):
    """The one node: `asked` counts Queries, `kept` those that were answered from memory."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, endpoint: str) -> None:
        super().__init__((HOST, 0), Session)
        self.engine = get_session().create_client(
            "dynamodb",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )
        self.asked = self.kept = 0
        self.connections: set[socket] = set()
        self._answers: dict[str, tuple[float, Item]] = {}
        self._schemas: dict[str, list[Item]] = {}
        self._lists: list[tuple[str, ...]] = []
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"dax://{HOST}:{self.server_address[1]}"

    def hang_up(self) -> None:
        """On everybody, as a node that dies."""
        for connection in list(self.connections):
            connection.shutdown(SHUT_RDWR)

    def query(self, arguments: Item) -> Item:
        """What the engine says, or said at most five minutes ago, where consistency was not asked for."""
        self.asked += 1
        name = repr(sorted(arguments.items()))
        until, answer = self._answers.get(name, (0.0, {}))
        if time.monotonic() < until and not arguments.get("ConsistentRead"):
            self.kept += 1
            return answer
        answer = self.engine.query(**for_the_engine(arguments))
        self._answers[name] = time.monotonic() + QUERY_TTL_SECONDS, answer
        return answer

    def schema(self, table: str) -> list[Item]:
        """The names and types of the table's keys."""
        if table not in self._schemas:
            told = self.engine.describe_table(TableName=table)["Table"]
            types = {each["AttributeName"]: each["AttributeType"] for each in told["AttributeDefinitions"]}
            keys = [each["AttributeName"] for each in told["KeySchema"]]
            self._schemas[table] = [{"AttributeName": key, "AttributeType": types[key]} for key in keys]
        return self._schemas[table]

    def number_of(self, attributes: tuple[str, ...]) -> int:
        """By which a list of attributes' names is known; 1 is the empty list's."""
        with self._lock:
            if attributes not in self._lists:
                self._lists.append(attributes)
            return self._lists.index(attributes) + 2

    def attributes_of(self, number: int) -> tuple[str, ...]:
        return self._lists[number - 2]


class Session(BaseRequestHandler):
    """One connection: requests and answers, one after the other."""

    server: Node
    METHODS: ClassVar[dict[int, str]] = {
        DaxMethodIds.authorizeConnection_1489122155_1_Id: "authorize",
        DaxMethodIds.endpoints_455855874_1_Id: "endpoints",
        DaxMethodIds.defineKeySchema_N742646399_1_Id: "key_schema",
        DaxMethodIds.defineAttributeList_670678385_1_Id: "attribute_list",
        DaxMethodIds.query_N931250863_1_Id: "query",
    }

    def handle(self) -> None:
        self._read = DaxCborDecoder(self._more)
        self.server.connections.add(self.request)
        try:
            # The protocol's name, its layers, the session, who it is, and its types.
            for _ in range(5):
                self._read.decode_object()
            while True:
                self._read.decode_int()
                getattr(self, self.METHODS[self._read.decode_int()])()
        except OSError:
            self.server.connections.discard(self.request)

    def _more(self, buffer: bytearray, wanted: int) -> int:
        data = self.request.recv(65_536)
        if not data:
            raise ConnectionError("it has hung up")
        buffer += data
        return len(data)

    def _answer(self, write: Callable[[CborEncoder], object]) -> None:
        """No errors, and what `write` adds."""
        answer = CborEncoder()
        answer.append_array_header(0)
        write(answer)
        self.request.sendall(answer.as_bytes())

    def authorize(self) -> None:
        """Key, signature, what was signed, token, client: nothing is answered."""
        for _ in range(5):
            self._read.decode_object()

    def endpoints(self) -> None:
        def write(answer: CborEncoder) -> None:
            node = [1, HOST, inet_aton(HOST), self.server.server_address[1], Role.LEADER.value, "local", 0]
            answer.append_array_header(1)
            answer.append_map_header(len(node))
            for number, value in enumerate(node):
                answer.append_int(number)
                _append(answer, value)

        self._answer(write)

    def key_schema(self) -> None:
        schema = self.server.schema(self._read.decode_binary().decode())

        def write(answer: CborEncoder) -> None:
            answer.append_map_header(len(schema))
            for key in schema:
                answer.append_string(key["AttributeName"])
                answer.append_string(key["AttributeType"])

        self._answer(write)

    def attribute_list(self) -> None:
        names = self.server.attributes_of(self._read.decode_int())

        def write(answer: CborEncoder) -> None:
            answer.append_array_header(len(names))
            for name in names:
                answer.append_string(name)

        self._answer(write)

    def query(self) -> None:
        table = self._read.decode_binary().decode()
        arguments: Item = {"TableName": table, "KeyConditionExpression": self._read.decode_binary()}
        for number, value in (self._read.decode_object() or {}).items():
            name, read = PARAMETERS[number]
            if name:
                arguments[name] = read(value)
        found, schema = self.server.query(arguments), self.server.schema(table)

        def write(answer: CborEncoder) -> None:
            answer.append_map_header(3)
            answer.append_int(DaxResponseParam.Count)
            answer.append_int(found["Count"])
            answer.append_int(DaxResponseParam.ScannedCount)
            answer.append_int(found["ScannedCount"])
            answer.append_int(DaxResponseParam.Items)
            answer.append_array_header(len(found["Items"]))
            for item in found["Items"]:
                names = AttributeValueEncoder._get_canonical_attribute_list(item, schema)
                number = self.server.number_of(names)
                answer.append_array_header(2)
                answer.append_binary(AttributeValueEncoder.encode_key(item, schema))
                answer.append_binary(AttributeValueEncoder.encode_values(item, schema, names, number))

        self._answer(write)


def _append(answer: CborEncoder, value: int | str | bytes) -> None:
    if isinstance(value, int):
        answer.append_int(value)
    elif isinstance(value, str):
        answer.append_string(value)
    else:
        answer.append_binary(value)


def for_the_engine(arguments: Item) -> Item:
    """These arguments with the condition, and the filter, put into words again. Capacity is of no interest here."""
    words = Words()
    said = {**arguments, "KeyConditionExpression": words.of(arguments["KeyConditionExpression"])}
    if "FilterExpression" in arguments:
        said["FilterExpression"] = words.of(arguments["FilterExpression"])
    said.pop("ReturnConsumedCapacity", None)
    said["ExpressionAttributeNames"] = {alias: name for name, alias in words.names.items()}
    return said | {"ExpressionAttributeValues": words.values}


class Words:
    """Conditions as DynamoDB's API says them; DAX's client sends them as nested lists, with numbers for functions."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: Item = {}

    def of(self, encoded: bytes) -> str:
        read = _reader(encoded)
        read._decode_array_header()
        read.decode_int()
        condition = read.decode_object()
        values = [AttributeValueDecoder._decode_attribute_value(each) for each in read.decode_array_iter()]
        return self._say(condition, values)

    def _say(self, condition: list[Any], values: list[Item]) -> str:
        function, *operands = condition
        if function == Func.Variable:
            alias = f":v{len(self.values)}"
            self.values[alias] = values[operands[0]]
            return alias
        if function == Func.DocumentPath:
            return self.names.setdefault(operands[0], f"#n{len(self.names)}")
        said = [self._say(each, values) for each in operands]
        if function == Func.And:
            return f"({said[0]} AND {said[1]})"
        if function == Func.Between:
            return f"{said[0]} BETWEEN {said[1]} AND {said[2]}"
        if function == Func.AttributeNotExists:
            return f"attribute_not_exists({said[0]})"
        return f"{said[0]} {COMPARED[function]} {said[1]}"


def _reader(encoded: bytes) -> DaxCborDecoder:
    def more(buffer: bytearray, wanted: int) -> int:
        buffer += rest.pop() if rest else b""
        return len(buffer) or -1

    rest = [encoded]
    return DaxCborDecoder(more)


@contextmanager
def serving(endpoint: str) -> Iterator[Node]:
    """A node that asks the engine at this address, as long as the block lasts."""
    with Node(endpoint) as node:
        thread = threading.Thread(target=node.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield node
        finally:
            node.shutdown()
            thread.join()
