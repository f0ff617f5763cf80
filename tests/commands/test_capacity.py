"""`manage.py capacity`, as an operator uses it: on the local engine, and against moto as AWS."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management.base import CommandError
from moto import mock_aws

from forum import redis as stores
from forum.cache import units
from forum.tables import base, capacity, provision, scaling
from forum.tables.billing import Units

pytestmark = pytest.mark.usefixtures("no_tables")

PROVISIONED = ("capacity", "provisioned", "--read", "8", "--write", "4")


def refused(run, *words) -> str:
    with pytest.raises(CommandError) as raised:
        run(*words)
    sentence = str(raised.value)
    assert "\n" not in sentence and sentence.endswith(".")
    return sentence


def of(name: str) -> provision.Status:
    found = provision.status(name)
    assert found is not None
    return found


@pytest.fixture
def made(run) -> None:
    run("tables", "create", "--no-protection")


# -- show -----------------------------------------------------------------------------------------


def test_show_tells_of_each_table_and_index(run, made):
    said = run("capacity", "show")
    assert "ForumPosts: on demand\n" in said and "  index UserPosts: on demand\n" in said
    assert "LastActivity" not in said, "a local index uses its table's capacity"
    assert run("capacity", "show", "ForumPosts").count("ForumThreads") == 0


def test_show_tells_how_much_of_it_is_used(run, made, redis_server):
    run(*PROVISIONED, "ForumPosts")
    units.forget()
    units.count("home", 1, {"ForumPosts": (120, 60), "ForumPosts/UserPosts": (0, 30)})
    units.flush()
    said = run("capacity", "show", "ForumPosts")
    assert (
        "ForumPosts: provisioned, 8 read and 4 write units; busiest minute 2.0 read and 1.0 write units a second"
        in said
    )
    assert "(25% and 25%)" in said and "busiest minute 0.0 read and 0.5 write units a second" in said


def test_show_works_without_redis(run, made, monkeypatch):
    monkeypatch.setattr(stores, "_down_until", {"default": float("inf")})
    said = run("capacity", "show")
    assert "Redis does not answer" in said and "ForumPosts: on demand\n" in said


# -- provisioned and on-demand --------------------------------------------------------------------


def test_capacity_is_reserved_and_given_back(run, made):
    said = run(*PROVISIONED, "ForumThreads")
    assert "ForumThreads: 8 read and 4 write units, instead of on demand.\n" in said and "Done." in said
    assert (of("ForumThreads").units, of("ForumPosts").units) == (Units(8, 4), None)
    said = run("capacity", "on-demand", "ForumThreads")
    assert "ForumThreads: on demand, instead of 8 read and 4 write units.\n" in said
    assert of("ForumThreads").units is None


def test_what_is_so_already_is_left_alone(run, made, monkeypatch):
    run(*PROVISIONED)
    asked = []
    call = provision.call
    monkeypatch.setattr(provision, "call", lambda name, **rest: asked.append((name, rest)) or call(name, **rest))
    run("capacity", "provisioned", "--read", "9", "--write", "4", "ForumPosts")
    tables = [rest for name, rest in asked if name == "UpdateTable"]
    assert [table["ProvisionedThroughput"]["ReadCapacityUnits"] for table in tables] == [9]
    assert "BillingMode" not in tables[0], "DynamoDB counts switches"


def test_the_local_engine_says_what_it_does_not_keep(run, made):
    assert "ForumPosts: this engine keeps no capacity of its indexes." in run(*PROVISIONED, "ForumPosts")


@pytest.mark.parametrize("words", [PROVISIONED, ("capacity", "on-demand")])
def test_a_dry_run_changes_nothing(run, made, words, monkeypatch):
    monkeypatch.setattr(capacity, "change_billing", None)
    assert "Nothing was changed." in run(*words, "--dry-run")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("provisioned",), "needs --read and --write"),
        (("provisioned", "--read", "0", "--write", "1"), "--read: capacity is a number from 1 to 40,000 units, not 0."),
        (("provisioned", "--read", "1", "--write", "50000"), "--write"),
        (("provisioned", "--read", "x", "--write", "1"), "invalid int value"),
        (("provisioned", "--read", "1", "--write", "1", "--index", "LastActivity=1,1"), "local index"),
        (("provisioned", "--read", "1", "--write", "1", "--index", "Nope=1,1"), "no global index Nope"),
        (("provisioned", "--read", "1", "--write", "1", "Strangers"), "not one of this forum's tables"),
        (("provisioned", "--read", "1", "--write", "1", "--wait", "0"), "--wait"),
        (("on-demand", "--read", "1"), "unrecognized arguments"),
        (("auto", "--min", "5"), "needs --min and --max"),
        (("auto", "--min", "9", "--max", "5"), "--min 9 is more than --max 5"),
        (("auto", "--min", "1", "--max", "5", "--target", "95"), "from 20 to 90, not 95"),
        (("auto", "--min", "0", "--max", "5"), "--min: capacity"),
        (("auto", "--min", "1", "--max", "5"), "paid on demand"),
        (("free",), "invalid choice"),
    ],
)
def test_nonsense_is_refused_with_the_reason_and_nothing_is_changed(run, made, words, reason):
    with pytest.raises(CommandError, match=reason):
        run("capacity", *words)
    assert all(found.units is None for found in provision.existing([]))


def test_without_tables_it_says_what_makes_them(run):
    assert "`manage.py tables create` makes them" in refused(run, *PROVISIONED)


def test_what_dynamodb_says_when_it_refuses_is_passed_on(run, made, monkeypatch):
    def call(operation, **arguments):
        if operation == "UpdateTable" and arguments["TableName"] == "ForumPosts":
            raise provision._Refused("DynamoDB", operation, "LimitExceededException", LIMIT)
        return provision.ask(base.connection().client, "DynamoDB", operation, arguments)

    monkeypatch.setattr(provision, "call", call)
    said = refused(run, *PROVISIONED)
    assert said == f"DynamoDB refused UpdateTable: {LIMIT} (LimitExceededException). Changed before that: ForumThreads."


LIMIT = "Subscriber limit exceeded: Update to PayPerRequest mode are limited to 4 times in 24 hours"


def test_auto_scaling_is_nothing_for_a_local_engine(run, made):
    run(*PROVISIONED)
    assert "this engine is a local one" in refused(run, "capacity", "auto", "--min", "1", "--max", "5")


# -- As on AWS ------------------------------------------------------------------------------------


@pytest.fixture
def aws_itself(no_tables: None, settings: Any, monkeypatch: pytest.MonkeyPatch, run: Any) -> Iterator[None]:
    """moto, with all tables reserved."""
    with mock_aws(), monkeypatch.context() as patched:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patched.setenv(name, "testing")
        patched.setattr(settings, "DYNAMODB_ENDPOINT_URL", "")
        patched.setattr(base, "_connection", None)
        run("tables", "create", "--billing", "provisioned", "--read", "8", "--write", "4", "--no-protection")
        yield


@pytest.mark.usefixtures("aws_itself")
class TestOnAws:
    def test_indexes_are_reserved_with_their_table_or_by_name(self, run):
        run("capacity", "provisioned", "--read", "20", "--write", "10", "--index", "UserPosts=5,10", "ForumPosts")
        reserved = capacity.index_units(of("ForumPosts"))
        assert (of("ForumPosts").units, reserved["ThreadPosts"], reserved["UserPosts"]) == (
            Units(20, 10),
            Units(20, 10),
            Units(5, 10),
        )

    def test_auto_scaling_is_set_for_the_table_and_each_global_index(self, run):
        said = run("capacity", "auto", "--min", "5", "--max", "100", "--target", "60", "ForumPosts")
        assert "ForumPosts/UserPosts: writes from 5 to 100 units at 60 %.\n" in said
        spans = scaling.ranges(of("ForumPosts"))
        assert len(spans) == 6 and set(spans.values()) == {scaling.Range(5, 100, 60)}
        assert scaling.ranges(of("ForumThreads")) == {}
        assert "  scaled: ForumPosts/ThreadPosts, reads from 5 to 100 units at 60 %\n" in run("capacity", "show")

    def test_it_can_be_set_for_writes_alone_and_again(self, run):
        for most in ("50", "60"):
            run("capacity", "auto", "--min", "5", "--max", most, "--only", "write", "ForumThreads")
        spans = scaling.ranges(of("ForumThreads"))
        assert {target.way for target in spans} == {"Write"} and {span.most for span in spans.values()} == {60}

    @pytest.mark.parametrize("words", [("on-demand",), ("provisioned", "--read", "3", "--write", "3")])
    def test_what_is_reserved_by_hand_or_not_at_all_is_not_scaled(self, run, words):
        run("capacity", "auto", "--min", "5", "--max", "100", "ForumThreads")
        assert "ForumThreads: reads are not scaled any more.\n" in run("capacity", words[0], "ForumThreads", *words[1:])
        assert scaling.ranges(of("ForumThreads")) == {}

    def test_a_dry_run_scales_nothing(self, run):
        assert "Nothing was changed." in run("capacity", "auto", "--min", "5", "--max", "9", "--dry-run")
        assert scaling.ranges(of("ForumPosts")) == {}

    def test_what_the_service_refuses_is_passed_on(self, run, monkeypatch):
        monkeypatch.setattr(scaling, "targets", lambda found: [scaling.Target("ForumPosts", "", "Nothing")])
        monkeypatch.setattr(scaling, "WAYS", ("Nothing",))
        said = refused(run, "capacity", "auto", "--min", "1", "--max", "5", "ForumPosts")
        assert said.startswith("Application Auto Scaling ")
