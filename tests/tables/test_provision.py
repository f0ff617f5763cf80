"""Creating, mending and deleting the tables on every engine."""

from dataclasses import replace

import pytest

from forum.errors import NotFound
from forum.local.ports import free_port
from forum.tables import base, provision, schema, threads
from forum.tables.billing import ON_DEMAND, Billing, Units
from forum.tables.members import Item
from forum.tables.posts import Post
from forum.tables.provision import Patience, ProvisionError
from forum.tables.schema import declared, differences
from forum.tables.threads import Thread

from .acts import FORUM, all_posts, bodies, reply, start
from .faults import answering, error

POSTS = declared(Post)
THREADS = declared(Thread)
MEMBERS = declared(Item)
WANTED = [declared(model) for model in schema.MODELS]


def create(*shapes, billing=ON_DEMAND, protect=False) -> list[str]:
    """What `create` said while it made these tables."""
    said: list[str] = []
    for shape in shapes or WANTED:
        provision.create(shape, billing, protect=protect, say=said.append, patience=Patience(20))
    return said


@pytest.fixture(autouse=True)
def gone_again(engine):
    """No tables after a test: the engine serves the next one too."""
    yield
    for shape in WANTED:
        found = provision.status(shape.name)
        if found and found.protected:
            provision.unprotect(shape.name, Patience(20))
        if found:
            provision.delete(shape.name, Patience(20))


def test_tables_are_created_as_declared_and_work(engine):
    create()
    for shape in WANTED:
        assert differences(shape, provision.status(shape.name).shape) == []
    thread = start()
    reply(thread, "It works.")
    assert bodies(all_posts(thread))[-1] == "It works."


def test_creating_again_changes_nothing_and_keeps_what_is_stored(engine):
    create()
    thread = start()
    before = [provision.describe(shape.name) for shape in WANTED]
    said = create()
    after = [provision.describe(shape.name) for shape in WANTED]
    assert [table["KeySchema"] for table in after] == [table["KeySchema"] for table in before]
    assert not [sentence for sentence in said if "creating" in sentence or "adding" in sentence]
    assert len(all_posts(thread)) == 1


@pytest.mark.parametrize("missing", [["UserPosts"], ["UserPosts", "ThreadPosts"]], ids=" and ".join)
def test_missing_indexes_are_added_and_show_what_was_stored_before(engine, missing):
    create(THREADS)
    create(replace(POSTS, indexes={name: index for name, index in POSTS.indexes.items() if name not in missing}))
    create(MEMBERS)
    thread = start(user="7")
    said = create(POSTS)
    assert [sentence for sentence in said if "adding" in sentence] == [
        f"ForumPosts: adding the index {name}." for name in POSTS.indexes if name in missing
    ]
    assert differences(POSTS, provision.status("ForumPosts").shape) == []
    assert [post.user_id for post in all_posts(thread)] == ["7"]
    assert len(list(Post.by_user.query("7"))) == 1


def test_a_missing_local_index_is_said_to_need_a_new_table(engine):
    create(replace(THREADS, indexes={}))
    with pytest.raises(ProvisionError, match=r"lacks the local index LastActivity.*create anew\.$"):
        create(THREADS)


def test_a_table_with_other_keys_is_left_alone(engine):
    other = replace(THREADS, keys=(("ForumName", "S"),), indexes={})
    create(other)
    with pytest.raises(ProvisionError, match="cannot be changed in place"):
        create(THREADS)
    assert provision.status("ForumThreads").shape.keys == (("ForumName", "S"),)


def test_expiry_is_turned_on(engine):
    create(replace(POSTS, expiry=""))
    assert [one.remedy for one in differences(POSTS, provision.status("ForumPosts").shape)] == ["set the expiry"]
    create(POSTS)
    assert provision.status("ForumPosts").shape.expiry == "ExpiresAt"


def test_a_protected_table_cannot_be_deleted_until_it_is_unprotected(engine):
    create(POSTS, protect=True)
    assert provision.status("ForumPosts").protected
    with pytest.raises(ProvisionError, match="refused DeleteTable"):
        provision.delete("ForumPosts", Patience(20))
    provision.unprotect("ForumPosts", Patience(20))
    provision.delete("ForumPosts", Patience(20))
    assert provision.status("ForumPosts") is None


def test_protection_is_left_as_it_is_where_it_is_not_asked_for(engine):
    create(POSTS, protect=True)
    create(POSTS, protect=False)
    assert provision.status("ForumPosts").protected


def test_what_is_set_already_is_not_set_again(engine):
    create(POSTS, protect=True)
    refused = error("LimitExceededException", "once an hour is enough")
    with answering("UpdateTable", 400, refused) as tables, answering("UpdateTimeToLive", 400, refused) as expiry:
        create(POSTS, protect=True)
    assert tables + expiry == []


