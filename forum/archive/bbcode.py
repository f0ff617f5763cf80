"""BBCode, as phpBB stores it, to Markdown. What is not known stays as its content; no text makes it raise."""

import html
import re
from bisect import bisect_left
from dataclasses import dataclass, field

# phpBB 3.2 and newer store XML around the BBCode: without its tags, and with entities decoded, it is what was typed.
_XML = re.compile(r"<[rt]>")
_XML_TAG = re.compile(r"<[^>]*>")
# phpBB before 3.2 puts an id into each tag, and HTML around links and smilies.
_UID = re.compile(r"\[(/?[a-z*]+(?:=[^\]]*?)?):[0-9a-z]{5,8}(?::[0-9a-z]{5,8})?\]", re.IGNORECASE)
_LIST_END = re.compile(r"\[/(list):[uo]|\[/(\*):m", re.IGNORECASE)
_SMILEY = re.compile(r"<!-- s(\S+?) --><img [^>]*/?><!-- s\S+? -->")
_OLD_LINK = re.compile(r'<!-- [a-z] --><a [^>]*href="([^"]*)"[^>]*>.*?</a><!-- [a-z] -->', re.DOTALL)

_TAG = re.compile(r"\[(/?)([a-z]+|\*)(?:=([^\[\]]*))?(?: [^\[\]]*)?\]", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s\[\]<>()]+")
_SPECIAL = re.compile(r"([\\`*_\[\]<>~|])")
_LINE_START = re.compile(r"^(\s*)([#+-]|\d+[.)])(?=\s)", re.MULTILINE)

_CODE_END = re.compile(r"\[/code\]", re.IGNORECASE)
_QUOTE_FACTS = re.compile(r"[\"']? (?:post_id|time|user_id|msg_id)=")

DEEPEST = 30
KNOWN = {"b", "i", "u", "s", "strike", "del", "url", "img", "quote", "code", "list", "*", "email"}
KNOWN |= {"size", "color", "font", "center", "align", "left", "right", "sup", "sub", "highlight", "youtube", "media"}
MARKS = {"b": "**", "i": "*", "s": "~~", "strike": "~~", "del": "~~"}


@dataclass
class _Node:
    """A tag with what is in it, as Markdown already."""

    tag: str = ""
    value: str = ""
    opened: str = ""
    parts: list[str] = field(default_factory=list)

    @property
    def inner(self) -> str:
        return "".join(self.parts)


def typed(stored: str) -> str:
    """What a member typed, from what phpBB of any release stores."""
    if _XML.match(stored):
        return html.unescape(_XML_TAG.sub("", stored))
    text = _SMILEY.sub(r"\1", stored)
    text = _OLD_LINK.sub(r"\1", text)
    text = _LIST_END.sub(r"[/\1\2", text)
    return html.unescape(_UID.sub(r"[\1]", text))


def to_markdown(text: str) -> str:
    """Markdown that looks as this BBCode did."""
    stack, at, ends = [_Node()], 0, [match.start() for match in _CODE_END.finditer(text)]
    while match := _TAG.search(text, at):
        stack[-1].parts.append(_plain(text[at : match.start()]))
        at = match.end()
        closing, tag = bool(match[1]), match[2].lower()
        if tag == "code" and not closing:
            following = bisect_left(ends, at)
            if following < len(ends):
                stack[-1].parts.append(_code(text[at : ends[following]]))
                at = ends[following] + len("[/code]")
                continue
        if tag not in KNOWN or (not closing and len(stack) > DEEPEST):
            stack[-1].parts.append(_plain(match[0]))
        elif closing:
            _close(stack, tag, match[0])
        else:
            if tag == "*" and stack[-1].tag == "*":
                _end(stack)
            stack.append(_Node(tag, (match[3] or "").strip("\"' "), match[0]))
    stack[-1].parts.append(_plain(text[at:]))
    while len(stack) > 1:
        _end(stack, whole=stack[-1].tag == "*")
    return re.sub(r"\n{3,}", "\n\n", stack[0].inner).strip()


def _close(stack: list[_Node], tag: str, as_typed: str) -> None:
    """The end of a tag ends all that was begun in it; an end of nothing is text."""
    if not any(node.tag == tag for node in stack[1:]):
        stack[-1].parts.append("" if tag == "*" else _plain(as_typed))
        return
    while stack[-1].tag != tag:
        _end(stack, whole=stack[-1].tag == "*")
    _end(stack)


def _end(stack: list[_Node], whole: bool = True) -> None:
    """Put what is in the last tag into the one around it; one that was never closed stays as it was typed."""
    node = stack.pop()
    stack[-1].parts.append(_rendered(node) if whole else _plain(node.opened) + node.inner)


def _rendered(node: _Node) -> str:
    inner = node.inner
    if node.tag in MARKS and inner.strip():
        mark, lead, tail = MARKS[node.tag], inner[: len(inner) - len(inner.lstrip())], inner[len(inner.rstrip()) :]
        return f"{lead}{mark}{inner.strip()}{mark}{tail}"
    if node.tag == "url":
        address = node.value or _unescaped(inner).strip()
        return f"[{inner.strip() or address}]({address})" if node.value else address
    if node.tag == "img":
        return f"![]({_unescaped(inner).strip()})"
    if node.tag == "quote":
        name = _QUOTE_FACTS.split(node.value)[0]
        by = f"{_plain(name)}:\n" if name else ""
        return "\n\n" + "\n".join(f"> {line}".rstrip() for line in f"{by}{inner.strip()}".split("\n")) + "\n\n"
    if node.tag == "*":
        return f"\n\0{inner.strip()}".replace("\n", "\n  ").replace("\n  \0", "\n\0", 1)
    if node.tag == "list":
        return (
            "\n\n" + inner.strip().replace("\0", "1. " if node.value[:1] in "1aAiI" and node.value else "- ") + "\n\n"
        )
    return inner


def _code(text: str) -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    return f"\n\n{fence}\n{text.strip(chr(10))}\n{fence}\n\n"


def _plain(text: str) -> str:
    """Text in which nothing means anything to Markdown but the addresses."""
    parts, at = [], 0
    for match in _ADDRESS.finditer(text):
        parts += [_escaped(text[at : match.start()]), match[0]]
        at = match.end()
    return "".join([*parts, _escaped(text[at:])]).replace("\0", "")


def _escaped(text: str) -> str:
    return _LINE_START.sub(_line_start, _SPECIAL.sub(r"\\\1", text))


def _line_start(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2][:-1]}\\{match[2][-1]}"


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
