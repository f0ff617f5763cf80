"""Webhooks: what is noted by whoever writes, what a worker sends, to where it never sends, and what of failures."""

import http.server
import json
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client
from django.utils import timezone

from forum import outgoing, webhooks
from forum.actions import events, members
from forum.models import Delivery, Forum, Job, User, Webhook
from tests.dying import jobs_go_on
from tests.helpers import cost, make_forum, make_member, renew, reply, signed_in, start_thread, token

ALL = list(Webhook.EVENTS)


class Receiver(http.server.ThreadingHTTPServer):
    """Somebody's server, which remembers what it was sent, and answers as it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        self.url = f"http://127.0.0.1:{self.server_port}/hook?of=forum"

    @property
    def told(self) -> list[str]:
        return [json.loads(body)["event"] for _, body in self.got]


class Handler(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers.items()), body))
        self.send_response(self.server.status)
        self.send_header("Location", self.server.url)
        self.end_headers()
        self.wfile.write(b"Thank you.")

    def log_message(self, *words: Any) -> None:
        pass


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOKS_TO_PRIVATE_ADDRESSES = True
    events.forget()
    with Receiver() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
    events.forget()


@pytest.fixture
def hook(site: None, receiver: Receiver) -> Webhook:
    made = Webhook.objects.create(name="Chat", url=receiver.url, events=ALL)
    renew()
    return made


class TestWhatIsTold:
    def test_threads_and_posts(self, hook: Webhook, receiver: Receiver, aws: Forum, ada: User, bob: User) -> None:
        thread = start_thread(ada, aws, "About keys")
        reply(bob, thread)
        assert receiver.got == [], "no request waits for somebody else's server"
        assert webhooks.deliver() == 3
        assert receiver.told == ["thread.created", "post.created", "post.created"]
        told = json.loads(receiver.got[-1][1])
        assert told["forum"] == "aws" and told["number"] == 2 and told["by"] == "Bob" and told["title"] == "About keys"
        assert told["url"].endswith(f"/p/{thread.id}/2/") and "A reply." not in str(told)

    def test_edits_deletions_and_reports(
        self, hook: Webhook, receiver: Receiver, aws: Forum, ada: User, bob: User, mod: User
    ) -> None:
        thread = start_thread(ada, aws)
        reply(bob, thread)
        webhooks.deliver()
        receiver.got.clear()
        base = f"/f/aws/{thread.id}/2"
        signed_in(bob).post(f"{base}/edit/", {"body": "Better.", "revision": "1"})
        signed_in(ada).post(f"{base}/report/", {"kind": "Spam", "words": ""})
        signed_in(mod).post(f"{base}/hide/", {"ready": "Spam or advertising", "reason": "Spam"})
        signed_in(mod).post(f"{base}/show/", {"confirmed": "1"})
        signed_in(bob).post(f"{base}/delete/")
        webhooks.deliver()
        assert receiver.told == ["post.edited", "report.opened", "post.deleted", "post.restored", "post.deleted"]
        assert json.loads(receiver.got[1][1])["by"] == "", "who reported it is for moderators alone"

    def test_who_joins(self, hook: Webhook, receiver: Receiver) -> None:
        fields = {"username": "newcomer", "email": "n@example.org", "password1": "battery staple 7"}
        Client().post("/accounts/signup/", fields)
        webhooks.deliver()
        assert receiver.told == ["member.joined"]

    def test_the_same_form_sent_twice_is_told_once(
        self, hook: Webhook, receiver: Receiver, aws: Forum, ada: User
    ) -> None:
        fields = {"title": "A title", "body": "Text.", "token": token(ada)}
        for _ in range(2):
            signed_in(ada).post("/f/aws/new/", fields)
        webhooks.deliver()
        assert receiver.told == ["thread.created", "post.created"]

    def test_private_forums_are_told_of_only_where_that_is_ticked(
        self, hook: Webhook, receiver: Receiver, mod: User
    ) -> None:
        vault = make_forum("vault", read_access="groups")
        start_thread(mod, vault)
        assert not Delivery.objects.exists()
        hook.private = True
        hook.save()
        renew()
        start_thread(mod, vault)
        assert webhooks.deliver() == 2

    def test_nor_of_a_forum_that_has_become_private_since(
        self, hook: Webhook, receiver: Receiver, aws: Forum, ada: User
    ) -> None:
        start_thread(ada, aws)
        Forum.objects.filter(pk=aws.pk).update(read_access="members")
        webhooks.deliver()
        assert receiver.got == []

    def test_of_some_forums_and_events_alone(self, hook: Webhook, receiver: Receiver, aws: Forum, ada: User) -> None:
        hook.events = ["thread.created"]
        hook.save()
        hook.forums.add(make_forum("tea"))
        renew()
        start_thread(ada, aws)
        start_thread(ada, Forum.objects.get(name="tea"))
        webhooks.deliver()
        assert receiver.told == ["thread.created"]

    def test_noting_costs_nothing_without_a_webhook_and_a_statement_with_one(
        self, receiver: Receiver, aws: Forum, ada: User
    ) -> None:
        thread = start_thread(ada, aws)
        spent = []
        for _ in range(2):
            reply(ada, thread)
            with cost() as without:
                reply(ada, thread)
            spent.append(without.sql)
            Webhook.objects.get_or_create(name="Chat", url=receiver.url, events=ALL)
            renew()
        # A savepoint around it, since these tests run in a transaction.
        assert spent[1] - spent[0] <= 3

    def test_what_names_a_member_goes_with_them(self, hook: Webhook, aws: Forum, ada: User) -> None:
        start_thread(ada, aws)
        members.close_account(ada)
        assert not Delivery.objects.exists()


class TestHowItIsSent:
    def test_signed_with_a_time_and_a_number(self, hook: Webhook, receiver: Receiver, aws: Forum, ada: User) -> None:
        start_thread(ada, aws)
        webhooks.deliver()
        headers, body = receiver.got[0]
        expected = webhooks.signature(hook.secret, headers["X-Forum-Timestamp"], body)
        assert headers["X-Forum-Signature"] == f"sha256={expected}"
        assert headers["X-Forum-Event"] == "thread.created" and headers["Content-Type"] == "application/json"
        delivery = Delivery.objects.get(event="thread.created")
        assert headers["X-Forum-Delivery"] == str(delivery.uid)
        assert (delivery.status, delivery.code, delivery.answer) == ("done", 200, "Thank you.")

    def test_redirects_are_not_followed(self, hook: Webhook, receiver: Receiver, aws: Forum, ada: User) -> None:
        receiver.status = 302
        start_thread(ada, aws)
        webhooks.deliver()
        assert len(receiver.got) == 1 and Delivery.objects.filter(status="waiting").count() == 2


class TestFailures:
    @pytest.fixture(autouse=True)
    def something_to_tell(self, hook: Webhook, receiver: Receiver, aws: Forum, ada: User) -> None:
        receiver.status = 500
        start_thread(ada, aws)
        webhooks.deliver()

    def later(self, **passed: float) -> None:
        with patch("django.utils.timezone.now", return_value=timezone.now() + timedelta(**passed)):
            webhooks.deliver()

    def test_put_off_all_that_waits_for_the_webhook(self, receiver: Receiver) -> None:
        assert len(receiver.got) == 1
        webhooks.deliver()
        assert len(receiver.got) == 1, "it is not tried again at once"
        assert all(each.due > timezone.now() + timedelta(seconds=50) for each in Delivery.objects.all())

    def test_are_tried_again(self, hook: Webhook, receiver: Receiver) -> None:
        receiver.status = 200
        self.later(minutes=2)
        assert set(Delivery.objects.values_list("status", flat=True)) == {"done"}
        hook.refresh_from_db()
        assert hook.failing_since is None and hook.failures == 0

    def test_ever_more_seldom(self, hook: Webhook, receiver: Receiver) -> None:
        self.later(minutes=2)
        assert len(receiver.got) == 2
        self.later(minutes=4)
        assert len(receiver.got) == 2
        self.later(minutes=10)
        assert len(receiver.got) == 3

    def test_of_days_stop_the_webhook(self, hook: Webhook, receiver: Receiver, aws: Forum, ada: User) -> None:
        self.later(days=3, minutes=1)
        hook.refresh_from_db()
        assert not hook.active and hook.stopped.startswith("Stopped on")
        assert set(Delivery.objects.values_list("status", flat=True)) == {"failed"}
        renew()
        start_thread(ada, aws)
        assert not Delivery.objects.filter(status="waiting").exists()

    def test_of_who_does_not_answer_are_said(self, hook: Webhook, aws: Forum, ada: User) -> None:
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            Webhook.objects.update(url=f"http://127.0.0.1:{silent.getsockname()[1]}/")
            with patch.object(outgoing, "CONNECT_SECONDS", 0.2):
                self.later(minutes=2)
        assert Delivery.objects.filter(answer__contains="no answer").count() == 1

    def test_of_who_speaks_no_http_are_said_without_what_no_database_keeps(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:

            def speak() -> None:
                client, _ = server.accept()
                with client:
                    client.recv(10_000)
                    client.sendall(b"\x00garbage\r\n\r\n")

            threading.Thread(target=speak, daemon=True).start()
            Webhook.objects.update(url=f"http://127.0.0.1:{server.getsockname()[1]}/")
            self.later(minutes=2)
        assert Delivery.objects.filter(answer__contains="not be reached: garbage").count() == 1

    def test_old_deliveries_are_forgotten(self, hook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(webhooks, "LOGGED", 2)
        for number in range(5):
            Delivery.objects.create(webhook=hook, event="x", key=str(number), payload={}, status="done")
        webhooks.tidy()
        assert Delivery.objects.filter(status="done").count() == 2
        assert Delivery.objects.filter(status="waiting").count() == 2


class TestWhereItIsNotSent:
    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1",
            "10.0.0.7",
            "192.168.1.1",
            "172.16.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "[::1]",
            "[fd00::1]",
            "[fe80::1]",
            "[::ffff:127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
        ],
    )
    def test_addresses_within(self, host: str) -> None:
        assert "private network" in outgoing.wrong_with(f"https://{host}/")
        with pytest.raises(outgoing.Refused, match="private network"):
            outgoing.post(f"https://{host}/", b"{}", {})

    @pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f.1", "127.1"])
    def test_names_that_lead_there(self, host: str) -> None:
        with pytest.raises(outgoing.Refused):
            outgoing.post(f"http://{host}:9/", b"{}", {})

    def test_names_of_which_one_address_leads_there(self) -> None:
        both = [(2, 1, 6, "", ("93.184.215.14", 443)), (2, 1, 6, "", ("10.0.0.1", 443))]
        with (
            patch("socket.getaddrinfo", return_value=both),
            patch("socket.create_connection") as connect,
            pytest.raises(outgoing.Refused, match="private network"),
        ):
            outgoing.post("https://example.org/", b"{}", {})
        assert not connect.called

    def test_what_is_connected_to_is_what_was_checked(self) -> None:
        """A name that leads elsewhere when it is asked a second time is not asked a second time."""
        first = [(2, 1, 6, "", ("93.184.215.14", 80))]
        with (
            patch("socket.getaddrinfo", return_value=first) as ask,
            patch("socket.create_connection", side_effect=OSError("not today")) as connect,
            pytest.raises(outgoing.Refused),
        ):
            outgoing.post("http://example.org/", b"{}", {})
        assert ask.call_count == 1 and connect.call_args[0][0] == ("93.184.215.14", 80)

    @pytest.mark.parametrize(
        "url",
        [
            "ftp://example.org/",
            "https://",
            "https://a:b@example.org/",
            "https://example.org:x/",
            "file:///etc/",
            "https://example.org/to a hook",
            "https://example.org/\r\nX-Header: x",
            "https://example.org/für-uns",
        ],
    )
    def test_what_is_no_address(self, url: str) -> None:
        assert outgoing.wrong_with(url)
        with pytest.raises(outgoing.Refused):
            outgoing.post(url, b"{}", {})

    def test_a_server_that_drips_is_cut_off(self, settings: Any) -> None:
        settings.WEBHOOKS_TO_PRIVATE_ADDRESSES = True
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.listen()

            def drip() -> None:
                client, _ = server.accept()
                with client:
                    while True:
                        try:
                            client.send(b"H")
                        except OSError:
                            return
                        stop.wait(0.05)

            stop = threading.Event()
            threading.Thread(target=drip, daemon=True).start()
            with patch.object(outgoing, "TOTAL_SECONDS", 0.4), pytest.raises(outgoing.Refused):
                outgoing.post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"{}", {})
            stop.set()


class TestTheAdmin:
    @pytest.fixture
    def office(self, site: None) -> Client:
        return signed_in(make_member("root", is_staff=True, is_superuser=True))

    def test_defines_one_and_sends_again(self, office: Client, receiver: Receiver, aws: Forum, ada: User) -> None:
        fields = {"name": "Chat", "url": receiver.url, "secret": "s", "events": ["thread.created"], "active": "on"}
        assert office.post("/admin/forum/webhook/add/", fields).status_code == 302
        renew()
        start_thread(ada, aws)
        webhooks.deliver()
        page = office.get("/admin/forum/delivery/").content.decode()
        assert "thread.created" in page and "Thank you." in page
        chosen = {"action": "send_again", "_selected_action": [str(Delivery.objects.get().pk)]}
        assert office.post("/admin/forum/delivery/", chosen).status_code == 302
        webhooks.deliver()
        assert receiver.told == ["thread.created"] * 2
        ids = {headers["X-Forum-Delivery"] for headers, _ in receiver.got}
        assert len(ids) == 1, "whoever gets it twice can tell"

    def test_refuses_addresses_within(self, office: Client) -> None:
        fields = {"name": "Chat", "url": "http://169.254.169.254/", "secret": "s", "events": ["thread.created"]}
        answer = office.post("/admin/forum/webhook/add/", fields)
        assert answer.status_code == 200 and "private network" in answer.content.decode()

    def test_says_how_it_does(self, office: Client, hook: Webhook) -> None:
        Webhook.objects.update(failing_since=timezone.now(), failures=4)
        assert "4 times in a row" in office.get(f"/admin/forum/webhook/{hook.pk}/change/").content.decode()


def told(receiver: Receiver, event: str) -> list[dict[str, Any]]:
    """What was told of these, in order."""
    webhooks.deliver()
    bodies = [json.loads(body) for _, body in receiver.got]
    return [{**body, "time": ""} for body in bodies if body["event"] == event]


class TestWhatIsDoneToMany:
    """Each by the forms that moderators have for it."""

    @pytest.fixture
    def tea(self, hook: Webhook) -> Forum:
        found = make_forum("tea", title="Tea")
        renew()
        return found

    def moves(self, mod: User, thread: Any, forum: Forum) -> None:
        form = {"forum": forum.name, "reason": "", "confirmed": "1"}
        assert signed_in(mod).post(f"/f/{thread.forum}/{thread.id}/move/", form).status_code == 302

    def test_a_thread_that_moves(
        self, hook: Webhook, receiver: Receiver, aws: Forum, tea: Forum, ada: User, mod: User
    ) -> None:
        thread = start_thread(ada, aws, "About cups")
        self.moves(mod, thread, tea)
        [moved] = told(receiver, "thread.moved")
        url = moved.pop("url")
        assert moved == {
            "event": "thread.moved", "time": "", "forum": "aws", "thread": thread.id, "title": "About cups",
            "to_forum": "tea", "to_thread": thread.id, "by": "mod",
        }  # fmt: skip
        assert url.endswith(f"/p/{thread.id}/1/")
        assert receiver.got[-1][0]["X-Forum-Signature"].startswith("sha256=")

    def test_a_thread_that_is_split_and_merged(
        self, hook: Webhook, receiver: Receiver, aws: Forum, ada: User, mod: User
    ) -> None:
        thread, other = start_thread(ada, aws, "One"), start_thread(ada, aws, "Other")
        for _ in range(3):
            reply(ada, thread)
        form = {"shown": 1, "was": "", "post": [2, 4], "numbers": "", "title": "Apart", "reason": ""}
        assert signed_in(mod).post(f"/f/aws/{thread.id}/split/", form).status_code == 302
        [split] = told(receiver, "thread.split")
        assert (split["thread"], split["title"], split["posts"]) == (thread.id, "One", "2, 4")
        assert split["to_forum"] == "aws" and split["url"].endswith(f"/p/{split['to_thread']}/1/")
        form = {"into": f"/f/aws/{other.id}/", "reason": "", "confirmed": "1"}
        assert signed_in(mod).post(f"/f/aws/{thread.id}/merge/", form).status_code == 302
        [merged] = told(receiver, "thread.merged")
        assert (merged["thread"], merged["to_thread"]) == (thread.id, other.id)
        assert merged["url"].endswith(f"/p/{other.id}/2/") and "posts" not in merged

    def test_a_thread_that_goes_where_the_webhook_may_not_look_and_comes_back(
        self, hook: Webhook, receiver: Receiver, aws: Forum, ada: User, mod: User
    ) -> None:
        vault = make_forum("vault", read_access="groups")
        renew()
        thread = start_thread(ada, aws, "About keys")
        self.moves(mod, thread, vault)
        [away] = told(receiver, "thread.moved")
        assert (away["forum"], away["thread"]) == ("aws", thread.id)
        assert away["to_forum"] is away["url"] is away["title"] is None
        receiver.got.clear()
        thread.partition = "vault"
        self.moves(mod, thread, aws)
        [back] = told(receiver, "thread.moved")
        assert back["forum"] is None and back["to_forum"] == "aws" and back["title"] == "About keys"
        assert "vault" not in str(receiver.got)

    def test_nothing_where_both_forums_are_others(
        self, hook: Webhook, receiver: Receiver, aws: Forum, tea: Forum, ada: User, mod: User
    ) -> None:
        hook.forums.add(make_forum("quiet"))
        renew()
        self.moves(mod, start_thread(ada, aws), tea)
        assert told(receiver, "thread.moved") == []
        hook.forums.add(tea)
        renew()
        self.moves(mod, start_thread(ada, aws), tea)
        assert [each["to_forum"] for each in told(receiver, "thread.moved")] == ["tea"]

    def test_nothing_where_a_forum_has_become_private_since(
        self, hook: Webhook, receiver: Receiver, aws: Forum, tea: Forum, ada: User, mod: User
    ) -> None:
        self.moves(mod, start_thread(ada, aws), tea)
        Forum.objects.filter(pk=tea.pk).update(read_access="groups")
        assert told(receiver, "thread.moved") == []

    def test_all_that_a_member_wrote(
        self, hook: Webhook, receiver: Receiver, aws: Forum, tea: Forum, ada: User, mod: User
    ) -> None:
        spammer = make_member("spammer")
        mine, theirs = start_thread(spammer, tea, "Buy"), start_thread(ada, aws, "Keys")
        for _ in range(2):
            reply(spammer, theirs)
        staff = signed_in(mod)
        form = {"reason": "Spam", "sure": "on"}
        assert staff.post(f"/admin/forum/user/{spammer.pk}/nuke/", form).status_code == 302
        jobs_go_on()
        deleted = told(receiver, "posts.deleted")
        places = {each["forum"]: [(post["thread"], post["number"]) for post in each["posts"]] for each in deleted}
        assert places == {"aws": [(theirs.id, 3), (theirs.id, 2)], "tea": [(mine.id, 1)]}
        assert {(each["member"], each["by"]) for each in deleted} == {("spammer", "mod")}
        [job] = Job.objects.filter(kind="nuke")
        assert staff.post(f"/admin/jobs/{job.pk}/undo/").status_code == 302
        jobs_go_on()
        assert {each["forum"] for each in told(receiver, "posts.restored")} == {"aws", "tea"}
