"""What the loop remembers of requests: what the same bytes ask for, and never more than it may."""

from types import SimpleNamespace

import pytest

from forum_site import plain

pytest.importorskip("gunicorn_h1c")

NEAR, FAR = SimpleNamespace(client=("127.0.0.1", 1)), SimpleNamespace(client=("192.0.2.1", 1))


@pytest.fixture
def reader() -> plain.Reader:
    from gunicorn.config import Config

    return plain.Reader(Config())


def request(target: str = "/", *lines: str) -> bytes:
    return "\r\n".join([f"GET {target} HTTP/1.1", "Host: a", *lines, "", ""]).encode()


def test_the_same_bytes_ask_for_the_same_and_are_read_once(reader: plain.Reader) -> None:
    first = reader.read(request("/a", "Cookie: sessionid=ada"), NEAR)
    again = reader.read(request("/a", "Cookie: sessionid=ada"), NEAR)
    assert first is not None and first is again
    assert first[0].target == b"/a" and first[0].cookie == b"sessionid=ada"


def test_guests_are_told_apart_by_where_they_are(reader: plain.Reader) -> None:
    asked = [reader.read(request("/a"), peer) for peer in (NEAR, FAR, NEAR)]
    assert [found[0].peer for found in asked if found] == ["127.0.0.1", "192.0.2.1", "127.0.0.1"]


def test_one_byte_that_differs_is_another_request(reader: plain.Reader) -> None:
    assert reader.read(request("/", "Cookie: sessionid=ada"), NEAR) != reader.read(
        request("/", "Cookie: sessionid=bob"), NEAR
    )


def test_a_proxy_is_believed_or_not_by_where_it_is_each_time(reader: plain.Reader) -> None:
    asked = request("/", "X-Forwarded-Proto: https")
    believed = [found[0].tls for peer in (NEAR, FAR, NEAR) if (found := reader.read(asked, peer))]
    assert believed == [True, False, True]


def test_only_so_many_and_only_short_ones_are_remembered(reader: plain.Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "KEPT_MOST", 3)
    for number in range(10):
        assert reader.read(request(f"/{number}"), NEAR)
    long = request("/long", f"Cookie: {'a' * plain.KEPT_BYTES}")
    assert reader.read(long, NEAR)
    assert set(reader._kept) == {(request(f"/{number}"), "127.0.0.1") for number in (7, 8, 9)}


def test_what_is_no_plain_get_is_not_remembered(reader: plain.Reader) -> None:
    assert reader.read(request("/", "Range: bytes=0-"), NEAR) is None
    assert not reader._kept
