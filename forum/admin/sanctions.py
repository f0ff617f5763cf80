"""A member as moderators see them: what is known of them, what was done, and what can be done.

`/admin/forum/user/<id>/moderation/` shows it, and leads to one page for each act, which says what it will do
and asks why. Nothing here shows an e-mail address.
"""

from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from forum import kept, logbook, reasons, wording
from forum.actions import sanctions
from forum.cache import visits
from forum.errors import Conflict, NotAllowed, NotFound
from forum.languages import Words
from forum.models import User
from forum.permissions import FOREVER, Reader, moment_in_words
from forum.redis import Down
from forum.tables.browsing import Cut, list_member_log
from forum.tables.keys import cursor, read_cursor
from forum.tables.moderation import Record

from . import words
from .noting import note
from .sanction_forms import FreeForm, ReasonForm, SuspendForm, TrustForm, UntilForm
from .site import forums_read, forums_seen, granted, site, who

INVALID = 422
PER_PAGE = 25


def may(request: HttpRequest) -> bool:
    return granted(request, "forum.moderate_user")


# -- What can be done -----------------------------------------------------------------------------

Sent = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Act:
    """`label` is on the button, `says` what will happen, `done` what is said afterwards (with the member's name);
    `fits` tells whether it makes sense for a member now."""

    label: Words
    says: Words
    done: Words
    form: type[ReasonForm]
    run: Callable[[Reader, User, Sent], object]
    fits: Callable[[User], bool] = lambda user: user.is_active
    danger: bool = False


ACTS = {
    "warn": Act(
        gettext_lazy("Warn"),
        gettext_lazy("The member reads your words in their notifications. Nothing else changes."),
        gettext_lazy("%(name)s has been warned."),
        ReasonForm,
        lambda actor, user, sent: sanctions.warn(actor, user, sent["reason"], may=True, form=sent["form"]),
    ),
    "silence": Act(
        gettext_lazy("Silence"),
        gettext_lazy(
            "The member can read but not post, edit or delete, and is told until when and why. It ends by itself."
        ),
        gettext_lazy("%(name)s is silenced."),
        UntilForm,
        lambda actor, user, sent: sanctions.silence(
            actor, user, sent["until"], sent["reason"], may=True, seen=sent["seen"]
        ),
        danger=True,
    ),
    "unsilence": Act(
        gettext_lazy("End the silence"),
        gettext_lazy("The member can post again at once, and is told so."),
        gettext_lazy("%(name)s can post again."),
        FreeForm,
        lambda actor, user, sent: sanctions.unsilence(actor, user, sent["reason"], may=True, seen=sent["seen"]),
        lambda user: user.silenced,
    ),
    "suspend": Act(
        gettext_lazy("Suspend"),
        gettext_lazy(
            "The member is signed out everywhere at once and cannot sign in; whoever tries is told until when and why."
        ),
        gettext_lazy("%(name)s is suspended."),
        SuspendForm,
        lambda actor, user, sent: sanctions.suspend(
            actor, user, sent["until"], sent["reason"], may=True, seen=sent["seen"]
        ),
        danger=True,
    ),
    "unsuspend": Act(
        gettext_lazy("End the suspension"),
        gettext_lazy("The member can sign in again at once."),
        gettext_lazy("%(name)s can sign in again."),
        FreeForm,
        lambda actor, user, sent: sanctions.unsuspend(actor, user, sent["reason"], may=True, seen=sent["seen"]),
        lambda user: user.suspended,
    ),
    "end_sessions": Act(
        gettext_lazy("End all sessions"),
        gettext_lazy(
            "The member is signed out everywhere at once, as after a password was lost, and can sign in again."
        ),
        gettext_lazy("%(name)s is signed out everywhere."),
        ReasonForm,
        lambda actor, user, sent: sanctions.end_sessions(actor, user, sent["reason"], may=True),
    ),
    "trust": Act(
        gettext_lazy("Set the trust"),
        gettext_lazy("The member's level of trust, which otherwise rises with reading and posting, is set by hand."),
        gettext_lazy("The trust of %(name)s is set."),
        TrustForm,
        lambda actor, user, sent: sanctions.set_trust(
            actor, user, sent["level"], sent["reason"], fixed=sent["fixed"], may=True
        ),
    ),
    "note": Act(
        gettext_lazy("Add a note"),
        gettext_lazy("Only moderators of members read it, in the history below. The member never does."),
        gettext_lazy("The note on %(name)s is kept."),
        ReasonForm,
        lambda actor, user, sent: sanctions.add_note(actor, user, sent["reason"], may=True, form=sent["form"]),
        lambda user: True,
    ),
}


