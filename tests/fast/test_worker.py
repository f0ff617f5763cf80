"""The worker's loop over real connections: what it answers, what it leaves alone, and that nobody can hold it up."""

import contextlib
import os
import random
import signal
import socket
import struct
import threading
import time
from importlib.util import find_spec

import pytest

from forum_site.loop import FAREWELL_SECONDS
from tests.fast.server import ETAG, Answer, Client, Server, eventually, get

PAGE = "/kept/page?size=8000"
REQUESTS = 250


# -- What it answers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lines", [[], [f"If-None-Match: {ETAG}"], ["Cookie: sessionid=ada"], ["X-Forwarded-Proto: https"]]
)
def test_a_fast_answer_is_the_ordinary_one_header_by_header(lines, server):
    with server.client() as client:
        fast, ordinary = client.get(PAGE, *lines), client.get(PAGE, *lines, "Range: bytes=0-")
    assert (fast.way, ordinary.way) == ("fast", "ordinary")
    assert fast.same == ordinary.same
    assert len(fast.header("Date")) == len(ordinary.header("Date")) == len("Tue, 24 Nov 2026 00:00:00 GMT")


def test_what_browsers_send_is_answered_at_once(server):
    browser = [
        *["User-Agent: Mozilla/5.0", "Accept: text/html,*/*;q=0.8", "Accept-Language: en", "Accept-Encoding: gzip, br"],
        *["Connection: keep-alive", "Upgrade-Insecure-Requests: 1", "Sec-Fetch-Mode: navigate", "Cookie: a=1; b=2"],
    ]
    assert server.get(PAGE, *browser).way == "fast"


def test_a_connection_may_change_ways_as_often_as_it_likes(server):
    with server.client() as client:
        ways = [client.get(target).way for target in ["/kept/1", "/2", "/kept/3", "/kept/4", "/5", "/6", "/kept/7"]]
    assert ways == ["fast", "ordinary", "fast", "fast", "ordinary", "ordinary", "fast"]


def test_a_fault_in_the_fast_path_costs_speed_and_not_the_answer(server):
    assert server.get("/kept/fault").way == "ordinary"
    assert "This fault is made on purpose." in server.said


# -- What it leaves to gunicorn -------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /kept/1 HTTP/1.0\r\nHost: a\r\n\r\n",
        b"GET /kept/1 HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
        b"\r\nGET /kept/1 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"HEAD /kept/1 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"OPTIONS /kept/1 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /kept/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        b"POST /kept/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"GET http://a/kept/1 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET //kept/1 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /kept/1#part HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /kept/1 HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_plain_get_is_answered_by_gunicorn(request_, server, plain):
    answer = server.exchange(request_)
    assert b"X-Way: ordinary" in answer or server.through_wsgi
    assert without_what_varies(answer) == without_what_varies(plain.exchange(request_))


