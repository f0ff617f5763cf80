"""Markdown in, safe HTML out: GitHub's dialect, with every line break kept, and no raw HTML.

comrak writes the HTML and escapes whatever HTML the author typed, so that it is read, not run; then
we add what the forum has of its own: names as links, quotations that lead back, colours for code.
nh3 comes last and lets through nothing but the tags, attributes and addresses named here. No text makes
these functions raise, and none costs much more than its length: see `_extensions` and `_DEEP_QUOTE`.

An @name is a link whether or not there is such a member, whose page then says so: a page that is kept
needs no SQL for it, and stays right when somebody signs up.
"""

import html
import re
from collections.abc import Iterator

import comrak
import nh3
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from . import highlight

BLOCKS = {"p", "hr", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "li", "pre", "details", "summary"}
INLINE = {"br", "code", "em", "strong", "del", "a", "img", "input", "span"}
TABLES = {"table", "thead", "tbody", "tr", "th", "td"}
ATTRIBUTES = {
    "a": {"href", "title", "class"},
    "img": {"src", "alt", "title", "width", "height"},
    "ol": {"start"},
    "code": {"class"},
    "span": {"class"},
    "blockquote": {"class", "cite"},
    "p": {"class"},
    "details": {"class"},
}
# None of these can be typed: they stand on what is made here alone.
CLASSES = {
    "a": {"mention"},
    "blockquote": {"quote"},
    "p": {"quote-by"},
    "details": {"quote-long"},
    "span": {"quote-start", "quote-more", "quote-less", *highlight.CLASSES.values()},
}
ATTRIBUTE_VALUES = {
    "th": {"align": {"left", "center", "right"}},
    "td": {"align": {"left", "center", "right"}},
    "input": {"checked": {""}},
}
MAX_CELLS = 10_000
MAX_ADDRESSES = 1_000
MAX_QUOTE_DEPTH = 50
# A quotation of more characters or lines is folded; and one post notifies, or quotes, so many.
LONG_QUOTE = 700
LONG_QUOTE_LINES = 10
QUOTE_START = 160
MAX_NAMES = 10
# So much code of one post gets colours.
MAX_HIGHLIGHTED = 10_000

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Where CommonMark would begin a block of HTML: a tag, a comment or the like that opens a line, behind the markers of
# lists and quotes. Addresses in angle brackets have neither of these behind their first word.
_HTML_START = re.compile(r"^([ \t\d>.)*+-]*)<(?=[/!?]|[A-Za-z][A-Za-z0-9-]*(?:[\s>]|/>|\Z))", re.MULTILINE)
# Stands for such a `<` on its way through comrak; no text holds it, see `_readable`.
_LESS = "\x02"
_BLANK_LINE = re.compile(r"\n[ \t]*(?=\n)")
_DELIMITER_ROW = re.compile(r"[ \t>|:-]*")
_HEADING = re.compile(r"<(/?)h([1-6])>")
_TAG = re.compile(r"<[^>]*>")
# comrak writes the address first, and typed quotes or brackets never stand in a tag.
_ADDRESS = re.compile(r'<(?:a href|img src)="([^"]*)"')
_LINK = re.compile(r"https?://|mailto:|/(?!/)|#")
_IMAGE = re.compile(r"https?://|/(?!/)")
# An image that a member has sent (`images`); its name says how large it is.
IMAGE_NAME = r"[0-9a-f]{32}-[1-9][0-9]{0,3}x[1-9][0-9]{0,3}"
_OWN_IMAGE = re.compile(rf"/i/({IMAGE_NAME})\.webp")
_OWN_IMAGE_TAG = re.compile(r'<img src="/i/[0-9a-f]{32}-([1-9][0-9]{0,3})x([1-9][0-9]{0,3})\.webp"')
# What is left of a link whose address may not be: words, which look like what they are.
_NO_LINK = re.compile(r'<a(?: (?!href=)[a-z]+="[^"]*")*>(.*?)</a>', re.DOTALL)
_LANGUAGE = re.compile(r"language-[\w+#.-]{1,30}", re.ASCII)
_LINE_END = re.compile(r"<br|</(?:p|li|h\d|pre|tr)>|\n(?!<)")

