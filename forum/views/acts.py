"""What moderators can do on the pages themselves: the words of each act, and what is said when it is done."""

from dataclasses import dataclass, replace

from django.contrib import messages
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from forum import links
from forum.models import User
from forum.tables.threads import Thread


@dataclass(frozen=True, slots=True)
class Act:
    """What a page offers to do: `heading` asks, `explains` says what then happens, `done` what has
    happened to the post, and `thread_done` to the thread; all are messages of the translations.

    `undo` is the last part of the address where it is taken back, "" where there is none.
    """

    kind: str
    heading: str
    explains: str
    button: str
    done: str
    thread_done: str
    undo: str = ""
    needs_reason: bool = True
    grave: bool = True


HIDE = Act(
    "hide",
    gettext_noop("Hide this post?"),
    gettext_noop(
        "Readers will see your reason instead of the text. Its number and its place "
        "stay, so that links to other posts keep working. You can show it again."
    ),
    gettext_noop("Hide"),
    gettext_noop("Post #%(number)s is hidden."),
    gettext_noop("The thread is hidden."),
    undo="show",
)
SHOW = Act(
    "show",
    gettext_noop("Show this post again?"),
    gettext_noop("Everybody will be able to read it as before."),
    gettext_noop("Show again"),
    gettext_noop("Post #%(number)s is shown again."),
    gettext_noop("The thread is shown again."),
    needs_reason=False,
    grave=False,
)
DELETE = Act(
    "delete",
    gettext_noop("Delete this post?"),
    gettext_noop(
        "Readers will see your reason instead of the text. Its number and its place "
        "stay, so that links to other posts keep working. Moderators can bring it back."
    ),
    gettext_noop("Delete"),
    gettext_noop("Post #%(number)s is deleted."),
    gettext_noop("The thread is deleted."),
    undo="undelete",
)
UNDELETE = Act(
    "undelete",
    gettext_noop("Bring this post back?"),
    gettext_noop("It gets the text that it had."),
    gettext_noop("Bring back"),
    gettext_noop("Post #%(number)s is back."),
    gettext_noop("The thread is back."),
    needs_reason=False,
    grave=False,
)
PURGE = Act(
    "purge",
    gettext_noop("Delete this post for good?"),
    gettext_noop(
        "Its text and every earlier text will be gone: nobody can bring it back. What "
        "was removed can be looked up for 30 days by those who may delete for good, and then by nobody."
    ),
    gettext_noop("Delete for good"),
    gettext_noop("Post #%(number)s is deleted for good."),
    gettext_noop("The thread is deleted for good."),
)
# To a thread, which is said in the same words when it is done.
HIDE_THREAD = replace(
    HIDE,
    heading=gettext_noop("Hide this thread?"),
    explains=gettext_noop("It will be gone from every list, with all its posts. You can show it again."),
    button=gettext_noop("Hide thread"),
)
SHOW_THREAD = replace(
    SHOW,
    heading=gettext_noop("Show this thread again?"),
    explains=gettext_noop("It comes back to its place in every list."),
)
DELETE_THREAD = replace(
    DELETE,
    heading=gettext_noop("Delete this thread?"),
    explains=gettext_noop("It will be gone from every list, with all its posts. Moderators can bring it back."),
    button=gettext_noop("Delete thread"),
)
UNDELETE_THREAD = replace(
    UNDELETE,
    heading=gettext_noop("Bring this thread back?"),
    explains=gettext_noop("It comes back to its place in every list, with its posts."),
)


def base(forum: str, thread_id: str) -> str:
    return f"/f/{forum}/{thread_id}"


def back_to(head: Thread, number: int = 0) -> str:
    """Where the thread or the post can be seen by a moderator, who has only its acts to see where it is hidden."""
    if head.deleted:
        return f"{base(head.forum, head.id)}/history/"
    return links.place(head, number) if number else links.thread(head)


def may_purge(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether a moderator may also delete for good."""
    return isinstance(user, User) and user.has_perm("forum.delete_post")


def tell(request: HttpRequest, act: Act, where: str, number: int = 0) -> None:
    """Say that it is done to the post with this number, or to the thread, with the way back."""
    done = _(act.done) % {"number": number} if number else _(act.thread_done)
    undo = format_html(' <a href="{}/{}/">{}</a>', where, act.undo, _("Undo")) if act.undo else ""
    messages.success(request, format_html("{}{}", done, undo))
