"""Editing, deleting and reporting a private message, its images, and what an open conversation is told."""

import io
import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from PIL import Image

from forum import jobs
from forum.actions import exporting, leaving, reporting
from forum.models import BlockedText, Forum, Upload, UploadUse, User
from forum.permissions import FOREVER
from forum.tables import cases, members
from forum.tables.moderation import Record, message_subject
from forum.told import sentence
from tests.helpers import cost, make_member, renew, signed_in, token

pytestmark = pytest.mark.django_db(transaction=True)

QUEUE = "/admin/moderation/queue/"


@pytest.fixture
def carol(site: None) -> User:
    return make_member("carol", trust=1)


@pytest.fixture
def url(ada: User, bob: User) -> str:
    """The address of a conversation of Ada's with Bob, who has written in it, too."""
    sent = {"to": "Bob", "title": "Zephyrine plans", "body": "Shall we meet?", "token": token(ada)}
    url = signed_in(ada).post("/messages/new/", sent)["Location"]
    says(bob, url, "Buy my watches, \nquixotic and cheap.")
    return str(url)


def says(user: User, url: str, body: str, **more: Any) -> None:
    assert signed_in(user).post(url, {"body": body, "token": token(user), **more}).status_code == 302


def text(user: User, url: str, status: int = 200) -> str:
    answer = signed_in(user).get(url)
    assert answer.status_code == status, (url, answer.status_code)
    return answer.content.decode()


def edits(user: User, url: str, number: int, body: str, revision: int = 1, **more: Any) -> HttpResponse:
    return signed_in(user).post(f"{url}{number}/edit/", {"body": body, "revision": revision, **more})


class TestEditing:
    def test_changes_ones_own_message_and_all_who_take_part_see_how(self, url: str, ada: User, bob: User) -> None:
        assert f'href="{url}2/edit/"' in text(bob, url) and f'href="{url}1/edit/"' not in text(bob, url)
        assert "quixotic and cheap." in text(bob, f"{url}2/edit/")
        answer = edits(bob, url, 2, "Shall we meet\nat noon?")
        assert answer.status_code == 302 and answer["Location"] == f"{url}?page=1#message-2"
        shown = text(ada, url)
        assert "at noon?" in shown and "quixotic" not in shown and f'href="{url}2/history/"' in shown
        history = text(ada, f"{url}2/history/")
        assert "<del>quixotic and cheap.</del>" in history and "<ins>at noon?</ins>" in history
        assert "Nobody has changed this message." in text(ada, f"{url}1/history/")

    def test_of_a_text_that_has_changed_shows_both(self, url: str, bob: User) -> None:
        assert edits(bob, url, 2, "The faster one.").status_code == 302
        answer = edits(bob, url, 2, "The slower one.")
        shown = answer.content.decode()
        assert answer.status_code == 409 and "The faster one." in shown and "The slower one." in shown
        assert "This message changed while you were writing" in shown and 'name="revision" value="2"' in shown
        assert edits(bob, url, 2, "Both of them.", revision=2).status_code == 302
        assert "Both of them." in text(bob, url) and text(bob, f"{url}2/history/").count("history-step") == 2

    def test_by_nobody_else(self, url: str, ada: User, mod: User, carol: User) -> None:
        for user, status in ((ada, 403), (mod, 404), (carol, 404)):
            for act in ("edit", "delete"):
                assert signed_in(user).get(f"{url}2/{act}/").status_code == status
                answer = signed_in(user).post(f"{url}2/{act}/", {"body": "Not mine.", "revision": 1})
                assert answer.status_code == status and "quixotic" not in answer.content.decode()
        assert "quixotic" in text(ada, url)

    @pytest.mark.parametrize("body", ["", " \u200b", "x" * 40_001, "spamword"])
    def test_to_what_no_message_may_be_keeps_the_text(self, body: str, url: str, bob: User) -> None:
        BlockedText.objects.create(text="spamword")
        renew()
        answer = edits(bob, url, 2, body)
        assert answer.status_code == 422 and (not body.strip() or body[:50] in answer.content.decode())
        assert "quixotic" in text(bob, url)

    @pytest.mark.parametrize("number", ["3", "99", "0", "x"])
    def test_what_there_is_not(self, number: str, url: str, bob: User) -> None:
        for act in ("edit", "delete", "report", "history"):
            assert signed_in(bob).get(f"{url}{number}/{act}/").status_code == 404

    def test_costs_one_transaction(self, url: str, bob: User) -> None:
        member = signed_in(bob)
        member.get(url)
        with cost() as spent:
            member.post(f"{url}2/edit/", {"body": "Other words.", "revision": 1})
        assert spent.dynamodb.calls == ["GetItem", "Query", "TransactWriteItems"]

    def test_while_silenced_is_refused(self, url: str, bob: User) -> None:
        bob.silenced_until = FOREVER
        bob.save()
        assert edits(bob, url, 2, "Let me.").status_code == 403

    def test_is_previewed_and_drafted(self, url: str, bob: User) -> None:
        shown = edits(bob, url, 2, "**Bold**", preview="1").content.decode()
        assert "<strong>Bold</strong>" in shown and "quixotic" in text(bob, url)
        assert signed_in(bob).post("/drafts/", {"path": f"{url}2/edit/", "text": "Half a thought"}).status_code == 204


