"""Markdown in, safe HTML out: GitHub's dialect, with every line break kept, and no raw HTML.

comrak writes the HTML and escapes whatever HTML the author typed, so that it is read, not run;
nh3 then lets through nothing but the tags, attributes and addresses named here. No text makes
these functions raise, and none costs much more than its length: see `_extensions` and `_DEEP_QUOTE`.
"""

import html
import re

import comrak
import nh3
from django.utils.safestring import SafeString, mark_safe

BLOCKS = {"p", "hr", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "li", "pre"}
INLINE = {"br", "code", "em", "strong", "del", "a", "img", "input"}
TABLES = {"table", "thead", "tbody", "tr", "th", "td"}
ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}, "code": {"class"}}
ATTRIBUTE_VALUES = {
    "th": {"align": {"left", "center", "right"}},
    "td": {"align": {"left", "center", "right"}},
    "input": {"checked": {""}},
}
MAX_CELLS = 10_000
MAX_ADDRESSES = 1_000
MAX_QUOTE_DEPTH = 50

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BLANK_LINE = re.compile(r"\n[ \t]*(?=\n)")
_DELIMITER_ROW = re.compile(r"[ \t>|:-]*")
_HEADING = re.compile(r"<(/?)h([1-6])>")
_TAG = re.compile(r"<[^>]*>")
_LINK = re.compile(r"https?://|mailto:|/(?!/)|#")
_IMAGE = re.compile(r"https?://|/(?!/)")
_LANGUAGE = re.compile(r"language-[\w+#.-]{1,30}", re.ASCII)

# A line's markers of lists and quotes, up to the last `>` that may still open a quote. Nested
# quotes cost nh3 the square of their depth: four seconds for 40,000 of them.
_DEEP_QUOTE = re.compile(rf"^(?:[ \t\d.)*+-]*>){{{MAX_QUOTE_DEPTH}}}[ \t\d.)*+-]*(?=>)", re.MULTILINE)


def _options(*, bare: bool) -> comrak.ExtensionOptions:
    options = comrak.ExtensionOptions()
    options.strikethrough = options.tasklist = True
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
        return value if _LANGUAGE.fullmatch(value) else None
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
    """The HTML of a post. It holds no ids, no classes but `language-…` on code, headings from h3 down."""
    markup = _markup(source)
    if "<h" in markup:
        markup = _HEADING.sub(_demoted, markup)
    return mark_safe(_CLEANER.clean(markup))


def plain(source: str, limit: int) -> str:
    """A post's beginning in at most `limit` characters on one line, for descriptions; not escaped."""
    # Markers and addresses do not show, so more is read than is needed, but not 40,000 characters.
    markup = _markup(source[: limit * 4 + 1_000])
    text = " ".join(html.unescape(_TAG.sub("", markup)).split())
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[limit // 2 :] else cut) + "…"


def _markup(source: str) -> str:
    """What comrak makes of a text once that is fit for it; escaped, but not yet cleaned."""
    source = _readable(source)
    if source.count(">") > MAX_QUOTE_DEPTH:
        source = _DEEP_QUOTE.sub(r"\g<0>\\", source)
    markup = comrak.render_markdown(source, _extensions(source), _PARSE, _RENDER)
    # A numeric entity may name a control character that was not there before.
    return _CONTROL.sub("", markup) if "&#" in source else markup


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