@pytest.mark.parametrize(
    "line",
    [
        *["Connection: close", "Connection: keep-alive, Upgrade", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"],
        *["Range: bytes=0-1", 'If-Range: "a"', 'If-Match: "a"', "If-Modified-Since: Tue, 24 Nov 2026 00:00:00 GMT"],
        *["Authorization: Basic YTpi", "Expect: 100-continue", "Content-Length: 0", "Content-Type: text/plain"],
        *["X-Forwarded-Ssl: on", "X-Forwarded-Protocol: ssl", "Cookie: a=1\r\nCookie: b=2"],
        *["X-Forwarded-Proto: https\r\nX-Forwarded-Proto: https", "Accept-Encoding: gzip\r\nAccept-Encoding: br"],
    ],
)
def test_headers_that_ask_for_more_than_the_page_are_for_gunicorn(line, server, plain):
    answer = server.exchange(get("/kept/1", line))
    assert b"X-Way: ordinary" in answer or server.through_wsgi
    assert without_what_varies(answer) == without_what_varies(plain.exchange(get("/kept/1", line)))


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (get("/kept/1", "Host: b"), b"400"),
        (get("/kept/\x00"), b"400"),
        (get("/kept/\xe4"), b"400"),
        (get("/kept/1", "X: a\x00b"), b"400"),
        (get("/kept/1", "X : a"), b"400"),
        (get("/kept/1", "X: a\r\n folded"), b"400"),
        (get("/kept/1", "Expect: tea"), b"417"),
        (get("/kept/1", "Transfer-Encoding: gzip"), b"400"),
        (get("/kept/1", "Content-Length: 1\r\nTransfer-Encoding: chunked"), b"400"),
        (get("/kept/1", "Script_Name: /kept"), b"200"),
        (get("/kept/1", "Script_Name: /elsewhere"), b"500"),
        (get("/kept/" + "a" * 5000), b"414"),
        (get("/kept/1", "X: " + "a" * 9000), b"431"),
        (get("/kept/1", *[f"X-{number}: a" for number in range(120)]), b"431"),
        (b"GET /kept/1 HTTP/1.1\nHost: a\n\n", b"400"),
        (b"GET /kept/1 HTTP/3.0\r\nHost: a\r\n\r\n", b"400"),
        (b"get /kept/1 HTTP/1.1\r\nHost: a\r\n\r\n", b"400"),
        (b"GET kept/1 HTTP/1.1\r\nHost: a\r\n\r\n", b"400"),
        (b"GET  /kept/1 HTTP/1.1\r\nHost: a\r\n\r\n", b"200"),
        (b"GET /kept/1  HTTP/1.1\r\nHost: a\r\n\r\n", b"200"),
        (b"GET /kept/1\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"400"),
    ],
)
def test_what_is_badly_written_is_judged_by_gunicorn(request_, status, server, plain):
    answer = server.exchange(request_)
    assert b"X-Way: fast" not in answer or server.through_wsgi
    # gunicorn's parser in Python is stricter about blanks than its parser in C.
    strict = (
        find_spec("gunicorn_h1c") is None and b"  " in request_.partition(b" HTTP/")[0] + request_.partition(b"\r")[0]
    )
    assert answer.split(b" ")[1] == (b"400" if strict else status)
    assert without_what_varies(answer) == without_what_varies(plain.exchange(request_))


def without_what_varies(answer: bytes) -> list[bytes]:
    return [line for line in answer.split(b"\r\n") if not line.startswith((b"Date: ", b"X-Process: ", b"X-Way: "))]


# -- How bytes arrive -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 7, 40])
def test_a_request_may_come_in_pieces(size, server):
    data = get("/kept/in-pieces", "Cookie: a=1")
    with server.client() as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(data), size):
            client.send(data[at : at + size])
            time.sleep(0.001)
        assert client.answer().body.startswith(b"/kept/in-pieces of a=1 ")
        assert client.get("/kept/after").way == "fast"


def test_half_a_request_holds_nobody_up(server):
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(server.client()).send(get("/kept/half")[:-2])
        assert [server.get(target).way for target in ("/kept/1", "/2")] == ["fast", "ordinary"]


@pytest.mark.parametrize(
    "targets", [["/kept/1", "/kept/2"], ["/1", "/kept/2"], ["/kept/1", "/2"], ["/kept/1", "/slow", "/kept/3", "/4"]]
)
def test_requests_sent_together_are_answered_in_their_order(targets, server):
    with server.client() as client:
        client.send(b"".join(get(target) for target in targets))
        assert [client.answer().body.split(b" ")[0].decode() for _ in targets] == targets
        assert client.get("/kept/after").way == "fast"


def test_what_follows_a_form_is_read_as_a_request_of_its_own(server):
    form = b"POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
    with server.client() as client:
        client.send(form + get("/kept/after"))
        assert client.answer().body.endswith(b"got hello")
        assert client.answer().body.startswith(b"/kept/after ")


# -- Slow, silent and rude clients ----------------------------------------------------------------


def test_slow_readers_of_large_pages_hold_nobody_up_and_get_all_of_it(server):
    size = 3_000_000
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(server.client(receive_buffer=4096)) for _ in range(10)]
        for reader in slow:
            reader.send(get(f"/kept/large?size={size}"))
        time.sleep(0.2)
        assert [server.get(target).way for target in ("/kept/1", "/2")] == ["fast", "ordinary"]
        for reader in slow:
            assert len(reader.answer().body) > size
            assert reader.get("/kept/after").way == "fast"


