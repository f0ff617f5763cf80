"""What many tests say in one line: members, forums, threads, reading a page, counting its cost."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection as database
from django.http import HttpResponse
from django.test import Client
from pynamodb.models import Model
from redis.connection import AbstractConnection

from forum import directory, form_tokens
from forum.cache import changed, stats
from forum.cache.intents import invalidate_all
from forum.middleware import QueryCounter
from forum.models import MODERATORS, Forum, User
from forum.permissions import ForumRules, Reader
from forum.readers import reader_of
from forum.tables import base, schema, threads
from forum.tables.base import Ledger
from forum.tables.threads import Thread

# Primary keys never repeat, although each test's rows are rolled back.
_keys = itertools.count(1)


def create_tables(models: Sequence[type[Model]]) -> None:
    client = base.connection().client
    for model in models:
        client.create_table(**schema.create_request(schema.declared(model), schema.ON_DEMAND))


def drop_tables(models: Sequence[type[Model]]) -> None:
    client = base.connection().client
    for model in models:
        client.delete_table(TableName=model.Meta.table_name)


# -- People and places ----------------------------------------------------------------------------


def make_member(name: str, **fields: Any) -> User:
    """A member; staff are moderators of all forums, as the group that migrations make says."""
    user = User.objects.create_user(name, f"{name}@example.org", "correct horse", pk=next(_keys), **fields)
    if user.is_staff:
        user.groups.add(Group.objects.get(name=MODERATORS))
    return user


def make_forum(name: str, **fields: Any) -> Forum:
    forum = Forum.objects.create(name=name, title=fields.pop("title", name.title()), **fields)
    renew()
    return forum


def renew() -> None:
    """What a commit would do: most tests run in a transaction that never ends in one."""
    invalidate_all()


def signed_in(user: User, **options: Any) -> Client:
    client = Client(**options)
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def reader(user: User) -> Reader:
    return reader_of(User.objects.get(pk=user.pk))


def rules(forum: Forum) -> ForumRules:
    return directory._rules(forum)


# -- Through the front door -----------------------------------------------------------------------


def token(user: User, forum: Forum | None = None) -> str:
    """Of a form that the member is given now; with a forum, of the one that starts a thread there."""
    shards = Forum.objects.get(pk=forum.pk).shards if forum else 1
    return form_tokens.issue(str(user.pk), shards)


def start_thread(user: User, forum: Forum, title: str = "A thread", body: str = "Its first post.") -> Thread:
    """Start a thread as the browser does; the head as it is stored."""
    answer = signed_in(user).post(f"/f/{forum.name}/new/", {"title": title, "body": body, "token": token(user, forum)})
    assert answer.status_code == 302, answer.content.decode()
    return threads.get_thread(forum.name, answer["Location"].split("/")[3])


def reply(user: User, thread: Thread, body: str = "A reply.", **options: Any) -> HttpResponse:
    fields = {"body": body, "token": token(user)}
    return signed_in(user).post(f"/f/{thread.forum}/{thread.id}/reply/", fields, **options)


def page_url(thread: Thread, page: int = 1) -> str:
    from forum import links

    return links.thread(thread, page)


# -- Cost -----------------------------------------------------------------------------------------


@dataclass
class Cost:
    """What something cost: DynamoDB's calls by name, SQL statements, Redis round trips."""

    dynamodb: Ledger = field(default_factory=Ledger)
    sql: int = 0
    redis: int = 0

    @property
    def all(self) -> tuple[list[str], int, int]:
        return self.dynamodb.calls, self.sql, self.redis


@contextmanager
def cost() -> Iterator[Cost]:
    """Count DynamoDB calls, SQL statements and Redis round trips; a pipeline is one, however long. What is done
    after the answer has been sent, which is feeding the search index and, every five seconds, sending figures,
    is no part of it."""
    counted = Cost()
    queries = QueryCounter()
    send = AbstractConnection.send_packed_command

    def counting_send(self: Any, *arguments: Any, **options: Any) -> None:
        counted.redis += 1
        send(self, *arguments, **options)

    with (
        patch.object(AbstractConnection, "send_packed_command", counting_send),
        patch.object(base.Ledger, "add", _adding_to(counted.dynamodb)),
        patch.object(changed, "take", dict),
        patch.object(stats, "_due", float("inf")),
        database.execute_wrapper(queries),
    ):
        yield counted
    counted.sql = queries.count


def _adding_to(total: Ledger) -> Any:
    add = Ledger.add

    def both(self: Ledger, operation: str, answer: dict[str, Any]) -> None:
        add(self, operation, answer)
        if self is not total:
            total.calls.append(operation)
            add(total, operation, answer)

    return both
