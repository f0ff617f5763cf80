"""gunicorn's threaded worker, with an accept loop that answers from memory what it can.

A request for a page that this process remembers is answered where its bytes come in, with one system
call and no change of thread; how the answer is made is `forum_site.answers`' affair. All others are
gunicorn's: the bytes go back to its own reader, and a thread of its pool goes on as if nobody had
looked. The loop itself never waits for anybody: slow readers, and clients that keep a closed connection
open, wait in it as idle ones do.

It leans on the inside of `gunicorn.workers.gthread`, so `forum_site.worker` chooses it only with the
versions that the tests ran with.
"""

import errno
import select
import selectors
import socket
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from gunicorn.workers import gthread  # type: ignore[import-untyped]
from gunicorn.workers.base import Worker  # type: ignore[import-untyped]

from forum_site.answers import Answers, Called, Written
from forum_site.balance import balance

# As much as gunicorn reads at once.
READ_BYTES = 8 * 1024
# So many new connections at a time, lest one process take all while the others sleep.
ACCEPTED_AT_ONCE = 8
# gunicorn waits as long, and reads as much, until the client closes its side too.
FAREWELL_SECONDS = 2.0
FAREWELL_BYTES = 64 * 1024
# While requests keep coming, gunicorn looks after its own affairs (its parent, idle connections) so seldom.
AFFAIRS_SECONDS = 0.1

NOTHING = memoryview(b"")
WOULD_BLOCK = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED)


class Conn(gthread.TConn):  # type: ignore[misc]
    """A connection that says good-bye in the loop, where gunicorn's would hold up the loop for it."""

    def __init__(self, part: Callable[["Conn"], bool], *arguments: Any) -> None:
        super().__init__(*arguments)
        self.unsent = NOTHING
        self.farewell_bytes = 0
        self._part = part

    def close(self, graceful: bool = False) -> None:
        if not (graceful and self._part(self)):
            super().close(graceful)


class Waiting:
    """Connections, the longest waiting first: the deque that gunicorn expects, but any of them can leave at once."""

    def __init__(self) -> None:
        self._conns: OrderedDict[Any, None] = OrderedDict()
        self.again = self._conns.move_to_end

    def append(self, conn: Any) -> None:
        self._conns[conn] = None

    def remove(self, conn: Any) -> None:
        del self._conns[conn]

    def popleft(self) -> Any:
        return self._conns.popitem(last=False)[0]

    def __getitem__(self, first: int) -> Any:
        assert first == 0
        return next(iter(self._conns))

    def __iter__(self) -> Iterator[Any]:
        return iter(self._conns)

    def __len__(self) -> int:
        return len(self._conns)


class Poller:
    """What gunicorn asks of a selector, made of epoll alone: `calls` has what to call when a descriptor is ready.

    The standard library's selectors make three objects for each event before anybody is called.
    """

    _EVENTS = {selectors.EVENT_READ: select.EPOLLIN, selectors.EVENT_WRITE: select.EPOLLOUT}

    def __init__(self) -> None:
        epoll = select.epoll()
        self._epoll = epoll
        self.calls: dict[int, Callable[[], object]] = {}
        self.poll = epoll.poll
        self.close = epoll.close

    def register(self, file: Any, event: int, call: Callable[[Any], object]) -> None:
        descriptor = file if isinstance(file, int) else file.fileno()
        self._epoll.register(descriptor, self._EVENTS[event])
        self.calls[descriptor] = partial(call, file)

    def modify(self, file: Any, event: int, call: Callable[[Any], object]) -> None:
        self._epoll.modify(file.fileno(), self._EVENTS[event])
        self.calls[file.fileno()] = partial(call, file)

    def unregister(self, file: Any) -> None:
        """KeyError if it is not registered, which gunicorn expects."""
        del self.calls[file.fileno()]
        self._epoll.unregister(file.fileno())


