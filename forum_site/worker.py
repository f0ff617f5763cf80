"""The worker classes of the site's gunicorn: answering in its loop what is remembered, or with threads alone.

The site is the same with either. What stands in the way is told in the log, in one sentence.
"""

import importlib
import os
import select
import socket
import time
from typing import Any

import gunicorn  # type: ignore[import-untyped]
from gunicorn.config import PostRequest, PreRequest  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from forum_site import front
from forum_site.balance import balance

# The loop leans on gunicorn's inside; the tests in tests/fast say whether another version may be added.
TESTED = ("27.0.1",)


class SharingWorker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's threaded worker, taking no more than its share of the connections (`forum_site.balance`)."""

    def load_wsgi(self) -> None:
        super().load_wsgi()
        balance.join(self.age)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        balance.have(self.nr_conns)
        super().wait_for_and_dispatch_events(timeout)

    def accept(self, listener: socket.socket) -> None:
        balance.have(self.nr_conns)
        if not balance.leaves(time.monotonic()):
            super().accept(listener)


class FastWorker(ThreadWorker):  # type: ignore[misc]
    """Makes the quickest worker that can be: one of `forum_site.loop`'s two, or a SharingWorker; gunicorn asks no
    more of a class."""

    def __new__(cls, *arguments: Any, **named: Any) -> Any:
        cfg = named["cfg"] if "cfg" in named else arguments[5]
        if obstacle(cfg):
            return SharingWorker(*arguments, **named)
        from forum_site.loop import ByteWorker, LoopWorker

        kind = LoopWorker if detour(cfg) else ByteWorker
        return kind(*arguments, **named)

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        super().check_config(cfg, log)
        if reason := obstacle(cfg):
            log.info("Pages are served by threads alone: %s", reason)
        elif reason := detour(cfg):
            log.info("Pages that are remembered are answered through WSGI: %s", reason)


def obstacle(cfg: Any) -> str:
    """Why the loop cannot answer requests itself under these settings, as a sentence; "" if it can."""
    other_protocol = cfg.protocol != "http" or "h2" in cfg.http_protocols or cfg.proxy_protocol != "off"
    hooks = cfg.pre_request is not PreRequest.default or cfg.post_request is not PostRequest.default
    versions = ", ".join(TESTED)
    return _first(
        (
            gunicorn.__version__ not in TESTED,
            f"the fast path knows gunicorn {versions}, and this is {gunicorn.__version__}.",
        ),
        (not hasattr(select, "epoll"), "this system has no epoll, which only Linux has."),
        (bool(cfg.is_ssl), "gunicorn itself ends TLS here (certfile, keyfile)."),
        (other_protocol, "gunicorn speaks more than HTTP/1.1 here (protocol, http_protocols, proxy_protocol)."),
        (hooks, "pre_request or post_request is set, which wants to see every request."),
        (not cfg.keepalive, "no connection is kept alive (keepalive)."),
        (bool(os.environ.get("SCRIPT_NAME")), "SCRIPT_NAME is set, which changes what addresses mean."),
    )


def detour(cfg: Any) -> str:
    """Why the loop has to ask through WSGI, as a sentence: a request may be more than its bytes say; "" if not."""
    other_parser = cfg.http_parser == "python" or cfg.permit_obsolete_folding or cfg.strip_header_spaces
    other_headers = cfg.header_map != "drop" or "*" in cfg.forwarder_headers
    return (
        _first(
            (not front.wanted_in_bytes(), "FAST_PATH says so."),
            (other_parser, "gunicorn is set not to use its C parser."),
            (other_headers, "gunicorn is set to hand on headers with underscores (header_map, forwarder_headers)."),
            (cfg.logger_class is not Logger, "the logger is not gunicorn's own (logger_class, statsd_host)."),
        )
        or _missing()
    )


def _missing() -> str:
    try:
        parser = importlib.import_module("gunicorn_h1c")
    except ImportError:
        return "gunicorn_h1c is not installed (pip install -r requirements-fast.txt)."
    if not hasattr(parser, "parse_request_fast") or not hasattr(parser, "LimitRequestLine"):
        return "this gunicorn_h1c is too old (pip install -r requirements-fast.txt)."
    return ""


def _first(*cases: tuple[bool, str]) -> str:
    return next((sentence for found, sentence in cases if found), "")
