"""Drafts: saved while a member writes, and forgotten once the text has arrived. No page shows them, so none changes."""

import logging
import re
import time
from collections.abc import Mapping

from django.utils.translation import gettext as _

from forum.errors import BadRequest, SignInNeeded, TooLarge, Unavailable
from forum.forms import BODY_MOST, TITLE_MOST
from forum.permissions import Reader
from forum.tables import drafts
from forum.tables.keys import FORUM_NAME, THREAD_ID

from . import pace, picturing

log = logging.getLogger(__name__)

# As long as the options of a poll can be, and more than any other field.
MORE_MOST = 2_000
# The addresses of forms whose texts are worth keeping.
PATH = re.compile(rf"/f/({FORUM_NAME})/(?:new|({THREAD_ID})/(?:reply|([1-9][0-9]{{0,8}})/edit))/")
MESSAGE_PATH = re.compile(rf"/messages/(?:new|{THREAD_ID}(?:/[1-9][0-9]{{0,8}}/edit)?)/")


def save(reader: Reader, path: str, title: str, body: str, more: Mapping[str, str] | None = None) -> None:
    """Keep what the reader has written so far, with `more` of the form's fields (`drafts.MORE`); nothing at all forgets
    it. One round trip, one PutItem."""
    _check(reader, path)
    more = more or {}
    if len(body) > BODY_MOST or len(title) > TITLE_MOST or any(len(text) > MORE_MOST for text in more.values()):
        raise TooLarge(_("This text is longer than a post can be, so no draft of it is kept."))
    pace.take("drafts", reader, str(time.time_ns()))
    if any(text.strip() for text in (body, title, *more.values())):
        picturing.keep(body, drafts.LIFE)
        drafts.put_draft(reader.id, path, title, body, more)
    else:
        drafts.remove_draft(reader.id, path)


def discard(reader: Reader, path: str) -> None:
    _check(reader, path)
    drafts.remove_draft(reader.id, path)


def arrived(reader: Reader, path: str) -> None:
    """Forget the draft of what has just been stored. Never fails: the post is there, and must not look lost."""
    try:
        drafts.remove_draft(reader.id, path)
    except Unavailable as error:
        log.warning("A draft of member %s was left behind: %s", reader.id, error.message)


def _check(reader: Reader, path: str) -> None:
    if not reader.signed_in:
        raise SignInNeeded(_("Please sign in to keep drafts."))
    if not (PATH.fullmatch(path) or MESSAGE_PATH.fullmatch(path)):
        raise BadRequest(_("Drafts are kept of threads, replies, edits and messages alone."))
