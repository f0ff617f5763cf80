"""The fast path's answers are those of the ordinary path, header by header, and end when they must.

Through the WSGI front, as any server calls it; `tests/fast/test_worker.py` drives the worker.
"""

import gzip
import re
import time
from collections.abc import Iterator
from functools import cache
from http.cookies import SimpleCookie
from io import BytesIO
from typing import Any
from urllib.parse import unquote

import pytest
from django.conf import settings as site_settings
from django.contrib.auth.models import Group
from django.core.wsgi import get_wsgi_application
from django.test import Client

from forum import fast, sessions
from forum import redis as stores
from forum.cache import local, stats
from forum.models import Forum, User
from forum_site import front
from tests.helpers import make_forum, make_member, page_url, renew, reply, signed_in, start_thread, token

pytestmark = pytest.mark.django_db(transaction=True)


# Made when the first test wants them: by then the settings name the engines and folders of the tests.
@cache
def ordinary() -> Any:
    return get_wsgi_application()


@cache
def with_front() -> Any:
    return front.before(ordinary())


class Answer:
    def __init__(self, status: str, headers: list[tuple[str, str]], body: bytes, fast: bool) -> None:
        self.status = int(status.split()[0])
        self.headers = {name.lower(): value for name, value in headers}
        self.fast = fast
        self.body = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body

    @property
    def text(self) -> str:
        return self.body.decode()


