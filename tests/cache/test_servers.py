"""How servers are asked and followed that hang, are gone, change, or want a password or TLS."""

import os
import select
import signal
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from redis import Redis

from forum import redis as stores
from forum.cache.tracking import Tracker
from forum.local import redis as local
from forum.local.process import Engine
from tests.cache.following import elsewhere, keep, rights_in_the_manual, seconds, until, use_the_cache

SET = "return redis.call('SET', KEYS[1], ARGV[1])"
# A client of these tests waits 0.2 s for an answer, and would wait twice as long if it asked again.
LONGEST = 0.35

pytestmark = pytest.mark.usefixtures("redis_server")


def place(settings, url: str) -> None:  # type: ignore[no-untyped-def]
    """Use this server, as patiently as the site does: other tests wait longer."""
    settings.CACHES = {
        alias: {**cache, "LOCATION": url, "OPTIONS": {**cache["OPTIONS"], "SOCKET_TIMEOUT": 0.2}}
        for alias, cache in settings.CACHES.items()
    }


@pytest.fixture
def server(settings, tmp_path: Path) -> Iterator[Engine]:  # type: ignore[no-untyped-def]
    """A server of the test's own, in the place of the others."""
    with local.start(tmp_path) as server:
        place(settings, f"{server.url}?db=0")
        yield server
        stores.forget_failures()


@contextmanager
def hanging(server: Engine) -> Iterator[None]:
    assert server.pid
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


class TestAsking:
    def test_nobody_waits_long_for_one_that_hangs(self, server: Engine) -> None:
        redis = stores.client()
        redis.ping()
        with hanging(server):
            # On a connection that was open, then on one that has to be opened.
            assert seconds(lambda: redis.get("a"), times=3) < LONGEST
            assert seconds(lambda: stores.run([(SET, ["a"], ["1"])]), times=3) < LONGEST
        until(lambda: seconds(redis.ping) < 0.1, 2)

    def test_nor_for_one_that_is_gone(self, server: Engine) -> None:
        stores.client().ping()
        server.stop()
        assert seconds(lambda: stores.run([(SET, ["a"], ["1"])]), times=3) < 0.1

    def test_nor_for_a_machine_that_does_not_answer(self, settings) -> None:  # type: ignore[no-untyped-def]
        """Played by a socket whose queue is full."""
        with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
            address = listener.getsockname()
            waiting = [socket.socket() for _ in range(4)]
            for one in waiting:
                one.setblocking(False)
                one.connect_ex(address)
            place(settings, f"redis://127.0.0.1:{address[1]}/0")
            assert 0.05 < seconds(lambda: stores.client().get("a"), times=3) < LONGEST
            assert seconds(Tracker[bytes]("default", "a:").revive) < 1
            for one in waiting:
                one.close()
        stores.forget_failures()