class TestDeleting:
    def test_leaves_nothing_of_it_but_its_place(self, url: str, ada: User, bob: User) -> None:
        edits(bob, url, 2, "A velvet harpsichord.")
        assert "Delete message #2?" in text(bob, f"{url}2/delete/")
        assert signed_in(bob).post(f"{url}2/delete/")["Location"] == f"{url}?page=1#message-2"
        shown = text(ada, url)
        assert "This message was deleted by its author." in shown and 'id="message-2"' in shown
        assert "harpsichord" not in text(ada, f"{url}2/history/") + text(ada, f"{url}?quote=2")
        stored = json.dumps([item.attribute_values for item in members.Item.query(f"TALK#{talk_of(url)}")], default=str)
        assert "quixotic" not in stored and "harpsichord" not in stored
        assert signed_in(bob).post(f"{url}2/delete/").status_code == 409
        assert edits(bob, url, 2, "Back again.", revision=3).status_code == 409

    def test_what_says_that_somebody_left_is_nobodys_message(self, url: str, ada: User, bob: User) -> None:
        signed_in(bob).post(f"{url}leave/", {"token": token(bob)})
        assert signed_in(ada).post(f"{url}3/delete/").status_code == 403


# -- Reporting ------------------------------------------------------------------------------------


def talk_of(url: str) -> str:
    return url.split("/")[2]


def report(user: User, url: str, number: int = 2, kind: str = "Spam") -> None:
    assert signed_in(user).post(f"{url}{number}/report/", {"kind": kind}).status_code == 302


def the_case(url: str, number: int = 2) -> Record:
    return cases.get_case(message_subject(talk_of(url), number))


def decides(user: User, url: str, act: str, reason: str = "", number: int = 2) -> HttpResponse:
    case = the_case(url, number)
    sent = {"subject": case.subject, "seen": reporting.seen_as(case), "forum_of": "~messages"}
    return signed_in(user).post(QUEUE, {**sent, "act": act, "reason": reason}, follow=True)


def notes(user: User) -> str:
    found = members.Item.query(str(user.pk), members.Item.item.startswith(members.NOTE), consistent_read=True)
    return " | ".join(f"{note.kind}: {sentence(note)} {note.url}" for note in found)


