"""The log of moderation: in the administration, as CSV, and in public."""

import csv
import io
import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from forum.actions.sanctions import mark
from forum.models import Forum, User
from forum.tables import base
from forum.tables.moderation import new_act, post_subject, thread_subject, user_subject
from forum.tables.threads import Thread
from forum.views import moderation_log
from tests.helpers import cost, make_forum, make_member, renew, reply, signed_in, start_thread

from .test_posts import make_moderator, text, way

PAGE = "/admin/log/"
EXPORT = "/admin/log.csv"
PUBLIC = "/moderation-log/"


def log(kind: str = "hide", reason: str = "Spam", subject: str = "", **more: Any) -> str:
    """Write an act into the log; its month."""
    record = new_act(subject or post_subject("01KAQ4ZT9N8YV3W2Q6JX5R7D03", 3), kind, more.pop("by", ""), reason, **more)
    base.commit(puts=[(record, None)])
    return str(record.month)


def reasons(page: str) -> list[str]:
    return re.findall(r'data-label="Why"[^>]*>([^<]*)<', page)


def rows(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode(), newline="")))


@pytest.fixture
def admin(mod: User) -> Client:
    return signed_in(mod)


@pytest.fixture
def talk(aws: Forum, ada: User) -> Thread:
    thread = start_thread(ada, aws, "Lambda or not", "Which one?")
    reply(ada, thread, "This one.")
    return thread


class TestTheLog:
    def test_what_moderators_do_is_in_it(self, admin: Client, talk: Thread, mod: User, ada: User) -> None:
        admin.post(f"/admin/posts/{talk.id}-2/hide/", {"reason": "Not nice", "confirmed": "1"})
        admin.post(f"/admin/threads/{talk.id}/lock/", {"confirmed": "1"})
        for query in ("", "?forum=aws", f"?member={ada.pk}", "?member=ada", "?member=@ADA"):
            page = text(admin.get(PAGE + query))
            assert reasons(page) == ["-", "Not nice"], query
            assert f'locked <a href="/admin/threads/{talk.id}/">“Lambda or not”</a>' in page
            assert f'hid <a href="/admin/posts/{talk.id}-2/">post 2</a> in “Lambda or not”' in page
            assert "locked: no → yes" in page and ">mod</a>" in page and ">ada</a>" in page

    def test_it_says_in_words_until_when(self, admin: Client, ada: User) -> None:
        office = f"/admin/forum/user/{ada.pk}/moderation"
        admin.post(f"{office}/suspend/", {"day": "2990-05-04", "lasts": "date", "reason": "Enough."})
        admin.post(f"{office}/unsuspend/", {"seen": mark(User.objects.get(pk=ada.pk), "suspended")})
        page = text(admin.get(PAGE))
        assert "suspended until: – → 4 May 2990, 00:00 UTC" in page and "ended the suspension of" in page
        assert "suspended_until" not in page and "2990-05" not in page

    def test_it_says_what_changed_and_nothing_else(self, admin: Client, ada: User, aws: Forum) -> None:
        about = {"subject": user_subject(str(ada.pk)), "member_id": str(ada.pk)}
        log(
            "trust",
            "Kept.",
            before={"trust": 1, "trust_fixed": False},
            after={"trust": 1, "trust_fixed": True},
            **about,
        )
        log("trust", "Risen.", before={"trust": 1}, after={"trust": 2}, **about)
        log("purge", "Law.", forum="aws", before={"texts": "delete by 61 on 2026-11-23"})
        log("split", "Off.", forum="aws", after={"to": "aws/01KAQ4ZT9N8YV3W2Q6JX5R7D03", "posts": "2-3"})
        page = text(admin.get(PAGE))
        assert "(trust fixed: no → yes)" in page and "(trust: Basic → Member)" in page
        assert "(posts: 2-3; to: aws)" in page and "by 61" not in page

    def test_members_own_edits_are_not_in_it(self, admin: Client, talk: Thread, ada: User) -> None:
        signed_in(ada).post(f"/f/aws/{talk.id}/2/edit/", {"body": "That one.", "revision": "1"})
        assert "Nothing was done here." in text(admin.get(PAGE))

    def test_pages_follow_each_other_in_both_directions(
        self, admin: Client, aws: Forum, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from forum.admin.log import Log

        monkeypatch.setattr(Log, "per_page", 2)
        for n in range(5):
            month = log(reason=f"Reason {n}", forum="aws", member_id="7")
        for query in (f"?month={month}", "?forum=aws", "?member=7"):
            first = text(admin.get(PAGE + query))
            second = text(admin.get(PAGE + way(first, "next")))
            third = text(admin.get(PAGE + way(second, "next")))
            shown = [reasons(page) for page in (first, second, third)]
            assert shown == [["Reason 4", "Reason 3"], ["Reason 2", "Reason 1"], ["Reason 0"]]
            assert reasons(text(admin.get(PAGE + way(third, "prev")))) == ["Reason 2", "Reason 1"]

    def test_it_costs_one_query_and_the_titles(self, admin: Client, aws: Forum) -> None:
        log(reason="The first", forum="aws")
        admin.get(PAGE)
        with cost() as few:
            admin.get(PAGE)
        for n in range(60):
            log(reason=f"Reason {n}", forum="aws")
        with cost() as many:
            admin.get(PAGE)
        assert few.dynamodb.calls == many.dynamodb.calls == ["Query", "BatchGetItem"]

    def test_jumping(self, admin: Client, talk: Thread, ada: User) -> None:
        places = {
            "@ada": f"{PAGE}?member={ada.pk}",
            "2026-03": f"{PAGE}?month=2026-03",
            talk.id: f"/admin/threads/{talk.id}/",
            f"/p/{talk.id}/2/": f"/admin/posts/{talk.id}-2/",
            "2026-03-05": f"{PAGE}?month=2026-03&before=2026-03-06T00%3A00%3A00.000000Z~00000000",
        }
        for typed, place in places.items():
            assert admin.get(PAGE, {"q": typed})["Location"] == place
        assert admin.get(PAGE, {"q": "nonsense"}).status_code == 400

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ("?month=2026-13", 400),
            ("?month=x", 400),
            ("?forum=nowhere", 404),
            ("?member=nobody", 404),
            ("?before=x", 400),
        ],
    )
    def test_what_makes_no_sense(self, query: str, status: int, admin: Client) -> None:
        assert admin.get(PAGE + query).status_code == status
        assert admin.get(EXPORT + query).status_code == (200 if query == "?before=x" else status)


