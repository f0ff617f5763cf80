"""The rules that keep the house in order, read off its source.

Every rule is a function from source files to complaints, so each is tested twice: the code has no
complaint, and a file that breaks the rule has one.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import pytest

from tests.processes import ROOT

# From bottom to top: a part may import what stands on lower lines, and never its neighbours.
LAYERS = [
    {"highlight"},
    {
        *("complaints", "diff", "errors", "exchange", "fragments", "holes", "journal", "languages", "markup"),
        *("programs", "redis", "sample", "tagnames", "wording", "zones"),
    },
    {"tables", "cache", "images", "outgoing", "reasons", "uploads"},
    {
        *("charging", "form_tokens", "links", "local", "models", "permissions", "pricing", "pulse", "reads"),
        *("sessions", "unsubscribing"),
    },
    {"directory", "forms", "jobs", "kept", "logbook", "search", "told"},
    {"accounts", "account_limits"},
    {"actions", "readers", "watched"},
    {"checks", "archive", "integrity"},
    {"admin", "templatetags", "views"},
    {"api", "fast", "mail", "webhooks"},
    {"delivery"},
    {"apps", "management", "middleware", "urls"},
]
WRITERS = {"tables", "actions", "admin", "archive", "integrity", "management"}
WRITE = re.compile(r"(put|change|remove)_\w+|commit")
SCANS = {"scan", "rate_limited_scan", "scan_iter", "delete_pattern"}
AWS = {"amazondax", "pynamodb", "botocore", "boto3"}

MODULE_LINES = 400
FUNCTION_LINES = 40
TEMPLATE_LINES = 80


# -- Python ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Module:
    """A module of the package `forum`, as source."""

    name: str
    source: str
    is_package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)

    @property
    def part(self) -> str:
        """Its place in LAYERS: `tables` for forum.tables.posts."""
        return self.name.split(".")[1]

    @cached_property
    def names(self) -> dict[str, str]:
        """What each imported name stands for: {"posts": "forum.tables.posts"}."""
        found = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {alias.asname or alias.name: alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                origin = self.origin(node)
                found |= {alias.asname or alias.name: f"{origin}.{alias.name}" for alias in node.names}
        return found

    def origin(self, node: ast.ImportFrom) -> str:
        """Where `from … import` leads, with the dots of a relative import resolved."""
        if not node.level:
            return node.module or ""
        up = node.level - 1 if self.is_package else node.level
        parents = self.name.split(".")[: len(self.name.split(".")) - up]
        return ".".join([*parents, *([node.module] if node.module else [])])


def modules() -> list[Module]:
    found = []
    for path in sorted((ROOT / "forum").rglob("*.py")):
        if "migrations" not in path.parts and path != ROOT / "forum" / "__init__.py":
            package = path.name == "__init__.py"
            name = path.parent if package else path.with_suffix("")
            found.append(Module(".".join(name.relative_to(ROOT).parts), path.read_text(), package))
    return found


def level(part: str) -> int:
    return next(number for number, parts in enumerate(LAYERS) if part in parts)


def imports_that_point_up(module: Module) -> Iterator[str]:
    if not any(module.part in parts for parts in LAYERS):
        yield f"{module.name} has no place yet: say in LAYERS where {module.part} stands"
        return
    for target in sorted(set(module.names.values())):
        part = target.split(".")[1] if target.startswith("forum.") else ""
        if part and part != module.part and level(part) >= level(module.part):
            yield f"{module.name} imports {target}, which does not stand below it"


def imports_of_aws_outside_tables(module: Module) -> Iterator[str]:
    for target in module.names.values():
        if target.split(".")[0] in AWS and module.part != "tables":
            yield f"{module.name} imports {target}: only forum.tables talks to DynamoDB"


def writes_past_actions(module: Module) -> Iterator[str]:
    """Mentions of the tables' writing functions, called or handed on, where nobody renews pages."""
    if module.part in WRITERS:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            target = f"{module.names.get(node.value.id, '')}.{node.attr}"
        else:
            target = module.names.get(node.id, "") if isinstance(node, ast.Name) else ""
        if target.startswith("forum.tables.") and WRITE.fullmatch(target.rpartition(".")[2]):
            yield f"{module.name}:{node.lineno} uses {target}: writes go through forum.actions"


