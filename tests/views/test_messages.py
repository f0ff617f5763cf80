"""Messages as members write and read them: who can be written to, what they are told, and leaving."""

import re
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from forum import jobs, mail
from forum.actions import exporting, leaving
from forum.models import BlockedText, User
from forum.permissions import FOREVER
from forum.tables import talks
from forum.tables.members import Item
from tests.helpers import cost, make_member, reader, signed_in, token

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def carol(site: None) -> User:
    return make_member("carol", trust=1)


def writes(user: User, to: str, title: str = "Plans", body: str = "Shall we meet?") -> HttpResponse:
    return signed_in(user).post("/messages/new/", {"to": to, "title": title, "body": body, "token": token(user)})


def begun(user: User, to: str, **more: str) -> str:
    """The address of a new conversation."""
    answer = writes(user, to, **more)
    assert answer.status_code == 302, answer.content.decode()
    return answer["Location"]


def answers(user: User, url: str, body: str = "Yes.") -> HttpResponse:
    return signed_in(user).post(url, {"body": body, "token": token(user)})


def text(user: User | Client, url: str = "/messages/") -> str:
    return (user if isinstance(user, Client) else signed_in(user)).get(url).content.decode()


def notes(user: User) -> list[str]:
    return re.findall(r'href="[^"]*" rel="nofollow">([^<]*“[^<]*)</a>', text(user, "/notifications/"))


