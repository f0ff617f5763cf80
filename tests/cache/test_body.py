"""A page's body in memory: whatever goes into its holes, gzip and plain say the same."""

import gc
import gzip
import tracemalloc
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from random import Random
from threading import Barrier

import pytest

from forum.cache.body import SHORT, SHORT_AT_EACH_POST, WEAVES_MOST, Body, Filled
from forum.holes import mark

TOKEN = b"01M85FD140XRGMZA5MN1EVMDX9:vVr0S3cLqaaF8N00S1t3jFRtkXkAm8O_H"
POST = "<article class='post'><p>{}.</p><span>{}</span></article>\n"


def thread_page(posts: int = 20) -> bytes:
    """A page as a thread's: a hole for the account, one for each post, one for the form."""
    rng = Random(4)
    words = ["".join(rng.choices("aeioulnrst", k=rng.randrange(2, 9))) for _ in range(500)]
    articles = (POST.format(" ".join(rng.choices(words, k=80)), mark("post_tools", n)) for n in range(posts))
    return f"<html><nav>{mark('account')}</nav>{''.join(articles)}<hr>{mark('reply')}</html>".encode()


def member_values(name: str = "ada", posts: int = 20) -> list[bytes]:
    """What a member gets: a long menu, no tools, and a form with a token."""
    form = b"<form><input value='" + TOKEN + b"'>" + b"<p>Write here what you have to say.</p>" * 20 + b"</form>"
    return [b"<a href='/u/%b/'>You</a>" % name.encode() * 30, *[b""] * posts, form]


def forged(made: str) -> str:
    """A mark as somebody would write it who does not know the key."""
    return made.replace(made[1:17], "0123456789abcdef")


class RandomPages:
    """Pages and values of every kind; the same in every run."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = Random(seed)
        nearly = forged(mark("account")), "\x01", "\x01\x1f", "\x1faccount\x01"
        self.makers: list[Callable[[], str]] = [
            lambda: "",
            lambda: "\n",
            lambda: "<p class='post'>" * rng.randrange(200),
            lambda: rng.choice("🙂é\x00\u2028") * rng.randrange(1, 300),
            lambda: rng.choice(nearly),
            lambda: "".join(map(chr, rng.choices(range(2, 0xD800), k=rng.randrange(1, 800)))),
            lambda: rng.choice("ab") * rng.choice([255, 256, 257, 4096, 4097, 65_535, 65_536, 140_000]),
        ]
        self.weights = [6, 3, 5, 3, 3, 2, 1]

    def text(self) -> bytes:
        return self.rng.choices(self.makers, self.weights)[0]().encode()

    def page(self) -> tuple[list[bytes], bytes]:
        """The text around the holes, and the page with their marks."""
        texts = [self.text() for _ in range(self.rng.choice([1, 2, 3, 8, 26]))]
        return texts, mark("hole", self.rng.random()).encode().join(texts)


# -- Pages ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(150))
def test_gzip_and_plain_are_the_page_whatever_it_holds(seed: int) -> None:
    pages = RandomPages(seed)
    texts, stored = pages.page()
    body = Body(stored)
    for shared in (False, True, False):
        values = [pages.text() for _ in body.holes]
        filled = body.fill(values, shared)
        page = texts[0] + b"".join(value + text for value, text in zip(values, texts[1:], strict=True))
        for _ in range(2):
            assert filled.plain() == page
            assert gzip.decompress(filled.gzipped()) == page


def test_the_holes_are_named_in_their_order() -> None:
    body = Body(f"a{mark('theme')}b{mark('tools', '01J', 7)}".encode())
    assert body.holes == (("theme", ()), ("tools", ("01J", "7")))
    assert Body(b"no holes").holes == ()


def test_a_page_without_holes_is_a_page() -> None:
    for shared in (False, True):
        filled = Body(b"hello").fill([], shared)
        assert (filled.plain(), gzip.decompress(filled.gzipped())) == (b"hello", b"hello")
    empty = Body(b"").fill([])
    assert (empty.plain(), gzip.decompress(empty.gzipped())) == (b"", b"")


def test_what_looks_like_a_mark_and_is_not_made_with_the_key_is_text() -> None:
    text = forged(mark("account")).encode()
    body = Body(text + mark("account").encode())
    assert body.holes == (("account", ()),)
    filled = body.fill([text])
    assert filled.plain() == gzip.decompress(filled.gzipped()) == text * 2


def test_the_mark_of_a_hole_in_a_value_is_text() -> None:
    filled = Body(mark("account").encode()).fill([mark("account").encode()])
    assert filled.plain() == mark("account").encode()


def test_as_many_values_as_holes_are_needed() -> None:
    body = Body(thread_page())
    for values in (member_values()[1:], [*member_values(), b""]):
        with pytest.raises(ValueError, match="22 holes"):
            body.fill(values)


def test_gzip_can_be_read_as_it_arrives() -> None:
    values = member_values()
    values[3] = b"long " * 30_000
    filled = Body(thread_page()).fill(values)
    for size in (1, 7, 1460, 100_000):
        whole = filled.gzipped()
        reader, read = zlib.decompressobj(zlib.MAX_WBITS + 16), b""
        for start in range(0, len(whole), size):
            read += reader.decompress(whole[start : start + size])
        assert reader.eof and not reader.unused_data and read == filled.plain()


# -- ETags ----------------------------------------------------------------------------------------


def test_an_etag_changes_with_the_page_and_with_any_value() -> None:
    pages = [b"x", b"y"]
    values = [[b"", b""], [b"a", b""], [b"", b"a"], [b"ab", b""], [b"a", b"b"], [b"1:", b""], [b"", b"1:"]]
    marks = mark("one").encode(), mark("two").encode()
    etags = [Body(b"<%b>" % page + b"-".join(marks)).fill(each).etag for page in pages for each in values]
    assert len(set(etags)) == len(etags)
    assert all(etag.startswith('W/"') and etag.endswith('"') for etag in etags)


def test_an_etag_is_the_same_in_every_process() -> None:
    one, other = (Body(thread_page()).fill([b"x"] * 22, shared) for shared in (True, False))
    assert one.etag == other.etag


# -- Size -----------------------------------------------------------------------------------------


def test_a_shared_page_is_compressed_as_a_whole() -> None:
    filled = Body(thread_page()).fill([b"<a>Sign in</a>" * 30, *[b""] * 20, b"Sign in to reply"], shared=True)
    assert filled.gzipped() == zlib.compress(filled.plain(), 6, 31)
    assert filled.gzipped() is filled.gzipped()


@pytest.mark.parametrize("tools", [b"", b"<a href='/edit/'>Edit</a><a href='/delete/'>Delete</a>"])
def test_holes_with_short_values_cost_little_compression(tools: bytes) -> None:
    values = member_values()
    values[1:21] = [tools] * 20
    filled = Body(thread_page()).fill(values)
    assert len(filled.gzipped()) < 1.2 * len(gzip.compress(filled.plain(), 6))


def test_the_length_of_an_answer_says_nothing_of_how_a_long_value_is_like_the_page() -> None:
    """What others write on a page is not compressed with the tokens in a reader's form."""

    def length(secret: bytes) -> int:
        page = thread_page().replace(b"</html>", b"<p>k3Jf9xQ2mZsW7pLr</p></html>")
        return len(Body(page).fill([*member_values()[:-1], b"<input value='%b'>" % secret * 20]).gzipped())

    assert length(b"k3Jf9xQ2mZsW7pLr") == length(b"m2Zs9k3xQ7pLrJfW")


