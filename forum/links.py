"""The URLs that lists are full of, made without asking the URL resolver for each row.

`tests/views/test_links.py` holds them equal to what `reverse()` says.
"""

from urllib.parse import quote

from django.conf import settings
from django.utils.text import slugify

from .tables.threads import Thread

POSTS_PER_PAGE = 20
THREADS_PER_PAGE = 30


# What follows a thread's id in other URLs; a thread may be called so, its address may not.
_TAKEN = {
    *("archive", "delete", "hide", "history", "live", "lock", "merge", "move", "watch"),
    *("pin", "rename", "reply", "show", "split", "undelete", "unread"),
}


def slug(title: str) -> str:
    text = slugify(title)[:60].strip("-") or "thread"
    return f"{text}-thread" if text in _TAKEN else text


def forum(name: str) -> str:
    return f"/f/{name}/"


def thread(head: Thread, page: int = 1) -> str:
    """A page of a thread."""
    return numbered(f"/f/{head.forum}/{head.id}/{slug(head.title)}/", page)


def avatar(name: str) -> str:
    """Of the picture of this name; "" for none."""
    return f"/avatars/{name}.webp" if name else ""


def numbered(url: str, page: int) -> str:
    """The address of a page of what has several."""
    return f"{url}?page={page}" if page > 1 else url


def page_of(number: int) -> int:
    """The page a post is on."""
    return (number - 1) // POSTS_PER_PAGE + 1


def place(head: Thread, number: int) -> str:
    """Where a post stands now; for a link that lasts, see `post`."""
    return f"{thread(head, page_of(number))}#post-{number}"


def post(thread_id: str, number: int) -> str:
    """A post's permalink."""
    return f"/p/{thread_id}/{number}/"


def job(number: int) -> str:
    """How far the work is that moves a thread or posts."""
    return f"/jobs/{number}/"


def member(username: str) -> str:
    return f"/u/{quote(username)}/"


def tag(name: str) -> str:
    """The page of a tag."""
    return f"/tag/{quote(name)}/"


def absolute(path: str) -> str:
    """A path as it stands where no page of the site is around it: in feeds, sitemaps, mail."""
    return f"{settings.SITE_URL}{path}"