class TestAConversation:
    def test_is_begun_from_a_members_page_and_answered(self, ada: User, bob: User) -> None:
        way = re.search(r'href="(/messages/new/\?member=\d+)"', text(ada, "/u/Bob/"))[1]
        assert 'value="Bob"' in text(ada, way) and "/messages/new/" not in text(ada, "/u/ada/")
        assert "/messages/new/?member" not in text(Client(), "/u/Bob/")
        url = begun(ada, "Bob")
        assert "Shall we meet?" in text(bob, url)
        answer = answers(bob, url)
        assert answer.status_code == 302 and answer["Location"] == f"{url}?page=1#message-2"
        shown = text(ada, url)
        assert shown.index("Shall we meet?") < shown.index("Yes.")

    def test_is_listed_with_what_is_new(self, ada: User, bob: User, carol: User) -> None:
        first, second = begun(ada, "Bob", title="First"), begun(carol, "@bob, Ada", title="Second")
        listed = text(bob)
        assert listed.index("Second") < listed.index("First") and listed.count("1 new") == 2
        text(bob, second)
        assert text(bob).count("1 new") == 1
        answers(ada, first)
        listed = text(bob)
        assert listed.index("First") < listed.index("Second") and "2 new" in listed
        assert "new</span>" not in text(carol), "what she wrote herself"

    def test_costs_little(self, ada: User, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
        # What has been read is noted every five seconds, and the account is read again then.
        monkeypatch.setattr("forum.cache.local.also", [])
        url = begun(ada, "Bob")
        member = signed_in(bob)
        text(member), text(member, url)
        with cost() as spent:
            text(member)
        assert (spent.dynamodb.calls, spent.sql) == (["Query"], 1)
        with cost() as spent:
            text(member, url)
        assert spent.dynamodb.calls == ["GetItem", "GetItem", "Query"] and spent.sql == 1, "with the draft of the reply"

    def test_has_pages_and_a_line_where_the_new_begins(self, ada: User, bob: User, settings: Any) -> None:
        url = begun(ada, "Bob")
        text(bob, url)
        for number in range(2, 24):
            answers(ada, url, f"Number {number}.")
        assert "Number 23." in text(bob, url) and "Number 20." in text(bob, f"{url}?page=1")
        assert "Number 20." not in text(bob, url)
        for page in ("3", "0", "x", "-1"):
            assert signed_in(bob).get(f"{url}?page={page}").status_code == 404, page
        answers(ada, url, "The last.")
        assert "New since your last visit" in text(bob, url) and "New since your last visit" not in text(bob, url)

    def test_that_is_read_is_listed_with_the_way_to_its_newest_message(self, ada: User, bob: User) -> None:
        url = begun(ada, "Bob")
        for number in range(2, 21):
            answers(ada, url, f"Number {number}.")
        assert f'href="{url}?page=1#message-1"' in text(bob)
        text(bob, url)
        assert f'href="{url}?page=1#message-20"' in text(bob), "the page is full, and there is no second one yet"
        answers(ada, url, "Number 21.")
        assert f'href="{url}?page=2#message-21"' in text(bob)

    def test_quotes(self, ada: User, bob: User) -> None:
        url = begun(ada, "Bob", body="One\ntwo")
        assert "**ada**:\n\n&gt; One\n&gt; two" in text(bob, f"{url}?quote=1")
        for number in ("2", "0", "x", "1" * 30, "²"):
            assert signed_in(bob).get(f"{url}?quote={number}").status_code == 200, number

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"to": ""}, "The list of names is empty"),
            ({"to": "nobody-here"}, "There is no member called “nobody-here”"),
            ({"to": "ada"}, "Please say to whom"),
            ({"to": ",".join(f"name{number}" for number in range(25))}, "at most 20 members"),
            ({"title": ""}, "The title is empty"),
            ({"body": " "}, "The text is empty"),
        ],
    )
    def test_that_cannot_be_is_refused_and_the_text_stays(
        self, ada: User, bob: User, fields: dict[str, str], said: str
    ) -> None:
        answer = writes(ada, **{"to": "Bob", "body": "Kept words.", **fields})
        shown = answer.content.decode()
        assert answer.status_code == 422 and said in shown and ("Kept words." in shown or "body" in fields)
        assert talks.list_talks(str(ada.pk), 9) == []

    def test_is_previewed_and_drafted(self, ada: User, bob: User) -> None:
        fields = {"to": "Bob", "title": "Plans", "body": "**Bold**", "token": token(ada), "preview": "1"}
        assert "<strong>Bold</strong>" in signed_in(ada).post("/messages/new/", fields).content.decode()
        url = begun(ada, "Bob")
        draft = {"path": url, "text": "Half a thought"}
        assert signed_in(bob).post("/drafts/", draft).status_code == 204
        assert "Half a thought" in text(bob, url) and "A message" in text(bob, "/drafts/")

    def test_sent_twice_is_one(self, ada: User, bob: User) -> None:
        url, fields = begun(ada, "Bob"), {"body": "Once.", "token": token(bob)}
        for _ in range(2):
            assert signed_in(bob).post(url, fields).status_code == 302
        assert text(ada, url).count("Once.") == 1


class TestWhoIsTold:
    def test_is_told_once_until_it_is_read_and_by_mail_without_the_words(self, ada: User, bob: User) -> None:
        url = begun(ada, "Bob", body="Secret words")
        answers(ada, url, "More of it")
        assert notes(bob) == ["wrote to you in “Plans”"] and notes(ada) == []
        note = next(item for item in Item.query(str(bob.pk)) if item.item.startswith("NOTE#"))
        assert note.kind == "message" and mail.kind_of(note) == "message"
        line = mail._line(mail.Member(bob, reader(bob), None, None), note, {str(ada.pk): "ada"})
        assert line.words == "ada wrote to you in “Plans”" and "Secret" not in f"{line}" and line.url.startswith(url)

    def test_is_not_who_has_muted_it_or_ignores_the_writer(self, ada: User, bob: User, carol: User) -> None:
        url = begun(ada, "Bob, carol")
        signed_in(bob).post(f"{url}mute/", {"on": "1"})
        signed_in(carol).post(f"/members/{ada.pk}/ignore/", {"on": "1"})
        for user in (bob, carol):
            newest = re.search(r'name="newest" value="([^"]+)"', text(user, "/notifications/"))
            if newest:
                signed_in(user).post("/notifications/read/", {"newest": newest[1]})
        answers(ada, url, "Unheard.")
        assert 'class="note is-unread"' not in text(bob, "/notifications/") + text(carol, "/notifications/")
        assert "muted</span>" in text(bob) and "Message by an ignored member" in text(carol, url)
        signed_in(bob).post(f"{url}mute/", {"on": "0"})
        answers(ada, url, "Heard.")
        assert 'class="note is-unread"' in text(bob, "/notifications/")
        assert signed_in(bob).post(f"{url}mute/", {"on": "x"}).status_code == 400


