"""Shapes, their differences, the requests that follow from them, and billing: pure functions."""

from dataclasses import replace

import pytest

from forum.tables import billing, schema
from forum.tables.billing import Billing, Units
from forum.tables.posts import Post
from forum.tables.schema import Difference, Index, Shape, declared, differences
from forum.tables.threads import Thread

POSTS = declared(Post)
THREADS = declared(Thread)
GLOBAL = ["ThreadPosts", "UserPosts"]
LOCAL = ["LastActivity"]


def without(shape: Shape, name: str) -> Shape:
    return replace(shape, indexes={n: index for n, index in shape.indexes.items() if n != name})


def sentences(found: list[Difference]) -> list[str]:
    return [difference.sentence for difference in found]


# -- What the code declares -----------------------------------------------------------------------


def test_the_posts_table_is_as_designed():
    assert POSTS.name == "ForumPosts"
    assert POSTS.keys == (("ForumName", "S"), ("PostTimestamp", "S"))
    assert POSTS.indexes == {
        "UserPosts": Index((("UserID", "S"), ("PostTimestamp", "S")), "ALL", local=False),
        "ThreadPosts": Index((("ThreadID", "S"), ("PostNumber", "N")), "ALL", local=False),
    }
    assert POSTS.expiry == "ExpiresAt"


def test_the_threads_table_lists_by_activity_on_a_local_index():
    assert THREADS.keys == (("ForumName", "S"), ("ThreadID", "S"))
    index = THREADS.indexes["LastActivity"]
    assert index.keys == (("ForumName", "S"), ("LastPostTimestamp", "S"))
    assert index.local
    assert "Title" in index.projection
    assert "RecentPosts" not in index.projection


# -- What DynamoDB describes ----------------------------------------------------------------------


def test_a_table_made_as_asked_is_described_as_declared():
    for shape in map(declared, schema.MODELS):
        table = schema.create_request(shape)
        time_to_live = {"TimeToLiveStatus": "ENABLED", "AttributeName": shape.expiry} if shape.expiry else {}
        assert schema.described(table, time_to_live) == shape
        assert differences(shape, schema.described(table, time_to_live)) == []


def test_keys_are_described_in_order_whatever_the_order_of_the_answer():
    table = schema.create_request(POSTS)
    table["KeySchema"].reverse()
    assert schema.described(table, {}).keys == POSTS.keys


@pytest.mark.parametrize(
    ("answer", "expiry"),
    [
        (None, None),
        ({}, ""),
        ({"TimeToLiveStatus": "DISABLED"}, ""),
        ({"TimeToLiveStatus": "ENABLING", "AttributeName": "ExpiresAt"}, "ExpiresAt"),
        ({"TimeToLiveStatus": "DISABLING", "AttributeName": "ExpiresAt"}, ""),
    ],
)
def test_expiry_counts_once_it_is_being_enabled_and_can_be_unknown(answer, expiry):
    assert schema.described(schema.create_request(POSTS), answer).expiry == expiry


# -- Differences ----------------------------------------------------------------------------------


def test_a_missing_table_is_to_be_created():
    assert differences(POSTS, None) == [Difference("ForumPosts does not exist.", "create the table")]


def test_a_missing_global_index_is_to_be_added():
    [missing] = differences(POSTS, without(POSTS, "UserPosts"))
    assert (missing.remedy, missing.index) == ("add the index", "UserPosts")


def test_a_missing_local_index_cannot_be_mended():
    [missing] = differences(THREADS, without(THREADS, "LastActivity"))
    assert missing.remedy == "none"
    assert "only be made together with their table" in missing.sentence


def test_other_keys_cannot_be_mended_and_both_are_named():
    [other] = differences(POSTS, replace(POSTS, keys=(("ForumName", "S"), ("When", "N"))))
    assert other.remedy == "none"
    assert other.sentence == (
        "ForumPosts is ForumName (S) + When (N); the code says ForumName (S) + PostTimestamp (S)."
    )


def test_an_index_with_another_projection_cannot_be_mended():
    index = replace(POSTS.indexes["UserPosts"], projection="KEYS_ONLY")
    [other] = differences(POSTS, replace(POSTS, indexes={**POSTS.indexes, "UserPosts": index}))
    assert other.remedy == "none"
    assert "keys only; the code says global, UserID (S) + PostTimestamp (S), all attributes" in other.sentence


def test_an_index_that_the_code_does_not_know_is_told():
    [extra] = differences(without(POSTS, "UserPosts"), POSTS)
    assert extra.sentence == "ForumPosts has an index UserPosts that the code does not know."


