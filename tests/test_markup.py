"""Markdown: what members may write is kept, what could harm a reader is not, and no text breaks it."""

import random
import re
import threading
import time
from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.utils.safestring import SafeString

from forum import highlight
from forum.markup import (
    ATTRIBUTE_VALUES,
    ATTRIBUTES,
    BLOCKS,
    CLASSES,
    INLINE,
    MAX_NAMES,
    TABLES,
    mentions,
    plain,
    quotation,
    quoted,
    render,
)

VOID = {"br", "hr", "img", "input"}
SET_BY_US = {"a": {"rel"}, "img": {"loading"}, "input": {"type", "disabled", "aria-label"}}


class Reader(HTMLParser):
    """Reads HTML as a browser would, and holds every element, attribute and open tag it met."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data!r}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration: {decl!r}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"a processing instruction: {data!r}")


def assert_harmless(markup: str) -> None:
    """Nothing but what is allowed, closed where it was opened, and fit to be sent as UTF-8."""
    reader = Reader(markup)
    assert reader.open == []
    for tag, attributes in reader.elements:
        assert tag in BLOCKS | INLINE | TABLES
        allowed = ATTRIBUTES.get(tag, set()) | set(ATTRIBUTE_VALUES.get(tag, ())) | SET_BY_US.get(tag, set())
        assert set(attributes) <= allowed, (tag, attributes)
        if "class" in attributes and attributes["class"] not in CLASSES.get(tag, ()):
            assert tag == "code" and re.fullmatch(r"language-[A-Za-z0-9_+#.-]{1,30}", attributes["class"] or "")
        assert re.fullmatch(r"/p/[0-9A-Z]{26}/[1-9][0-9]*/", attributes.get("cite") or f"/p/{'0' * 26}/1/")
        assert re.match(r"https?://|mailto:|/(?!/)|#", attributes.get("href") or "#")
        assert re.match(r"https?://|/(?!/)", attributes.get("src") or "/")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", markup)
    markup.encode()


def assert_same(one: str, other: str) -> None:
    """The same HTML, whatever the order in which an element's attributes stand: nh3 has none."""
    assert Reader(one).elements == Reader(other).elements
    assert re.sub("<[^>]*>", "<>", one) == re.sub("<[^>]*>", "<>", other)