# -- Pages ----------------------------------------------------------------------------------------


@require_safe
def member(request: HttpRequest, pk: int) -> HttpResponse:
    """What is known of a member. One Query, some SQL queries, one Redis round trip."""
    user = _member(pk)
    before = request.GET.get("before", "")
    log = list_member_log(str(pk), Cut(before=read_cursor(before) if before else ""), PER_PAGE + 1)
    refusal = sanctions.why_not(who(request), user, may=True)
    fitting = {name: act for name, act in ACTS.items() if act.fits(user) and not refusal}
    context = {
        "title": _("Moderation of %(name)s") % {"name": user.username},
        "facts": [(label, fact) for label, fact in _facts(user) if fact],
        "acts": [(act, reverse("admin:moderate_member_act", args=[pk, name])) for name, act in fitting.items()],
        "refusal": refusal,
        "history": _history(request, log[:PER_PAGE]),
        "older_url": f"?before={cursor(log[PER_PAGE - 1].event_time)}" if len(log) > PER_PAGE else "",
        "newest_url": request.path if before else "",
    }
    return _page(request, "admin/forum/member.html", user, context)


@require_http_methods(["GET", "HEAD", "POST"])
def act_on(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """The page that says what an act does and asks why, and the act."""
    user, chosen = _member(pk), ACTS.get(act)
    if chosen is None:
        raise NotFound(_("There is no such thing to do."))
    if refusal := sanctions.why_not(who(request), user, may=True):
        raise NotAllowed(refusal)
    initial = {"level": user.trust, "seen": _mark(user, act), **kept.fields(request, who(request).id)}
    form = chosen.form(request.POST if request.method == "POST" else None, initial=initial)
    if request.method != "POST":
        return _form(request, user, act, form, 200)
    if not form.is_valid():
        return _form(request, user, act, form, INVALID)
    try:
        chosen.run(who(request), user, {**form.cleaned_data, "form": request.POST.get("token", "")})
    except Conflict as conflict:
        return _once_more(request, _member(pk), act, form, conflict)
    note(request, _("%(act)s: member %(number)d") % {"act": chosen.label, "number": pk})
    messages.success(request, chosen.done % {"name": user.username})
    return HttpResponseRedirect(reverse("admin:moderate_member", args=[pk]))


def _mark(user: User, act: str) -> str:
    return sanctions.mark(user, sanctions.SANCTION[act]) if act in sanctions.SANCTION else ""


def _once_more(request: HttpRequest, user: User, act: str, form: ReasonForm, conflict: Conflict) -> HttpResponse:
    """What was sent, with what stands by now: whoever sends it once more means that."""
    form.data = form.data.copy()  # type: ignore[attr-defined]
    form.data["seen"] = _mark(user, act)  # type: ignore[index]
    form.add_error(None, conflict.message)
    return _form(request, user, act, form, conflict.status)


def _form(request: HttpRequest, user: User, act: str, form: ReasonForm, status: int) -> HttpResponse:
    """The page of an act, with what it is about to replace or to end."""
    label = ACTS[act].label
    context = {
        "title": f"{label}: {user.username}",
        "act": ACTS[act],
        "form": form,
        "page_url": reverse("admin:moderate_member", args=[user.pk]),
        "standing": in_words(user, sanctions.SANCTION[act]) if act in sanctions.SANCTION else "",
    }
    return _page(request, "admin/forum/member_act.html", user, context, status)


def _member(pk: int) -> User:
    user: User | None = User.objects.filter(pk=pk).first()
    if user is None:
        raise NotFound(_("There is no such member."))
    return user


def _page(request: HttpRequest, template: str, user: User, context: Sent, status: int = 200) -> HttpResponse:
    changes = granted(request, "forum.view_user")
    change_url = reverse("admin:forum_user_change", args=[user.pk]) if changes else ""
    common = {**site.each_context(request), "member": user, "change_url": change_url}
    return TemplateResponse(request, template, common | context, status=status)


def _facts(user: User) -> list[tuple[str, object]]:
    seen = _("not yet") if user.last_login is None else wording.minute(user.last_login)
    level = user.get_trust_display()
    return [
        (_("Account"), "" if user.is_active else _("closed")),
        (_("Joined"), wording.minute(user.date_joined)),
        (_("Last signed in"), seen),
        (_("Trust"), _("%(level)s, fixed by hand") % {"level": level} if user.trust_fixed else level),
        (_("Read"), _reading(user)),
        (_("Moderates"), _("yes") if sanctions.is_moderator(user) else ""),
        (_("Silenced"), in_words(user, "silenced")),
        (_("Suspended"), in_words(user, "suspended")),
        (
            _("Sessions"),
            _("all ended at once, %(count)d×") % {"count": user.session_epoch} if user.session_epoch else "",
        ),
    ]


def _reading(user: User) -> str:
    try:
        read = visits.of_member(str(user.pk))
    except Down:
        return _("not known: Redis does not answer")
    pages = ngettext("%(count)s page", "%(count)s pages", read.pages) % {"count": intcomma(read.pages)}
    days = ngettext("%(count)s day", "%(count)s days", read.days) % {"count": intcomma(read.days)}
    return _("%(pages)s on %(days)s") % {"pages": pages, "days": days}


def in_words(user: User, sanction: str) -> str:
    """Until when it lasts, or lasted, and why; "" where there was none."""
    return _standing(getattr(user, sanction), *(getattr(user, name) for name in sanctions.KEPT[sanction]))


def _standing(lasts: bool, until: datetime | None, reason: str) -> str:
    if until is None:
        return ""
    if until >= FOREVER:
        when = _("for good")
    else:
        when = (_("until %(moment)s") if lasts else _("ended %(moment)s")) % {"moment": moment_in_words(until)}
    return f"{when}: {reasons.shown(reason)}" if reason else when


# -- History --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """An act that concerned the member; `url` leads to the post it was done to, "" for none."""

    created: datetime
    kind: str
    actor: str
    reason: str
    url: str
    forum: str
    changes: str


def _history(request: HttpRequest, log: list[Record]) -> list[Entry]:
    """The records that the asker may see, with names. One SQL query."""
    forums = {rules.name for rules in forums_seen(request)}
    seen = [record for record in log if not record.forum or record.forum in forums]
    ids = {record.user_id for record in seen if record.user_id}
    names = {str(pk): name for pk, name in User.objects.filter(pk__in=ids).values_list("pk", "username")} if ids else {}
    return [_entry(record, names, forums_read(request)) for record in seen]


def _entry(record: Record, names: dict[str, str], readable: Container[str]) -> Entry:
    kind, __, name = record.subject.partition("#")
    thread_id, __, number = name.partition("#")
    url = reverse("post", args=[thread_id, int(number)]) if kind == "POST" and number.isdigit() else ""
    actor = names.get(record.user_id, _("a former member")) if record.user_id else str(logbook.THE_FORUM)
    changes = "; ".join(logbook.changes_in_words(record, readable))
    created = datetime.fromisoformat(record.event_time[:27])
    return Entry(created, words.act(record.kind), actor, reasons.shown(record.reason), url, record.forum or "", changes)


site.add_page(
    "forum/user/<int:pk>/moderation/",
    member,
    name="moderate_member",
    title="",
    section=gettext_lazy("Members"),
    may=may,
)
site.add_page(
    "forum/user/<int:pk>/moderation/<slug:act>/",
    act_on,
    name="moderate_member_act",
    title="",
    section=gettext_lazy("Members"),
    may=may,
)
