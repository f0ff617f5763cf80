"""An earlier text of a post, in the form that edits it: `…/edit/?restore=<when it was edited away>`.

Nothing is written by that: who restores a text sees it first, may change it, and saves it as any other edit.
"""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from forum.errors import NotFound
from forum.tables.keys import read_cursor
from forum.tables.moderation import get_record
from forum.tables.posts import Post

from .acts import may_purge

PARAMETER = "restore"


def fields(request: HttpRequest, post: Post) -> dict[str, Any]:
    """The text that an edit took away, as a field of the form; {} where none is asked for. One GetItem.

    Whoever may edit a post, its author or a moderator, may read all that it said; NotFound where it never said that,
    or where it is gone."""
    if not request.GET.get(PARAMETER):
        return {}
    record = get_record(post.subject, read_cursor(request.GET[PARAMETER]))
    if record is None or record.kind != "edit" or record.body is None or not record.readable(may_purge(request.user)):
        raise NotFound(_("There is no such earlier text any more."))
    return {"body": record.body}
