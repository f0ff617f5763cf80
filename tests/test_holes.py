"""Marks of holes, and what goes into them."""

import pytest
from django.http import HttpRequest

from forum.cache.body import Body
from forum.directory import Directory
from forum.holes import has_holes, mark, split
from forum.permissions import ANONYMOUS
from forum.readers import Basis
from forum.views import holes as fillers


def test_a_mark_is_replaced_by_what_its_name_and_arguments_say() -> None:
    body = f"<p>{mark('tools', '01J', 7)}</p>{mark('account')}".encode()
    assert has_holes(body)
    page = Body(body)
    values = [f"{name}:{','.join(arguments)}".encode() for name, arguments in page.holes]
    assert page.fill(values).plain() == b"<p>tools:01J,7</p>account:"


def test_a_page_is_split_at_its_holes() -> None:
    body = f"a{mark('tools', '01J', 7)}{mark('account')}é".encode()
    assert split(body) == ([b"a", b"", "é".encode()], [("tools", ("01J", "7")), ("account", ())])
    assert split(b"") == ([b""], [])


def test_a_mark_that_is_not_made_with_the_key_is_text() -> None:
    made = mark("account")
    digits = made[1:17]
    for text in (made.replace(digits, "0" * 16), made[1:], digits, "\x01\x1faccount\x01"):
        assert not has_holes(text.encode())
        assert split(text.encode()) == ([text.encode()], [])


def test_what_cannot_be_encoded_becomes_a_question_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(fillers.FILLERS, "name", lambda reading: "\ud800")
    nobody = Basis(Directory("", {}), ANONYMOUS)
    assert fillers.values(HttpRequest(), nobody, Body(mark("name").encode())) == [b"?"]
