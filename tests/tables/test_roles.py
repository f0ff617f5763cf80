"""The roles in deploy/iam: web servers and workers may do what the code does for them, no more, and never scan."""

import ast
import json
from collections.abc import Iterator
from typing import Any

import pytest

from forum.tables import schema
from tests.commands.moved import make
from tests.helpers import cost
from tests.processes import ROOT
from tests.test_architecture import modules

# Only commands use these; of the making of tables the operations page uses what describes them.
SCANNING = {"reading_all", "raw", "parallel", "repairs"}
CHANGING_CAPACITY = "capacity"
MAKING, DESCRIBING = "provision", {"describe", "status"}
MAY_SCAN = {"forum.search.rebuilding", "forum.actions.tallying"}
# What a page of a scan holds reads nothing by itself.
TYPES = {"forum.tables.reading_all.PostText"}
MAY_SCAN_PARTS = {"archive", "integrity", "management", "tables"}

# How PynamoDB's methods are called on the wire.
METHODS = {"get": "GetItem", "query": "Query", "save": "PutItem", "delete": "DeleteItem"}
IN_TRANSACTIONS = {
    "condition_check": "ConditionCheckItem",
    "delete": "DeleteItem",
    "save": "PutItem",
    "update": "UpdateItem",
}
# A transaction needs the rights to what is in it.
NO_RIGHT = {"TransactWriteItems"}


def operations(tree: ast.AST) -> Iterator[str]:
    """The operations of DynamoDB that some code asks for."""
    models = {"Post", "Thread", "Item", "Record", "Tally", "TalkItem", "Saved", "Totals", "model", "cls"}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        first = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in ("dispatch", "call", "_page", "_where_known", "_tolerated"):
            strings = [each.value for each in node.args if isinstance(each, ast.Constant)]
            yield from (each for each in strings if isinstance(each, str) and each.endswith(("Item", "Items", "Scan")))
            if name in ("call", "_where_known", "_tolerated"):
                yield from (each for each in strings if isinstance(each, str) and " " not in each and each[0].isupper())
        elif name == "describe_table":
            yield "DescribeTable"
        elif isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            if owner == "transaction" and name in IN_TRANSACTIONS:
                yield IN_TRANSACTIONS[name]
            elif name in METHODS and (owner.split(".")[0].split("(")[0] in models) and first != "get":
                yield METHODS[name]


def tables() -> dict[str, ast.Module]:
    return {module.name.rpartition(".")[2]: module.tree for module in modules() if module.part == "tables"}


def used(for_web: bool) -> set[str]:
    found: set[str] = set()
    for name, tree in tables().items():
        if for_web and name in {*SCANNING, CHANGING_CAPACITY}:
            continue
        whole: list[ast.AST] = [tree]
        if for_web and name == MAKING:
            whole = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in DESCRIBING]
        for each in whole:
            found |= set(operations(each))
    return found - NO_RIGHT


def policy(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / "deploy" / "iam" / f"{name}.json").read_text())
    return document


def allowed(name: str) -> set[str]:
    return {action.removeprefix("dynamodb:") for each in policy(name)["Statement"] for action in each["Action"]}


def test_web_processes_may_do_exactly_what_the_code_does_for_them() -> None:
    assert allowed("web") == used(for_web=True)


def test_operators_may_do_exactly_what_all_the_code_does() -> None:
    assert allowed("operator") == used(for_web=False)
    assert allowed("operator") - allowed("web") >= {"Scan"}


def test_only_commands_reach_what_scans() -> None:
    reaching = [
        module.name
        for module in modules()
        if any(f"forum.tables.{each}" in target for target in set(module.names.values()) - TYPES for each in SCANNING)
    ]
    assert [name for name in reaching if name.split(".")[1] not in MAY_SCAN_PARTS and name not in MAY_SCAN] == []


@pytest.mark.parametrize("name", ["web", "operator"])
def test_the_roles_are_for_the_forums_tables_and_indexes(name: str) -> None:
    resources = {resource for each in policy(name)["Statement"] for resource in each["Resource"]}
    ours = {f"arn:aws:dynamodb:*:*:table/{model.Meta.table_name}" for model in schema.MODELS}
    assert resources == ours | {f"{each}/index/*" for each in ours}
    assert {each["Effect"] for each in policy(name)["Statement"]} == {"Allow"}


def test_a_community_lives_within_the_role(site: None) -> None:
    """All that people do in the sample of the tests of moving data, jobs with it."""
    with cost() as spent:
        make()
    assert {"Query", "TransactWriteItems", "BatchGetItem"} <= set(spent.dynamodb.calls)
    assert set(spent.dynamodb.calls) - NO_RIGHT <= allowed("web")


@pytest.mark.parametrize(
    ("code", "operation"),
    [
        ('connection().dispatch("Scan", {})', "Scan"),
        ("Post.get(1, 2)", "GetItem"),
        ("Post.by_user.query(1)", "Query"),
        ("Item(1, 2).save()", "PutItem"),
        ("transaction.condition_check(1)", "ConditionCheckItem"),
        ('call("DeleteTable")', "DeleteTable"),
    ],
)
def test_what_code_asks_for_is_seen(code: str, operation: str) -> None:
    assert set(operations(ast.parse(code))) == {operation}
