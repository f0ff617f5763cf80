"""Whoever has opened the page with a post is told of it no longer: in the list, at their name, or by mail."""

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from forum import reads
from forum.actions.remembering import read_notes
from forum.models import Forum, User
from forum.tables.threads import Thread
from tests.helpers import cost, page_url, reply, signed_in, start_thread
from tests.views.test_mails import sent
from tests.views.test_messages import answers, begun
from tests.views.test_notifications import shown

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def thread(aws: Forum, ada: User) -> Thread:
    reads.forget()
    return start_thread(ada, aws, "Grinders")


@pytest.fixture
def member(ada: User) -> Client:
    return signed_in(ada)


def test_reading_a_thread_takes_its_notes_as_read(thread: Thread, member: Client, bob: User) -> None:
    reply(bob, thread, "It is loud.")
    assert shown(member) == ["1"]
    member.get(page_url(thread))
    read_notes()
    assert shown(member) == []
    assert "New</span>" not in member.get("/notifications/").content.decode()


def test_reading_a_conversation_does_so_too(ada: User, bob: User) -> None:
    url = begun(ada, "Bob")
    member = signed_in(bob)
    assert shown(member) == ["1"]
    member.get(url)
    read_notes()
    assert shown(member) == []
    answers(ada, url, "Well?")
    assert shown(member) == ["1"], "what is new is told again"


def test_what_stands_on_a_later_page_is_not_read_yet(thread: Thread, member: Client, bob: User) -> None:
    for _ in range(21):
        reply(bob, thread)
    member.get(page_url(thread))
    read_notes()
    assert shown(member) == ["1"]
    member.get(page_url(thread, 2))
    read_notes()
    assert shown(member) == []


def test_other_threads_and_likes_stay_as_they_are(
    thread: Thread, member: Client, aws: Forum, ada: User, bob: User
) -> None:
    other = start_thread(ada, aws, "Kettles")
    reply(bob, other)
    reply(bob, thread)
    signed_in(bob).post(f"/f/aws/{thread.id}/1/like/", {"on": "1"})
    before = shown(member)
    member.get(page_url(thread))
    read_notes()
    assert (before, shown(member)) == (["3"], ["2"])


def test_answering_is_reading(thread: Thread, member: Client, ada: User, bob: User) -> None:
    reply(bob, thread)
    reply(ada, thread)
    read_notes()
    assert shown(member) == []


def test_no_mail_is_sent_of_it(thread: Thread, member: Client, ada: User, bob: User) -> None:
    EmailAddress.objects.create(user=ada, email=ada.email, verified=True, primary=True)
    reply(bob, thread)
    member.get(page_url(thread))
    assert sent() == []
    reply(bob, thread)
    assert len(sent()) == 1


def test_the_page_itself_writes_nothing_and_asks_nothing_more(thread: Thread, member: Client, bob: User) -> None:
    member.get("/")
    reply(bob, thread)
    member.get("/")
    with cost() as spent:
        member.get(page_url(thread))
    assert not [call for call in spent.dynamodb.calls if "Write" in call or call in ("PutItem", "UpdateItem")]
    assert spent.redis <= 4
