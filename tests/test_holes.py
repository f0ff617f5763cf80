"""Marks of holes, and what goes into them."""

from forum.holes import fill, fill_late, has_holes, late, mark, split, split_late


def test_a_mark_is_replaced_by_what_its_name_and_arguments_say() -> None:
    body = f"<p>{mark('tools', '01J', 7)}</p>{mark('account')}".encode()
    assert has_holes(body)
    assert fill(body, lambda name, arguments: f"{name}:{','.join(arguments)}") == b"<p>tools:01J,7</p>account:"


def test_a_page_is_split_at_its_holes() -> None:
    body = f"a{mark('tools', '01J', 7)}{mark('account')}é".encode()
    assert split(body) == ([b"a", b"", "é".encode()], [("tools", ("01J", "7")), ("account", ())])
    assert split(b"") == ([b""], [])


def test_late_holes_stay_open_until_they_are_asked_for() -> None:
    filled = fill(f"<form>{mark('form')}</form>".encode(), lambda *_: f"[{late('token')}]")
    assert not has_holes(filled)
    assert split_late(filled) == ([b"<form>[", b"]</form>"], ["token"])
    assert fill_late(filled, str.upper) == b"<form>[TOKEN]</form>"


def test_a_mark_of_one_kind_is_none_of_the_other() -> None:
    assert split_late(mark("token").encode()) == ([mark("token").encode()], [])
    assert split(late("token").encode()) == ([late("token").encode()], [])


def test_a_mark_that_is_not_made_with_the_key_is_text() -> None:
    for made in (mark("account"), late("token")):
        digits = made[1:17]
        for text in (made.replace(digits, "0" * 16), made[1:], digits, "\x01\x1faccount\x01"):
            assert not has_holes(text.encode())
            assert split(text.encode()) == ([text.encode()], [])
            assert split_late(text.encode()) == ([text.encode()], [])


def test_what_cannot_be_encoded_becomes_a_question_mark() -> None:
    assert fill(mark("name").encode(), lambda *_: "\ud800") == b"?"