ATTACKS = [
    # HTML that the author typed is read, not run.
    ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"),
    ("a <script>alert(1)</script>", "<p>a &lt;script&gt;alert(1)&lt;/script&gt;</p>\n"),
    ("<img src=x onerror=alert(1)>", "<p>&lt;img src=x onerror=alert(1)&gt;</p>\n"),
    ("x <svg/onload=alert(1)>", "<p>x &lt;svg/onload=alert(1)&gt;</p>\n"),
    ("<!-- a comment -->", "<p>&lt;!-- a comment --&gt;</p>\n"),
    ("a <b onclick='x'>c</b>", "<p>a &lt;b onclick='x'&gt;c&lt;/b&gt;</p>\n"),
    ("<style>*{display:none}</style>", "<p>&lt;style&gt;*{display:none}&lt;/style&gt;</p>\n"),
    ("`<script>`", "<p><code>&lt;script&gt;</code></p>\n"),
    ("</article></main>", "<p>&lt;/article&gt;&lt;/main&gt;</p>\n"),
    ("&lt;script&gt;", "<p>&lt;script&gt;</p>\n"),
    # Addresses that run something lose their link, in every spelling.
    ("[x](javascript:alert(1))", "<p>x</p>\n"),
    ("[x](JaVaScRiPt:alert(1))", "<p>x</p>\n"),
    ("[x](javascript&colon;alert(1))", "<p>x</p>\n"),
    ("[x](&#106;avascript:alert(1))", "<p>x</p>\n"),
    ("[x](&#1;javascript:alert(1))", "<p>x</p>\n"),
    ("[x](java&#10;script:alert(1))", "<p>x</p>\n"),
    ("[x](java\tscript:alert(1))", "<p>[x](java\tscript:alert(1))</p>\n"),
    ("[x](<javascript:alert(1)>)", "<p>x</p>\n"),
    ("<javascript:alert(1)>", "<p>javascript:alert(1)</p>\n"),
    ("[x]\n\n[x]: javascript:alert(1)", "<p>x</p>\n"),
    ("[x](vbscript:msgbox(1))", "<p>x</p>\n"),
    ("[x](data:text/html;base64,PHNjcmlwdD4=)", "<p>x</p>\n"),
    ("[x](file:///etc/passwd)", "<p>x</p>\n"),
    ("[x](//evil.example)", "<p>x</p>\n"),
    ("[x](/\\evil.example)", '<p><a href="/%5Cevil.example" rel="nofollow ugc noopener">x</a></p>\n'),
    ("[x](intent://a#Intent;end)", "<p>x</p>\n"),
    ("[**x** <y](file:///a '>href=b')", "<p><strong>x</strong> &lt;y</p>\n"),
    # Images: only from the web or this site.
    ("![x](javascript:alert(1))", '<p><img alt="x" loading="lazy"></p>\n'),
    ("![x](data:image/svg+xml,<svg/onload=1>)", '<p><img alt="x" loading="lazy"></p>\n'),
    ("![x](data:image/png;base64,AAAA)", '<p><img alt="x" loading="lazy"></p>\n'),
    ("![x](mailto:a@b.example)", '<p><img alt="x" loading="lazy"></p>\n'),
    ("![x](//evil.example/a.png)", '<p><img alt="x" loading="lazy"></p>\n'),
    # Quotes do not end an attribute.
    (
        '[x](https://a.example/"onmouseover="alert(1))',
        '<p><a href="https://a.example/%22onmouseover=%22alert(1)" rel="nofollow ugc noopener">x</a></p>\n',
    ),
    (
        "[x](/a '\" onclick=\"alert(1)')",
        '<p><a href="/a" title="&quot; onclick=&quot;alert(1)" rel="nofollow ugc noopener">x</a></p>\n',
    ),
    (
        '![" onerror="alert(1)](/a.png)',
        '<p><img src="/a.png" alt="&quot; onerror=&quot;alert(1)" loading="lazy"></p>\n',
    ),
    # A language is one word, so a post cannot wear the site's classes.
    ("```a&#32;btn&#32;btn-danger\n```", '<pre><code class="language-a"></code></pre>\n'),
    ("```a&nbsp;b\n```", "<pre><code></code></pre>\n"),
    ('```a"onclick="b\n```', "<pre><code></code></pre>\n"),
    # Control characters, and what breaks UTF-8.
    ("a\x00b\x1bc\x7fd\x85e", "<p>abcde</p>\n"),
    ("a&#27;b&#0;c&#x9f;", "<p>ab\ufffdc</p>\n"),
    ("a\ud800b\udfff", "<p>a\ufffdb\ufffd</p>\n"),
    ("`\x01\ud83d`", "<p><code>\ufffd</code></p>\n"),
]


@pytest.mark.parametrize(("source", "left"), ATTACKS, ids=[repr(source) for source, _ in ATTACKS])
def test_an_attack_leaves_only_this(source: str, left: str) -> None:
    assert_same(render(source), left)
    assert_harmless(left)


