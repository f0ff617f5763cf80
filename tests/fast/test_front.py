"""The fast path before Django, as any WSGI server calls it; and when the worker is gunicorn's own."""

import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gunicorn
import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger

from forum import fast
from forum.exchange import Ask, Reply
from forum_site import front, worker
from forum_site.loop import ByteWorker, LoopWorker
from forum_site.worker import SharingWorker

PLAIN = {
    "REQUEST_METHOD": "GET",
    "RAW_URI": "/f/aws/?page=2",
    "PATH_INFO": "/f/aws/",
    "QUERY_STRING": "page=2",
    "SCRIPT_NAME": "",
    "REMOTE_ADDR": "192.0.2.1",
    "HTTP_HOST": "forum.example.org",
    "wsgi.url_scheme": "https",
}
KEPT = Reply(200, b"Content-Type: text/html\r\nContent-Length: 4\r\n", b"kept")
UNCHANGED = Reply(304, b'ETag: "a"\r\n', b"")


class Find:
    """Stands in for `fast.find`: keeps what it was asked, and gives `reply`."""

    def __init__(self) -> None:
        self.asked: list[Ask] = []
        self.reply: Reply | None = KEPT

    def __call__(self, ask: Ask, moment: float) -> Reply | None:
        self.asked.append(ask)
        return self.reply


@pytest.fixture
def find(monkeypatch: pytest.MonkeyPatch) -> Find:
    find = Find()
    monkeypatch.setattr(fast, "find", find)
    return find


def django(environ: front.Environ, start_response: front.StartResponse) -> list[bytes]:
    start_response("200 OK", [("X-Way", "ordinary")])
    return [b"rendered"]


def answer(environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
    started: list[Any] = []
    body = b"".join(front.before(django)(environ, lambda *arguments: started.append(arguments)))
    return *started[0], body


# -- The front ------------------------------------------------------------------------------------


def test_what_is_found_is_the_answer(find):
    assert answer(PLAIN) == ("200 OK", KEPT.headers, b"kept")


def test_what_the_reader_has_already_is_not_sent_again(find):
    find.reply = UNCHANGED
    assert answer(PLAIN | {"HTTP_IF_NONE_MATCH": '"a"'}) == ("304 Not Modified", UNCHANGED.headers, b"")


def test_what_is_not_found_goes_to_django(find):
    find.reply = None
    assert answer(PLAIN)[2] == b"rendered"


def test_all_that_makes_a_difference_is_asked(find):
    answer(PLAIN)
    answer(
        PLAIN
        | {"HTTP_COOKIE": "a=\xe4", "HTTP_ACCEPT_ENCODING": "gzip", "HTTP_IF_NONE_MATCH": '"a", "b"'}
        | {"HTTP_ACCEPT_LANGUAGE": "de, en", "HTTP_X_FORWARDED_PROTO": "https", "wsgi.url_scheme": "http"}
        | {"HTTP_X_FORWARDED_FOR": "10.0.0.1", "HTTP_USER_AGENT": "Lynx"}
    )
    target, host = b"/f/aws/?page=2", b"forum.example.org"
    assert find.asked == [
        Ask(target, host, b"", b"", b"", b"", None, True, "192.0.2.1"),
        Ask(
            target, host, b"a=\xe4", b"gzip", b"de, en", b'"a", "b"', b"https", False, "192.0.2.1", b"10.0.0.1", b"Lynx"
        ),
    ]


@pytest.mark.parametrize(
    "different",
    [
        {"RAW_URI": ""},
        *({"RAW_URI": target} for target in ("//f/aws/", "http://a/f/aws/", "*", "/f/aws/#a", "/f/\xe4/", "/f/a b/")),
        *({"REQUEST_METHOD": method} for method in ("HEAD", "POST", "OPTIONS", "get")),
        {"SCRIPT_NAME": "/forum"},
        {"CONTENT_LENGTH": "0"},
        {"HTTP_TRANSFER_ENCODING": "chunked"},
        {"HTTP_RANGE": "bytes=0-1"},
        {"HTTP_IF_MATCH": '"a"'},
        {"HTTP_AUTHORIZATION": "Basic YTpi"},
        {"HTTP_COOKIE": "a=1,b=2"},
        {"HTTP_X_FORWARDED_PROTO": "https,http"},
    ],
)
def test_what_is_no_plain_get_goes_to_django_unasked(different, find):
    assert answer(PLAIN | different)[2] == b"rendered"
    assert find.asked == []


def test_a_server_that_does_not_hand_on_the_target_as_it_was_sent_gets_djangos_answers(find):
    assert answer({name: value for name, value in PLAIN.items() if name != "RAW_URI"})[2] == b"rendered"
    assert find.asked == []


def test_a_fault_in_the_fast_path_is_logged_and_django_answers(monkeypatch, caplog):
    monkeypatch.setattr(fast, "find", lambda ask, moment: 1 // 0)
    assert answer(PLAIN)[2] == b"rendered"
    assert "The fast path failed at b'/f/aws/?page=2'." in caplog.text


@pytest.mark.parametrize(
    ("value", "on", "in_bytes"),
    [
        *((yes, True, True) for yes in (None, "on", "1")),
        ("wsgi", True, False),
        *((no, False, False) for no in ("off", "0", "False", " no ")),
    ],
)
def test_one_setting_turns_it_off(value, on, in_bytes, monkeypatch):
    monkeypatch.delenv("FAST_PATH", raising=False)
    if value is not None:
        monkeypatch.setenv("FAST_PATH", value)
    assert front.wanted() is on
    assert front.wanted_in_bytes() is in_bytes


# -- When the worker is gunicorn's own ------------------------------------------------------------


def made(cfg: Config) -> type:
    """The class of the worker that gunicorn gets."""
    made = worker.FastWorker(1, 1, [], None, 30, cfg, Logger(cfg))
    made.tmp.close()
    return type(made)


def configured(**settings: Any) -> Config:
    cfg = Config()
    for name, value in settings.items():
        cfg.set(name, value)
    return cfg


def test_the_loop_answers_under_the_settings_of_most_sites(parser):
    cfg = configured(keepalive=30, accesslog="-", forwarded_allow_ips="*", max_requests=1000, bind="unix:/tmp/a")
    assert (worker.obstacle(cfg), worker.detour(cfg), made(cfg)) == ("", "", ByteWorker)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"certfile": "/a.pem"}, "gunicorn itself ends TLS"),
        ({"proxy_protocol": "auto"}, "more than HTTP/1.1"),
        ({"http_protocols": "h1,h2"}, "more than HTTP/1.1"),
        ({"protocol": "uwsgi"}, "more than HTTP/1.1"),
        ({"pre_request": lambda worker, request: None}, "pre_request or post_request"),
        ({"post_request": lambda worker, request: None}, "pre_request or post_request"),
        ({"keepalive": 0}, "no connection is kept alive"),
    ],
)
def test_settings_that_the_loop_could_not_honour_leave_everything_to_gunicorn(settings, sentence, parser):
    cfg = configured(**settings)
    assert sentence in worker.obstacle(cfg)
    assert made(cfg) is SharingWorker


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"http_parser": "python"}, "not to use its C parser"),
        ({"permit_obsolete_folding": True}, "not to use its C parser"),
        ({"header_map": "dangerous"}, "headers with underscores"),
        ({"forwarder_headers": "*"}, "headers with underscores"),
        ({"statsd_host": "localhost:8125"}, "the logger is not gunicorn's own"),
        ({"logger_class": "gunicorn.instrument.statsd.Statsd"}, "the logger is not gunicorn's own"),
    ],
)
def test_settings_under_which_gunicorn_has_to_read_requests_itself_lead_through_wsgi(settings, sentence, parser):
    cfg = configured(**settings)
    assert (worker.obstacle(cfg), made(cfg)) == ("", LoopWorker)
    assert sentence in worker.detour(cfg)


