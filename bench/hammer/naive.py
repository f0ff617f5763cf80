"""The site with a cache of the usual kind: pages are kept when they were rendered and deleted on every write.

Served in place of forum_site.wsgi, to show that the hammer finds what is wrong with that. Tags, forms
and pages are the site's own; three functions of its cache are exchanged for a plain GET, SET and DEL.
What was rendered before a write can then be stored after it, and nothing is known of indexes that lag.
"""

import os
from collections.abc import Sequence
from dataclasses import replace

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "forum_site.settings")

from forum_site.wsgi import application  # noqa: E402, F401, I001
from forum.cache import intents, pages  # noqa: E402
from forum.cache.body import Body  # noqa: E402
from forum.cache.intents import Write  # noqa: E402
from forum.cache.pages import Found, page_name  # noqa: E402
from forum.redis import client  # noqa: E402

KEPT_SECONDS = 60

_finish = intents._finish


def look_up(page: str, tags: Sequence[str], also: Sequence[str] = ()) -> Found:
    """The page, if it was not deleted. The generations say who the reader is, and nothing of the page."""
    states = {tag: replace(state, written={}) for tag, state in pages.current(*tags, *also).states.items()}
    kept = client().get(f"naive:{page_name(page, tags)}")
    if isinstance(kept, bytes):
        return Found(page, states, tags, Body(kept), "hit")
    return Found(page, states, tags, lease="everybody's")


def store(found: Found, stored: bytes) -> Body:
    key = f"naive:{page_name(found.page, found.tags)}"
    for tag in found.tags:
        client().sadd(f"naive:{tag}", key)
    client().set(key, stored, ex=KEPT_SECONDS)
    return Body(stored)


def finish(write: Write, changed: bool = True, sure: bool = True) -> None:
    """Delete the pages of a write's tags before it is acknowledged."""
    _finish(write, changed, sure)
    for tag in write.tags:
        if keys := client().smembers(f"naive:{tag}"):
            client().delete(*keys)


pages.look_up = look_up
pages.store = store
intents._finish = finish