# A member's name as `accounts` lets them be, less a dot or hyphen at its end, which is the sentence's.
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{1,28}[A-Za-z0-9_])(?![A-Za-z0-9_@])"
# Code, links and the inside of tags are passed over; comrak closes whatever it opens.
_MENTION = re.compile(rf"<code[^>]*>[^<]*</code>|<a .*?</a>|<[^>]*>|(?<![\w@/+])@({_NAME})", re.DOTALL)
_MENTION_LINK = re.compile(r'<a class="mention" href="/u/([^"/]+)/">')
_QUOTED = re.compile(
    rf'<blockquote>\n<p>(?:@({_NAME})|former member) wrote in <a href="(/p/([0-9A-Z]{{26}})/([1-9][0-9]{{0,8}})/)">'
    r"#\4</a>:(?:<br />\n|(</p>))"
)
_QUOTE_EDGE = re.compile(r"<(/?)blockquote[^>]*>")
_QUOTE_BY = re.compile(r'\n<p class="quote-by">.*?</p>')
_CODE = re.compile(r'(<code class="language-([^"]+)">)([^<]*)</code>')

# A line's markers of lists and quotes, up to the last `>` that may still open a quote. Nested
# quotes cost nh3 the square of their depth: four seconds for 40,000 of them.
_DEEP_QUOTE = re.compile(rf"^(?:[ \t\d.)*+-]*>){{{MAX_QUOTE_DEPTH}}}[ \t\d.)*+-]*(?=>)", re.MULTILINE)


def _options(*, bare: bool) -> comrak.ExtensionOptions:
    options = comrak.ExtensionOptions()
    options.strikethrough = options.tasklist = options.shortcodes = True
    options.table = options.autolink = not bare
    return options


def _render_options() -> comrak.RenderOptions:
    options = comrak.RenderOptions()
    options.hardbreaks = options.escape = True
    return options


def _allowed_value(tag: str, name: str, value: str) -> str | None:
    """What nh3 asks for every attribute on its list: the value to keep, or None to drop it."""
    if name == "href":
        return value if _LINK.match(value) else None
    if name == "src":
        return value if _IMAGE.match(value) else None
    if name == "class":
        return value if value in CLASSES.get(tag, ()) or (tag == "code" and _LANGUAGE.fullmatch(value)) else None
    return value


_FULL, _BARE = _options(bare=False), _options(bare=True)
_PARSE = comrak.ParseOptions()
_RENDER = _render_options()
_CLEANER = nh3.Cleaner(
    tags=BLOCKS | INLINE | TABLES,
    attributes=ATTRIBUTES,
    attribute_filter=_allowed_value,
    tag_attribute_values=ATTRIBUTE_VALUES,
    set_tag_attribute_values={
        "img": {"loading": "lazy"},
        "input": {"type": "checkbox", "disabled": "", "aria-label": "Task"},
    },
    url_schemes={"http", "https", "mailto"},
    link_rel="nofollow ugc noopener",
)


def render(source: str) -> SafeString:
    """The HTML of a post. It holds no ids, no classes but CLASSES and `language-…` on code, headings from h3 down."""
    markup = _markup(source)
    if "<h" in markup:
        markup = _HEADING.sub(_demoted, markup)
    has_quotes = "<blockquote>" in markup
    if has_quotes:
        markup = _QUOTED.sub(_attributed, markup)
    markup = _with_mentions(markup)
    if has_quotes:
        markup = _folded(markup)
    if '<code class="' in markup:
        markup = _coloured(markup)
    if '<img src="/i/' in markup:
        # Its place is kept free, so that the page does not jump when it comes.
        markup = _OWN_IMAGE_TAG.sub(r'\g<0> width="\1" height="\2"', markup)
    return mark_safe(_cleaned(markup))


def document(source: str) -> SafeString:
    """The HTML of a document of the project's own, which is trusted. Headings have ids; lines break anywhere."""
    options = comrak.ExtensionOptions()
    options.table, options.header_id_prefix = True, ""
    return mark_safe(comrak.render_markdown(source, extension_options=options))