class LoopWorker(gthread.ThreadWorker):  # type: ignore[misc]
    """See above. Fresh connections wait among the kept-alive ones, from where their first request is read."""

    answers: type[Answers] = Called

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.keepalived_conns = Waiting()
        self.pending_conns = Waiting()
        self.parting_conns = Waiting()
        self.poller: Any = None
        self._notified = self._woken = 0.0
        self._keep_up: Callable[[], None] = lambda: None
        # gunicorn looks its settings up each time, which is slow.
        self._keepalive = float(self.cfg.keepalive)

    def load_wsgi(self) -> None:
        super().load_wsgi()
        balance.join(self.age)
        # In the place of gunicorn's selector, in which nothing is registered yet.
        self.poller.close()
        self.poller = Poller()
        # Only now: what finds pages needs the application's settings.
        from forum import fast

        self._keep_up = fast.keep_up
        self._answer = self.answers(self.cfg, self.log, fast.find).answer

    def notify(self) -> None:
        """Tell gunicorn that we live: twice a second is enough, and every turn of the loop costs too much."""
        now = time.monotonic()
        if now - self._notified >= 0.5:
            self._notified = now
            self._keep_up()
            super().notify()

    def handle_quit(self, sig: int, frame: Any) -> None:
        """Stop at once, without asking the pool to stop: the loop may hold the pool's lock at this moment."""
        Worker.handle_quit(self, sig, frame)

    # -- A request comes in ---------------------------------------------------------------------

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """As gunicorn's, noting the moment: whatever is ready now had been asked by then."""
        poll, calls = self.poller.poll, self.poller.calls
        until = time.monotonic() + AFFAIRS_SECONDS
        while True:
            ready = poll(timeout)
            self._woken = now = time.monotonic()
            balance.have(self.nr_conns)
            for descriptor, _ in ready:
                # Whoever was called before may have closed it.
                if call := calls.get(descriptor):
                    call()
            full = self.nr_conns >= self.worker_connections
            if not ready or now >= until or full or not (self.alive and self._accepting):
                return

    def accept(self, listener: socket.socket) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            balance.have(self.nr_conns)
            if self.nr_conns >= self.worker_connections or balance.leaves(time.monotonic()):
                return
            try:
                client, address = listener.accept()
            except OSError as error:
                if error.errno not in WOULD_BLOCK:
                    raise
                return
            self.nr_conns += 1
            self._await_request(Conn(self._part, self.cfg, client, address, listener.getsockname()))

    def _await_request(self, conn: Any) -> None:
        conn.set_timeout()
        self.keepalived_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_client_socket_readable, conn))

    def on_client_socket_readable(self, conn: Any, client: socket.socket) -> None:
        """Answer at once, or leave it to gunicorn, which also tells the client when a connection is its last."""
        many = self.nr_conns > self.max_keepalived and len(self.keepalived_conns) > self.max_keepalived
        if many or not self.alive or self.nr + 1 >= self.max_requests:
            super().on_client_socket_readable(conn, client)
            return
        data = self._receive(conn, self.keepalived_conns, READ_BYTES)
        if not data:
            return
        answer = self._answer(data, conn, self._woken)
        if answer is None:
            self._leave_to_gunicorn(conn, data)
            return
        self.nr += 1
        self._send(conn, client, answer)

    def _receive(self, conn: Any, waiting: Waiting, size: int) -> bytes:
        """What came in; b"" if nothing did, or if the client has gone: then so is the connection."""
        try:
            data: bytes = conn.sock.recv(size)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._drop(conn, waiting)
        return data

    def _leave_to_gunicorn(self, conn: Any, data: bytes) -> None:
        self.poller.unregister(conn.sock)
        self.keepalived_conns.remove(conn)
        conn.data_ready = True
        conn.init()
        conn.parser.unreader.unread(data)
        self.enqueue_req(conn)

    def _drop(self, conn: Any, waiting: Waiting) -> None:
        waiting.remove(conn)
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    # -- An answer goes out -----------------------------------------------------------------------

    def _send(self, conn: Any, client: socket.socket, answer: bytes) -> None:
        try:
            sent = client.send(answer)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._drop(conn, self.keepalived_conns)
            return
        if sent == len(answer):
            conn.timeout = self._woken + self._keepalive
            self.keepalived_conns.again(conn)
            return
        conn.unsent = memoryview(answer)[sent:]
        self.keepalived_conns.remove(conn)
        conn.set_timeout()
        self.pending_conns.append(conn)
        self.poller.modify(client, selectors.EVENT_WRITE, partial(self._on_writable, conn))

    def _on_writable(self, conn: Any, client: socket.socket) -> None:
        """Go on with an answer whose reader is slow."""
        try:
            sent = client.send(conn.unsent)
        except BlockingIOError:
            return
        except OSError:
            self._drop(conn, self.pending_conns)
            return
        conn.unsent = conn.unsent[sent:]
        conn.set_timeout()
        if conn.unsent:
            self.pending_conns.again(conn)
            return
        conn.unsent = NOTHING
        self.pending_conns.remove(conn)
        self.poller.unregister(client)
        self._await_request(conn)
        if not self.alive:
            self._cap_keepalive(time.monotonic() + gthread.STOP_KEEPALIVE_LINGER)

    # -- A connection ends ------------------------------------------------------------------------

    def _part(self, conn: Any) -> bool:
        """Close our side, and read what still comes until the client closes its own; False if that cannot be."""
        if not self.alive:
            return False
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
        except OSError:
            return False
        self.nr_conns += 1
        conn.timeout = time.monotonic() + FAREWELL_SECONDS
        self.parting_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._on_farewell, conn))
        return True

    def _on_farewell(self, conn: Any, client: socket.socket) -> None:
        data = self._receive(conn, self.parting_conns, READ_BYTES)
        conn.farewell_bytes += len(data)
        if conn.farewell_bytes > FAREWELL_BYTES:
            self._drop(conn, self.parting_conns)

    def murder_pending(self) -> None:
        super().murder_pending()
        now = time.monotonic()
        while self.parting_conns and self.parting_conns[0].timeout <= now:
            self._drop(self.parting_conns[0], self.parting_conns)


class ByteWorker(LoopWorker):
    """The same, reading and writing the bytes itself; it needs gunicorn's C parser."""

    answers = Written