class TestWhoCanBeWrittenTo:
    def test_says_their_settings(self, ada: User, bob: User, carol: User, mod: User) -> None:
        def takes(whom: str) -> None:
            sent = {"mail": "each", "kinds": ["reply"], "takes_messages": whom}
            assert signed_in(bob).post("/settings/notifications/", sent).status_code == 302

        takes("above new")
        assert writes(ada, "Bob").status_code == 422 and writes(carol, "Bob").status_code == 302
        takes("nobody")
        assert (
            writes(carol, "Bob").status_code == 422
            and "takes no messages from you" in writes(carol, "Bob").content.decode()
        )
        mod.is_superuser = True
        mod.save()
        assert writes(mod, "Bob").status_code == 302, "who moderates members reaches everybody"
        takes("everybody")
        assert writes(ada, "Bob").status_code == 302

    def test_folds_and_does_not_count_what_one_writes_whom_the_reader_ignores(
        self, ada: User, bob: User, carol: User
    ) -> None:
        alone, several = begun(ada, "Bob", title="Us two"), begun(ada, "Bob, carol", title="All of us")
        for url in (alone, several):
            text(bob, url)
            answers(ada, url, "Listen to me.")
        answers(carol, several, "Hello.")
        assert "1 new</span>" in text(bob) and "2 new</span>" in text(bob)
        assert "They do not learn of it" not in text(bob, f"/members/{ada.pk}/ignore/")
        signed_in(bob).post(f"/members/{ada.pk}/ignore/", {"on": "1"})
        assert re.findall(r"(\d) new</span>", text(bob)) == ["1"], "what carol has written"
        folded = re.findall(r'<details class="ignored-post"><summary>.*?</details>', text(bob, several), re.DOTALL)
        assert len(folded) == 2 and "Listen to me." in folded[1] and "Hello." not in "".join(folded)

    def test_says_whom_they_ignore_without_saying_so(self, ada: User, bob: User) -> None:
        signed_in(bob).post(f"/members/{ada.pk}/ignore/", {"on": "1"})
        answer = writes(ada, "Bob")
        assert answer.status_code == 422 and "ignor" not in answer.content.decode().lower()

    def test_depends_on_trust_and_the_text_is_kept(self, ada: User, bob: User, carol: User, settings: Any) -> None:
        settings.NEW_MEMBER_CONVERSATIONS_PER_DAY = 2
        assert [writes(ada, "Bob").status_code for _ in range(3)] == [302, 302, 429]
        assert "Kept words" in writes(ada, "Bob", body="Kept words").content.decode()
        assert [writes(carol, "Bob").status_code for _ in range(3)] == [302] * 3
        settings.NEW_MEMBER_CONVERSATIONS_PER_DAY = 0
        assert signed_in(bob).get("/messages/new/").status_code == 403
        assert answers(bob, begun(carol, "Bob")).status_code == 302, "to answer is not to begin"

    def test_and_what_no_post_may_hold_no_message_may(self, ada: User, bob: User, carol: User) -> None:
        for answer in BlockedText.Answer.values:
            BlockedText.objects.create(text=f"word{answer}", answer=answer)
        for answer in BlockedText.Answer.values:
            assert writes(carol, "Bob", body=f"word{answer}").status_code == 422

    def test_nor_writes_who_is_silenced(self, ada: User, bob: User) -> None:
        url = begun(bob, "ada")
        ada.silenced_until = FOREVER
        ada.save()
        assert writes(ada, "Bob").status_code == answers(ada, url).status_code == 403
        assert "Shall we meet?" in text(ada, url)


