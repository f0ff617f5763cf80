"""Taking one's data along, and leaving: keep, anonymise or delete the posts, also when that is killed anywhere."""

import json
import re
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from forum import jobs
from forum.actions import exporting, leaving, members, notes
from forum.models import BlockedText, Forum, Job, User
from forum.tables import base, cases, posts, schema, threads
from forum.tables.members import Item
from forum.tables.moderation import list_records, post_subject
from forum.tables.posts import Post
from forum.tables.threads import Thread
from tests.dying import every_death, jobs_go_on
from tests.helpers import make_forum, make_member, page_url, renew, reply, signed_in, start_thread, token

PASSWORD = "correct horse"
EXPORT = "/settings/export/"


def text(response: Any) -> str:
    return str(response.content.decode())


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    """Small batches, a folder of its own, and nobody writes too fast."""
    monkeypatch.setattr(leaving, "POSTS_A_PART", 3)
    monkeypatch.setattr(leaving, "POSTS_A_STEP", 3)
    settings.EXPORTS_DIR = tmp_path / "exports"
    settings.POSTS_PER_HOUR = settings.NEW_MEMBER_POSTS_PER_HOUR = 0


def head_of(thread: Thread) -> Thread:
    return threads.get_thread(thread.forum, thread.id)


def post_of(thread: Thread, number: int) -> Post:
    return posts.get_post(thread.id, number)


def close(user: User, choice: str) -> Any:
    answer = signed_in(user).post("/settings/close/", {"password": PASSWORD, "posts": choice}, follow=True)
    jobs_go_on()
    return answer


# -- Export ---------------------------------------------------------------------------------------