class TestWhoMay:
    def test_moderators_of_a_forum_see_its_log_alone(self, aws: Forum, ada: User) -> None:
        tea = make_forum("tea")
        log(reason="In aws", forum="aws", member_id=str(ada.pk))
        log(reason="In tea", forum="tea", member_id=str(ada.pk))
        log("note", "About ada", user_subject(str(ada.pk)), member_id=str(ada.pk))
        browser = signed_in(make_moderator("teapot", tea))
        for query in ("", "?forum=tea", "?member=ada", "?month=2026-11"):
            page = text(browser.get(PAGE + query))
            assert reasons(page) == ["In tea"], query
            assert [row["reason"] for row in rows(browser.get(EXPORT + query))] == ["In tea"]
        assert browser.get(f"{PAGE}?forum=aws").status_code == 404

    def test_where_something_went_is_told_to_those_who_may_read_it_there(
        self, aws: Forum, ada: User, mod: User
    ) -> None:
        """A thread that left for a private forum, in the log of the forum that it left."""
        secret = make_forum("secret", read_access="groups")
        thread = start_thread(ada, aws, "Lambda or not")
        moved = {"forum": "aws", "subject": thread_subject(thread.id), "member_id": str(ada.pk)}
        log("move", "Better there", before={"forum": "aws"}, after={"forum": "secret"}, **moved)
        log("merge", "The same", after={"into": "secret/01KAQ4ZT9N8YV3W2Q6JX5R7D03"}, **moved)
        log("split", "Another", after={"to": "secret/01KAQ4ZT9N8YV3W2Q6JX5R7D03", "posts": "2-3"}, **moved)
        bob = make_moderator("bob", aws)
        bob.is_staff = True
        bob.save()
        bob.user_permissions.add(Permission.objects.get(codename="moderate_user"))
        renew()
        pages = [PAGE, f"/admin/threads/{thread.id}/", f"/admin/forum/user/{ada.pk}/moderation/"]
        for url in pages:
            page = text(signed_in(bob).get(url))
            assert page.count("a forum that you may not read") == 3 and "aws" in page, url
            assert "secret" not in page and "01KAQ4ZT9N8" not in page, url
        assert "secret" not in str(rows(signed_in(bob).get(EXPORT)))
        secret.read_groups.add(bob.groups.get())
        renew()
        for url in pages:
            assert text(signed_in(bob).get(url)).count("secret") >= 3, url

    def test_the_right_to_see_the_log_leaves_private_forums_out(self, aws: Forum) -> None:
        make_forum("secret", read_access="groups")
        log(reason="In public", forum="aws")
        log(reason="In private", forum="secret")
        clerk = make_member("clerk", is_staff=True)
        clerk.groups.clear()
        clerk.user_permissions.add(Permission.objects.get(codename="view_log"))
        renew()
        assert reasons(text(signed_in(clerk).get(PAGE))) == ["In public"]
        assert signed_in(clerk).get(f"{PAGE}?forum=secret").status_code == 404

    def test_others_do_not(self, ada: User, client: Client) -> None:
        for path in (PAGE, EXPORT):
            assert signed_in(ada).get(path, follow=True).status_code == 403
            assert client.get(path)["Location"].startswith("/admin/login/")