FEATURES = [
    ("a *b* **c** ~~d~~ `e`", "<p>a <em>b</em> <strong>c</strong> <del>d</del> <code>e</code></p>\n"),
    ("one\ntwo\r\nthree\rfour", "<p>one<br>\ntwo<br>\nthree<br>\nfour</p>\n"),
    ("```\na\r\nb\n```", "<pre><code>a\nb\n</code></pre>\n"),
    ("```c++ hidden\nx < y\n```", '<pre><code class="language-c++">x &lt; y\n</code></pre>\n'),
    ("    indented", "<pre><code>indented\n</code></pre>\n"),
    ("vector<int> v", "<p>vector&lt;int&gt; v</p>\n"),
    (
        "- [x] done\n- [ ] to do",
        '<ul>\n<li><input checked="" disabled="" type="checkbox" aria-label="Task"> done</li>\n'
        '<li><input disabled="" type="checkbox" aria-label="Task"> to do</li>\n</ul>\n',
    ),
    (
        "|a|b|c|\n|:-|:-:|-:|\n|1|2|",
        '<table>\n<thead>\n<tr>\n<th align="left">a</th>\n<th align="center">b</th>\n<th align="right">c</th>\n</tr>\n'
        '</thead>\n<tbody>\n<tr>\n<td align="left">1</td>\n<td align="center">2</td>\n<td align="right"></td>\n</tr>\n'
        "</tbody>\n</table>\n",
    ),
    ("3. c\n4. d", '<ol start="3">\n<li>c</li>\n<li>d</li>\n</ol>\n'),
    ("> a\n> > b", "<blockquote>\n<p>a</p>\n<blockquote>\n<p>b</p>\n</blockquote>\n</blockquote>\n"),
    ("***", "<hr>\n"),
    (
        "see www.a.example, https://b.example/?x=1&y=2 or c@d.example",
        '<p>see <a href="http://www.a.example" rel="nofollow ugc noopener">www.a.example</a>, '
        '<a href="https://b.example/?x=1&amp;y=2" rel="nofollow ugc noopener">https://b.example/?x=1&amp;y=2</a> or '
        '<a href="mailto:c@d.example" rel="nofollow ugc noopener">c@d.example</a></p>\n',
    ),
    ('[x](/f/aws/ "T")', '<p><a href="/f/aws/" title="T" rel="nofollow ugc noopener">x</a></p>\n'),
    ("[x](#post-7)", '<p><a href="#post-7" rel="nofollow ugc noopener">x</a></p>\n'),
    (
        "![A cat](https://a.example/cat.png)",
        '<p><img src="https://a.example/cat.png" alt="A cat" loading="lazy"></p>\n',
    ),
    ("![A cat](/media/cat.png)", '<p><img src="/media/cat.png" alt="A cat" loading="lazy"></p>\n'),
    ("שלום **עולם** 👩‍👩‍👧 é", "<p>שלום <strong>עולם</strong> 👩‍👩‍👧 é</p>\n"),
    (":tada: `:tada:` :nothing: 12:30:45", "<p>🎉 <code>:tada:</code> :nothing: 12:30:45</p>\n"),
    ("", ""),
    (" \n\t\n", ""),
]

EMOJI = (settings.BASE_DIR / "static/js/emoji.js").read_text().partition("LIST = `")[2].partition("`")[0].split()


def test_emoji_that_the_editor_offers_can_be_typed_by_their_names() -> None:
    pairs = list(zip(EMOJI[::2], EMOJI[1::2], strict=True))
    assert [pair for pair in pairs if render(f":{pair[1]}:") != f"<p>{pair[0]}</p>\n"] == []


TYPED_HTML = [
    ("<div>\n html block\n</div>", "<p>&lt;div&gt;<br>\nhtml block<br>\n&lt;/div&gt;</p>\n"),
    ("<div>\n\n**b**\n\n</div>", "<p>&lt;div&gt;</p>\n<p><strong>b</strong></p>\n<p>&lt;/div&gt;</p>\n"),
    ("a\n<div>*b*", "<p>a<br>\n&lt;div&gt;<em>b</em></p>\n"),
    (
        "<script> in [x](/a), says @ada",
        '<p>&lt;script&gt; in <a href="/a" rel="nofollow ugc noopener">x</a>, says '
        '<a href="/u/ada/" class="mention" rel="nofollow ugc noopener">@ada</a></p>\n',
    ),
    *(
        (f"{start}\n**b**", f"<p>{shown}<br>\n<strong>b</strong></p>\n")
        for start, shown in [
            ("<!-- c", "&lt;!-- c"),
            ("<?php", "&lt;?php"),
            ("<!DOCTYPE html>", "&lt;!DOCTYPE html&gt;"),
            ("<![CDATA[", "&lt;![CDATA["),
            ("   <pre", "&lt;pre"),
            ("<hr/>", "&lt;hr/&gt;"),
            ("<x-y a='b' />", "&lt;x-y a='b' /&gt;"),
        ]
    ),
    ("> <div>\n> *b*", "<blockquote>\n<p>&lt;div&gt;<br>\n<em>b</em></p>\n</blockquote>\n"),
    ("- <div> *b*\n- c", "<ul>\n<li>&lt;div&gt; <em>b</em></li>\n<li>c</li>\n</ul>\n"),
    ("```\n<div>\n```\n\n    <p>", "<pre><code>&lt;div&gt;\n</code></pre>\n<pre><code>&lt;p&gt;\n</code></pre>\n"),
    (
        "<https://a.example>\n<c@d.example>",
        '<p><a href="https://a.example" rel="nofollow ugc noopener">https://a.example</a><br>\n'
        '<a href="mailto:c@d.example" rel="nofollow ugc noopener">c@d.example</a></p>\n',
    ),
]