class TestReporting:
    def test_says_what_it_lets_moderators_read(self, url: str, ada: User) -> None:
        assert f'href="{url}2/report/"' in text(ada, url) and f'href="{url}1/report/"' not in text(ada, url)
        page = text(ada, f"{url}2/report/")
        assert "let the moderators of the site read this one message" in page and "quixotic" in page
        answer = signed_in(ada).post(f"{url}2/report/", {"kind": "Something else"})
        assert answer.status_code == 422 and "Please say in a few words" in answer.content.decode()

    def test_shows_that_one_message_in_the_queue_and_nothing_else(
        self, url: str, ada: User, bob: User, mod: User
    ) -> None:
        assert "Nothing waits." in text(mod, QUEUE)
        report(ada, url)
        page = text(mod, QUEUE)
        assert "quixotic and cheap." in page and "A private message" in page and "1 report · Messages" in page
        assert "Bob" in page and "Spam" in page
        assert "Zephyrine" not in page and "Shall we meet" not in page and url not in page
        assert signed_in(mod).get(url).status_code == 404

    def test_is_for_those_who_moderate_everything_alone(self, url: str, ada: User, aws: Forum, carol: User) -> None:
        group = Group.objects.create(name="hands")
        aws.moderator_groups.add(group)
        carol.groups.add(group)
        renew()
        report(ada, url)
        assert "quixotic" not in text(carol, QUEUE) and "Nothing waits." in text(carol, QUEUE)
        assert decides(carol, url, "agree", "Spam it is.").status_code == 404
        assert "quixotic" in text(ada, url)

    def test_agreed_with_hides_it_and_both_are_told(self, url: str, ada: User, bob: User, mod: User) -> None:
        report(ada, url)
        assert (
            "The message is hidden and the case is closed."
            in decides(mod, url, "agree", "Spam it is.").content.decode()
        )
        for user in (ada, bob):
            shown = text(user, url)
            assert "hidden by a moderator. The reason: <bdi>Spam it is." in shown and "quixotic" not in shown
        assert "agree: Thank you for your report: a moderator agreed, and the message is hidden." in notes(ada)
        assert f"Spam it is. {url}2/" in notes(bob) and "Nothing waits." in text(mod, QUEUE)
        assert edits(bob, url, 2, "Cheaper still.", 2).status_code == 409
        assert signed_in(bob).post(f"{url}2/delete/").status_code == 409
        assert signed_in(ada).get(f"{url}2/").headers["Location"] == f"{url}?page=1#message-2"

    @pytest.mark.parametrize(("act", "told"), [("disagree", "lets it stand"), ("ignore", "closed the report")])
    def test_otherwise_leaves_it(self, act: str, told: str, url: str, ada: User, bob: User, mod: User) -> None:
        report(ada, url)
        assert decides(mod, url, act).status_code == 200
        assert "quixotic" in text(ada, url) and told in notes(ada) and "hidden" not in notes(bob)

    def test_decided_leaves_no_text_with_the_moderators(self, url: str, ada: User, mod: User) -> None:
        report(ada, url)
        subject = message_subject(talk_of(url), 2)
        assert any("quixotic" in (record.body or "") for record in Record.query(subject))
        decides(mod, url, "ignore")
        kept = list(Record.query(subject))
        assert len(kept) == 3 and all(record.body is None for record in kept), "the case, the report, what was decided"

    def test_can_be_claimed_and_left(self, url: str, ada: User, mod: User) -> None:
        other = make_member("mod2", is_staff=True)
        report(ada, url)
        assert "This case is yours." in decides(mod, url, "claim").content.decode()
        answer = decides(other, url, "agree", "Spam it is.")
        assert answer.status_code == 409 and "is at this case" in answer.content.decode()
        assert "quixotic" in text(ada, url)
        decides(mod, url, "release")
        assert "is hidden" in decides(other, url, "agree", "Spam it is.").content.decode()

    def test_twice_by_one_is_once_and_by_two_shows_both_texts(
        self, url: str, ada: User, bob: User, carol: User, mod: User
    ) -> None:
        signed_in(ada).post(f"{url}people/", {"to": "carol", "token": token(ada)})
        says(bob, url, "An ombudsman zeppelin.")
        report(ada, url, 4)
        assert signed_in(ada).post(f"{url}4/report/", {"kind": "Spam"}).status_code == 409
        edits(bob, url, 4, "An innocent balloon.")
        report(carol, url, 4, "Offensive")
        page = text(mod, QUEUE)
        assert "zeppelin" in page and "balloon" in page and "2 reports" in page

    def test_outlives_that_its_author_deletes_it(self, url: str, ada: User, bob: User, mod: User) -> None:
        report(ada, url)
        signed_in(bob).post(f"{url}2/delete/")
        assert "quixotic" in text(mod, QUEUE)
        assert "The case is closed." in decides(mod, url, "agree", "Spam it is.").content.decode()
        assert "deleted by its author" in text(ada, url)

    def test_is_not_for_ones_own_nor_for_what_one_may_not_read(
        self, url: str, ada: User, bob: User, carol: User, mod: User
    ) -> None:
        for user, number, status in ((bob, 2, 403), (carol, 2, 404), (mod, 2, 404)):
            for answer in (
                signed_in(user).get(f"{url}{number}/report/"),
                signed_in(user).post(f"{url}{number}/report/", {"kind": "Spam"}),
            ):
                assert answer.status_code == status
        signed_in(ada).post(f"{url}people/", {"to": "carol", "token": token(ada)})
        assert signed_in(carol).get(f"{url}2/report/").status_code == 404, "written before carol took part"
        assert signed_in(carol).get(f"{url}2/history/").status_code == 404
        assert signed_in(carol).get(f"{url}3/report/").status_code == 403, "nobody wrote that"

    def test_is_in_the_log_for_staff_and_in_no_public_one(
        self, url: str, ada: User, mod: User, aws: Forum, settings: Any
    ) -> None:
        settings.PUBLIC_MODERATION_LOG = True
        report(ada, url)
        decides(mod, url, "agree", "Spam it is.")
        log = text(mod, "/admin/log/?forum=~messages")
        assert "message 2" in log and "Spam it is." in log and "quixotic" not in log
        public = Client().get("/moderation-log/").content.decode()
        assert "Spam it is." not in public and "message 2" not in public

    def test_keeps_no_name_of_who_leaves_without_one(self, url: str, ada: User, bob: User, mod: User) -> None:
        report(ada, url)
        job = leaving.start_leaving(bob, leaving.ANONYMISE)
        bob.is_active = False
        bob.save()
        jobs.run(job.pk, seconds=60)
        assert all(record.member_id != str(bob.pk) for record in Record.query(message_subject(talk_of(url), 2)))
        assert "former member" in text(mod, QUEUE) and "hidden" in decides(mod, url, "agree", "Spam.").content.decode()

    def test_keeps_no_text_of_who_leaves_with_all_of_it(self, url: str, ada: User, bob: User) -> None:
        edits(bob, url, 2, "A velvet harpsichord.")
        report(ada, url)
        job = leaving.start_leaving(bob, leaving.DELETE)
        bob.is_active = False
        bob.save()
        jobs.run(job.pk, seconds=60)
        left = [*members.Item.query(f"TALK#{talk_of(url)}"), *Record.query(message_subject(talk_of(url), 2))]
        stored = json.dumps([item.attribute_values for item in left], default=str)
        assert "quixotic" not in stored and "harpsichord" not in stored

    def test_what_is_hidden_stays_in_its_authors_export(self, url: str, ada: User, bob: User, mod: User) -> None:
        report(ada, url)
        decides(mod, url, "agree", "Spam it is.")
        assert "quixotic" in json.dumps(exporting.account(str(bob.pk))["messages"])


