"""Whatever stands in an address gets a clear answer: nothing that anybody types there is an error of the site."""

import inspect
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from forum.admin.site import site as admin_site
from forum.models import User
from tests.helpers import signed_in
from tests.safe.community import ROOT, Community
from tests.safe.crowd import addresses

PARAMETER = re.compile(r'GET(?:\.get\(|\[)"(\w+)"')
# Beyond what databases take for a number, what looks like a time and is none, a name, another script's digits,
# more than fits into a key.
NONSENSE = ["9999999999999999999", "9" * 40, "-1", "2026-13-41T99:99:99.999999Z~aaaaaaaa", "@", "٣", "x" * 3000]


def views(patterns: list[Any]) -> Iterator[tuple[str, Any]]:
    """The names of all routes of ours, with their views."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver) and pattern.namespace != "admin":
            yield from views(pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and pattern.callback.__module__.startswith("forum."):
            yield str(pattern.name), pattern.callback


def parameters(module: str) -> list[str]:
    """What the views of a module read from an address."""
    return sorted(set(PARAMETER.findall(inspect.getsource(__import__(module, fromlist=["x"])))))


def of_the_site(community: Community) -> Iterator[str]:
    read = {name: parameters(view.__module__) for name, view in views(get_resolver().url_patterns)}
    paths = dict.fromkeys(url.partition("?")[0] for url in addresses(community.urls))
    for path in paths:
        if not path.startswith(("/f/lounge/", "/f/crew/", "/no/")):
            yield from (f"{path}?{each}=" for each in read.get(str(get_resolver().resolve(path).url_name), []))


def of_the_administration() -> Iterator[str]:
    modules = ["dynamo", "posts", "threads", "log", "jobs", "sanctions", "reports", "cache", "operations"]
    names = {name for module in modules for name in parameters(f"forum.admin.{module}")} | {"q", "before", "after"}
    pages = [reverse(f"admin:{page.name}") for page in admin_site._pages.values() if "<" not in page.route]
    yield from (f"{page}?{name}=" for page in pages for name in sorted(names))
    for user in User.objects.filter(username=ROOT):
        yield f"{reverse('admin:moderate_member', args=[user.pk])}?before="
        yield "/admin/forum/user/?id__in="
        yield "/admin/forum/user/?q="


@pytest.fixture
def root(community: Community) -> Client:
    return signed_in(community.people[ROOT])


def test_parameters_are_never_an_error(root: Client, community: Community) -> None:
    tried = [*of_the_site(community), *of_the_administration()]
    assert len(tried) > 100 and "/admin/posts/?member=" in tried and "/notifications/?before=" in tried
    for url in tried:
        for value in NONSENSE:
            answer = root.get(f"{url}{quote(value)}")
            assert answer.status_code < 500, f"{url}{value[:50]} is {answer.status_code}"


@pytest.mark.parametrize(
    "url", ["/admin/posts/?member=", "/mention/?q=", "/admin/log.csv?member=", "/admin/forum/user/?q="]
)
def test_what_postgresql_does_not_take_is_refused_in_words(url: str, root: Client, community: Community) -> None:
    answer = root.get(f"{url}a%00b")
    assert answer.status_code == 400 and "a character that no address has" in answer.content.decode()


@pytest.mark.parametrize("url", ["/admin/posts/", "/admin/log/", "/admin/log.csv"])
def test_no_member_has_so_large_a_number(url: str, root: Client, community: Community) -> None:
    answer = root.get(url, {"member": "9999999999999999999"})
    assert answer.status_code == 404 and "There is no member called" in answer.content.decode()
    assert root.get(url, {"member": str(2**63 - 1)}).status_code == 200


def test_numbers_in_paths_and_in_forms(root: Client, community: Community) -> None:
    large = "9" * 30
    for path in (
        f"/admin/forum/user/{large}/moderation/",
        f"/admin/forum/user/{large}/moderation/warn/",
        f"/admin/forum/user/{large}/change/",
        f"/admin/jobs/{large}/",
        f"/jobs/{large[:9]}/",
    ):
        assert root.get(path).status_code in (302, 404), path
    for chosen in (large, "abc", "1\0"):
        sent = {"action": "delete_selected", "index": "0", "_selected_action": chosen}
        answer = root.post("/admin/forum/user/", sent)
        assert answer.status_code == 400 and "that nothing here can have" in answer.content.decode(), chosen