def scans(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SCANS:
            yield f"{module.name}:{node.lineno} calls {node.func.attr}, which reads everything there is"


def errors_in_one_language(module: Module) -> Iterator[str]:
    """Errors that a reader is shown, whatever their language; those of `archive` are for operators alone."""
    if module.part == "archive":
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            error, words = module.names.get(node.func.id, ""), node.args[0]
            if error.startswith("forum.errors.") and isinstance(words, ast.Constant) and words.value:
                yield f"{module.name}:{node.lineno} says {words.value!r} without gettext"


def too_long(module: Module) -> Iterator[str]:
    lines = len(module.source.splitlines())
    if lines > MODULE_LINES:
        yield f"{module.name} has {lines} lines"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield f"{module.name}:{node.lineno} {node.name} has {lines} lines"


@pytest.mark.parametrize(
    "rule",
    [
        imports_that_point_up,
        imports_of_aws_outside_tables,
        writes_past_actions,
        scans,
        errors_in_one_language,
        too_long,
    ],
)
def test_the_code_keeps_the_rules(rule):
    assert [complaint for module in modules() for complaint in rule(module)] == []


@pytest.mark.parametrize(
    ("rule", "name", "source"),
    [
        (imports_that_point_up, "forum.actions.bad", "from ..views import rows"),
        (imports_that_point_up, "forum.tables.bad", "from forum.cache.pages import look_up"),
        (imports_that_point_up, "forum.cache.bad", "from .. import tables"),
        (imports_that_point_up, "forum.errors", "import forum.links"),
        (imports_that_point_up, "forum.permissions", "def late():\n    from .actions import posting"),
        (imports_that_point_up, "forum.newcomer", ""),
        (imports_of_aws_outside_tables, "forum.views.bad", "from botocore.exceptions import ClientError"),
        (imports_of_aws_outside_tables, "forum.actions.bad", "import pynamodb.models"),
        (writes_past_actions, "forum.views.bad", "from ..tables import posts\nposts.put_reply()"),
        (writes_past_actions, "forum.views.bad", "from ..tables.changes import remove_text as gone\nmap(gone, [])"),
        (writes_past_actions, "forum.middleware", "from .tables import base\nbase.commit()"),
        (scans, "forum.views.bad", "Post.scan()"),
        (scans, "forum.cache.bad", "client().scan_iter('p:*')"),
        (errors_in_one_language, "forum.tables.bad", "from forum.errors import Busy\nraise Busy('Again.')"),
        (too_long, "forum.views.bad", "#\n" * 401),
        (too_long, "forum.views.bad", "def view():\n" + "    pass\n" * 40),
    ],
)
def test_code_that_breaks_a_rule_is_found(rule, name, source):
    assert len(list(rule(Module(name, source)))) == 1


def test_the_package_itself_is_what_its_relative_imports_start_from():
    package = Module("forum.admin", "from . import content\nfrom ..models import Forum", is_package=True)
    assert package.names == {"content": "forum.admin.content", "Forum": "forum.models.Forum"}


# -- Templates ------------------------------------------------------------------------------------

TEMPLATES = ROOT / "templates"
TAG = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
COMMENT = re.compile(r"{% comment %}.*?{% endcomment %}|{#.*?#}", re.DOTALL)
REFERENCE = re.compile(r"{% (?:include|extends) (\S+)")
READER = re.compile(r"\b(request|user|csrf_token|perms|messages)\b")
# JSON-LD is data: no browser runs it, so the policy has no say in it.
INLINE = re.compile(
    r"""<style\b|<script(?![^>]*\ssrc=| type="application/ld\+json">)|<[a-z][^>]*\s(?:style|on[a-z]+)\s*="""
    r"""|href=["']javascript:""",
    re.IGNORECASE,
)


def templates() -> dict[str, str]:
    return {str(path.relative_to(TEMPLATES)): path.read_text() for path in sorted(TEMPLATES.rglob("*.html"))}


def kept_pages() -> list[str]:
    """The templates that the cached views render, as `forum.views.reading` names them."""
    reading = ast.parse((ROOT / "forum" / "views" / "reading.py").read_text())
    strings = (node.value for node in ast.walk(reading) if isinstance(node, ast.Constant))
    return sorted(each for each in strings if isinstance(each, str) and each.endswith(".html"))


def with_includes(names: list[str]) -> list[str]:
    """These templates and everything they extend and include."""
    found: list[str] = []
    while names:
        name = names.pop()
        if name not in found:
            found.append(name)
            names += [reference.strip("\"'") for reference in REFERENCE.findall(templates()[name])]
    return found


def readers_in_kept_pages(name: str, source: str) -> Iterator[str]:
    """What differs between readers; in a cached page all would see the first one's."""
    for tag in TAG.findall(COMMENT.sub("", source)):
        without_strings = re.sub(r"\"[^\"]*\"|'[^']*'", "", tag)
        if READER.search(without_strings):
            yield f"{name} is cached for all readers and has {tag}"


def inline_code(name: str, source: str) -> Iterator[str]:
    """What the Content-Security-Policy would refuse."""
    for match in INLINE.finditer(TAG.sub("", COMMENT.sub("", source))):
        yield f"{name} has {match[0]}"


def long_templates(name: str, source: str) -> Iterator[str]:
    lines = len(source.splitlines())
    if lines > TEMPLATE_LINES:
        yield f"{name} has {lines} lines"


def test_pages_that_are_kept_for_all_readers_name_none_of_them():
    pages = with_includes(kept_pages())
    assert {"base.html", "forum/home.html", "forum/thread.html", "forum/_posts.html"} <= set(pages)
    assert [complaint for name in pages for complaint in readers_in_kept_pages(name, templates()[name])] == []


@pytest.mark.parametrize("rule", [inline_code, long_templates])
def test_the_templates_keep_the_rules(rule):
    assert [complaint for name, source in templates().items() for complaint in rule(name, source)] == []


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (readers_in_kept_pages, "{% if user.is_staff %}"),
        (readers_in_kept_pages, "{{ request.path }}"),
        (readers_in_kept_pages, "<form>{% csrf_token %}"),
        (inline_code, "<script>alert(1)</script>"),
        (inline_code, '<script type="module">alert(1)</script>'),
        (inline_code, '<p class="a"{% if b %} style="color: red"{% endif %}>'),
        (inline_code, '<button onclick="go()">'),
        (inline_code, '<a href="javascript:go()">'),
        (inline_code, "<style>p { color: red }</style>"),
        (long_templates, "<p>\n" * 81),
    ],
)
def test_a_template_that_breaks_a_rule_is_found(rule, source):
    assert len(list(rule("bad.html", source))) == 1


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (
            readers_in_kept_pages,
            "{% comment %} user: who {% endcomment %}{% hole 'messages' %}{{ post.user_id }}",
        ),
        (inline_code, '<script src="{% static "js/forum.js" %}" defer></script><p>On one = two</p>'),
        (inline_code, '<script type="application/ld+json">{{ meta.data }}</script>'),
    ],
)
def test_a_template_that_keeps_the_rules_is_left_alone(rule, source):
    assert list(rule("good.html", source)) == []