def test_silent_clients_hold_nobody_up(server):
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(server.client())
        assert server.get("/ordinary").way == "ordinary"


def test_a_client_that_keeps_a_closed_connection_open_holds_nobody_up(server):
    with server.client() as client:
        client.send(get("/last", "Connection: close"))
        assert client.answer().header("Connection") == "close"
        started = time.monotonic()
        assert [server.get(target).way for target in ("/kept/1", "/2")] == ["fast", "ordinary"]
        assert time.monotonic() - started < FAREWELL_SECONDS


def hang_up(client: Client) -> None:
    """Reset the connection at once."""
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.socket.close()


def told(server: Server, number: int) -> list[str]:
    """What so many connections, opened one after another, are told about their future."""
    with contextlib.ExitStack() as stack:
        return [stack.enter_context(server.client()).get("/kept/1").header("Connection") for _ in range(number)]


def test_connections_that_end_in_any_way_make_room_for_others(small):
    requests = [b"", get("/kept/1")[:20], get("/kept/1"), get("/2"), get("/last", "Connection: close")]
    requests += [get("/kept/large?size=3000000"), get("/large?size=3000000"), b"nonsense\r\n\r\n"]
    for number in range(80):
        client = small.client()
        client.send(requests[number % len(requests)])
        if number % 3:
            hang_up(client)
        else:
            client.socket.close()
    assert [small.get(target).way for target in ("/kept/1", "/2")] == ["fast", "ordinary"]
    # The last ones may not have been noticed yet.
    assert eventually(lambda: told(small, 9) == ["keep-alive"] * 8 + ["close"])


def test_two_hundred_connections_are_served_side_by_side(server):
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(server.client()) for _ in range(200)]
        for _ in range(2):
            for number, client in enumerate(clients):
                client.send(get(f"/kept/{number}"))
            answers = [client.answer() for client in clients]
            assert [answer.body.split()[0].decode() for answer in answers] == [f"/kept/{n}" for n in range(200)]
            assert {answer.way for answer in answers} == {"fast"}


def test_a_silent_connection_is_closed_in_time_and_a_busy_one_is_not(small):
    with contextlib.ExitStack() as stack:
        fresh, idle, left_idle, busy = (stack.enter_context(small.client()) for _ in range(4))
        assert (idle.get("/kept/1").way, left_idle.get("/1").way) == ("fast", "ordinary")
        for number in range(8):
            assert busy.get(f"/kept/{number}").way == "fast"
            time.sleep(0.3)
        assert [each.is_closed() for each in (fresh, idle, left_idle, busy)] == [True, True, True, False]


# -- Stopping and starting anew -------------------------------------------------------------------


def test_a_server_that_is_told_to_stop_finishes_what_it_began_and_no_more(home, parser):
    with Server(home) as server, contextlib.ExitStack() as stack:
        fresh, idle, working, reading = (stack.enter_context(server.client(4096)) for _ in range(4))
        idle.get("/kept/1")
        working.send(get("/slow"))
        reading.send(get("/kept/large?size=3000000"))
        time.sleep(0.1)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        time.sleep(0.1)
        late = idle.get("/kept/late")
        assert (late.way, late.header("Connection")) == ("ordinary", "close")
        assert working.answer().body.startswith(b"/slow ")
        assert len(reading.answer().body) > 3000000
        started = time.monotonic()
        stopping.join()
        assert time.monotonic() - started < 4.0
        assert server.process.returncode == 0
        assert fresh.is_closed() and working.is_closed() and reading.is_closed()


def test_a_reload_serves_on_with_new_processes(server):
    with server.client() as client:
        before = client.get("/kept/1").header("X-Process")
        os.kill(server.process.pid, signal.SIGHUP)
        assert eventually(lambda: server.get("/kept/1").header("X-Process") != before)
        assert server.get("/kept/1").way == "fast"
        assert eventually(client.is_closed)


