"""The page cache in the admin: what it does, what it costs, and dropping what it holds."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.functional import lazy
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods

from forum.cache import intents, pages, stats, tags
from forum.errors import NotFound, Unavailable
from forum.languages import Words
from forum.models import Forum, User
from forum.redis import Down, answering, client
from forum.tables import threads
from forum.tables.keys import FORUM_NAME, THREAD_ID

from .site import site

TITLE = gettext_lazy("Page cache")
EVERYTHING = "everything"
INVALID = 422

# What may follow the colon of each kind of tag; None where there is no colon.
KINDS = {
    tags.SITE: None,
    tags.HOME: None,
    tags.TITLES: None,
    "forum": FORUM_NAME,
    "latest": FORUM_NAME,
    "thread": THREAD_ID,
    "user": r"[A-Za-z0-9][A-Za-z0-9._-]{0,149}",
    "account": r"[1-9][0-9]{0,18}",
}
EXAMPLES = gettext_lazy("site, home, titles, forum:aws, latest:aws, thread:01J…, user:ada or account:42")


class TagForm(forms.Form):
    """A tag as an operator types it."""

    tag = forms.CharField(
        max_length=200,
        error_messages={
            "required": lazy(lambda: _("Type a tag: %(examples)s.") % {"examples": EXAMPLES}, str)(),
            "max_length": gettext_lazy("No tag is longer than 200 characters."),
        },
        widget=forms.TextInput(
            attrs={"class": "vTextField", "autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}
        ),
    )

    def clean_tag(self) -> str:
        kind, colon, name = self.cleaned_data["tag"].partition(":")
        if kind not in KINDS or bool(colon) != bool(KINDS[kind]):
            raise ValidationError(_("This is no tag. Tags are %(examples)s.") % {"examples": EXAMPLES})
        if colon and not re.fullmatch(str(KINDS[kind]), name):
            said = _("“%(kind)s:” is followed by something else. Tags are %(examples)s.")
            raise ValidationError(said % {"kind": kind, "examples": EXAMPLES})
        return tags.user(name) if kind == "user" else f"{kind}{colon}{name}"


# -- What is shown --------------------------------------------------------------------------------

SPANS = {1: gettext_lazy("1 minute"), 10: gettext_lazy("10 minutes"), 60: gettext_lazy("1 hour")}
EVENTS = {
    "fast": gettext_lazy("From memory, before Django"),
    "local": gettext_lazy("From memory, in Django"),
    "hit": gettext_lazy("From Redis"),
    "wait": gettext_lazy("From Redis, after waiting"),
    "miss": gettext_lazy("Rendered and kept (a miss)"),
    "bypass": gettext_lazy("Rendered and not kept"),
    "drop": gettext_lazy("A process dropped all it kept"),
}
SERVERS = {"default": gettext_lazy("Pages"), "sessions": gettext_lazy("Sessions")}
AWAY = gettext_lazy("does not answer")

Row = tuple[Words, list[str]]


def activity() -> list[Row]:
    """Rows of figures, a column for each of SPANS; none while Redis is down."""
    try:
        spans = [stats.last_minutes(minutes) for minutes in SPANS]
    except Down:
        return []
    rates = ["–" if span.hit_rate is None else f"{span.hit_rate:.1%}" for span in spans]
    invalidations = [number_format(round(span.per_minute("invalidation"), 1), 1, force_grouping=True) for span in spans]
    counts = [(label, [intcomma(span.counts[event]) for span in spans]) for event, label in EVENTS.items()]
    return [(_("Hit rate"), rates), (_("Invalidations a minute"), invalidations), *counts]


def servers() -> list[Row]:
    """Rows of what the two servers say of themselves, a column for each."""
    found = [_info(alias) for alias in SERVERS]
    figures: dict[str, Callable[[dict[str, Any]], str]] = {
        _("Server"): lambda info: (
            f"{info.get('server_name', 'redis').title()} {info.get('valkey_version') or info['redis_version']}"
        ),
        _("Memory in use"): lambda info: filesizeformat(info["used_memory"]),
        _("Memory limit"): lambda info: filesizeformat(info["maxmemory"]) if info["maxmemory"] else _("none"),
        _("When it is full"): lambda info: info["maxmemory_policy"],
        _("Keys evicted"): lambda info: intcomma(info["evicted_keys"]),
        _("Connections"): lambda info: intcomma(info["connected_clients"]),
    }
    return [(label, [figure(info) if info else str(AWAY) for info in found]) for label, figure in figures.items()]


def _info(alias: str) -> dict[str, Any]:
    """What INFO says; nothing while the server is down."""
    try:
        with answering(alias):
            return dict(client(alias).info())
    except Down:
        return {}


# What processes tell of themselves.
GAUGES = {
    "pages": pgettext_lazy("gauge", "pages"),
    "bytes": pgettext_lazy("gauge", "bytes"),
    "tags": pgettext_lazy("gauge", "tags"),
}


def workers() -> tuple[list[str], list[Row]]:
    """The names of all gauges, and a row of them for each process."""
    try:
        found = stats.workers()
    except Down:
        return [], []
    names = sorted({name for gauges in found.values() for name in gauges})
    return [str(GAUGES.get(name, name)) for name in names], [
        (worker, [_gauge(name, gauges) for name in names]) for worker, gauges in found.items()
    ]


def _gauge(name: str, gauges: dict[str, int]) -> str:
    if name not in gauges:
        return "–"
    return filesizeformat(gauges[name]) if name.endswith("bytes") else intcomma(gauges[name])


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag that was looked up. `generation` is "" while Redis is down; `what` says whether there is such a thing."""

    name: str
    generation: str
    what: str