def test_fast_path_leads_through_wsgi_where_it_is_told_to(monkeypatch, parser):
    monkeypatch.setenv("FAST_PATH", "wsgi")
    assert made(configured()) is LoopWorker


def test_a_worker_told_to_stop_at_once_while_it_hands_on_a_request_does_not_wait_for_itself(parser):
    cfg = configured()
    hurried = LoopWorker(1, 1, [], None, 30, cfg, Logger(cfg))
    hurried.tmp.close()
    hurried.tpool = ThreadPoolExecutor()
    ended: list[type] = []

    def stop() -> None:
        try:
            hurried.handle_quit(signal.SIGQUIT, None)
        except SystemExit as ending:
            ended.append(type(ending))

    # Handing on a request holds this lock, and a signal may come just then.
    with hurried.tpool._shutdown_lock:
        stopping = threading.Thread(target=stop, daemon=True)
        stopping.start()
        stopping.join(5)
        assert ended == [SystemExit]


def test_a_gunicorn_that_the_loop_was_not_tried_with_is_left_alone(monkeypatch, caplog):
    monkeypatch.setattr(gunicorn, "__version__", "99.0.0")
    cfg = configured()
    log = Logger(cfg)
    log.error_log.addHandler(caplog.handler)
    worker.FastWorker.check_config(cfg, log)
    log.error_log.removeHandler(caplog.handler)
    sentence = "Pages are served by threads alone: the fast path knows gunicorn 27.0.1, and this is 99.0.0."
    assert caplog.messages == [sentence]
    assert made(cfg) is SharingWorker


def test_below_another_address_everything_is_left_to_gunicorn(monkeypatch):
    monkeypatch.setenv("SCRIPT_NAME", "/forum")
    assert made(configured()) is SharingWorker


def test_the_installed_gunicorn_is_one_that_the_loop_was_tried_with():
    assert gunicorn.__version__ in worker.TESTED