# -- Images ---------------------------------------------------------------------------------------


def picture() -> SimpleUploadedFile:
    content = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(content, "PNG")
    return SimpleUploadedFile("cat.png", content.getvalue(), "image/png")


def status(user: User | None, image: str) -> int:
    return (signed_in(user) if user else Client()).get(image).status_code


class TestImages:
    @pytest.fixture
    def image(self, url: str, ada: User) -> str:
        """The address of an image that Ada has sent along, as message 3."""
        says(ada, url, "Look:", images=[picture()])
        return str(re.search(r"/i/[0-9a-f]{32}-40x30\.webp", text(ada, url))[0])  # type: ignore[index]

    def test_are_for_who_takes_part_alone(
        self, image: str, url: str, ada: User, bob: User, carol: User, mod: User
    ) -> None:
        assert image in text(bob, url)
        assert [status(who, image) for who in (ada, bob, carol, mod, None)] == [200, 200, 404, 404, 404]
        answer = signed_in(bob).get(image)
        assert "private" in answer["Cache-Control"] and answer["Content-Type"] == "image/webp"

    def test_are_not_for_who_joined_later_or_has_left(
        self, image: str, url: str, ada: User, bob: User, carol: User
    ) -> None:
        signed_in(ada).post(f"{url}people/", {"to": "carol", "token": token(ada)})
        assert status(carol, image) == 404
        signed_in(bob).post(f"{url}leave/", {"token": token(bob)})
        assert status(bob, image) == 404

    def test_come_with_a_new_conversation_and_with_an_edit(self, url: str, ada: User, bob: User) -> None:
        sent = {"to": "Bob", "title": "Cats", "body": "One.", "token": token(ada), "images": [picture()]}
        begun = signed_in(ada).post("/messages/new/", sent)["Location"]
        assert edits(bob, url, 2, "Mine.", images=[picture()]).status_code == 302
        for page, reader in ((begun, bob), (url, ada)):
            found = re.search(r"/i/[0-9a-f-]+x30\.webp", text(reader, page))
            assert found and status(reader, found[0]) == 200

    def test_go_with_their_message_and_with_the_conversation(self, image: str, url: str, ada: User, bob: User) -> None:
        signed_in(ada).post(f"{url}3/delete/")
        assert status(bob, image) == 404 and Upload.objects.get().expires is not None
        says(ada, url, "Again:", images=[picture()])
        for user in (ada, bob):
            signed_in(user).post(f"{url}leave/", {"token": token(user)})
        assert UploadUse.objects.count() == 0


