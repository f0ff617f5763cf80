"""Programs that come with tokens."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from forum.actions import tokens
from forum.cache import uses
from forum.models import Forum, User
from forum.tables.threads import Thread
from tests.helpers import reply, start_thread


@dataclass
class Program:
    """Somebody who speaks JSON, with a token or without."""

    token: str = ""
    client: Client | None = None

    def asks(self, method: str, path: str, sent: Any = None, **headers: str) -> HttpResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            named["Authorization"] = f"Bearer {self.token}"
        body = {"data": json.dumps(sent), "content_type": "application/json"} if sent is not None else {}
        url = path if path.startswith("http") else f"/api{path}"
        answer: HttpResponse = (self.client or Client()).generic(method, url, headers=named, **body)
        return answer

    def gets(self, path: str) -> Any:
        """What is there, which must be."""
        answer = self.asks("GET", path)
        assert answer.status_code == 200, answer.content.decode()
        return answer.json()  # type: ignore[attr-defined]


Comes = Callable[..., Program]


@pytest.fixture
def comes(site: None) -> Comes:
    """A member's program, with a token of these scopes."""
    uses.forget()

    def with_token(user: User, *scopes: str) -> Program:
        return Program(tokens.make(user, "Test", scopes or ("read", "write"), None)[1])

    return with_token


@pytest.fixture
def stranger(site: None) -> Program:
    return Program()


@pytest.fixture
def thread(aws: Forum, ada: User) -> Thread:
    found = start_thread(ada, aws, "About keys", "Which **key**?")
    reply(ada, found, "That one.")
    return found