class TestExport:
    def test_everything_of_a_month_step_by_step(
        self, admin: Client, aws: Forum, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("forum.admin.log.EXPORT_STEP", 4)
        for n in range(10):
            month = log(reason=f"Reason {n}", forum="aws", before={"locked": False}, after={"locked": True})
        answer = admin.get(EXPORT, {"month": month})
        assert (
            answer["Content-Type"].startswith("text/csv") and f"log-month-{month}.csv" in answer["Content-Disposition"]
        )
        with cost() as spent:
            found = rows(answer)
        assert [row["reason"] for row in found] == [f"Reason {n}" for n in range(9, -1, -1)]
        assert found[0]["changes"] == "locked: no → yes" and found[0]["by"] == "the forum"
        # The first was made before the answer began.
        assert spent.dynamodb.calls == ["Query", "Query"]

    def test_no_cell_is_a_formula(self, admin: Client, aws: Forum) -> None:
        dangerous = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1"]
        for reason in dangerous:
            log(reason=reason, forum="aws")
        log(reason='a "quoted", longer\nreason', forum="aws")
        found = [row["reason"] for row in rows(admin.get(EXPORT, {"forum": "aws"}))]
        assert found == ['a "quoted", longer\nreason', *(f"'{reason}" for reason in reversed(dangerous))]


class TestInPublic:
    @pytest.fixture(autouse=True)
    def on(self, settings: Any, site: None) -> None:
        settings.PUBLIC_MODERATION_LOG = True

    def test_it_is_off_unless_the_operator_wants_it(self, client: Client, settings: Any) -> None:
        settings.PUBLIC_MODERATION_LOG = False
        assert client.get(PUBLIC).status_code == 404

    def test_who_did_what_to_whom_and_why(self, client: Client, talk: Thread, mod: User) -> None:
        signed_in(mod).post(f"/admin/posts/{talk.id}-2/hide/", {"reason": "Not nice", "confirmed": "1"})
        page = text(client.get(PUBLIC))
        assert "Not nice" in page and "<strong>mod</strong> hid" in page and 'href="/u/ada/"' in page
        assert f'<a href="/p/{talk.id}/2/">post 2 in “Lambda or not”</a>' in page

    def test_titles_of_what_is_hidden_are_not_told(self, client: Client, talk: Thread, mod: User) -> None:
        signed_in(mod).post(f"/admin/threads/{talk.id}/hide/", {"reason": "Not nice", "confirmed": "1"})
        page = text(client.get(PUBLIC))
        assert "Not nice" in page and "Lambda or not" not in page and talk.id not in page

    def test_nothing_of_reports_notes_warnings_and_private_forums(self, client: Client, aws: Forum, ada: User) -> None:
        make_forum("secret", read_access="groups")
        make_forum("club", read_access="members")
        who = {"subject": user_subject(str(ada.pk)), "member_id": str(ada.pk), "by": str(ada.pk)}
        for kind in ("report", "claim", "agree", "disagree", "ignore", "approve", "refuse", "edit"):
            log(kind, f"{kind} of secret", forum="secret")
            log(kind, f"{kind} of club", forum="club")
        for kind in ("report", "claim", "agree", "disagree", "ignore", "approve", "refuse"):
            log(kind, f"{kind} of aws", forum="aws")
        for kind in ("warn", "note", "trust"):
            log(kind, f"{kind} of ada", **who)
        log("suspend", "Suspended in public", **who)
        for reader in (client, signed_in(ada)):
            page = text(reader.get(PUBLIC))
            assert "Suspended in public" in page
            assert not re.findall(r"\w+ of (?:secret|club|aws|ada)\b", page)

    def test_older_pages_and_other_months(self, client: Client, aws: Forum) -> None:
        for n in range(55):
            month = log(reason=f"Reason {n}.", forum="aws")
        first = text(client.get(PUBLIC))
        assert "Reason 54." in first and "Reason 4." not in first
        [older] = re.findall(r'href="([^"]*before=[^"]*)"', first)
        assert "Reason 4." in text(client.get(older.replace("&amp;", "&")))
        assert "Reason 54." in text(client.get(PUBLIC, {"month": month}))
        assert "Nothing was done" in text(client.get(PUBLIC, {"month": "2020-01"}))

    def test_what_is_not_told_is_skipped_so_that_no_page_is_empty(self, client: Client, aws: Forum) -> None:
        for n in range(4):
            log(reason=f"Told {n}.", forum="aws")
        for _ in range(120):
            log("report", forum="aws")
        with cost() as spent:
            page = text(client.get(PUBLIC))
        assert "Told 3." in page and "Told 0." in page and "before=" not in page
        assert spent.dynamodb.calls.count("Query") == 2

    def test_so_much_is_looked_through_and_no_more(
        self, client: Client, aws: Forum, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(moderation_log, "PER_PAGE", 2)
        monkeypatch.setattr(moderation_log, "FURTHER", 3)
        log(reason="Told.", forum="aws")
        for _ in range(20):
            log("report", forum="aws")
        with cost() as spent:
            page = text(client.get(PUBLIC))
        assert "Told." not in page and spent.dynamodb.calls.count("Query") == 5
        [older] = re.findall(r'href="([^"]*before=[^"]*)"', page)
        assert "Told." in text(client.get(older.replace("&amp;", "&")))

    @pytest.mark.parametrize("query", ["?month=x", "?month=2026-99", "?before=x"])
    def test_what_makes_no_sense(self, query: str, client: Client) -> None:
        assert client.get(PUBLIC + query).status_code == 400