def test_readers_with_the_same_short_values_share_what_is_deflated() -> None:
    body = Body(thread_page())
    first = body.fill(member_values("ada"))
    before = body.size
    first.gzipped()
    kept = body.size
    assert kept > before
    second = body.fill(member_values("bob"))
    assert gzip.decompress(second.gzipped()) == second.plain()
    assert body.size == kept
    assert second.size < len(second.plain())


def test_what_stands_at_each_post_hardly_makes_the_page_longer() -> None:
    """However long it is, the page is not cut at each of the posts."""
    acts = [b"<button class='act' formaction='/f/aws/01J/%d/like/'>Like this post</button>" % n * 12 for n in range(20)]
    values = [member_values()[0], *acts, b"<form></form>"]
    filled = Body(thread_page()).fill(values)
    assert all(len(value) > SHORT for value in acts)
    assert gzip.decompress(filled.gzipped()) == filled.plain()
    assert len(filled.gzipped()) < 1.1 * len(gzip.compress(filled.plain(), 6))


def test_a_body_keeps_only_a_few_kinds_of_readers() -> None:
    body = Body(thread_page())
    sizes = []
    for number in range(3 * WEAVES_MOST):
        filled = body.fill([b"%d" % number * 3] * 22)
        assert gzip.decompress(filled.gzipped()) == filled.plain()
        sizes.append((body.size, filled.size))
    assert len({size for size, _ in sizes}) == WEAVES_MOST
    assert sizes[-1][1] > sizes[0][1], "what the body does not keep is the reader's own"


def test_sizes_are_about_what_python_says() -> None:
    """Values are made anew, since equal ones of one object would be counted once."""
    page, numbers = thread_page(), count()

    def filled(body: Body) -> Filled:
        made = body.fill([bytes(bytearray(value)) for value in member_values(f"member{next(numbers)}")])
        made.gzipped()
        return made

    filled(Body(page))
    # Memory that Python holds in reserve would not be counted when it is used again.
    gc.collect()
    tracemalloc.start()
    try:
        bodies = [Body(bytes(bytearray(page))) for _ in range(50)]
        said, used = sum(body.size for body in bodies), tracemalloc.get_traced_memory()[0]
        assert 0.7 < said / used < 1.3
        kept = [filled(bodies[0]) for _ in range(100)]
        said, used = sum(each.size for each in kept), tracemalloc.get_traced_memory()[0] - used
        assert 0.7 < said / used < 1.3
    finally:
        tracemalloc.stop()


# -- Threads --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shared", [False, True])
def test_many_threads_use_one_page_at_once(shared: bool) -> None:
    for turn in range(20):
        body, start = Body(thread_page()), Barrier(8)
        mine = body.fill([b"x" * (SHORT_AT_EACH_POST + turn)] * 22, shared)

        def read(number: int, body: Body = body, mine: Filled = mine, start: Barrier = start) -> bool:
            start.wait(5)
            assert gzip.decompress(mine.gzipped()) == mine.plain()
            own = body.fill([*member_values(f"member{number}")[:-1], TOKEN * (number % 3)], shared)
            return gzip.decompress(own.gzipped()) == own.plain()

        with ThreadPoolExecutor(8) as threads:
            assert all(threads.map(read, range(8), timeout=20))