def mentions(source: str) -> list[str]:
    """The names that a post speaks to, each once however it is spelt, at most MAX_NAMES, in their order. Names in
    code, in links and in quotations are not spoken to. Whether there are such members is not asked."""
    if "@" not in source:
        return []
    markup = _markup(source)
    own = "".join(markup[start:end] for start, end in _outside_quotes(markup))
    names: dict[str, str] = {}
    for name in _MENTION_LINK.findall(_with_mentions(own)):
        names.setdefault(name.lower(), name)
    return list(names.values())[:MAX_NAMES]


def quoted(source: str) -> list[tuple[str, int]]:
    """The posts (thread id, number) that a post quotes with their address, each once, at most MAX_NAMES."""
    if " wrote in [" not in source:
        return []
    found = _QUOTED.findall(_markup(source))
    return list(dict.fromkeys((match[2], int(match[3])) for match in found))[:MAX_NAMES]


def images(source: str) -> list[str]:
    """The names of the images of this site that a text mentions, each once, whether it shows them, links to them or
    speaks of them in code: what is mentioned is not thrown away."""
    return list(dict.fromkeys(_OWN_IMAGE.findall(source))) if "/i/" in source else []


def quotation(name: str, thread_id: str, number: int, text: str) -> str:
    """The Markdown that quotes a post, or a part of it: what `render` knows again. `name` is "" of a former member."""
    who = f"@{name}" if name else "former member"
    lines = [f"{who} wrote in [#{number}](/p/{thread_id}/{number}/):", *text.strip().split("\n")]
    return "".join(f"> {line}".rstrip() + "\n" for line in lines) + "\n"


