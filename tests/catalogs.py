"""Translations as files: what the code wants translated, and what a .po file says of it. Without gettext's tools."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from django.utils.translation.template import templatize

from tests.processes import ROOT

LOCALES = {"de": "de", "zh-hans": "zh_Hans"}
# Where in a call the context, the message and its plural are.
CALLS = {
    **dict.fromkeys(["_", "gettext", "gettext_lazy", "gettext_noop"], ("message",)),
    **dict.fromkeys(["ngettext", "ngettext_lazy"], ("message", "plural")),
    **dict.fromkeys(["pgettext", "pgettext_lazy"], ("context", "message")),
    **dict.fromkeys(["npgettext", "npgettext_lazy"], ("context", "message", "plural")),
}
_STRING = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_CALL = re.compile(rf"\b(n?p?gettext|_)\(\s*(u?{_STRING}(?:\s*,\s*u?{_STRING})*)", re.DOTALL)
_KEYWORD = re.compile(r'(msgctxt|msgid|msgid_plural|msgstr(?:\[\d\])?) (".*")$')


class Key(NamedTuple):
    context: str
    message: str
    plural: str


class Entry(NamedTuple):
    key: Key
    said: list[str]
    fuzzy: bool


# -- The code -------------------------------------------------------------------------------------


def wanted() -> set[Key]:
    """The messages of the code and of the templates."""
    found: set[Key] = set()
    for path in sorted((ROOT / "forum").rglob("*.py")) + sorted((ROOT / "forum_site").glob("*.py")):
        found |= set(of_code(path.read_text()))
    for path in sorted((ROOT / "templates").rglob("*.*")):
        found |= set(of_template(path.read_text()))
    return found


def of_code(source: str) -> Iterator[Key]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        texts = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        if name in CALLS and len(texts) >= len(CALLS[name]):
            yield _key(name, texts)


def of_template(source: str) -> Iterator[Key]:
    for name, arguments in _CALL.findall(templatize(source)):
        texts = ast.literal_eval(f"[{arguments}]")
        yield _key(name, texts)


def _key(name: str, texts: list[str]) -> Key:
    return Key(**{"context": "", "plural": "", **dict(zip(CALLS[name], texts, strict=False))})


# -- The files ------------------------------------------------------------------------------------


def po(locale: str) -> Path:
    return ROOT / "locale" / locale / "LC_MESSAGES" / "django.po"


def entries(locale: str) -> list[Entry]:
    """The entries of a .po file but its head."""
    blocks = re.split(r"\n\n+", po(locale).read_text())
    return [entry for entry in map(_entry, blocks) if entry is not None and entry.key.message]


def _entry(block: str) -> Entry | None:
    fields: dict[str, str] = {}
    name = ""
    for line in block.splitlines():
        if found := _KEYWORD.match(line):
            name = found[1]
            fields[name] = _text(found[2])
        elif line.startswith('"'):
            fields[name] += _text(line)
    if "msgid" not in fields:
        return None
    key = Key(fields.get("msgctxt", ""), fields["msgid"], fields.get("msgid_plural", ""))
    said = [text for name, text in fields.items() if name.startswith("msgstr")]
    return Entry(key, said, fuzzy=bool(re.search(r"^#,.*\bfuzzy\b", block, re.MULTILINE)))


def _text(quoted: str) -> str:
    return str(ast.literal_eval(quoted))
