"""What goes into the holes of a page, for the one reader who gets it."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from forum import form_tokens, kept, readers, wording
from forum.cache.body import Body
from forum.directory import Directory
from forum.forms import ReplyForm
from forum.holes import Hole
from forum.permissions import ForumRules, Reader, can_change_post, can_moderate, can_post, moderates, silence_in_words
from forum.readers import Basis
from forum.sessions import SessionStore
from forum.tables import base
from forum.tables.members import MOST_COUNTED

from . import ignoring, online, poll_rows, unread
from .post_acts import post_acts, reactions
from .rows import author
from .watching import forum_watch, thread_watch

THEMES = ("light", "dark")
# No template: there is one at each post of others, on every page that a member gets from memory.
_REPORT = '<a href="{}/report/" rel="nofollow">{}</a>'


class Reading:
    """One request's reader and directory, looked up once for all the holes of the page."""

    def __init__(self, request: HttpRequest, basis: Basis, page: Sequence[Hole] = ()) -> None:
        self.request = request
        self.directory = basis.directory
        self.basis = basis
        self.reader = basis.reader
        # All holes of the page, for what is fetched once for many of them; and what was fetched.
        self.holes = page
        self.mine: set[tuple[str, str]] | None = None
        self.votes: dict[str, Sequence[int]] = {}

    def forum_of_page(self) -> ForumRules | None:
        """The forum whose name is in the path of the page."""
        match = self.request.resolver_match
        return self.directory.forums.get(match.kwargs.get("name", "") if match else "")

    def show(self, template: str, **context: Any) -> str:
        return render_to_string(f"forum/holes/{template}.html", context, self.request)

    def login_url(self, fragment: str = "") -> str:
        return f"{reverse(settings.LOGIN_URL)}?{urlencode({'next': self.request.get_full_path() + fragment})}"


def theme(reading: Reading) -> str:
    chosen = reading.request.COOKIES.get("theme", "")
    return f' data-theme="{chosen}"' if chosen in THEMES else ""


def zone(reading: Reading) -> str:
    """The time zone that a member has chosen; a browser that is told none shows times in its own."""
    return f' data-zone="{escape(reading.reader.zone)}"' if reading.reader.zone else ""


def account(reading: Reading) -> str:
    if not reading.reader.signed_in:
        return reading.show("account", reader=None, login_url=reading.login_url())
    reader, waiting = reading.reader, cases_in_words(reading.reader, reading.directory)
    context = {"administers": reader.is_staff or waiting, "notes_shown": notes(reading), "cases_shown": waiting}
    return reading.show("account", reader=reader, who=author(reader.id, reader.name, reader.avatar), **context)


def notes(reading: Reading) -> str:
    """How many notes the reader has not read, "" for nobody."""
    return notes_in_words(reading.reader)


def notes_in_words(reader: Reader) -> str:
    return wording.up_to(MOST_COUNTED, reader.notes) if reader.signed_in else ""


def cases(reading: Reading) -> str:
    """How many cases wait for a moderator, as one more value of JSON; nothing for anybody else."""
    said = cases_in_words(reading.reader, reading.directory)
    return f', "cases": "{said}"' if said else ""


def cases_in_words(reader: Reader, directory: Directory) -> str:
    """The same, "" for who moderates nothing."""
    some = any(moderates(reader, forum) for forum in directory.forums.values())
    return wording.up_to(MOST_COUNTED, reader.cases) if some else ""


def removed_tools(reading: Reading) -> str:
    """For moderators, on the page that says that a thread has been removed: the way to what was done with it."""
    match = reading.request.resolver_match
    if match is None or match.url_name not in ("thread", "thread_by_id"):
        return ""
    name, thread_id = match.kwargs["name"], match.kwargs["thread_id"]
    rules = reading.directory.forums.get(name)
    if rules is None or not can_moderate(reading.reader, rules):
        return ""
    return render_to_string("forum/holes/removed_tools.html", {"url": f"/f/{name}/{thread_id}/history/"})


def messages(reading: Reading) -> str:
    away = getattr(reading.request.session, "unavailable", False)
    return reading.show("messages", messages=list(get_messages(reading.request)), signin_away=away)


def post_tools(
    reading: Reading, thread_id: str, number: str, author_id: str, status: str, archived: str, gone: str = ""
) -> str:
    """What the reader may do with a post, at its head; `gone` is whether its author's account is closed."""
    rules = reading.forum_of_page()
    if rules is None or status == "moved":
        return ""
    base = f"/f/{rules.name}/{thread_id}/{number}"
    if can_moderate(reading.reader, rules):
        return _moderators_post_tools(base, number, status, archived == "True")
    if reading.reader.signed_in and author_id != reading.reader.id:
        report = (
            ""
            if status != "visible" or reading.reader.silenced
            else _REPORT.format(base, escape(pgettext("verb", "Report")))
        )
        return report + ("" if gone == "True" else ignoring.link(reading, author_id))
    if status != "visible" or archived == "True" or not can_change_post(reading.reader, rules, author_id):
        return ""
    tools = {"edit_url": f"{base}/edit/", "delete_url": f"{base}/delete/"}
    return render_to_string("forum/holes/post_tools.html", tools)


def _moderators_post_tools(base: str, number: str, status: str, archived: bool) -> str:
    """Links alone, so nothing of the request is needed, which would take most of the time."""
    ways = {
        "visible": [(_("Hide"), "hide"), (_("Delete"), "delete")],
        "hidden": [(_("Show again"), "show"), (_("Delete"), "delete")],
        "deleted": [(_("Bring back"), "undelete")],
    }
    more = [(label, f"{base}/{way}/") for label, way in [*ways.get(status, []), (_("History"), "history")]]
    edit_url = f"{base}/edit/" if status == "visible" and not archived else ""
    return render_to_string("forum/holes/post_tools.html", {"edit_url": edit_url, "more": more, "number": number})