def test_expiry_that_is_off_is_to_be_set_and_unknown_expiry_is_no_difference():
    assert [one.remedy for one in differences(POSTS, replace(POSTS, expiry=""))] == ["set the expiry"]
    assert differences(POSTS, replace(POSTS, expiry=None)) == []
    assert [one.remedy for one in differences(POSTS, replace(POSTS, expiry="Other"))] == ["none"]
    assert sentences(differences(THREADS, replace(THREADS, expiry="Other"))) == [
        "ForumThreads expires items by Other; the code says never."
    ]


# -- Requests -------------------------------------------------------------------------------------


def test_definitions_name_the_attributes_of_keys_and_no_others():
    defined = schema.create_request(POSTS)["AttributeDefinitions"]
    assert sorted(one["AttributeName"] for one in defined) == [
        "ForumName",
        "PostNumber",
        "PostTimestamp",
        "ThreadID",
        "UserID",
    ]


def test_every_key_begins_with_its_partition_key():
    request = schema.create_request(POSTS)
    for keyed in [request, *request["GlobalSecondaryIndexes"]]:
        assert [key["KeyType"] for key in keyed["KeySchema"]] == ["HASH", "RANGE"]


def test_on_demand_reserves_nothing():
    request = schema.create_request(POSTS)
    assert request["BillingMode"] == "PAY_PER_REQUEST"
    assert "ProvisionedThroughput" not in str(request)


def test_provisioned_units_go_to_the_table_and_to_each_global_index():
    paid = Billing(Units(10, 5), {"UserPosts": Units(3, 2)})
    request = schema.create_request(POSTS, paid)
    assert request["BillingMode"] == "PROVISIONED"
    assert request["ProvisionedThroughput"] == {"ReadCapacityUnits": 10, "WriteCapacityUnits": 5}
    units = {index["IndexName"]: index["ProvisionedThroughput"] for index in request["GlobalSecondaryIndexes"]}
    assert units["UserPosts"] == {"ReadCapacityUnits": 3, "WriteCapacityUnits": 2}
    assert units["ThreadPosts"] == {"ReadCapacityUnits": 10, "WriteCapacityUnits": 5}


def test_a_local_index_has_no_units_of_its_own():
    [index] = schema.create_request(THREADS, Billing(Units(10, 5)))["LocalSecondaryIndexes"]
    assert "ProvisionedThroughput" not in index


def test_an_added_index_defines_only_the_attributes_in_use():
    bare = replace(POSTS, indexes={})
    request = schema.add_index_request(POSTS, bare, "UserPosts", None)
    defined = sorted(one["AttributeName"] for one in request["AttributeDefinitions"])
    assert defined == ["ForumName", "PostTimestamp", "UserID"]
    [update] = request["GlobalSecondaryIndexUpdates"]
    assert update["Create"]["IndexName"] == "UserPosts"


# -- Billing --------------------------------------------------------------------------------------


def parsed(mode, read=None, write=None, *indexes):
    return billing.parse(mode, read, write, indexes, GLOBAL, LOCAL)


def test_billing_is_on_demand_or_provisioned_with_units_for_each_index():
    assert parsed("on-demand") == Billing()
    paid = parsed("provisioned", 20, 10, "ThreadPosts=40,5")
    assert paid.of_index("ThreadPosts") == Units(40, 5)
    assert paid.of_index("UserPosts") == Units(20, 10)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("on-demand", 5), "leave out --read"),
        (("on-demand", None, None, "UserPosts=1,1"), "leave out --read"),
        (("provisioned",), "needs --read and --write"),
        (("provisioned", 5), "needs --read and --write"),
        (("provisioned", 0, 5), "from 1 to 40,000 units, not 0"),
        (("provisioned", 5, -3), "from 1 to 40,000 units, not -3"),
        (("provisioned", 5, 1_000_000), "not 1,000,000"),
        (("provisioned", 5, 5, "UserPosts"), "NAME=READ,WRITE"),
        (("provisioned", 5, 5, "UserPosts=5"), "NAME=READ,WRITE"),
        (("provisioned", 5, 5, "UserPosts=٥,٥"), "NAME=READ,WRITE"),
        (("provisioned", 5, 5, "UserPosts=0,5"), "from 1 to"),
        (("provisioned", 5, 5, "Nope=5,5"), "There is no global index Nope; there are ThreadPosts and UserPosts"),
        (("provisioned", 5, 5, "LastActivity=5,5"), "uses its table's units"),
        (("provisioned", 5, 5, "UserPosts=5,5", "UserPosts=6,6"), "twice"),
    ],
)
def test_billing_that_makes_no_sense_is_refused_with_the_reason(arguments, reason):
    with pytest.raises(ValueError, match=reason):
        parsed(*arguments)