class TestComingAndGoing:
    def test_who_is_added_reads_from_then_on(self, ada: User, bob: User, carol: User) -> None:
        url = begun(ada, "Bob", body="Before.")
        added = signed_in(bob).post(f"{url}people/", {"to": "carol", "token": token(bob)})
        assert added.status_code == 302
        answers(ada, url, "After.")
        shown = text(carol, url)
        assert "After." in shown and "lets carol take part" in shown and "Before." not in shown
        assert notes(carol) and "Plans" in text(carol)
        for to, said in (("carol", "take part already"), ("nobody-here", "no member called"), ("", "is empty")):
            answer = signed_in(bob).post(f"{url}people/", {"to": to, "token": token(bob)})
            assert answer.status_code == 422 and said in answer.content.decode()

    def test_who_wants_to_leave_by_an_old_form_is_promised_no_text(self, ada: User, bob: User) -> None:
        url = begun(ada, "Bob")
        answer = signed_in(bob).post(f"{url}leave/", {"token": "old"})
        assert answer.status_code == 409 and "reload it" in answer.content.decode()
        assert "Here is your text" not in answer.content.decode()

    def test_who_leaves_reads_nothing_more_and_the_others_go_on(self, ada: User, bob: User) -> None:
        url = begun(ada, "Bob")
        assert "Leave this conversation?" in text(bob, f"{url}leave/")
        assert signed_in(bob).post(f"{url}leave/", {"token": token(bob)})["Location"] == "/messages/"
        assert signed_in(bob).get(url).status_code == 404 and "Plans" not in text(bob)
        assert "has left the conversation" in text(ada, url) and answers(ada, url).status_code == 302
        signed_in(ada).post(f"{url}leave/", {"token": token(ada)})
        assert list(Item.query(f"TALK#{url.split('/')[2]}")) == [], "nobody can read it any more"
        assert "Plans" not in text(ada)

    def test_what_a_suspended_member_wrote_is_not_shown_meanwhile(self, ada: User, bob: User) -> None:
        url = begun(bob, "ada", body="Cheap watches")
        bob.suspended_until = FOREVER
        bob.save()
        assert "Cheap watches" not in text(ada, url) + text(ada, f"{url}?quote=1") and "suspended" in text(ada, url)
        bob.suspended_until = timezone.now()
        bob.save()
        assert "Cheap watches" in text(ada, url)

    @pytest.mark.parametrize("choice", [leaving.KEEP, leaving.ANONYMISE, leaving.DELETE])
    def test_who_closes_the_account_takes_part_no_longer(self, ada: User, bob: User, choice: str) -> None:
        url = begun(bob, "ada", body="What Bob wrote.")
        answers(ada, url, "What Ada wrote.")
        exported = exporting.account(str(bob.pk))["messages"]
        assert [each["text"] for each in exported] == ["What Bob wrote."]
        readable = dict(exporting.files(str(bob.pk)))["messages.md"]
        assert "What Bob wrote." in readable and "What Ada wrote." not in readable
        job = leaving.start_leaving(bob, choice)
        bob.is_active = False
        bob.save()
        jobs.run(job.pk, seconds=60)
        shown = text(ada, url)
        assert ("What Bob wrote." in shown) == (choice != leaving.DELETE) and "What Ada wrote." in shown
        assert "former member" in shown and list(Item.query(str(bob.pk))) == []
        stored = {item.by for item in Item.query(f"TALK#{url.split('/')[2]}")}
        assert (str(bob.pk) in stored) == (choice == leaving.KEEP or choice == leaving.DELETE)