def test_recovery_is_turned_on_where_the_engine_has_it_and_else_noted(engine):
    said = create(POSTS)
    noted = [sentence for sentence in said if "point-in-time recovery" in sentence]
    if engine == "dynoxide":
        assert provision.status("ForumPosts").recovery is None
        assert noted == [
            "ForumPosts: no point-in-time recovery, this engine does not have it (UnknownOperationException)."
        ]
    else:
        assert provision.status("ForumPosts").recovery is True
        assert noted == []


def test_backups_that_are_still_being_enabled_are_waited_for(engine):
    create(replace(POSTS, expiry=""))
    busy = error("ContinuousBackupsUnavailableException", "Backups are being enabled")
    off = {"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED"}}
    with (
        answering("DescribeContinuousBackups", 200, off, times=2),
        answering("UpdateContinuousBackups", 400, busy, times=2) as asked,
    ):
        create(POSTS)
    assert len(asked) == 2


@pytest.mark.parametrize("code", sorted(provision.LACKING))
def test_an_engine_without_a_feature_is_tolerated_with_a_note(engine, code):
    status = 501 if code == "501" else 400
    with answering("UpdateTimeToLive", status, error(code, "no such thing")):
        said = create(POSTS)
    assert f"ForumPosts: no expiry, this engine does not have it ({code})." in said


def test_provisioned_units_are_reserved_for_the_table_and_its_indexes(engine):
    create(POSTS, billing=Billing(Units(10, 5), {"UserPosts": Units(3, 2)}))
    found = provision.status("ForumPosts")
    assert found.units == Units(10, 5)
    units = {index["IndexName"]: provision.units_of(index) for index in found.table["GlobalSecondaryIndexes"]}
    assert units == {"UserPosts": Units(3, 2), "ThreadPosts": Units(10, 5)}


def test_an_index_added_to_a_provisioned_table_gets_the_tables_units(engine, wrong_on):
    wrong_on("dynoxide", "it describes an index that was added later as having no units")
    create(replace(POSTS, indexes={}), billing=Billing(Units(7, 4)))
    create(POSTS)
    indexes = provision.describe("ForumPosts")["GlobalSecondaryIndexes"]
    assert [provision.units_of(index) for index in indexes] == [Units(7, 4)] * 2


def test_an_index_added_to_a_table_on_demand_gets_no_units(engine):
    create(replace(POSTS, indexes={}))
    create(POSTS, billing=Billing(Units(7, 4)))
    assert differences(POSTS, provision.status("ForumPosts").shape) == []
    assert provision.status("ForumPosts").units is None


def test_a_table_that_another_is_creating_at_this_moment_is_as_good(engine):
    create(POSTS)
    missing = error("ResourceNotFoundException", "not yet")
    with answering("DescribeTable", 400, missing, times=1):
        assert "ForumPosts: creating." in create(POSTS)


def test_waiting_ends_and_says_that_it_goes_on(engine, monkeypatch):
    monkeypatch.setattr(provision, "FIRST_POLL_SECONDS", 0.01)
    creating = {"Table": {"TableName": "ForumPosts", "TableStatus": "CREATING"}}
    told = []
    with (
        answering("DescribeTable", 200, creating),
        pytest.raises(ProvisionError, match=r"^ForumPosts is creating still, after \d+ seconds. It goes on by itself"),
    ):
        patience = Patience(0.2, lambda what, seconds: told.append(what))
        provision.create(POSTS, ON_DEMAND, protect=False, say=told.append, patience=patience)
    assert told.count("ForumPosts is creating") >= 2


def test_deleting_waits_until_the_table_is_gone_and_leaves_others(engine):
    create(POSTS, THREADS)
    provision.delete("ForumPosts", Patience(20))
    assert provision.describe("ForumPosts") is None
    with pytest.raises(NotFound):
        threads.get_thread(FORUM, "01KAQ4ZT9N8YV3W2Q6JX5R7D00")


def test_a_refusal_is_one_sentence_with_its_code(engine):
    denied = error("AccessDeniedException", "User is not authorized to perform: dynamodb:DescribeTable")
    with answering("DescribeTable", 400, denied), pytest.raises(ProvisionError) as raised:
        provision.status("ForumPosts")
    assert str(raised.value) == (
        "DynamoDB refused DescribeTable: User is not authorized to perform: dynamodb:DescribeTable "
        "(AccessDeniedException)."
    )


def test_a_dynamodb_that_is_not_there_is_one_sentence(settings, monkeypatch):
    settings.DYNAMODB_ENDPOINT_URL = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setattr(base, "_connection", None)
    with pytest.raises(ProvisionError, match=r"^DynamoDB cannot be reached .*[^.]\.$"):
        provision.describe("ForumPosts")
    monkeypatch.undo()
