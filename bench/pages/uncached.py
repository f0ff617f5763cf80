"""The forum with a page cache that keeps nothing: every page is rendered for whoever asks."""

from typing import Any

from forum_site import wsgi


def application() -> Any:
    """The WSGI application; the views plan every page as they plan those that are not kept: without a name."""
    from forum.views import caching, reading

    def never_kept(name: str, *rest: Any, **named: Any) -> caching.Plan:
        return caching.Plan("", *rest, **named)

    vars(reading)["Plan"] = never_kept
    return wsgi.application
