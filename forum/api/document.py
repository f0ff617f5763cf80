"""The description of the API as a page of the site: of what OpenAPI says, without scripts."""

from dataclasses import dataclass
from functools import cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from .site import api

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: str
    summary: str
    description: str
    fields: list[Field]
    answers: list[tuple[str, str]]
    anchor: str


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    return render(request, "forum/api.html", {"groups": groups()})


@cache
def groups() -> list[tuple[str, list[Operation]]]:
    """The operations by what they are about, in their order."""
    schema = api.get_openapi_schema()
    found: dict[str, list[Operation]] = {}
    for path, methods in schema["paths"].items():
        for method in METHODS:
            if method in methods:
                told = methods[method]
                found.setdefault(told.get("tags", ["Others"])[0], []).append(_operation(schema, method, path, told))
    return list(found.items())


def _operation(schema: dict, method: str, path: str, told: dict) -> Operation:  # type: ignore[type-arg]
    fields = [
        Field(each["name"], _kind(each["schema"]), bool(each.get("required")), each["schema"].get("description", ""))
        for each in told.get("parameters", ())
    ]
    body = told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    fields += _fields(schema, body)
    answers = [(str(status), _answer(each)) for status, each in told["responses"].items()]
    anchor = told["operationId"].rpartition("_")[2] if "_" not in path else told["operationId"]
    words = (told["summary"], told.get("description", ""), fields, answers, anchor)
    return Operation(method.upper(), path, *words)


def _fields(schema: dict, body: dict) -> list[Field]:  # type: ignore[type-arg]
    shape = _resolved(schema, body)
    needed = shape.get("required", [])
    return [
        Field(name, _kind(each), name in needed, each.get("description", ""))
        for name, each in shape.get("properties", {}).items()
    ]


def _resolved(schema: dict, part: dict) -> dict:  # type: ignore[type-arg]
    name = part.get("$ref", "").rpartition("/")[2]
    shape: dict = schema["components"]["schemas"][name] if name else part  # type: ignore[type-arg]
    return shape


def _kind(part: dict) -> str:  # type: ignore[type-arg]
    """ "text", "number or nothing", "list of text"."""
    if "anyOf" in part:
        return " or ".join(_kind(each) for each in part["anyOf"])
    if part.get("type") == "array":
        return f"list of {_kind(part.get('items', {}))}"
    kinds = {"string": "text", "integer": "number", "null": "nothing", "boolean": "yes or no"}
    return kinds.get(part.get("type", ""), part.get("$ref", "").rpartition("/")[2] or "anything")


def _answer(told: dict) -> str:  # type: ignore[type-arg]
    shape = told.get("content", {}).get("application/json", {}).get("schema", {})
    return _kind(shape) if shape else "nothing"
