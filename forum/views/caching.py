"""How a page that many readers share is answered: from the cache, or rendered once for all of them.

A view says in a *plan* what page this is, on which tags it depends and how it is rendered. The plan
is made from the directory of forums, which also says whether this reader may have the page at all;
only then is the cache asked. Rendering never sees the request, so nothing of a reader can get in.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers

from forum import directory as directories
from forum.cache import pages, tags
from forum.directory import Directory
from forum.errors import ForumError
from forum.permissions import Reader


@dataclass(frozen=True, slots=True)
class Plan:
    """`name` tells this page from all others with the same first tag, and holds the audience of a
    private page; "" for a page that is not kept. `render` gives the body, or another response."""

    name: str
    tags: list[str]
    render: Callable[[], str | HttpResponse]


Planner = Callable[[Directory, Reader], Plan]


def answer(request: HttpRequest, planner: Planner) -> HttpResponse:
    """The page for this reader. A hit costs one Redis round trip and neither SQL nor DynamoDB
    (a member's own session and name aside)."""
    directory = directories.kept()
    try:
        plan = planner(directory, directories.reader_of(request, directory))
    except ForumError:
        # The refusal may rest on rules that have changed since this process read them.
        directory = directories.fresh()
        plan = planner(directory, directories.reader_of(request, directory))
    if not plan.name:
        directory = directories.fresh()
        return _respond(planner(directory, directories.reader_of(request, directory)).render(), "bypass")

    found = pages.look_up(plan.name, [*plan.tags, tags.SITE])
    current = found.generations.get(tags.SITE, "")
    if current != directory.generation or not found.usable:
        directory = directories.load(current)
        newer = planner(directory, directories.reader_of(request, directory))
        if (newer.name, newer.tags) != (plan.name, plan.tags):
            found = pages.look_up(newer.name, [*newer.tags, tags.SITE])
        plan = newer
    return _serve(plan, found)


def _serve(plan: Plan, found: pages.Found) -> HttpResponse:
    if found.usable and found.body is None and not found.lease:
        found = pages.wait_for(plan.name, [*plan.tags, tags.SITE])
    if found.body is not None:
        return _respond(found.body, "hit")
    rendered = plan.render()
    if not found.usable or isinstance(rendered, HttpResponse):
        return _respond(rendered, "bypass")
    body = rendered.encode(errors="replace")
    pages.store(plan.name, found, body)
    return _respond(body, "miss")


def _respond(content: str | bytes | HttpResponse, cache: str) -> HttpResponse:
    response = content if isinstance(content, HttpResponse) else HttpResponse(content)
    response["X-Cache"] = cache
    patch_vary_headers(response, ["Cookie"])
    return response


def render(template: str, **context: object) -> str:
    """A page's body, rendered without a request: the same for every reader, with holes."""
    return render_to_string(template, context)