# -- Open pages -----------------------------------------------------------------------------------


class TestAnOpenConversation:
    def told(self, user: User, url: str) -> dict[str, Any]:
        answer = signed_in(user).get(f"{url}live/")
        assert answer.status_code == 200 and answer["Content-Type"].startswith("application/json")
        return dict(answer.json())

    def test_is_told_what_its_page_shows(self, url: str, ada: User, bob: User) -> None:
        page, now = text(bob, url), self.told(bob, url)
        assert f'data-live="{url}live/" data-last="{now["last"]}" data-head="{now["head"]}"' in page
        shown = dict(re.findall(r'id="message-(\d+)" data-revision="(\d+)"', page))
        assert shown == {number: str(revision) for number, revision in now["posts"].items()} and now["last"] == 2

    @pytest.mark.parametrize("act", ["reply", "edit", "delete", "hide", "join", "leave"])
    def test_is_told_of_what_happens_at_once(
        self, act: str, url: str, ada: User, bob: User, carol: User, mod: User
    ) -> None:
        before = self.told(ada, url)
        if act == "reply":
            says(bob, url, "Still there?")
        elif act == "hide":
            report(ada, url)
            decides(mod, url, "agree", "Spam it is.")
        elif act == "join":
            signed_in(bob).post(f"{url}people/", {"to": "carol", "token": token(bob)})
        else:
            signed_in(bob).post(
                f"{url}{'2/' * (act != 'leave')}{act}/", {"body": "x", "revision": 1, "token": token(bob)}
            )
        now = self.told(ada, url)
        assert (now["last"], now["posts"]) != (before["last"], before["posts"])
        assert (now["head"] != before["head"]) == (act in ("join", "leave"))

    def test_costs_no_look_into_a_database_while_nothing_happens(self, url: str, ada: User, bob: User) -> None:
        member = signed_in(ada)
        tag = [member.get(f"{url}live/") for _ in range(2)][1]["ETag"]
        with cost() as spent:
            answer = member.get(f"{url}live/", headers={"If-None-Match": tag})
        assert answer.status_code == 304 and answer.content == b""
        assert spent.dynamodb.calls == [] and spent.sql == 0 and spent.redis <= 1
        says(bob, url, "Still there?")
        assert member.get(f"{url}live/", headers={"If-None-Match": tag}).status_code == 200

    def test_is_nobodys_but_the_readers_own(self, url: str, ada: User, bob: User, carol: User, mod: User) -> None:
        answer = signed_in(ada).get(f"{url}live/")
        assert "private" in answer["Cache-Control"] and "X-Cache" not in answer
        for user in (carol, mod):
            for headers in ({}, {"If-None-Match": answer["ETag"]}):
                assert signed_in(user).get(f"{url}live/", headers=headers).status_code == 404
        assert Client().get(f"{url}live/", headers={"If-None-Match": answer["ETag"]}).status_code == 302
        signed_in(ada).post(f"{url}leave/", {"token": token(ada)})
        assert signed_in(ada).get(f"{url}live/", headers={"If-None-Match": answer["ETag"]}).status_code == 404

    def test_has_not_read_what_its_page_fetched_by_itself(self, url: str, ada: User, bob: User) -> None:
        text(ada, url)
        says(bob, url, "Still there?")
        signed_in(ada).get(url, headers={"X-Requested-With": "renewal"})
        assert "1 new" in text(ada, "/messages/")

    @pytest.mark.parametrize("page", ["2", "0", "x"])
    def test_has_no_other_pages(self, page: str, url: str, ada: User) -> None:
        assert signed_in(ada).get(f"{url}live/?page={page}").status_code == 404