class Browser:
    """Asks as a browser does, through the front or past it, and keeps cookies."""

    def __init__(self, user: User | None = None) -> None:
        self.cookies = dict[str, str]()
        if user is not None:
            self.cookies = {name: morsel.value for name, morsel in signed_in(user).cookies.items()}

    def get(self, url: str, application: Any = None, method: str = "GET", **headers: str) -> Answer:
        path, _, query = url.partition("?")
        environ = {
            "REQUEST_METHOD": method, "RAW_URI": url, "PATH_INFO": unquote(path), "QUERY_STRING": query,
            "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "localhost",
            "wsgi.url_scheme": "http", "wsgi.input": BytesIO(), "HTTP_ACCEPT_ENCODING": "gzip, br", **headers,
        }  # fmt: skip
        if self.cookies:
            environ["HTTP_COOKIE"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        told: list[Any] = []
        before = stats._counts["fast"]
        chunks = (application or with_front())(environ, lambda *arguments: told.append(arguments))
        body = b"".join(chunks)
        if hasattr(chunks, "close"):
            chunks.close()
        status, items = told[0][:2]
        for name, value in items:
            if name == "Set-Cookie":
                self.keep(SimpleCookie(value))
        return Answer(status, items, body, stats._counts["fast"] > before)

    def keep(self, cookies: SimpleCookie) -> None:
        for name, morsel in cookies.items():
            self.cookies[name] = morsel.value
            if str(morsel["max-age"]) == "0":
                del self.cookies[name]

    def warm(self, url: str) -> Answer:
        """Ask until the answer comes from before Django; which takes a few, since cookies must have come first."""
        for _ in range(4):
            answer = self.get(url)
            if answer.fast:
                return answer
        pytest.fail(f"{url} never came from memory")


@pytest.fixture
def thread(aws: Forum, ada: User) -> Any:
    return start_thread(ada, aws, "A thread", "Words. " * 200)


def without_tokens(text: str) -> str:
    return re.sub(r'name="(token|csrfmiddlewaretoken)" value="[^"]*"', "", text)


@pytest.fixture(params=["anonymous", "member", "author"])
def browser(request: pytest.FixtureRequest, ada: User, bob: User) -> Browser:
    return Browser({"anonymous": None, "member": bob, "author": ada}[request.param])


class TestTheSameAnswer:
    @pytest.mark.parametrize("url", ["/", "/f/aws/", "/f/aws/latest/", "thread", "/u/ada/"])
    @pytest.mark.parametrize("accepted", ["gzip", ""])
    def test_on_both_paths(self, browser: Browser, thread: Any, url: str, accepted: str) -> None:
        url = page_url(thread) if url == "thread" else url
        browser.warm(url)
        quick = browser.get(url, HTTP_ACCEPT_ENCODING=accepted)
        slow = browser.get(url, ordinary(), HTTP_ACCEPT_ENCODING=accepted)
        assert (quick.fast, slow.fast) == (True, False)
        assert quick.status == slow.status == 200
        assert quick.headers == slow.headers
        assert without_tokens(quick.text) == without_tokens(slow.text)

    def test_with_a_theme_of_ones_own(self, thread: Any) -> None:
        dark, usual = Browser(), Browser()
        dark.cookies["theme"] = "dark"
        assert 'data-theme="dark"' in dark.warm("/").text
        assert "data-theme=" not in usual.warm("/").text
        odd = Browser()
        odd.cookies["theme"] = '"><script>'
        assert odd.get("/").body == usual.get("/").body

    def test_not_modified(self, thread: Any) -> None:
        browser = Browser()
        tag = browser.warm("/").headers["etag"]
        quick = browser.get("/", HTTP_IF_NONE_MATCH=tag)
        slow = browser.get("/", ordinary(), HTTP_IF_NONE_MATCH=tag)
        assert quick.fast and quick.status == slow.status == 304
        assert quick.headers == slow.headers and quick.body == slow.body == b""
        assert browser.get("/", HTTP_IF_NONE_MATCH='W/"other"').status == 200
        assert browser.get("/", HTTP_IF_NONE_MATCH=f'"x", {tag}').status == 304, "a list goes the ordinary way"
        start_thread(User.objects.get(username="ada"), Forum.objects.get())
        assert browser.get("/", HTTP_IF_NONE_MATCH=tag).status == 200

    def test_a_head_goes_the_ordinary_way_and_says_the_same(self, thread: Any) -> None:
        browser = Browser()
        headers = browser.warm("/").headers
        head = browser.get("/", method="HEAD")
        assert not head.fast and head.headers == headers

    def test_over_https_with_its_own_headers(self, thread: Any, settings: Any) -> None:
        settings.SECURE_HSTS_SECONDS = 60
        application = get_wsgi_application()
        with_front = front.before(application)
        browser = Browser()
        browser.warm("/")
        for _ in range(2):
            secure = browser.get("/", with_front, **{"wsgi.url_scheme": "https"})
        assert secure.fast and "strict-transport-security" in secure.headers
        assert "strict-transport-security" not in browser.get("/").headers


def test_a_member_who_has_the_page_is_told_that_it_stands(thread: Any, bob: User) -> None:
    browser = Browser(bob)
    url = page_url(thread)
    browser.warm(url)
    tag = browser.get(url).headers["etag"]
    again = browser.get(url, HTTP_IF_NONE_MATCH=tag)
    assert again.fast and again.status == 304 and again.text == ""
    reply(bob, thread)
    assert browser.get(url, HTTP_IF_NONE_MATCH=tag).status == 200


def test_a_form_from_memory_makes_a_post_of_each_text(thread: Any, bob: User) -> None:
    """Although the page, with the form's token, was given several times."""
    browser, url = Browser(bob), page_url(thread)
    browser.warm(url)
    tokens = {re.findall(r'name="token" value="([^"]+)"', browser.get(url).text)[0] for _ in range(3)}
    [token] = tokens
    sent = [(text, token) for text in ("In one window.", "In another.", "In one window.")]
    answers = [
        signed_in(bob).post(f"/f/aws/{thread.id}/reply/", {"body": text, "token": token})["Location"]
        for text, token in sent
    ]
    assert [answer.partition("#")[2] for answer in answers] == ["post-2", "post-3", "post-2"]
    assert re.findall(r'name="token" value="([^"]+)"', browser.get(url).text) != [token]


def test_members_do_not_share_answers(thread: Any, bob: User, mod: User) -> None:
    url = page_url(thread)
    browsers = {name: Browser(user) for name, user in (("Bob", bob), ("mod", mod), ("", None))}
    for _ in range(3):
        answers = {name: browser.get(url) for name, browser in browsers.items()}
    for name, answer in answers.items():
        assert [other for other in ("Bob", "mod") if f">{other}</span>" in answer.text] == ([name] if name else [])
    assert answers["Bob"].fast and answers[""].fast
    assert not answers["mod"].fast, "staff are told what their page cost"


class TestWhatGoesTheOrdinaryWay:
    @pytest.fixture(autouse=True)
    def warm(self, thread: Any) -> None:
        Browser().warm("/f/aws/")

    @pytest.mark.parametrize(
        ("url", "status"),
        [("/f/aws/?", 200), ("/f/aws/?utm=1", 200), ("/f/%61ws/", 200), ("/f/aws", 301), ("/f/no/", 404)],
    )
    def test_other_addresses_of_the_page(self, url: str, status: int) -> None:
        kept = local.pages.bytes
        for _ in range(3):
            answer = Browser().get(url)
            assert (answer.status, answer.fast) == (status, False)
        assert local.pages.bytes == kept

    def test_a_host_that_is_not_ours(self) -> None:
        assert Browser().get("/f/aws/", HTTP_HOST="evil.example").status == 400

    def test_a_session_that_is_nobodys(self) -> None:
        browser = Browser()
        for _ in range(3):
            browser.cookies[site_settings.SESSION_COOKIE_NAME] = "x" * 32
            assert not browser.get("/f/aws/").fast

    def test_a_reader_for_whom_a_message_waits(self, bob: User) -> None:
        browser = Browser(bob)
        own = start_thread(bob, Forum.objects.get())
        browser.warm("/f/aws/")
        client = Client()
        client.cookies.load(browser.cookies)
        client.post(f"/f/aws/{own.id}/1/delete/")
        browser.cookies["messages"] = client.cookies["messages"].value
        shown = browser.get("/f/aws/")
        assert not shown.fast and "The thread is deleted." in shown.text
        assert "The thread is deleted." not in browser.warm("/f/aws/").text

    def test_a_reader_whose_unsent_text_waits(self, thread: Any, bob: User) -> None:
        browser = Browser()
        posted = Client()
        posted.post(f"/f/aws/{thread.id}/reply/", {"body": "Kept for later", "token": token(bob)})
        posted.force_login(bob, backend=site_settings.AUTHENTICATION_BACKENDS[0])
        browser.cookies = {name: morsel.value for name, morsel in posted.cookies.items()}
        for _ in range(3):
            shown = browser.get(page_url(thread))
            assert not shown.fast and "Kept for later" in shown.text


class TestAtOnce:
    """What ends a reader's right to a page ends it with the next request, although it is in memory."""

    @pytest.fixture(autouse=True, params=["moment known", "moment unknown"])
    def moment(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
        """The loop says when a request had arrived, and need not look at everything again; the WSGI front cannot."""
        if request.param == "moment known":
            find = fast.find
            monkeypatch.setattr(fast, "find", lambda ask, _: find(ask, time.monotonic()))

    @pytest.fixture
    def crew(self, site: None, bob: User) -> Forum:
        group = Group.objects.create(name="crew")
        forum = make_forum("crew", read_access="groups")
        forum.read_groups.add(group)
        renew()
        bob.groups.add(group)
        return forum

    @pytest.fixture
    def member(self, crew: Forum, bob: User) -> Browser:
        browser = Browser(bob)
        browser.warm("/f/crew/")
        return browser

    def closed(self, member: Browser) -> None:
        answer = member.get("/f/crew/")
        assert (answer.status, answer.fast) == (404, False)

    def test_a_sign_out(self, member: Browser) -> None:
        client = Client()
        client.cookies.load(member.cookies)
        assert client.post("/accounts/logout/").status_code == 302
        self.closed(member)

    def test_a_password_change(self, member: Browser, bob: User) -> None:
        bob.set_password("something else")
        bob.save()
        self.closed(member)

    def test_a_ban(self, member: Browser, bob: User) -> None:
        bob.is_active = False
        bob.save()
        self.closed(member)

    def test_a_ban_of_many(self, member: Browser) -> None:
        User.objects.filter(username="Bob").update(is_active=False)
        self.closed(member)

    def test_a_closed_account(self, member: Browser, bob: User) -> None:
        bob.delete()
        self.closed(member)

    def test_the_loss_of_a_group(self, member: Browser, bob: User) -> None:
        bob.groups.clear()
        self.closed(member)

    def test_the_loss_of_a_group_seen_from_the_group(self, member: Browser, bob: User) -> None:
        Group.objects.get(name="crew").user_set.remove(bob)
        self.closed(member)

    def test_a_session_that_expires(self, member: Browser) -> None:
        key = sessions.redis_key(member.cookies[site_settings.SESSION_COOKIE_NAME])
        stores.client("sessions").pexpire(key, 900)
        member.warm("/f/crew/")
        time.sleep(1.0)
        self.closed(member)

    def test_a_new_name_is_shown(self, member: Browser, bob: User) -> None:
        from forum.actions.members import change_username

        change_username(bob, "Robert")
        answer = member.get("/f/crew/")
        assert not answer.fast and ">Robert</span>" in answer.text

    def test_a_forum_that_is_archived_shows_no_form(self, member: Browser, crew: Forum, mod: User) -> None:
        thread = start_thread(mod, crew)
        assert 'name="body"' in member.warm(page_url(thread)).text
        crew.archived = True
        crew.save()
        renew()
        answer = member.get(page_url(thread))
        assert not answer.fast and 'name="body"' not in answer.text

    def test_a_reply_is_there(self, member: Browser, crew: Forum, bob: User, mod: User) -> None:
        thread = start_thread(mod, crew)
        member.warm(page_url(thread))
        reply(bob, thread, "Just now.")
        answer = member.get(page_url(thread))
        assert not answer.fast and "Just now." in answer.text
        assert "Just now." in member.warm(page_url(thread)).text


class TestWithoutMemory:
    def test_nothing_is_kept_when_it_is_turned_off(self, thread: Any, settings: Any) -> None:
        settings.LOCAL_PAGES_MB = 0
        for _ in range(3):
            answer = Browser().get("/")
            assert answer.status == 200 and not answer.fast
        assert local.pages.count == 0

    def test_a_broken_connection_drops_everything_before_the_next_answer(self, thread: Any) -> None:
        Browser().warm("/")
        local.states.disconnect()
        assert not Browser().get("/").fast
        assert Browser().warm("/").status == 200

    def test_memory_is_bounded(self, thread: Any, settings: Any, ada: User, aws: Forum) -> None:
        settings.LOCAL_PAGES_MB = 0.1
        for number in range(12):
            Browser().get(page_url(start_thread(ada, aws, f"Thread {number}", "Words. " * 300)))
        assert 0 < local.pages.count < 12
        assert local.pages.bytes <= 100_000


@pytest.fixture(autouse=True)
def front_remembers() -> Iterator[None]:
    fast._forget_settings()
    yield


def test_whom_a_member_ignores_is_left_out_at_once_and_for_that_member_alone(aws: Forum, ada: User, bob: User) -> None:
    thread = start_thread(ada, aws, "A thread", "Words of ada's.")
    url, line = page_url(thread), "Post by an ignored member"
    reader, other, stranger = Browser(bob), Browser(make_member("carol")), Browser()
    way = f"/members/{ada.pk}/ignore/"
    assert all(line not in browser.warm(url).text for browser in (reader, other, stranger))
    assert signed_in(bob).post(way, {"on": "1"}).status_code == 302
    assert line in reader.get(url).text and line in reader.warm(url).text
    assert not any(line in browser.get(url).text for browser in (other, stranger))
    assert signed_in(bob).post(way, {"on": "0"}).status_code == 302
    assert line not in reader.get(url).text
