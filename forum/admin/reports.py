"""What waits for moderators: reported posts and texts to be approved, of all forums that one moderates; and for those
who moderate all forums private messages that were reported to them, whose reports carry the text.

A page costs one Query for each forum (and one for private messages), one BatchGetItem each of cases, reports, posts,
heads and, where replies wait, their threads' heads, one SQL query for names, and one Query for each author on it; more
only for posts that have moved since they were reported.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from forum import kept, links, logbook, markup, readers, reasons, wording
from forum.actions import approving, message_reports, reporting, screening
from forum.actions.closing import AGREE, DISAGREE, IGNORE
from forum.actions.moderating import REASON_MOST
from forum.errors import BadRequest, Conflict, NotFound
from forum.forms import BODY_MOST, TextField
from forum.models import User
from forum.permissions import ANONYMOUS, MESSAGE_RULES, MESSAGES, ForumRules, Reader, can_read, moderated
from forum.tables import cases, moderation, posts
from forum.tables.bulk import get_many
from forum.tables.keys import THREAD_ID, cursor, read_cursor, thread_partition, time_of
from forum.tables.members import MOST_COUNTED
from forum.tables.moderation import Record
from forum.tables.posts import Post
from forum.tables.threads import Thread

from . import words
from .log import visible
from .noting import note
from .site import basis, site, who

TITLE = gettext_lazy("Reports and approvals")
PAGE = 10
EXCERPT = 400
REASON = TextField(noun="reason", most=REASON_MOST, required=False)
_SUBJECT = re.compile(rf"(?:POST|MESSAGE)#{THREAD_ID}#[1-9][0-9]{{0,8}}|PENDING#{THREAD_ID}")

Place = tuple[Thread, Post]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an act was not done, at the case it was meant for, with the reason that was typed."""

    subject: str
    message: str
    reason: str
    status: int


@require_http_methods(["GET", "HEAD", "POST"])
def queue(request: HttpRequest) -> HttpResponse:
    """The oldest open cases (GET); decide one (POST). An act that is refused shows the page again, with its reason."""
    if request.method != "POST":
        return _page(request, _unsent(request))
    sent = request.POST
    subject, act = sent.get("subject", ""), sent.get("act", "")
    if not _SUBJECT.fullmatch(subject) or act not in ACTS:
        raise BadRequest(_("This form is not one of ours. Please open the page again."))
    try:
        case = cases.get_case(subject)
        forum = _forum_of(request, case, sent.get("forum_of", ""))
        said = ACTS[act](request, forum, case)
    except (BadRequest, Conflict, NotFound) as error:
        # 422 for what is missing in the form; 409 for what is no longer so.
        status = 422 if isinstance(error, BadRequest) else error.status
        return _page(request, Failure(subject, error.message, REASON.prepare_value(sent.get("reason", "")), status))
    note(request, f"{words.act(act.replace('_', ' ')).capitalize()}: {subject.replace('#', ' ').lower()}")
    messages.success(request, said)
    return HttpResponseRedirect(_url(sent.get("forum", ""), sent.get("after", "")))


def _unsent(request: HttpRequest) -> Failure | None:
    """What was sent of a case when its moderator had been signed out; once."""
    again = kept.fields(request, who(request).id)
    kept.forget(request)
    words = _("You had been signed out, so nothing was done yet. This is what you typed.")
    return Failure(again["subject"], words, again.get("reason", "")[:2_000], 200) if "subject" in again else None


def _forum_of(request: HttpRequest, case: Record, named: str) -> ForumRules:
    """The forum of a case, or that of a closed one, which the asker must moderate; NotFound, as of a case that never
    was. Conflict where it went from the forum `named`, which they do moderate, to one of others."""
    moderated = _moderated(request)
    if case.open_in in moderated:
        return moderated[case.open_in]
    acts = moderation.list_records(case.subject)
    if not case.open_in:
        # The id of a text that waited is random: whoever knows it was shown it.
        waited = case.subject.startswith(cases.PENDING)
        closed_in = named if waited else next((act.forum for act in acts if act.kind in reporting.OUTCOMES), None)
        if closed_in in moderated:
            return moderated[closed_in]
    if named in moderated and any(act.forum == named for act in acts):
        raise Conflict(_("The post has moved to another forum, and its reports with it: moderators there decide now."))
    raise NotFound(_("Nothing waits here for a moderator."))


def _moderated(request: HttpRequest) -> dict[str, ForumRules]:
    """The forums whose moderator is asking, and what stands for all conversations, where they moderate these."""
    return {rules.name: rules for rules in moderated(who(request), basis(request).directory.forums.values())}


# -- Acts -----------------------------------------------------------------------------------------


def _reason(request: HttpRequest) -> str:
    """Why it is decided so; BadRequest for what cannot be shown or is too long. Whether there has to be a reason is
    for the act to say."""
    try:
        return str(REASON.clean(request.POST.get("reason", "")))
    except ValidationError as error:
        raise BadRequest(error.messages[0]) from None