@pytest.mark.parametrize(("source", "html"), TYPED_HTML, ids=[repr(source) for source, _ in TYPED_HTML])
def test_html_is_text_in_a_paragraph_like_any_other(source: str, html: str) -> None:
    assert_same(render(source), html)
    assert_harmless(html)


@pytest.mark.parametrize("seed", range(5))
def test_no_text_stands_outside_of_a_block(seed: int) -> None:
    """What hides the words of an ignored member hides elements."""
    chance = random.Random(seed)
    for _ in range(100):
        markup = render("".join(chance.choices(PIECES, k=chance.randint(1, 60))))
        assert not re.search(r"(?:^|</(?:p|h\d|blockquote|ul|ol|pre|table)>|<hr>|<blockquote[^>]*>)\s*[^\s<]", markup)


@pytest.mark.parametrize(("source", "html"), FEATURES, ids=[repr(source) for source, _ in FEATURES])
def test_markdown_becomes(source: str, html: str) -> None:
    assert_same(render(source), html)
    assert_harmless(html)


def test_headings_stand_below_those_of_the_page() -> None:
    source = "".join(f"{'#' * level} level {level}\n" for level in range(1, 7)) + "under\n=====\nlined\n---"
    assert re.findall("<h.", render(source)) == ["<h3", "<h4", "<h5", "<h6", "<h6", "<h6", "<h3", "<h4"]
    assert render("`<h1>` &lt;h1&gt;") == "<p><code>&lt;h1&gt;</code> &lt;h1&gt;</p>\n"


def test_the_result_is_marked_safe_for_templates() -> None:
    assert isinstance(render("a < b"), SafeString)


# -- Bounded cost ---------------------------------------------------------------------------------