def new_thread(reading: Reading, name: str) -> str:
    rules = reading.directory.forums.get(name)
    if rules is None or rules.archived:
        return ""
    url = reverse("new_thread", args=[name])
    if not reading.reader.signed_in:
        return reading.show("new_thread", login_url=f"{reverse(settings.LOGIN_URL)}?{urlencode({'next': url})}")
    return reading.show("new_thread", new_thread_url=url) if can_post(reading.reader, rules) else ""


def start_thread(reading: Reading) -> str:
    """On the page of all forums: a choice of those in which the reader may start a thread."""
    if not reading.reader.signed_in:
        return ""
    forums = reading.directory.readable(reading.reader)
    allowed = [rules for rules in forums if not rules.archived and can_post(reading.reader, rules)]
    ways = [(rules.title, reverse("new_thread", args=[rules.name])) for rules in allowed]
    return reading.show("start_thread", ways=ways) if ways else ""


def reply(reading: Reading, name: str, thread_id: str, closed: str) -> str:
    rules = reading.directory.forums.get(name)
    if rules is None or rules.archived:
        return reading.show("reply", state="archived")
    if closed:
        return reading.show("reply", state={"locked": "locked", "archived": "thread-archived"}[closed])
    if not reading.reader.signed_in:
        return reading.show("reply", state="signed-out", login_url=reading.login_url("#reply"))
    if reading.reader.silenced:
        return reading.show("reply", state="silenced", words=silence_in_words(reading.reader))
    if not can_post(reading.reader, rules):
        return reading.show("reply", state="not-allowed")
    action = reverse("reply", args=[name, thread_id])
    user_id = reading.reader.id
    fields = {**kept.fields(reading.request, user_id, action), "token": form_tokens.issue(user_id)}
    return reading.show("reply", state="form", form=ReplyForm(initial=fields), action=action, writer=user_id)


def thread_tools(reading: Reading, name: str, thread_id: str, locked: str, pinned: str, archived: str) -> str:
    """What a moderator may do with the thread."""
    rules = reading.directory.forums.get(name)
    if rules is None or not can_moderate(reading.reader, rules):
        return ""
    base = f"/f/{name}/{thread_id}"
    switches = [
        ("pin", "pinned", _("Unpin") if pinned == "True" else pgettext("verb", "Pin"), pinned != "True"),
        (
            "archive",
            "archived",
            _("Take out of archive") if archived == "True" else pgettext("verb", "Archive"),
            archived != "True",
        ),
    ]
    ways = [(_("Rename"), "rename"), (_("Move"), "move"), (_("Split"), "split"), (_("Merge"), "merge")]
    ways += [(_("Hide"), "hide"), (_("Delete"), "delete"), (_("History"), "history")]
    return reading.show(
        "thread_tools",
        base=base,
        locked=locked == "True",
        switches=switches,
        ways=[(label, f"{base}/{way}/") for label, way in ways],
    )


def member_tools(reading: Reading, member_id: str) -> str:
    """At a member: the way to ignoring them; for whoever moderates members, to their page in the administration."""
    reader = reading.reader
    if not reader.signed_in or (reader.id == member_id and not reader.moderates_members):
        return ""
    url = reverse("admin:moderate_member", args=[member_id]) if reader.moderates_members else ""
    ignored = None if reader.id == member_id else member_id in reader.ignored
    return reading.show("member_tools", url=url, member_id=member_id, ignored=ignored, silenced=reader.silenced)


def cost(reading: Reading) -> str:
    """For staff, at the foot: what the page has cost until it was filled. A page that is kept for its reader goes on
    to say what it took to make it."""
    return reading.show("cost", cost=base.spent()) if reading.reader.is_staff else ""


FILLERS: dict[str, Callable[..., str]] = {
    filler.__name__: filler
    for filler in (
        *(theme, zone, account, notes, cases, messages, member_tools, new_thread, start_thread, cost),
        *(post_tools, post_acts, reactions, reply, thread_tools, removed_tools),
        *(thread_watch, forum_watch),
    )
}
FILLERS |= {filler.__name__: filler for filler in (*unread.FILLERS, *ignoring.FILLERS, *online.FILLERS)}
FILLERS |= {filler.__name__: filler for filler in poll_rows.FILLERS}


def values(request: HttpRequest, basis: Basis, body: Body) -> list[bytes]:
    """What goes into the page's holes for this reader, in their order."""
    unread.prepare(request, basis.reader, body.holes)
    reading = Reading(request, basis, body.holes)
    return [FILLERS[name](reading, *arguments).encode(errors="replace") for name, arguments in body.holes]


def has_one_time_words(request: HttpRequest) -> bool:
    """Whether something waits for this reader that is shown once: a message, or text that was kept."""
    session = request.session
    return bool(request.COOKIES.get("messages")) or "_messages" in session or kept.KEY in session


def fill(request: HttpRequest, content: bytes) -> bytes:
    """A page that is not kept, for this reader; a request that failed before it was known whose it is has none."""
    if not hasattr(request, "user"):
        request.user = AnonymousUser()
    if not hasattr(request, "session"):
        request.session = SessionStore()
    basis, body = readers.kept(request), Body(content)
    return body.fill(values(request, basis, body)).plain()