class TestFollowing:
    @pytest.fixture
    def tracker(self, server: Engine) -> Iterator[Tracker[bytes]]:
        tracker: Tracker[bytes] = Tracker("default", "a:")
        assert tracker.revive()
        yield tracker
        tracker.disconnect()

    def test_one_that_hangs_is_not_believed_and_not_waited_for(self, server: Engine, tracker: Tracker[bytes]) -> None:
        keep(tracker, "a:1")
        with hanging(server):
            silent = until(lambda: not tracker.alive(), 4)
            spent = [seconds(tracker.revive), seconds(tracker.revive), seconds(tracker.alive)]
        assert 1 < silent < 4
        assert spent[0] < 1 and max(spent[1:]) < 0.1, "the second time nobody asks"
        until(tracker.revive, 3)
        keep(tracker, "a:1")
        assert tracker.alive() and tracker.get("a:1") == b""

    def test_after_a_long_silence_of_ours_one_round_trip_is_enough(self, tracker: Tracker[bytes]) -> None:
        keep(tracker, "a:1")
        time.sleep(2.6)
        assert not tracker.alive(), "who knows what happened meanwhile"
        assert seconds(tracker.revive) < 1
        assert tracker.alive() and tracker.get("a:1") == b"" and tracker.drops == 0

    def test_one_that_is_gone_costs_nothing(self, server: Engine, tracker: Tracker[bytes]) -> None:
        server.stop()
        assert not tracker.alive() and seconds(tracker.revive) < 0.5
        assert not tracker.revive()

    def test_one_that_becomes_a_replica_is_not_believed(self, tracker: Tracker[bytes]) -> None:
        keep(tracker, "a:1")
        elsewhere("REPLICAOF", "127.0.0.1", "9")
        until(lambda: not tracker.alive(), 2)
        assert not tracker.revive() and len(tracker) == 0
        elsewhere("REPLICAOF", "NO", "ONE")
        stores.forget_failures()
        assert tracker.revive()

    def test_other_settings_lead_to_another_server(self, settings, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
        tracker: Tracker[bytes] = Tracker("default", "a:")
        assert tracker.revive()
        with local.start(tmp_path) as server:
            place(settings, f"{server.url}?db=0")
            assert not tracker.alive() and tracker.revive()
            keep(tracker, "a:1")
            elsewhere("SET", "a:1", "two")
            assert tracker.alive() and tracker.get("a:1") is None
            tracker.disconnect()


class TestUsers:
    def sign_in(self, server: Engine, settings, *rights: str) -> Tracker[bytes]:  # type: ignore[no-untyped-def]
        """A tracker for a user of the server with these rights alone."""
        with Redis.from_url(server.url) as admin:
            admin.execute_command("ACL", "SETUSER", "forum", "on", ">secret", "~*", *rights)
            admin.config_set("requirepass", "other")
        place(settings, f"{server.url.replace('unix://', 'unix://forum@')}?db=0&password=secret")
        return Tracker("default", "a:")

    def test_following_needs_few_rights(self, server: Engine, settings) -> None:  # type: ignore[no-untyped-def]
        tracker = self.sign_in(server, settings, "+get", "+hello", "+client|tracking")
        assert tracker.revive()
        keep(tracker, "a:1")
        assert tracker.alive() and tracker.get("a:1") == b""
        tracker.disconnect()

    def test_the_rights_in_the_manual_are_enough(self, server: Engine, settings) -> None:  # type: ignore[no-untyped-def]
        tracker = self.sign_in(server, settings, *rights_in_the_manual())
        assert tracker.revive()
        use_the_cache()
        tracker.disconnect()

    def test_without_the_right_to_follow_nothing_is_kept(self, server: Engine, settings) -> None:  # type: ignore[no-untyped-def]
        tracker = self.sign_in(server, settings, "+@all", "-client|tracking")
        assert not tracker.revive() and not tracker.alive()
        with stores.answering():
            assert stores.run([(SET, ["a:1"], ["1"])]) == [b"OK"]


class TestTLS:
    @pytest.fixture
    def tracker(self, server: Engine, settings, tmp_path: Path) -> Iterator[Tracker[bytes]]:  # type: ignore[no-untyped-def]
        certificate = self_signed(tmp_path / "server.pem")
        with in_tls(server.url.removeprefix("unix://"), certificate) as port:
            place(settings, f"rediss://localhost:{port}/0?ssl_ca_certs={certificate}")
            tracker: Tracker[bytes] = Tracker("default", "a:")
            # Reading the machine's certificates may take longer than a revival has.
            until(tracker.revive, 5)
            yield tracker
            tracker.disconnect()
            stores.client().connection_pool.disconnect()

    def test_what_changes_is_gone(self, tracker: Tracker[bytes]) -> None:
        keys = [f"a:{number}" for number in range(3000)]
        keep(tracker, *keys[:100])
        assert tracker.alive() and tracker.get("a:1") == b""
        elsewhere("MSET", *[word for key in keys for word in (key, "value")])
        until(lambda: tracker.alive() and len(tracker) == 0, 2)
        assert tracker.pushes == 3000 and tracker.drops == 0

    def test_beats_go_on(self, tracker: Tracker[bytes]) -> None:
        keep(tracker, "a:1")
        ends = time.monotonic() + 2.6
        while time.monotonic() < ends:
            assert tracker.alive()
            time.sleep(0.05)
        assert tracker.get("a:1") == b""

    def test_a_connection_that_breaks_is_noticed(self, server: Engine, tracker: Tracker[bytes]) -> None:
        keep(tracker, "a:1")
        server.stop()
        until(lambda: not tracker.alive(), 1)
        assert len(tracker) == 0 and not tracker.revive()


def self_signed(path: Path) -> Path:
    """A key and a certificate for localhost, in one file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(private + certificate.public_bytes(encoding))
    return path


@contextmanager
def in_tls(path: str, certificate: Path) -> Iterator[int]:
    """A port on which TLS leads to the server at a unix socket."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    class Bridge(BaseRequestHandler):
        def handle(self) -> None:
            with context.wrap_socket(self.request, server_side=True) as near, socket.socket(socket.AF_UNIX) as far:
                far.connect(path)
                ends = time.monotonic() + 30
                while time.monotonic() < ends:
                    for one in select.select([near, far], [], [], 5)[0]:
                        data = one.recv(100_000)
                        if not data:
                            return
                        (near if one is far else far).sendall(data)

    class Server(ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that has gone is no error."""

    with Server(("127.0.0.1", 0), Bridge) as bridge:
        serving = Thread(target=bridge.serve_forever, args=(0.05,))
        serving.start()
        yield bridge.server_address[1]
        bridge.shutdown()
        serving.join(5)
