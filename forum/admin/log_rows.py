"""Lines of the log and marks of states in the administration, with links to everything they name."""

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from forum import logbook, wording

from . import words

HEADINGS = [_("When"), _("Who"), _("Did"), _("Concerns"), _("Why"), _("What changed")]


def log_row(entry: logbook.Entry) -> tuple[object, ...]:
    return (
        entry.when,
        linked(entry.record.user_id, entry.by),
        did(entry),
        linked(entry.record.member_id or "", entry.concerns),
        entry.reason,
        entry.changes,
    )


def linked(user_id: str, name: str) -> SafeString | str:
    """A member's name, leading to what concerns them in the log."""
    if not user_id or name == logbook.FORMER:
        return name
    return format_html('<a href="{}?member={}">{}</a>', reverse("admin:log"), user_id, name)


def linked_thread(thread_id: str, title: str) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse("admin:threads_detail", args=[thread_id]), title)


def did(entry: logbook.Entry) -> SafeString:
    """What was done, and to what: "hid post 3"."""
    return words.filled(pgettext("an act", "%(did)s %(what)s"), did=entry.did, what=_what(entry))


def did_and_changed(entry: logbook.Entry) -> SafeString:
    if not entry.changes:
        return did(entry)
    return format_html('{} <span class="quiet">({})</span>', did(entry), entry.changes)


def _what(entry: logbook.Entry) -> SafeString | str:
    kind, name, number = entry.subject
    if kind == "post" and number:
        url = reverse("admin:posts_detail", args=[f"{name}-{number}"])
        post = format_html('<a href="{}">{}</a>', url, entry.what)
        return words.filled(gettext("%(what)s in “%(title)s”"), what=post, title=entry.title) if entry.title else post
    if kind == "thread":
        return linked_thread(name, wording.quoted([entry.title]) if entry.title else entry.what)
    return entry.concerns if kind == "user" else entry.what


def status_mark(word: str) -> SafeString:
    """A word about the state of a post or a thread."""
    return format_html('<span class="status status-{}">{}</span>', word, words.state(word))
