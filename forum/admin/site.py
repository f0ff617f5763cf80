"""The administration itself: who is let in, and the pages that are about no model of Django's.

Staff come in as always. Who moderates a forum comes in, too, and finds the pages registered here that are
open to moderators, but none of the models, whatever rights their groups have.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils import translation
from django.utils.text import slugify
from django.utils.translation import gettext as _

from forum import kept, readers
from forum.errors import ForumError, NotAllowed, NotFound, SignInNeeded
from forum.forms import refuse_nul
from forum.languages import Words
from forum.models import User
from forum.permissions import ForumRules, Reader, can_read, moderates
from forum.readers import Basis

View = Callable[..., HttpResponseBase]
May = Callable[[HttpRequest], bool]

_BASIS = "forum.admin.basis"
# Fields whose text is given back on the page of an error.
_TEXTS = {"reason", "title", "text", "body"}


# -- Who is asking --------------------------------------------------------------------------------


def basis(request: HttpRequest) -> Basis:
    """Who is asking and all forums' rules, as they are now. One Redis round trip for each request."""
    if _BASIS not in request.META:
        request.META[_BASIS] = readers.fresh(request)
    found: Basis = request.META[_BASIS]
    return found


def who(request: HttpRequest) -> Reader:
    return basis(request).reader


def granted(request: HttpRequest, permission: str) -> bool:
    """Whether staff have this right of Django's, such as "forum.view_post"; others have none of them here."""
    user = cast(User, request.user)
    return user.is_active and user.is_staff and user.has_perm(permission)


def forums_read(request: HttpRequest) -> set[str]:
    """The names of the forums that the asker may read at all."""
    return {rules.name for rules in basis(request).directory.readable(who(request))}


def forums_moderated(request: HttpRequest) -> list[ForumRules]:
    """The forums whose moderator is asking, archived ones with them, in their order."""
    return [rules for rules in basis(request).directory.forums.values() if moderates(who(request), rules)]


def forums_seen(request: HttpRequest) -> list[ForumRules]:
    """The forums whose posts the asker may see in the administration, in their order: the moderated ones and,
    with the right to view posts, all that they may read."""
    reader, sees = who(request), granted(request, "forum.view_post")
    forums = basis(request).directory.forums.values()
    return [rules for rules in forums if moderates(reader, rules) or (sees and can_read(reader, rules))]


def seen_forum(request: HttpRequest, name: str) -> ForumRules:
    """One of the forums seen; NotFound."""
    for rules in forums_seen(request):
        if rules.name == name:
            return rules
    raise NotFound(_("There is no such forum, or it is not yours to see."))


def acting(request: HttpRequest, rules: ForumRules, permission: str = "forum.change_post") -> Reader:
    """Who is asking, as a moderator of the forum where this right of Django's makes them one."""
    reader = who(request)
    if not moderates(reader, rules) and granted(request, permission) and can_read(reader, rules):
        return replace(reader, moderates_all=True)
    return reader


# -- The site -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page:
    """A page under /admin/. One without a title is in no list: it is reached from another. `waits` is how much there is
    to be done, for the list."""

    route: str
    view: View
    name: str
    title: Words
    section: Words
    may: May
    waits: Callable[[HttpRequest], str]


class ForumAdminSite(AdminSite):
    """Django's, with pages of our own; see `add_page`."""

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self._pages: dict[str, Page] = {}

    def add_page(
        self,
        route: str,
        view: View,
        *,
        name: str,
        title: Words,
        section: Words,
        may: May,
        waits: Callable[[HttpRequest], str] = lambda request: "",
    ) -> None:
        """Register a page at /admin/<route>, as `admin:<name>`, which those see of whom `may` says so.

        It is listed under its section beside Django's models, unless `title` is ""; routes with arguments
        have none. Others are refused before the view runs, and whoever is signed out is asked to sign in.
        The errors of `forum.errors` become pages in the administration's look.
        """
        view = self._in_our_look(_only(may, view))
        self._pages[name] = Page(route, view, name, title, section, may, waits)

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return bool(user.is_active and (user.is_staff or forums_moderated(request)))

    def admin_view(self, view: View, cacheable: bool = False) -> View:  # type: ignore[override]
        """As Django's. What is not made for moderators is for staff, however Django's rights are given."""
        if view not in self._for_moderators():
            view = _only(lambda request: bool(cast(User, request.user).is_staff), view)
        return _keeping(super().admin_view(view, cacheable))

    def _for_moderators(self) -> Iterator[View]:
        yield from (page.view for page in self._pages.values())
        yield from (self.index, self.logout, self.password_change, self.password_change_done)
        yield from (self.i18n_javascript, self.catch_all_view)

    def _in_our_look(self, view: View) -> View:
        @wraps(view)
        def viewed(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase:
            try:
                return view(request, *arguments, **named)
            except SignInNeeded:
                raise
            except ForumError as error:
                return self._error_page(request, error)

        return viewed

    def _error_page(self, request: HttpRequest, error: ForumError) -> HttpResponseBase:
        sent = [text for name, text in request.POST.items() if name in _TEXTS and str(text).strip()]
        context = {"title": error.heading, "message": error.message, "links": error.links, "sent": sent}
        context = {**self.each_context(request), **context}
        headers = {"Retry-After": str(error.retry_after)} if error.retry_after is not None else {}
        return TemplateResponse(request, "admin/forum/error.html", context, status=error.status, headers=headers)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        own = [path(page.route, self.admin_view(page.view), name=page.name) for page in self._pages.values()]
        # First, since the admin's own last pattern catches everything.
        return [*own, *super().get_urls()]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Our sections, then Django's models, on the index and beside every page."""
        user = request.user
        models = super().get_app_list(request, app_label) if user.is_active and user.is_staff else []
        return models if app_label is not None else [*self._sections(request), *models]

    def _sections(self, request: HttpRequest) -> list[dict[str, Any]]:
        found: dict[str, tuple[Words, list[dict[str, Any]]]] = {}
        for page in self._pages.values():
            if page.title and page.may(request):
                url = reverse(f"admin:{page.name}", current_app=self.name)
                waits = page.waits(request)
                title = f"{page.title} ({waits})" if waits else page.title
                entry = {"name": title, "object_name": page.name, "admin_url": url, "view_only": True}
                found.setdefault(_label(page.section), (page.section, []))[1].append(entry)
        return [
            {"name": name, "app_label": label, "app_url": entries[0]["admin_url"], "models": entries}
            for label, (name, entries) in sorted(found.items())
        ]


def _keeping(view: View) -> View:
    """The view, which leads whoever is signed out to sign in, and keeps what they sent until they have."""

    @wraps(view)
    def viewed(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase:
        if request.method == "POST" and not request.user.is_authenticated:
            kept.remember(request)
        return view(request, *arguments, **named)

    return viewed


def _label(section: Words) -> str:
    """What names a section in pages, the same in every language."""
    with translation.override(None):
        return slugify(str(section))


def _only(may: May, view: View) -> View:
    """The view for those who may; NotAllowed for others, who are in the administration already."""

    @wraps(view)
    def checked(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase:
        if not may(request):
            raise NotAllowed(_("Your account does not have the rights that this page needs."))
        refuse_nul(request.GET)
        return view(request, *arguments, **named)

    return checked


# Django's default site, which is one of ours by `forum.apps.ForumAdminConfig`.
site = cast(ForumAdminSite, admin.site)
