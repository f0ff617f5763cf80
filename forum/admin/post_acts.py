"""A post in the administration: a row of its lists, who may see it, and what can be done with it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from forum.actions import moderating
from forum.errors import BadRequest
from forum.permissions import ForumRules, can_change_post, can_moderate
from forum.tables.posts import Post
from forum.tables.threads import Thread

from .acting import Act, NoteForm
from .site import acting, forums_moderated, granted, who


def may_see_some(request: HttpRequest) -> bool:
    return granted(request, "forum.view_post") or bool(forums_moderated(request))


@dataclass(frozen=True, slots=True)
class PostRow:
    """A post with its thread's head, None where that is gone, its forum and its author's name."""

    post: Post
    head: Thread | None
    rules: ForumRules
    author: str


# -- Acts -----------------------------------------------------------------------------------------


def _may_change(request: HttpRequest, row: PostRow) -> bool:
    return row.head is not None and can_moderate(acting(request, row.rules), row.rules)


def _may_purge(request: HttpRequest, row: PostRow) -> bool:
    reader = acting(request, row.rules, "forum.delete_post")
    return row.head is not None and granted(request, "forum.delete_post") and can_moderate(reader, row.rules)


def _do(change: Callable[..., None]) -> Callable[[HttpRequest, PostRow, Mapping[str, Any]], None]:
    def run(request: HttpRequest, row: PostRow, sent: Mapping[str, Any]) -> None:
        change(acting(request, row.rules), row.rules, row.head, row.post, sent["reason"])

    return run


def _purge(request: HttpRequest, row: PostRow, sent: Mapping[str, Any]) -> None:
    reader = acting(request, row.rules, "forum.delete_post")
    assert row.head is not None
    moderating.purge_post(reader, row.rules, row.head, row.post, sent["reason"], may_purge=_may_purge(request, row))


def _is(*statuses: str) -> Callable[[PostRow], bool]:
    return lambda row: row.post.state in statuses


def may_take_elsewhere(request: HttpRequest, row: PostRow) -> bool:
    """Only moderators of the forum may, as everywhere on the site."""
    return row.head is not None and can_moderate(who(request), row.rules)


def may_edit(request: HttpRequest, row: PostRow) -> bool:
    """Whether the form to edit it, which is the site's, would open for the asker now."""
    head, post = row.head, row.post
    if head is None or head.deleted or head.archived or head.moved_to or post.deleted:
        return False
    return can_change_post(who(request), row.rules, post.user_id)


def _split_form(rows: Sequence[PostRow]) -> str:
    """The form that splits these posts off their thread, with their numbers in it."""
    if len({row.post.thread_id for row in rows}) > 1:
        raise BadRequest(_("The selected posts are in several threads. Select posts of one thread to split them off."))
    numbers = ",".join(str(number) for number in sorted(int(row.post.number) for row in rows))
    url = reverse("split_thread", args=[rows[0].rules.name, rows[0].post.thread_id])
    return f"{url}?{urlencode({'numbers': numbers})}"


_ACTS = [
    Act(
        "hide",
        gettext_lazy("Hide"),
        pgettext_lazy("it was", "hidden"),
        _do(moderating.hide_post),
        _may_change,
        _is("visible"),
        warning=gettext_lazy(
            "Hidden posts keep their text and can be shown again. A thread's first post takes the thread along."
        ),
    ),
    Act(
        "show",
        gettext_lazy("Show again"),
        pgettext_lazy("it was", "shown again"),
        _do(moderating.show_post),
        _may_change,
        _is("hidden"),
        NoteForm,
    ),
    Act(
        "delete",
        gettext_lazy("Delete"),
        pgettext_lazy("it was", "deleted"),
        _do(moderating.delete_post),
        _may_change,
        _is("visible", "hidden"),
        warning=gettext_lazy("Deleted posts can be brought back. A thread's first post takes the thread along."),
    ),
    Act(
        "undelete",
        gettext_lazy("Bring back"),
        pgettext_lazy("it was", "brought back"),
        _do(moderating.undelete_post),
        _may_change,
        _is("deleted"),
        NoteForm,
    ),
    Act(
        "purge",
        gettext_lazy("Delete for good"),
        pgettext_lazy("it was", "deleted for good"),
        _purge,
        _may_purge,
        _is("visible", "hidden", "deleted"),
        warning=gettext_lazy(
            "The text goes for good, with all that it was before. After 30 days nobody can see it any more."
        ),
        grave=True,
    ),
    Act(
        "split",
        gettext_lazy("Split"),
        pgettext_lazy("it was", "split off"),
        lambda request, row, sent: None,
        may_take_elsewhere,
        # The first post begins the thread, and goes only with all others.
        lambda row: row.post.status in ("visible", "hidden") and row.post.number > 1,
        leads=_split_form,
    ),
]
# An edit in between is shown before anything is done to the text, as on the site.
_CHANGED = gettext_lazy("The text of this post has just changed.")
ACTS = [replace(act, seen=lambda row: row.post.edited_at or "", changed=_CHANGED) for act in _ACTS]