def test_a_process_that_has_served_enough_is_replaced(home, parser):
    with Server(home, "--max-requests", "10") as server:
        processes = [server.get("/kept/1").header("X-Process") for _ in range(15)]
    assert len(set(processes)) == 2


# -- Everything at once ---------------------------------------------------------------------------


def mixed_traffic(port: int, seed: int, wrong: list[str], done: list[int]) -> None:
    """Requests of all kinds on a few connections; what was not answered rightly goes to `wrong`."""
    chance = random.Random(seed)
    client = Client(port)
    for number in range(REQUESTS):
        target = f"{chance.choice(['/kept', ''])}/{seed}-{number}?size={chance.choice([0, 100, 9000, 70000])}"
        cookie = f"sessionid={seed}"
        data = get(target, f"Cookie: {cookie}", *chance.choice([[], [], ["Range: bytes=0-"]]))
        if chance.random() < 0.1:
            data = data.replace(b"GET", b"POST", 1).replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\nhello")
        cut = chance.randrange(len(data)) if chance.random() < 0.05 else len(data)
        client.send(data[:cut])
        if data[cut:]:
            client.send(data[cut:])
        if not is_right(client.answer(), f"{target} of {cookie} by http\n", data):
            wrong.append(target)
        if chance.random() < 0.05:
            client.socket.close()
            client = Client(port)
    client.socket.close()
    done.append(REQUESTS)


def is_right(answer: Answer, first: str, data: bytes) -> bool:
    size = int(first.split("size=")[1].split()[0])
    last = b"got hello" if data.startswith(b"POST") else b""
    return answer.status == "HTTP/1.1 200 OK" and answer.body == first.encode() + b"." * size + last


def test_under_mixed_traffic_every_answer_is_whole_and_the_right_one(server):
    wrong: list[str] = []
    done: list[int] = []
    threads = [threading.Thread(target=mixed_traffic, args=(server.port, seed, wrong, done)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (wrong, sum(done)) == ([], 8 * REQUESTS)


# -- The log --------------------------------------------------------------------------------------


def test_the_access_log_has_the_same_line_for_both_ways(small, access_log):
    lines = ['User-Agent: a "tester"', "Referer: http://a/", "Cookie: a=\xe4"]
    requests = [("/kept/a%20b?c=d", []), ("/kept/1", [f"If-None-Match: {ETAG}"])]
    with small.client() as client:
        for target, more in requests:
            assert client.get(target, *lines, *more).way == "fast"
            assert client.get(target, *lines, *more, "TE: trailers").way == "ordinary"

    def written() -> list[str]:
        return [line for line in access_log.read_text().split("\n") if "tester" in line]

    assert eventually(lambda: len(written()) == 4)
    fast, ordinary, fast_304, ordinary_304 = written()
    assert fast == ordinary
    assert '"GET /kept/a%20b?c=d HTTP/1.1" GET /kept/a b c=d HTTP/1.1 200' in fast
    assert fast_304 == ordinary_304


# -- Without it -----------------------------------------------------------------------------------


def test_without_the_c_parser_what_is_remembered_is_answered_through_wsgi(home):
    hidden = home / "hidden"
    hidden.mkdir()
    (hidden / "gunicorn_h1c.py").write_text("raise ImportError('hidden')\n")
    with Server(home, PYTHONPATH=str(hidden)) as server:
        assert [server.get(target).way for target in ("/kept/1", "/2")] == ["fast", "ordinary"]
        assert server.said.count("answered through WSGI: gunicorn_h1c is not installed") == 1
        assert "Traceback" not in server.said


def test_where_the_loop_cannot_answer_the_front_does_in_a_thread(home):
    with Server(home, "--keep-alive", "0", app="fronted") as server:
        assert [server.get(target).way for target in ("/kept/1", "/2")] == ["fast", "ordinary"]
        assert server.said.count("served by threads alone: no connection is kept alive") == 1


def test_one_setting_turns_it_off(plain):
    assert plain.get("/kept/1").way == "ordinary"
    assert "SharingWorker" in plain.said