class TestTheExport:
    def ask(self, user: User) -> Client:
        client = signed_in(user)
        assert client.post(EXPORT).status_code == 302
        jobs_go_on()
        return client

    def fetch(self, client: Client) -> zipfile.ZipFile:
        job = Job.objects.filter(kind="export").latest("pk")
        answer = client.get(f"{EXPORT}{job.pk}.zip")
        assert answer.status_code == 200 and answer["Content-Type"] == "application/zip"
        assert answer["Cache-Control"] == "private, no-store"
        return zipfile.ZipFile(BytesIO(b"".join(answer.streaming_content)))  # type: ignore[attr-defined]

    def test_holds_all_posts_as_json_and_markdown_and_the_account(self, ada: User, bob: User, aws: Forum) -> None:
        own, other = start_thread(ada, aws, "Shards", "**Bold** “words”"), start_thread(bob, aws, "Of Bob")
        for number in range(7):
            reply(ada, other, f"Reply {number}")
        notes.tell(str(ada.pk), "greeting", "Welcome, Ada.")
        for act in ("like", "bookmark"):
            signed_in(ada).post(f"/f/aws/{other.id}/1/{act}/", {"on": "1"})
        signed_in(ada).post(f"/bookmarks/{other.id}/1/", {"note": "Read again."})
        archive = self.fetch(self.ask(ada))
        assert sorted(archive.namelist()) == ["account.json", "posts.json", "posts.md"]

        found = json.loads(archive.read("posts.json"))
        assert [post["text"] for post in found] == [*(f"Reply {n}" for n in range(6, -1, -1)), "**Bold** “words”"]
        assert found[-1]["thread"] == "Shards" and found[-1]["forum"] == "aws" and found[-1]["status"] == "visible"
        assert found[-1]["url"] == f"/p/{own.id}/1/"
        readable = archive.read("posts.md").decode()
        assert "## Shards" in readable and "**Bold** “words”" in readable and "Its first post." not in readable
        account = json.loads(archive.read("account.json"))
        assert (account["username"], account["email"]) == ("ada", ["ada@example.org"])
        assert [note["text"] for note in account["notifications"]] == ["Welcome, Ada."]
        assert [like["url"] for like in account["likes"]] == [f"/p/{other.id}/1/"]
        assert [(each["url"], each["note"]) for each in account["bookmarks"]] == [(f"/p/{other.id}/1/", "Read again.")]

    def test_holds_whatever_else_is_the_members(self, ada: User, bob: User, aws: Forum) -> None:
        """Drafts, what is watched and muted, texts that wait, reports, read marks, settings, sanctions."""
        thread = start_thread(bob, aws, "Of Bob")
        client, base = signed_in(ada), f"/f/aws/{thread.id}"
        BlockedText.objects.create(text="unheard", answer=BlockedText.Answer.APPROVE)
        renew()
        reply(ada, thread, "Unheard of.")
        client.post(f"{base}/watch/", {"level": "muted"})
        client.post("/f/aws/watch/", {"level": "watching"})
        client.post(f"{base}/1/report/", {"kind": "Something else", "words": "It worries me."})
        client.post("/drafts/", {"path": f"{base}/reply/", "text": "Not yet finished."})
        client.post("/settings/notifications/", {"mail": "daily", "kinds": ["like"]})
        client.get(f"{base}/of-bob/")
        User.objects.filter(pk=ada.pk).update(silenced_until=timezone.now(), silence_reason="Too loud.")
        account = json.loads(self.fetch(self.ask(ada)).read("account.json"))
        assert [(each["thread"], each["level"]) for each in account["watched_threads"]] == [(thread.id, "muted")]
        assert account["watched_forums"] == [{"forum": "aws", "level": "watching"}]
        assert [each["text"] for each in account["texts_waiting_or_refused"]] == ["Unheard of."]
        [report] = account["reports_made"]
        assert "It worries me." in report["reason"] and report["url"] == f"/p/{thread.id}/1/"
        [draft] = account["drafts"]
        assert (draft["text"], draft["url"]) == ("Not yet finished.", f"{base}/reply/")
        assert account["settings"]["mails"] == "daily" and account["settings"]["mails_about"] == ["like"]
        [read] = [mark for mark in account["read_marks"] if mark.get("thread") == thread.id]
        assert read["read_to_post"] == 1 and account["silenced"]["reason"] == "Too loud."

    def test_says_of_every_kind_of_item_how_it_is_told(self) -> None:
        """Who adds a kind of item to a member's partition says in `exporting.KINDS` where it stands in an export."""
        keys = set()
        for path in Path(schema.__file__).parent.glob("*.py"):
            source = path.read_text()
            if re.search(r"\bItem\b|table_name\(\"ForumMembers\"\)", source):
                keys |= set(re.findall(r"^(?:[A-Z_]+, )*[A-Z_]+ = .*$", source, re.MULTILINE))
        found = {text for line in keys for text in re.findall(r'"([A-Z]{4,}#?)"', line)}
        # Partitions that are no member's; and what a key ends with.
        found -= {
            "MAIL#",
            "TALK#",
            "HEAD",
            "SENT#",
            "ENDING#",
            "ENDING",
            "SINCE",
            "MEMBERS",
            "CASE",
            "LIKE",
            "BOOKMARK",
        }
        assert {"NOTE#", "NOTES", "READS", "PREFS"} <= found
        assert found - {"POST#"} == {key for key in exporting.KINDS if "…" not in key}
        assert exporting.kind_of("SOMETHING#new")[0] == exporting.OTHER

    def test_leaves_out_nothing_that_no_kind_is_known_for(self, ada: User) -> None:
        base.commit(puts=[(Item(str(ada.pk), "SOMETHING#new", text="Of tomorrow."), None)])
        account = json.loads(self.fetch(self.ask(ada)).read("account.json"))
        assert account["other"] == [{"item": "SOMETHING#new", "text": "Of tomorrow."}]

    def test_of_who_wrote_nothing_is_empty_and_whole(self, ada: User) -> None:
        assert json.loads(self.fetch(self.ask(ada)).read("posts.json")) == []

    def test_is_told_of_while_it_is_made_and_when_it_is_ready(self, ada: User) -> None:
        client = signed_in(ada)
        assert "Make an export" in text(client.get(EXPORT)) and EXPORT in text(client.get("/settings/"))
        page = text(client.post(EXPORT, follow=True))
        assert "is being made" in page and 'http-equiv="refresh"' in page and "Make an export" not in page
        jobs_go_on()
        page = text(client.get(EXPORT))
        assert "is ready" in page and 'http-equiv="refresh"' not in page and ".zip" in page

    def test_is_made_once_at_a_time(self, ada: User) -> None:
        client = signed_in(ada)
        for _ in range(3):
            assert client.post(EXPORT).status_code == 302
        assert Job.objects.filter(kind="export").count() == 1

    def test_is_made_a_few_times_a_day(self, ada: User, settings: Any) -> None:
        settings.ACCOUNT_RATE_LIMITS = {"export_data": "2/d/user"}
        client = signed_in(ada)
        statuses = []
        for _ in range(3):
            statuses.append(client.post(EXPORT).status_code)
            jobs_go_on()
        assert statuses == [302, 302, 429]

    def test_is_for_its_owner_alone(self, ada: User, bob: User, mod: User, client: Client) -> None:
        self.ask(ada)
        url = f"{EXPORT}{Job.objects.get().pk}.zip"
        assert signed_in(bob).get(url).status_code == signed_in(mod).get(url).status_code == 404
        assert client.get(url).status_code == 302 and client.get(EXPORT).status_code == 302
        answer = signed_in(ada).head(url)
        assert answer.status_code == 200
        answer.close()

    def test_that_is_not_there_is_not_found(self, ada: User) -> None:
        client = signed_in(ada)
        for number in ("1", "424242", "0", "999999999"):
            assert client.get(f"{EXPORT}{number}.zip").status_code == 404
        client.post(EXPORT)
        assert client.get(f"{EXPORT}{Job.objects.get().pk}.zip").status_code == 404

    def test_is_deleted_after_some_days(self, ada: User, settings: Any) -> None:
        client = self.ask(ada)
        job = Job.objects.get()
        assert len(list(settings.EXPORTS_DIR.iterdir())) == 1
        leaving.remove_old_exports()
        assert Job.objects.exists()
        Job.objects.update(created=timezone.now() - timedelta(days=leaving.EXPORT_DAYS, seconds=1))
        assert client.get(f"{EXPORT}{job.pk}.zip").status_code == 404
        leaving.remove_old_exports()
        assert not Job.objects.exists() and not list(settings.EXPORTS_DIR.iterdir())
        assert "Make an export" in text(client.get(EXPORT))

    def test_that_failed_says_so_and_can_be_asked_for_again(self, ada: User, settings: Any, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        settings.EXPORTS_DIR = tmp_path / "file" / "exports"
        assert "could not be finished" in text(self.ask(ada).get(EXPORT))
        settings.EXPORTS_DIR = tmp_path / "exports"
        assert "is ready" in text(self.ask(ada).get(EXPORT))

    def test_killed_anywhere_is_finished_by_another_runner(self, ada: User, aws: Forum) -> None:
        for number in range(4):
            start_thread(ada, aws, f"Thread {number}")
        struck, files = 0, [(leaving.os, "replace"), (zipfile.ZipFile, "writestr"), (Path, "unlink")]
        for n, death in enumerate(every_death()):
            Job.objects.all().delete()
            job = leaving.start_export(ada)
            with death.strikes(also=files):
                jobs.run(job.pk, seconds=10)
            if not death.struck:
                break
            struck = n
            jobs_go_on()
            assert Job.objects.get().status == "done", death
            assert len(json.loads(self.fetch(signed_in(ada)).read("posts.json"))) == 4, death
        assert struck > 10


# -- Closing --------------------------------------------------------------------------------------


class Talk:
    """A thread of Ada's with only her posts, one of hers in which Bob replied, and one of Bob's."""

    def __init__(self, ada: User, bob: User, forum: Forum) -> None:
        self.own = start_thread(ada, forum, "Ada alone", "Secret one.")
        self.shared = start_thread(ada, forum, "Ada and Bob", "Secret two.")
        self.bobs = start_thread(bob, forum, "Bob", "Bob began.")
        reply(ada, self.own, "Secret three.")
        reply(bob, self.shared, "Bob replied.")
        reply(ada, self.shared, "Secret four.")
        reply(ada, self.bobs, "Secret five.")
        fields = {"body": "Secret six.", "revision": 1, "token": token(ada)}
        assert signed_in(ada).post(f"/f/{forum.name}/{self.bobs.id}/2/edit/", fields).status_code == 302

    @property
    def adas(self) -> list[Post]:
        places = [(self.own, 1), (self.own, 2), (self.shared, 1), (self.shared, 3), (self.bobs, 2)]
        return [post_of(thread, number) for thread, number in places]


class TestKeeping:
    def test_leaves_the_posts_and_removes_notes_and_exports(
        self, ada: User, bob: User, aws: Forum, client: Client
    ) -> None:
        talk = Talk(ada, bob, aws)
        notes.tell(str(ada.pk), "greeting", "Welcome, Ada.")
        leaving.start_export(ada)
        assert "Your account is closed." in text(close(ada, "keep"))
        assert {post.user_id for post in talk.adas} == {str(ada.pk)}
        page = text(client.get(page_url(talk.shared)))
        assert "Secret two." in page and "former member" in page and "/u/ada/" not in page
        assert not list(Item.query(str(ada.pk))) and not Job.objects.filter(kind="export").exists()

    def test_takes_back_what_waits_for_approval(self, ada: User, aws: Forum, settings: Any) -> None:
        settings.APPROVE_FIRST_POSTS = 1
        fields = {"title": "May I?", "body": "Not yet seen.", "token": token(ada)}
        signed_in(ada).post("/f/aws/new/", fields)
        assert len(cases.list_open(["aws"], 10)[0]) == 1
        close(ada, "keep")
        assert cases.list_open(["aws"], 10)[0] == []

    @pytest.mark.parametrize("choice", ["", "burn", "keep\x00"])
    def test_only_what_is_offered_can_be_chosen(self, ada: User, choice: str) -> None:
        answer = signed_in(ada).post("/settings/close/", {"password": PASSWORD, "posts": choice})
        assert answer.status_code == 422
        assert User.objects.get(pk=ada.pk).is_active and not Job.objects.exists()


class TestAnonymising:
    def test_parts_the_posts_from_the_account_and_from_each_other(
        self, ada: User, bob: User, aws: Forum, client: Client
    ) -> None:
        talk = Talk(ada, bob, aws)
        close(ada, "anonymise")
        names = [post.user_id for post in talk.adas]
        assert len(set(names)) == 3 and names[0] == names[1] and names[2] == names[3]
        assert all(int(name) < 0 for name in names)
        heads = [head_of(thread) for thread in (talk.own, talk.shared, talk.bobs)]
        assert [head.user_id for head in heads] == [names[0], names[2], str(bob.pk)]
        assert [head.last_post_user_id for head in heads] == [names[0], names[2], names[4]]
        assert {record.user_id for record in list_records(post_subject(talk.bobs.id, 2))} == {names[4]}
        assert posts.list_of_user(str(ada.pk), 100) == []
        page = text(client.get(page_url(talk.shared)))
        assert "Secret two." in page and "Bob replied." in page and "former member" in page

    def test_leaves_nothing_from_which_the_names_could_be_made_again(self, ada: User, bob: User, aws: Forum) -> None:
        talk = Talk(ada, bob, aws)
        close(ada, "anonymise")
        job = Job.objects.get(kind="leave")
        assert job.status == "done" and job.state == {"choice": "anonymise"}
        assert not any(post.user_id in str(job.__dict__) for post in talk.adas)

    def test_names_are_nobodys(self) -> None:
        names = {leaving.pseudonym(str(salt), "01J") for salt in range(200)}
        assert len(names) == 200 and all(-(2**63) < int(name) < 0 for name in names)


class TestDeleting:
    def test_takes_all_texts_and_the_threads_that_are_nobody_elses(
        self, ada: User, bob: User, aws: Forum, client: Client
    ) -> None:
        talk = Talk(ada, bob, aws)
        assert "are being deleted" in text(close(ada, "delete"))
        assert {(post.status, post.body) for post in talk.adas} == {("deleted", "-")}
        assert client.get(page_url(talk.own)).status_code == 404
        assert (head_of(talk.own).status, head_of(talk.own).title) == ("deleted", "-")
        page = text(client.get(page_url(talk.shared)))
        assert "Bob replied." in page and "Secret" not in page and "Ada and Bob" in page
        assert (head_of(talk.shared).readable, head_of(talk.bobs).readable) == (1, 1)

    def test_leaves_the_texts_in_records_that_end_after_thirty_days(self, ada: User, bob: User, aws: Forum) -> None:
        talk = Talk(ada, bob, aws)
        close(ada, "delete")
        texts = [record for record in list_records(post_subject(talk.bobs.id, 2)) if record.body]
        assert {record.body for record in texts} == {"Secret five.", "Secret six."}
        for record in texts:
            days = (record.expires_at - timezone.now()).total_seconds() / 86400
            assert 29.9 < days <= 30

    def test_takes_what_was_deleted_before_for_good_too(self, ada: User, bob: User, aws: Forum) -> None:
        thread = start_thread(bob, aws)
        reply(ada, thread, "Regretted.")
        signed_in(ada).post(f"/f/aws/{thread.id}/2/delete/", {"token": token(ada)})
        assert post_of(thread, 2).status == "deleted"
        close(ada, "delete")
        assert all(record.expires_at for record in list_records(post_subject(thread.id, 2)) if record.body)

    def test_the_only_administrator_stays(self, site: None) -> None:
        root = make_member("root-of-all", is_staff=True, is_superuser=True)
        assert close(root, "delete").status_code == 403
        assert User.objects.get(pk=root.pk).is_active and not Job.objects.exists()


@pytest.fixture
def deaths() -> Iterator[Any]:
    return every_death()


@pytest.mark.parametrize("choice", ["anonymise", "delete"])
def test_leaving_that_is_killed_at_any_write_is_finished_by_another_runner(
    choice: str, bob: User, site: None, deaths: Iterator[Any]
) -> None:
    forum = make_forum("garden")
    for n, death in enumerate(deaths):
        ada = make_member(f"ada{n}", trust=2)
        talk = Talk(ada, bob, forum)
        with death.strikes():
            members.close_account(ada, choice)
        if not death.struck:
            break
        jobs_go_on()
        assert not User.objects.get(pk=ada.pk).is_active, death
        assert Job.objects.get(kind="leave", member_id=str(ada.pk)).status == "done", death
        if choice == "delete":
            assert {(post.status, post.body) for post in talk.adas} == {("deleted", "-")}, death
            assert head_of(talk.own).title == "-" and head_of(talk.shared).status == "visible", death
            assert (head_of(talk.shared).readable, head_of(talk.bobs).readable) == (1, 1), death
        else:
            names = {post.user_id for post in talk.adas}
            assert len(names) == 3 and str(ada.pk) not in names, death
            assert head_of(talk.own).user_id in names and head_of(talk.bobs).last_post_user_id in names, death
    assert n > 10