LONG = 40_000
HEAVY = [
    *(sign * LONG for sign in ">[*_`~|-#!<\\&(\n\t@:"),
    *(
        signs * (LONG // len(signs))
        for signs in ["> ", "* ", "1. ", "- > ", "[](", "![", "**a ", "a@b.c ", "<http://x.y"]
    ),
    *(line * (LONG // len(line)) for line in ("<div>\n", "<p a='b'>\n\n", "> <!-- a\n", "- <a\n", "<?")),
    "|a" * 1_000 + "\n" + "|-" * 1_000 + "\n" + "a\n" * 17_000,
    "|a" * 1_000 + "\n" + "|-" * 1_000 + "|\n" + "> a\n" * 8_000,
    "|a" * 9_000 + "\n" + "|-" * 9_000,
    ("> " * 49 + "- > > > a\n\n") * 380,
    "".join(" " * (2 * depth) + "- a\n" for depth in range(190)),
    "*a _b " * 3_600 + "c_ d*" * 3_600,
    "[" * 19_999 + "a" + "]" * 20_000,
    "[x]: /" + "u" * 9_000 + "\n\n" + "[x]" * 10_000,
    "@ada " * 8_000,
    "@" + "a" * 39_999,
    "> @ada wrote in [#1](/p/" + "0" * 26 + "/1/):\n\n" * 800,
    ":tada:" * 6_666,
    *(
        f"```{language}\n{sign * 5_900}\n```\n"
        for language in ("c", "python", "html", "js")
        for sign in ("\n", "/", '"', "<a ")
    ),
    "```py\nx = 1\n```\n" * 2_000,
]


@pytest.mark.parametrize("source", HEAVY, ids=lambda source: repr(source[:8]))
def test_a_hostile_text_costs_no_more_than_its_length(source: str) -> None:
    """Some 50 ms where these were measured; without the limits it was up to seven seconds."""
    started = time.thread_time()
    markup = render(source[:LONG])
    assert time.thread_time() - started < 0.5
    assert len(markup) < 1_000_000
    assert_harmless(markup)


def test_nesting_does_not_overflow_the_small_stack_of_a_thread() -> None:
    done = []
    previous = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=lambda: done.extend(render(source[:LONG]) for source in HEAVY))
        thread.start()
        thread.join()
    finally:
        threading.stack_size(previous)
    assert len(done) == len(HEAVY)


def test_quotes_nest_to_a_depth_and_then_are_text() -> None:
    assert render(">" * 50 + "a").count("<blockquote>") == 50
    assert render(">" * 60 + "a").count("<blockquote>") == 50
    assert Reader(render(">" * 60 + "a")).text.split() == [">" * 10 + "a"]


def test_a_large_sensible_table_is_a_table() -> None:
    table = "|a|b|c|d|e|\n|-|-|-|-|-|\n" + "|one|two|three|four|five|\n" * 1_000
    assert render("Before.\n\n" + table + "\nAfter.\n" * 500).count("<tr>") == 1_001


def test_threads_may_render_at_the_same_time() -> None:
    sources = [f"# {number}\n\n- [x] *a*\n\n|a|\n|-|\n|{number}|" for number in range(200)]
    results: dict[int, list[str]] = {}

    def work(worker: int) -> None:
        results[worker] = [render(source) for source in sources]

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [results[worker] for worker in range(4)] == [[render(source) for source in sources]] * 4


# -- Any text at all ------------------------------------------------------------------------------

PIECES = re.findall(
    r"\S+",
    "* ** _ ` ``` ~~ ~ | |- |a|b| > - 1. + # = --- [ ] ( ) ![ ]( [a] [a]: < > </ <!-- --> <? ?> <![CDATA[ ]]> & &amp; "
    "&#0; &#x1b; &#106; &Tab; &colon; http:// https://x.y www. a@b.c javascript: data: mailto: // /\\ : \\ \" ' "
    "<a <img <script> </script> <svg onload=1> <h1> </p> class= onclick= style= ```a",
)
PIECES += ["\n", "\n\n", " ", "    ", "\t", "\r", "\x00", "\x0c", "\x1b", "\ud800", "\udc00", "\ufeff", "\u202e"]
PIECES += [
    "@ada",
    "> @ada wrote in [#1](/p/00000000000000000000000001/1/):\n",
    ":tada:",
    "```python\n",
    "\n```\n",
    "w " * 400,
]
PIECES += ["\u2028", "é", "🎉", "👩‍👧", "שלום", "x", "word "]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_written_the_result_is_harmless(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(100):
        source = "".join(chance.choices(PIECES, k=chance.randint(1, 60)))
        assert_harmless(render(source))
        assert len(plain(source, 50)) <= 50


@pytest.mark.parametrize("seed", range(5))
def test_any_characters_make_harmless_html(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(100):
        source = "".join(chr(chance.randrange(0x110000)) for _ in range(chance.randint(1, 80)))
        assert_harmless(render(source))


# -- Names, quotations, colours: what the forum adds ------------------------------------------------

THREAD = "01J" + "0" * 23


def member_link(name: str) -> str:
    return f'<a class="mention" href="/u/{name}/" rel="nofollow ugc noopener">@{name}</a>'


NAMES = [
    ("Thanks @ada!", f"<p>Thanks {member_link('ada')}!</p>\n"),
    ("(@Ada, @bob-b.)", f"<p>({member_link('Ada')}, {member_link('bob-b')}.)</p>\n"),
    ("**@ada**", f"<p><strong>{member_link('ada')}</strong></p>\n"),
    ("`@ada`", "<p><code>@ada</code></p>\n"),
    ("[@ada](/x/)", '<p><a href="/x/" rel="nofollow ugc noopener">@ada</a></p>\n'),
    ("![@ada](/x.png)", '<p><img src="/x.png" alt="@ada" loading="lazy"></p>\n'),
    ("x@ada /@ada @ad @ada@ @" + "a" * 31, f"<p>x@ada /@ada @ad @ada@ @{'a' * 31}</p>\n"),
    (
        "ada@example.org",
        '<p><a href="mailto:ada@example.org" rel="nofollow ugc noopener">ada@example.org</a></p>\n',
    ),
]


@pytest.mark.parametrize(("source", "html"), NAMES, ids=[repr(source) for source, _ in NAMES])
def test_a_name_is_a_link_to_its_member(source: str, html: str) -> None:
    assert_same(render(source), html)


def test_whom_a_post_speaks_to() -> None:
    assert mentions("@bob and @Ada, `@code`, [@link](/x/), again @BOB\n\n> @quoted said\n\n@cleo") == [
        "bob",
        "Ada",
        "cleo",
    ]
    assert mentions("Nobody, not even a@b.example") == []
    assert len(mentions(" ".join(f"@member{number}" for number in range(50)))) == MAX_NAMES


def test_a_quotation_says_whose_words_they_are_and_leads_back() -> None:
    html = render(quotation("ada", THREAD, 12, "One.\n\nTwo.") + "I agree.")
    assert_harmless(html)
    quote = next(attributes for tag, attributes in Reader(html).elements if tag == "blockquote")
    assert quote == {"class": "quote", "cite": f"/p/{THREAD}/12/"}
    assert Reader(html).text.split("\n")[1:3] == ["@ada wrote in #12:", "One."]
    assert f'href="/p/{THREAD}/12/"' in html and 'href="/u/ada/"' in html and "<details" not in html
    assert quoted(quotation("ada", THREAD, 12, "One.") * 2 + quotation("", THREAD, 3, "Two.")) == [
        (THREAD, 12),
        (THREAD, 3),
    ]


def test_what_only_looks_like_a_quotation_of_a_post_is_plain() -> None:
    for line in (f"@ada wrote in [#12](/p/{THREAD}/13/):", "@ada wrote in [#1](https://a.example/):", "@ada wrote:"):
        assert 'class="quote"' not in render(f"> {line}\n> One.") and quoted(f"> {line}\n> One.") == []


def test_a_long_quotation_is_folded_without_any_script() -> None:
    words = "A long story, told by @bob. " * 40
    html = render(quotation("ada", THREAD, 12, words) + "Short.")
    assert_harmless(html)
    assert Reader(html).text.count(words.strip()) == 1
    summary = html.partition("<summary>")[2].partition("</summary>")[0]
    assert "A long story, told by @bob." in summary and "<a" not in summary
    assert html.index("wrote in") < html.index("<details")
    assert "<details" in render("> line\n" * 20) and "<details" not in render("> line\n" * 5)


def test_code_in_a_known_language_gets_colours() -> None:
    html = render('```python\ndef one():\n    return "<1>"  # why\n```')
    assert_harmless(html)
    assert Reader(html).text == 'def one():\n    return "<1>"  # why\n\n'
    classes = [attributes["class"] for tag, attributes in Reader(html).elements if tag == "span"]
    assert classes == ["hl-key", "hl-name", "hl-key", "hl-string", "hl-comment"]
    assert "<span" not in render("```nothing\ndef\n```") + render("```\ndef\n```")


@pytest.mark.parametrize("language", sorted(highlight.LANGUAGES))
def test_every_language_has_a_lexer_that_keeps_the_text(language: str) -> None:
    code = "\n  if (a < b) { return 'c' } // d\n\n# e\n"
    html = highlight.highlighted(language, code)
    assert html is not None and Reader(html).text == code


def test_more_code_than_a_reader_would_read_stays_plain() -> None:
    assert highlight.highlighted("python", "x = 1\n" * 2_000) is None
    assert render("```python\nx = 1\n```\n" * 3_000).count("<span") < 5_000


# -- plain ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("# A title\n\nSome **bold** text\non two lines.", "A title Some bold text on two lines."),
        ("`a < b` & [a link](https://a.example)", "a < b & a link"),
        ("- one\n- two\n\n|a|b|\n|-|-|\n|1|2|", "one two a b 1 2"),
        ("<b>bold</b>", "<b>bold</b>"),
        ("", ""),
        ("\ud800\x00", "\ufffd"),
    ],
)
def test_an_excerpt_is_one_line_of_text(source: str, text: str) -> None:
    assert plain(source, 100) == text


def test_an_excerpt_ends_between_words_where_it_can() -> None:
    assert plain("The quick brown fox jumps", 18) == "The quick brown…"
    assert plain("The quick brown fox jumps", 25) == "The quick brown fox jumps"
    assert plain("Donaudampfschifffahrtsgesellschaft", 12) == "Donaudampfs…"
    assert len(plain("word " * 8_000, 160)) <= 160