def _claim(request: HttpRequest, forum: ForumRules, case: Record) -> str:
    reporting.claim(who(request), forum, case)
    return _("This case is yours.")


def _take_over(request: HttpRequest, forum: ForumRules, case: Record) -> str:
    reporting.claim(who(request), forum, case, take_over=True)
    return _("This case is yours now.")


def _release(request: HttpRequest, forum: ForumRules, case: Record) -> str:
    reporting.release(who(request), forum, case)
    return _("You have left this case to the other moderators.")


def _resolve(request: HttpRequest, forum: ForumRules, case: Record) -> str:
    outcome, reader = request.POST["act"], who(request)
    reporting.refuse_unseen(reader, case, request.POST.get("seen", ""))
    if message_reports.is_of_message(case):
        hidden = message_reports.resolve(reader, case, outcome, _reason(request))
        return _("The message is hidden and the case is closed.") if hidden else _("The case is closed.")
    found = _find(request, case)
    if found and request.POST.get("edited", found[1].edited_at or "") != (found[1].edited_at or ""):
        raise Conflict(_("The text of this post has just changed."))
    place = (basis(request).directory.forums[found[0].forum], *found) if found else None
    reporting.resolve(reader, forum, case, outcome, _reason(request), place=place)
    if place is None:
        return _("The case is closed.")
    return {
        AGREE: _("The post is hidden and the case is closed."),
        DISAGREE: _("The post stands and the case is closed."),
        IGNORE: _("The case is closed."),
    }[outcome]


def _approve(request: HttpRequest, forum: ForumRules, case: Record) -> str:
    approving.approve(who(request), forum, case, _author(case.user_id))
    return _("The post is published.")


def _refuse(request: HttpRequest, forum: ForumRules, case: Record) -> str:
    approving.refuse(who(request), forum, case, _reason(request))
    return _("The post is refused, and its author will be told why.")