def look_up(name: str) -> Tag:
    kind, __, rest = name.partition(":")
    try:
        there = _there_is(kind, rest)
    except Unavailable:
        return Tag(name, pages.generation(name), _("The database does not say just now whether there is such a thing."))
    if KINDS[kind] is None:
        return Tag(name, pages.generation(name), _("A tag of the site itself."))
    noun = {"latest": "forum", "user": "member", "account": "member"}.get(kind, kind)
    return Tag(name, pages.generation(name), str(THERE[noun][there]))


# By whether there is one.
THERE = {
    "forum": (gettext_lazy("There is no such forum."), gettext_lazy("There is such a forum.")),
    "thread": (gettext_lazy("There is no such thread."), gettext_lazy("There is such a thread.")),
    "member": (gettext_lazy("There is no such member."), gettext_lazy("There is such a member.")),
}


def _there_is(kind: str, name: str) -> bool:
    """Whether the forum, thread or member exists; Unavailable when DynamoDB does not answer."""
    if kind in ("forum", "latest"):
        return bool(Forum.objects.filter(name=name).exists())
    if kind == "user":
        return User.objects.named(name) is not None
    if kind == "account":
        return bool(User.objects.filter(pk=name).exists())
    try:
        return kind != "thread" or bool(threads.find_thread(name, Forum.objects.values_list("name", flat=True)))
    except NotFound:
        return False


# -- The page -------------------------------------------------------------------------------------


def is_superuser(request: HttpRequest) -> bool:
    return bool(cast(User, request.user).is_superuser)


@require_http_methods(["GET", "HEAD", "POST"])
def cache_page(request: HttpRequest) -> HttpResponse:
    """Figures and a tag's generation (GET, `?tag=`); drop a tag, or everything (POST)."""
    if request.method == "POST":
        return _drop(request)
    return _show(request, TagForm(request.GET if "tag" in request.GET else None))


def _show(request: HttpRequest, form: TagForm, status: int = 200) -> HttpResponse:
    gauges, processes = workers()
    context = {
        **site.each_context(request),
        "title": TITLE,
        "spans": list(SPANS.values()),
        "activity": activity(),
        "servers": list(SERVERS.values()),
        "server_rows": servers(),
        "gauges": gauges,
        "workers": processes,
        "form": form,
        "tag": look_up(form.cleaned_data["tag"]) if form.is_bound and form.is_valid() else None,
    }
    return TemplateResponse(request, "admin/forum/cache.html", context, status=status)


def _drop(request: HttpRequest) -> HttpResponse:
    page = reverse("admin:cache")
    if request.POST.get("drop") == EVERYTHING:
        _drop_and_log(request, _("all pages"), intents.invalidate_all)
        return HttpResponseRedirect(page)
    form = TagForm(request.POST)
    if not form.is_valid():
        return _show(request, form, INVALID)
    tag = form.cleaned_data["tag"]
    _drop_and_log(request, _("all pages that carry %(tag)s") % {"tag": tag}, lambda: _invalidate(tag))
    return HttpResponseRedirect(f"{page}?{urlencode({'tag': tag})}")


def _invalidate(tag: str) -> None:
    with intents.invalidating(tag):
        pass


def _drop_and_log(request: HttpRequest, what: str, drop: Callable[[], None]) -> None:
    """Drop, note in the admin's log who did it, and say so; what could not be dropped is not noted."""
    try:
        with transaction.atomic():
            LogEntry.objects.create(
                user=cast(User, request.user),
                action_flag=DELETION,
                object_repr=f"{TITLE}: {what}"[:200],
                change_message=_("Dropped."),
            )
            drop()
    except Unavailable:
        said = _("Redis does not answer, so nothing was dropped. Try again in a moment to drop %(what)s.")
        messages.error(request, said % {"what": what})
    else:
        said = _("Dropped %(what)s. They are rendered anew when somebody asks for them.")
        messages.success(request, said % {"what": what})


site.add_page("cache/", cache_page, name="cache", title=TITLE, section=gettext_lazy("Operations"), may=is_superuser)
