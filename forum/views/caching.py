"""How a page that many readers share is answered: from the cache, or rendered once for all of them.

A view says in a *plan* what page this is, on which tags it depends and how it is rendered. The plan
is made from the directory of forums, which also says whether this reader may have the page at all;
only then is the cache asked. Rendering never sees the request, so nothing of a reader can get in.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language

from forum import readers
from forum.cache import pages, stats, tags
from forum.cache.body import Body
from forum.cache.pages import Found, Written
from forum.directory import Directory
from forum.errors import ForumError
from forum.permissions import Reader
from forum.readers import Basis
from forum.tables.overlay import AllWritten


@dataclass(frozen=True, slots=True)
class Plan:
    """`name` tells this page from all others with the same first tag, and holds the audience of a
    private page; "" for a page that is not kept. `url` is the page's one address: only asked for by that
    it is answered before Django (`forum.fast`). `render` gives the body, or another response; it is told
    which posts were written a moment ago, which indexes may not show yet. `content_type` is of what is no
    page of HTML."""

    name: str
    url: str
    tags: list[str]
    render: Callable[[Written], str | HttpResponse]
    content_type: str = ""
    # The thread that whoever gets the page has read, "aws/01J…".
    thread: str = ""
    # After so many seconds it is another page although no tag has changed, for all at the same time; 0 for never.
    lasts: int = 0

    def __post_init__(self) -> None:
        if self.name and not self.tags:
            raise ValueError(f"the page {self.name} is kept, so it must name what it depends on")

    @property
    def ends_at(self) -> int:
        """By the clock alone, in seconds since 1970; 0 for never."""
        return (int(time.time()) // self.lasts + 1) * self.lasts if self.lasts else 0


Planner = Callable[[Directory, Reader], Plan]

# Where in a request's META it is noted when what the page shows ends by the clock alone: seconds since 1970.
UNTIL = "forum.until"


def show_until(request: HttpRequest, moment: int) -> None:
    """What is shown now is not to be shown any more from this moment on."""
    request.META[UNTIL] = min(moment, request.META.get(UNTIL, moment))


class PageResponse(HttpResponse):
    """A page with holes, which `middleware.FillHoles` fills; `found` is None where it is not kept."""

    def __init__(self, body: Body, basis: Basis, plan: Plan, found: Found | None = None) -> None:
        super().__init__(content_type=plan.content_type or None)
        self.body = body
        self.basis = basis
        self.url = plan.url if found is not None else ""
        self.thread = plan.thread
        self.found = found


def answer(request: HttpRequest, planner: Planner) -> HttpResponse:
    """The page for this reader. A hit costs at most one Redis round trip (a member's session aside), none
    when this process has the page in its memory, and neither SQL nor DynamoDB."""
    basis = readers.kept(request)
    try:
        plan = planner(basis.directory, basis.reader)
    except ForumError:
        # The refusal may rest on rules that have changed since this process read them.
        basis = readers.fresh(request)
        plan = planner(basis.directory, basis.reader)
    if not plan.name:
        return _unkept(request, planner, plan)
    basis, plan, found = _look_up(request, planner, basis, plan)
    source = found.source
    if found.usable and found.body is None and not found.lease:
        basis, plan, found = _settle(request, planner, basis, plan, pages.wait_for(found, _also(basis)))
        source = "wait"
    if found.body is not None:
        stats.count(source)
        return _marked(PageResponse(found.body, basis, plan, found), "hit")
    return _fill(plan, basis, found)


def _look_up(request: HttpRequest, planner: Planner, basis: Basis, plan: Plan) -> tuple[Basis, Plan, Found]:
    # What is no page of HTML is for machines, and the same in every language.
    name = plan.name if plan.content_type else f"{get_language()}:{plan.name}"
    if end := plan.ends_at:
        name = f"{name}:{end}"
        show_until(request, end)
    found = pages.look_up(name, [*plan.tags, tags.SITE], _also(basis))
    return _settle(request, planner, basis, plan, found)


def _settle(
    request: HttpRequest, planner: Planner, basis: Basis, plan: Plan, found: Found
) -> tuple[Basis, Plan, Found]:
    """Plan again where the look into the cache showed that the basis of the plan has changed, so that no
    page is rendered by older rules than those it would be kept under."""
    if basis.stands(found.states):
        return basis, plan, found
    basis = readers.fresh(request, found.states)
    newer = planner(basis.directory, basis.reader)
    if found.usable and (newer.name, newer.tags) != (plan.name, plan.tags):
        return _look_up(request, planner, basis, newer)
    return basis, newer, found


def _also(basis: Basis) -> list[str]:
    return [tag for tag in basis.tags if tag != tags.SITE]


def _unkept(request: HttpRequest, planner: Planner, plan: Plan) -> HttpResponse:
    found = pages.current(*plan.tags, tags.SITE, *_also(readers.kept(request)))
    basis = readers.fresh(request, found.states)
    return _rendered(planner(basis.directory, basis.reader), basis, found)


def _fill(plan: Plan, basis: Basis, found: Found) -> HttpResponse:
    """Render the page, and keep it if Redis is there to say how long."""
    if not found.usable:
        return _rendered(plan, basis, found)
    try:
        rendered = _render(plan, found)
    except BaseException:
        pages.give_back(found)
        raise
    if isinstance(rendered, HttpResponse):
        pages.give_back(found)
        return _marked(rendered, "bypass")
    stats.count("miss")
    body = pages.store(found, rendered.encode(errors="replace"))
    return _marked(PageResponse(body, basis, plan, found), "miss")


def _rendered(plan: Plan, basis: Basis, found: Found) -> HttpResponse:
    """A page that is rendered and not kept."""
    stats.count("bypass")
    rendered = _render(plan, found)
    if not isinstance(rendered, HttpResponse):
        rendered = PageResponse(Body(rendered.encode(errors="replace")), basis, plan)
    return _marked(rendered, "bypass")


def _render(plan: Plan, found: Found) -> str | HttpResponse:
    """In nobody's time zone; what is for machines also in the site's language, whoever asks for it first."""
    written = AllWritten(found.written) if found.names_all else found.written
    with timezone.override(None):
        if not plan.content_type:
            return plan.render(written)
        with translation.override(settings.LANGUAGE_CODE):
            return plan.render(written)


def _marked(response: HttpResponse, cache: str) -> HttpResponse:
    response["X-Cache"] = cache
    patch_vary_headers(response, ["Cookie"])
    return response


def render(template: str, **context: object) -> str:
    """A page's body, rendered without a request: the same for every reader, with holes."""
    return render_to_string(template, context)