def _author(user_id: str) -> Reader:
    """In whose name a text is published; nobody where the account is closed or suspended."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None or (user.suspended_until and user.suspended_until > timezone.now()):
        return ANONYMOUS
    return readers.reader_of(user)


ACTS = {
    "claim": _claim,
    "take_over": _take_over,
    "release": _release,
    **dict.fromkeys(reporting.OUTCOMES, _resolve),
    "approve": _approve,
    "refuse": _refuse,
}


# -- The page -------------------------------------------------------------------------------------


def _page(request: HttpRequest, failure: Failure | None = None) -> HttpResponse:
    moderated = _moderated(request)
    asked = request.POST if request.method == "POST" else request.GET
    name, after = asked.get("forum", ""), asked.get("after", "")
    if name and name not in moderated:
        raise NotFound(_("You moderate no such forum."), [(_("All reports"), reverse("admin:queue"))])
    shown = [name] if name else list(moderated)
    found, more = cases.list_open(shown, PAGE, read_cursor(after) if after else "")
    rows = _rows(request, found, failure)
    context = {
        **site.each_context(request),
        "title": TITLE,
        "cases": rows,
        "forums": list(moderated.values()),
        "chosen": name,
        "after": after,
        "url": _url(),
        "newer_url": _url(name) if after else "",
        "older_url": _url(name, cursor(more)) if more else "",
        "lost": failure if failure and all(row["subject"] != failure.subject for row in rows) else None,
    }
    return TemplateResponse(request, "admin/forum/queue.html", context, status=failure.status if failure else 200)


def _rows(request: HttpRequest, found: list[Record], failure: Failure | None) -> list[dict[str, Any]]:
    """What the page shows of each case."""
    places = _places(request, found)
    reports = cases.list_reports(found)
    titles = _titles(found)
    writers = {case.subject: _writer(case, places, reports[case.subject]) for case in found}
    reporters = [report.user_id for each in reports.values() for report in each]
    claimers = [case.claimed_by or "" for case in found]
    names, trust = _people([*writers.values(), *reporters, *claimers])
    acts = {user: len(visible(request, cases.list_acts(user))) for user in set(writers.values()) if user}
    forums = basis(request).directory.forums | {MESSAGES: MESSAGE_RULES}
    rows = []
    for case in found:
        writer = writers[case.subject]
        row = _text_of(case, places.get(case.subject), titles, reports[case.subject]) | {
            "subject": case.subject,
            "kind": "approval" if case.kind != cases.REPORTED else "report",
            "seen": reporting.seen_as(case),
            "forum": forums[str(case.open_in)],
            "opened": time_of(str(case.opened_at)),
            "author": names.get(writer, logbook.FORMER),
            # Whose account is gone has no page.
            "author_id": writer if writer in names else "",
            "trust": trust.get(writer, ""),
            "acts": acts.get(writer, 0),
            "reports": [
                (names.get(each.user_id, logbook.FORMER), reasons.shown(each.reason), time_of(each.event_time))
                for each in reports[case.subject]
            ],
            "claimer": names.get(case.claimed_by, logbook.FORMER) if case.claimed_by else "",
            "mine": case.claimed_by == who(request).id,
            "failure": failure if failure and failure.subject == case.subject else None,
        }
        rows.append(row)
    return rows


def _text_of(case: Record, place: Place | None, titles: dict[str, str], reports: list[Record]) -> dict[str, Any]:
    """The title, the text and the address of what a case is about."""
    if message_reports.is_of_message(case):
        return _message_of(reports)
    if case.kind != cases.REPORTED:
        url = f"{links.forum(str(case.open_in))}{case.thread_id}/" if case.thread_id else ""
        title = case.title or (_("A reply") if case.thread_id else "")
        if not case.title and (replies_to := titles.get(case.thread_id or "")):
            title = _("A reply in “%(title)s”") % {"title": replies_to}
        html, hosts = markup.render(case.body or ""), screening.hosts_in(case.body or "")
        shown = {
            "title": title,
            "html": html,
            "hosts": hosts,
            "url": url,
            "why": reasons.shown(case.reason),
            "state": "",
        }
        return shown | {"poll": cases.poll_of(case)}
    if place is None:
        return {
            "title": _("A post that is gone"),
            "html": "",
            "url": "",
            "why": "",
            "state": "gone",
            "state_words": words.state("gone"),
        }
    head, post = place
    return {
        "title": head.title,
        "number": int(post.number),
        "edited": post.edited_at or "",
        "excerpt": markup.plain(post.body, EXCERPT) if post.status != "deleted" else "",
        "hosts": screening.hosts_in(post.body),
        "url": links.post(head.id, int(post.number)),
        "why": "",
        "state": post.status if post.deleted else "",
        "state_words": words.state(post.state),
    }


def _message_of(reports: list[Record]) -> dict[str, Any]:
    """Of a private message only what was reported: each text that it had then."""
    texts = list(dict.fromkeys(each.body for each in reports if each.body))
    return {
        "title": _("A private message"),
        "excerpt": " […] ".join(markup.plain(text, BODY_MOST) for text in texts),
        "hosts": screening.hosts_in("\n\n".join(texts)),
        "url": "",
        "why": "",
        "state": "",
    }


def _titles(found: list[Record]) -> dict[str, str]:
    """Of the threads that waiting replies are for, by their ids."""
    keys = [(thread_partition(str(case.open_in), case.thread_id), case.thread_id) for case in found if case.thread_id]
    return {head.id: head.title for head in get_many(Thread, keys)}


def _writer(case: Record, places: dict[str, Place], reports: list[Record]) -> str:
    if message_reports.is_of_message(case):
        return next((each.member_id for each in reports if each.member_id), "")
    if case.kind != cases.REPORTED:
        return case.user_id
    return places[case.subject][1].user_id if case.subject in places else ""


def _people(user_ids: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The members' names, and how their level of trust is called. One SQL query."""
    wanted = {user for user in user_ids if user}
    found = list(User.objects.filter(pk__in=wanted, is_active=True).values_list("pk", "username", "trust"))
    return {str(pk): name for pk, name, __ in found}, {str(pk): str(User.Trust(trust).label) for pk, __, trust in found}


def _places(request: HttpRequest, found: list[Record]) -> dict[str, Place]:
    """The reported posts and the heads of their threads, as they are now."""
    reported = [case for case in found if case.kind == cases.REPORTED and not message_reports.is_of_message(case)]
    stored = {subject: post for subject, post in cases.list_posts(reported).items() if not post.moved_to}
    keys = [(post.partition, post.thread_id) for post in stored.values()]
    heads = {head.id: head for head in get_many(Thread, keys) if not head.moved_to}
    places = {subject: (heads[post.thread_id], post) for subject, post in stored.items() if post.thread_id in heads}
    for case in reported:
        if case.subject not in places and (place := _find(request, case)):
            places[case.subject] = place
    return places


def _find(request: HttpRequest, case: Record) -> Place | None:
    """Where a post is now, wherever it has moved to, with the head of its thread; None where it is gone, or where
    the asker may not read it any more."""
    forums = basis(request).directory.forums
    with suppress(NotFound):
        head, number = posts.find_place(*cases.address(case), forums)
        if head.forum in forums and can_read(who(request), forums[head.forum]):
            return head, posts.get_post_of(head, number)
    return None


def _url(forum: str = "", after: str = "") -> str:
    query = urlencode({name: value for name, value in (("forum", forum), ("after", after)) if value})
    return reverse("admin:queue") + (f"?{query}" if query else "")


site.add_page(
    "moderation/queue/",
    queue,
    name="queue",
    waits=lambda request: wording.up_to(MOST_COUNTED, who(request).cases) if who(request).cases else "",
    title=TITLE,
    section=gettext_lazy("Moderation"),
    may=lambda request: bool(_moderated(request)),
)
