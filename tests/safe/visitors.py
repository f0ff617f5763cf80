"""People with browsers without scripts, before the application itself or before a web server.

A visitor keeps cookies, reads forms off pages and sends them, signs in and out by the pages for it.
"""

import http.client
import re
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Self
from urllib.parse import urlencode, urljoin, urlsplit

from django.test import Client

from .community import PASSWORD

SECONDS = 20
CONNECTION_LASTS = 15
IDLE_SECONDS = 10


@dataclass
class Form:
    """A form as it stands in a page: where it goes, and what it holds."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class _Reader(HTMLParser):
    """Forms and links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").lower()))
        elif tag in ("input", "textarea") and self.forms and given.get("name"):
            self.forms[-1].fields[given["name"]] = given.get("value", "")
            self._text = given["name"] if tag == "textarea" else ""

    def handle_data(self, data: str) -> None:
        if self._text:
            self.forms[-1].fields[self._text] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._text = ""


@dataclass
class Answer:
    """What came back. Header names are in small letters."""

    url: str
    status: int
    headers: list[tuple[str, str]]
    body: str

    def __post_init__(self) -> None:
        self._read = _Reader()
        if self.get("content-type").startswith("text/html"):
            self._read.feed(self.body)

    def get(self, name: str) -> str:
        return next((value for header, value in self.headers if header == name), "")

    @property
    def cache(self) -> str:
        return self.get("x-cache")

    @property
    def is_kept(self) -> bool:
        """Whether it is a page that the cache keeps."""
        return self.cache in ("hit", "miss")

    @property
    def forms(self) -> list[Form]:
        """All that are sent by POST."""
        return [form for form in self._read.forms if form.method == "post"]

    def form(self, ending: str) -> Form:
        """The one whose address ends so."""
        [found] = [form for form in self.forms if form.action.endswith(ending)]
        return found

    @property
    def links(self) -> list[str]:
        """Where the page leads on this site, without what follows "#"."""
        found = (urljoin(self.url, link).partition("#")[0] for link in self._read.links)
        return [link for link in found if link.startswith("/") and not link.startswith(("//", "/static/"))]


class Visitor(ABC):
    """Somebody at a browser; `name` is "" for a stranger."""

    def __init__(self, name: str = "") -> None:
        self.name = name

    @property
    @abstractmethod
    def cookies(self) -> dict[str, str]: ...

    @abstractmethod
    def forgets(self, cookie: str) -> None: ...

    @abstractmethod
    def _sends(self, method: str, url: str, fields: dict[str, str], headers: dict[str, str]) -> Answer: ...

    def gets(self, url: str, headers: dict[str, str] | None = None) -> Answer:
        return self._sends("GET", url, {}, headers or {})

    def sends(self, form: Form, **fields: str) -> Answer:
        return self._sends("POST", form.action, {**form.fields, **fields}, {})

    def signs_in(self) -> None:
        page = self.gets("/accounts/login/")
        [form] = [form for form in page.forms if "password" in form.fields]
        answer = self.sends(Form("/accounts/login/", "post", form.fields), login=self.name, password=PASSWORD)
        assert answer.status == 302 and "sessionid" in self.cookies, f"{self.name} could not sign in: {answer.body}"

    def signs_out(self) -> None:
        form = self.gets("/accounts/logout/").form("/accounts/logout/")
        assert self.sends(form).status == 302

    def chooses(self, theme: str) -> None:
        assert self.sends(Form("/theme/", "post", {"theme": theme})).status == 302


class Direct(Visitor):
    """Asks the application in this process."""

    def __init__(self, name: str = "") -> None:
        super().__init__(name)
        self.client = Client(enforce_csrf_checks=True)

    @property
    def cookies(self) -> dict[str, str]:
        return {name: morsel.value for name, morsel in self.client.cookies.items() if morsel.value}

    def forgets(self, cookie: str) -> None:
        del self.client.cookies[cookie]

    def _sends(self, method: str, url: str, fields: dict[str, str], headers: dict[str, str]) -> Answer:
        ask = self.client.get if method == "GET" else self.client.post
        answer = ask(url, fields or None, headers=headers)
        found = [(name.lower(), value) for name, value in answer.items()]
        found += [("set-cookie", morsel.OutputString()) for morsel in answer.cookies.values()]
        return Answer(url, answer.status_code, found, answer.content.decode())


class Distant(Visitor):
    """Asks a web server on this machine, over a connection that is kept open; now and then a new one, which
    another of its workers may answer."""

    def __init__(self, site: str, name: str = "") -> None:
        super().__init__(name)
        self._connection = http.client.HTTPConnection(urlsplit(site).netloc, timeout=SECONDS)
        self._cookies: dict[str, str] = {}
        self._asked = 0
        self._last = time.monotonic()

    @property
    def cookies(self) -> dict[str, str]:
        return dict(self._cookies)

    def forgets(self, cookie: str) -> None:
        del self._cookies[cookie]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._connection.close()

    def _sends(self, method: str, url: str, fields: dict[str, str], headers: dict[str, str]) -> Answer:
        headers = {**headers, "Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        # A path may hold a space that was taken from a link as it stood there.
        target = re.sub(r"\s", "%20", url)
        self._asked += 1
        # The server closes what has been idle for long, perhaps at this very moment.
        idle, self._last = time.monotonic() - self._last, time.monotonic()
        if self._asked % CONNECTION_LASTS == 0 or idle > IDLE_SECONDS:
            self._connection.close()
        self._connection.request(method, target, urlencode(fields) if method == "POST" else None, headers)
        answer = self._connection.getresponse()
        body = answer.read().decode()
        found = [(name.lower(), value) for name, value in answer.getheaders()]
        for name, value in found:
            if name == "set-cookie":
                self._keep(value)
        return Answer(url, answer.status, found, body)

    def _keep(self, header: str) -> None:
        for name, morsel in SimpleCookie(header).items():
            if morsel.value and morsel["max-age"] != "0":
                self._cookies[name] = morsel.value
            else:
                self._cookies.pop(name, None)