def plain(source: str, limit: int) -> str:
    """A post's beginning in at most `limit` characters on one line, for descriptions; not escaped."""
    # Markers and addresses do not show, so more is read than is needed, but not 40,000 characters.
    markup = _markup(source[: limit * 4 + 1_000])
    text = " ".join(html.unescape(_TAG.sub("", markup)).split())
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[limit // 2 :] else cut) + "…"


def read(source: str) -> tuple[str, list[str]]:
    """What people read in a post, as text, and the addresses of its links and images, in order."""
    clean = _cleaned(_markup(source))
    return html.unescape(_TAG.sub("", clean)), [html.unescape(each) for each in _ADDRESS.findall(clean)]


def _markup(source: str) -> str:
    """What comrak makes of a text once that is fit for it; escaped, but not yet cleaned."""
    source = _readable(source)
    if source.count(">") > MAX_QUOTE_DEPTH:
        source = _DEEP_QUOTE.sub(r"\g<0>\\", source)
    if "<" in source:
        # A block of HTML would be text without a paragraph, its line breaks, links and names lost.
        source = _HTML_START.sub(rf"\1{_LESS}", source)
    markup = comrak.render_markdown(source, _extensions(source), _PARSE, _RENDER).replace(_LESS, "&lt;")
    # A numeric entity may name a control character that was not there before.
    return _CONTROL.sub("", markup) if "&#" in source else markup


def _cleaned(markup: str) -> str:
    clean = _CLEANER.clean(markup)
    return _NO_LINK.sub(r"\1", clean) if "<a " in clean else clean


def _readable(source: str) -> str:
    """The text with \\n as its only control character besides \\t, and without lone surrogates."""
    if "\r" in source:
        source = source.replace("\r\n", "\n").replace("\r", "\n")
    source = _CONTROL.sub("", source)
    return source if source.isascii() else _SURROGATE.sub("\ufffd", source)


def _extensions(source: str) -> comrak.ExtensionOptions:
    """Tables and bare links for everybody but the author of an absurd number of them.

    comrak fills short table rows up with empty cells (3,000 rows of one letter under a head of
    1,000 columns are 10,000 characters, 30 MB of HTML and seven seconds), and looks for e-mail
    addresses in a time that is the square of how many a paragraph has.
    """
    absurd = _cells(source) > MAX_CELLS or source.count("@") > MAX_ADDRESSES
    return _BARE if absurd else _FULL


def _cells(source: str) -> int:
    """How many cells the tables of a text have at the most; 0 where that is clearly few."""
    # A table of n columns needs n - 1 bars in its head and as many in the row under it.
    bars = source.count("|")
    if not bars or (bars // 2 + 1) * (source.count("\n") + 1) <= MAX_CELLS:
        return 0
    cells = 0
    for block in _BLANK_LINE.split(source):
        lines = block.split("\n")
        heads = (line for line in lines if _DELIMITER_ROW.fullmatch(line))
        cells += len(lines) * max((line.count("|") + 1 for line in heads), default=0)
    return cells


def _demoted(heading: re.Match[str]) -> str:
    """A post stands under the page's h1 and its own h2, so its headings begin at h3."""
    return f"<{heading[1]}h{min(int(heading[2]) + 2, 6)}>"


# -- What the forum adds --------------------------------------------------------------------------


def _with_mentions(markup: str) -> str:
    """Every @name in the text becomes a link to the member's page."""
    if "@" not in markup or markup.count("@") > MAX_ADDRESSES:
        return markup
    return _MENTION.sub(_mention, markup)


def _mention(found: re.Match[str]) -> str:
    return _member_link(found[1]) if found[1] else found[0]


def _member_link(name: str) -> str:
    return f'<a class="mention" href="/u/{name}/">@{name}</a>'


def _attributed(found: re.Match[str]) -> str:
    """A quotation that says whose words they are: that line stands apart, and leads back to the post."""
    name, url, __, number, ends = found.groups()
    who = _member_link(name) if name else html.escape(_("former member"))
    said = _('%(who)s wrote in <a href="%(url)s">#%(number)s</a>:') % {"who": who, "url": url, "number": number}
    by = f'<p class="quote-by">{said}</p>\n'
    return f'<blockquote class="quote" cite="{url}">\n{by}' + ("" if ends else "<p>")


def _folded(markup: str) -> str:
    """Long quotations show how they begin, and the rest when somebody asks."""
    pieces, here = [], 0
    for start, end in _quotes(markup):
        inner = markup[start:end]
        by = _QUOTE_BY.match(inner)
        pieces += [markup[here:start], by[0] if by else "", _fold(inner[by.end() if by else 0 :])]
        here = end
    return "".join([*pieces, markup[here:]])


def _fold(inner: str) -> str:
    text = html.unescape(_TAG.sub("", inner))
    if len(text) <= LONG_QUOTE and len(_LINE_END.findall(inner)) <= LONG_QUOTE_LINES:
        return inner
    start = " ".join(text[: 2 * QUOTE_START].split())[:QUOTE_START]
    start = start.rsplit(" ", 1)[0] if " " in start[QUOTE_START // 2 :] else start
    more, less = html.escape(_("Show all")), html.escape(_("Show less"))
    summary = (
        f'<span class="quote-start">{html.escape(start)}… </span>'
        f'<span class="quote-more">{more}</span><span class="quote-less">{less}</span>'
    )
    return f'\n<details class="quote-long"><summary>{summary}</summary>{inner}</details>\n'


def _quotes(markup: str) -> Iterator[tuple[int, int]]:
    """Where the inside of each outermost quotation begins and ends."""
    depth = start = 0
    for edge in _QUOTE_EDGE.finditer(markup):
        depth += -1 if edge[1] else 1
        if not edge[1] and depth == 1:
            start = edge.end()
        elif edge[1] and depth == 0:
            yield start, edge.start()


def _outside_quotes(markup: str) -> Iterator[tuple[int, int]]:
    here = 0
    for start, end in _quotes(markup):
        yield here, start
        here = end
    yield here, len(markup)


def _coloured(markup: str) -> str:
    """Blocks of code in a language that is known get colours, as far as there is not too much of it."""
    left = MAX_HIGHLIGHTED

    def colour(found: re.Match[str]) -> str:
        nonlocal left
        code = html.unescape(found[3])
        left -= len(code)
        inner = highlight.highlighted(html.unescape(found[2]), code) if left >= 0 else None
        return found[0] if inner is None else f"{found[1]}{inner}</code>"

    return _CODE.sub(colour, markup)
