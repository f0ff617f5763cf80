"""`manage.py tables`, as an operator uses it."""

import io
import sys

import pytest
from django.core.management.base import CommandError

from forum.local.ports import free_port
from forum.tables import base, provision, schema
from forum.tables.billing import Units
from forum.tables.provision import Patience

pytestmark = pytest.mark.usefixtures("no_tables")

NAMES = ["ForumThreads", "ForumPosts", "ForumModeration", "ForumMembers"]


def existing() -> list[str]:
    return [name for name in NAMES if provision.describe(name)]


def typed(monkeypatch, text):
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def refused(run, *words) -> str:
    with pytest.raises(CommandError) as raised:
        run(*words)
    sentence = str(raised.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


# -- create ---------------------------------------------------------------------------------------


def test_create_makes_all_tables_protected_and_says_so(run):
    said = run("tables", "create")
    assert existing() == NAMES
    assert all(f"{name}: creating." in said and f"{name} is ready." in said for name in NAMES)
    assert all(provision.status(name).protected for name in NAMES)


def test_create_can_be_run_again(run):
    run("tables", "create")
    assert "creating." not in run("tables", "create")


def test_create_leaves_protection_off_when_told_to(run):
    run("tables", "create", "--no-protection")
    assert not any(provision.status(name).protected for name in NAMES)


def test_create_adds_an_index_that_is_missing(run):
    run("tables", "create", "--no-protection")
    base.connection().client.update_table(
        TableName="ForumPosts", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "UserPosts"}}]
    )
    assert "ForumPosts: adding the index UserPosts." in run("tables", "create")
    assert run("tables", "status").count("index UserPosts") == 1


def test_create_reserves_capacity(run):
    run("tables", "create", "--billing", "provisioned", "--read", "8", "--write", "4", "--index", "UserPosts=2,1")
    found = provision.status("ForumPosts")
    units = {index["IndexName"]: provision.units_of(index) for index in found.table["GlobalSecondaryIndexes"]}
    assert (found.units, units["UserPosts"], units["ThreadPosts"]) == (Units(8, 4), Units(2, 1), Units(8, 4))


def test_create_keeps_the_billing_of_what_is_there_and_says_so(run):
    run("tables", "create")
    said = run("tables", "create", "--billing", "provisioned", "--read", "8", "--write", "4")
    assert said.count("keeps its on-demand billing") == 4
    assert provision.status("ForumPosts").units is None


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--read", "5"], "On-demand"),
        (["--billing", "provisioned"], "needs --read and --write"),
        (["--billing", "provisioned", "--read", "0", "--write", "1"], "--read"),
        (["--billing", "provisioned", "--read", "1", "--write", "1", "--index", "Nope=1,1"], "Nope"),
        (["--billing", "free"], "invalid choice"),
        (["--wait", "0"], "--wait"),
    ],
)
def test_create_refuses_nonsense_and_makes_nothing(run, options, reason):
    with pytest.raises(CommandError, match=reason):
        run("tables", "create", *options)
    assert existing() == []


def test_a_table_that_cannot_be_mended_is_one_sentence(run):
    thread = schema.declared(schema.MODELS[0])
    request = schema.create_request(thread)
    del request["LocalSecondaryIndexes"], request["GlobalSecondaryIndexes"]
    request["AttributeDefinitions"] = [
        one for one in request["AttributeDefinitions"] if one["AttributeName"] in dict(thread.keys)
    ]
    base.connection().client.create_table(**request)
    with pytest.raises(CommandError, match="lacks the local index LastActivity"):
        run("tables", "create")


@pytest.mark.parametrize("act", ["create", "status", "delete", "unprotect"])
def test_a_dynamodb_that_is_not_there_is_one_sentence(run, act, settings, monkeypatch):
    settings.DYNAMODB_ENDPOINT_URL = f"http://127.0.0.1:{free_port()}"
    with monkeypatch.context() as patch:
        patch.setattr(base, "_connection", None)
        assert refused(run, "tables", act).startswith("DynamoDB cannot be reached (`manage.py up` starts")


# -- status ---------------------------------------------------------------------------------------


def test_status_shows_keys_indexes_and_what_the_engine_has(run):
    run("tables", "create")
    said = run("tables", "status")
    assert "ForumPosts: 0 items, 0 bytes, ACTIVE, on-demand\n" in said
    assert "  keys: ForumName (S) + PostTimestamp (S)\n" in said
    assert "ACTIVE, global, ThreadID (S) + PostNumber (N), all attributes\n" in said
    assert "ACTIVE, local, ForumName (S) + LastPostTimestamp (S), CreatedAt, " in said
    assert "  expiry: by ExpiresAt; point-in-time recovery: unknown here; deletion protection: on\n" in said
    assert "differs" not in said


def test_status_names_missing_tables_and_exits_with_1(run, capsys):
    run("tables", "create")
    provision.unprotect("ForumPosts", Patience(20))
    provision.delete("ForumPosts", Patience(20))
    out = io.StringIO()
    with pytest.raises(SystemExit) as stopped:
        from django.core.management import call_command

        call_command("tables", "status", stdout=out, no_color=True)
    assert stopped.value.code == 1
    assert "  differs: ForumPosts does not exist.\n" in out.getvalue()
    assert "ForumThreads: 0 items" in out.getvalue()


def test_status_shows_reserved_capacity(run):
    run("tables", "create", "--billing", "provisioned", "--read", "8", "--write", "4")
    assert "ForumPosts: 0 items, 0 bytes, ACTIVE, provisioned, 8 read and 4 write units\n" in run("tables", "status")


# -- delete ---------------------------------------------------------------------------------------


def test_delete_refuses_protected_tables_and_says_how_to_go_on(run):
    run("tables", "create")
    sentence = refused(run, "tables", "delete", "--yes")
    assert "nothing was deleted" in sentence
    assert "manage.py tables unprotect" in sentence
    assert existing() == NAMES


def test_delete_deletes_what_was_unprotected(run):
    run("tables", "create")
    run("tables", "unprotect")
    assert run("tables", "delete", "--yes").count("is deleted.") == 4
    assert existing() == []


def test_delete_wants_every_name_typed(run, monkeypatch):
    run("tables", "create", "--no-protection")
    typed(monkeypatch, "".join(f"{name}\n" for name in NAMES))
    run("tables", "delete")
    assert existing() == []


@pytest.mark.parametrize("answers", ["", "yes\n", "forumthreads\n", "ForumThreads\nForumPosts\nno\n"])
def test_a_name_typed_wrong_deletes_nothing_at_all(run, monkeypatch, answers):
    run("tables", "create", "--no-protection")
    typed(monkeypatch, answers)
    assert refused(run, "tables", "delete") == "That is not its name: nothing was deleted."
    assert existing() == NAMES


def test_delete_can_be_told_which_table(run):
    run("tables", "create", "--no-protection")
    run("tables", "delete", "ForumModeration", "--yes")
    assert existing() == [name for name in NAMES if name != "ForumModeration"]


def test_a_table_that_is_not_the_forums_cannot_be_named(run):
    client = base.connection().client
    client.create_table(**schema.create_request(schema.declared(schema.MODELS[2])) | {"TableName": "SomebodyElses"})
    try:
        run("tables", "create", "--no-protection")
        assert refused(run, "tables", "delete", "SomebodyElses", "--yes").startswith("SomebodyElses is not one of")
        run("tables", "delete", "--yes")
        assert provision.describe("SomebodyElses")
    finally:
        client.delete_table(TableName="SomebodyElses")


def test_deleting_nothing_says_so(run):
    assert "no tables" in run("tables", "delete", "--yes")
