"""A page whose gzip is put together from parts, before a real browser."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from playwright.sync_api import Browser, expect

from forum.cache.body import Body
from forum.holes import mark

PAGE = f"""<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Spliced</title><body>
<nav>{mark("account")}</nav>{"<p>Some text that is much the same.</p>" * 300}<i>{mark("tools")}</i>
<form>{mark("reply")}</form><footer>{mark("foot")}</footer></body></html>"""
VALUES = ["Ada “🙂” " * 9000, "", "<input name='token' value='token'>Write.", "The end."]


@contextmanager
def served(body: bytes) -> Iterator[str]:
    """A server that answers everything with this body, compressed as it is; its address."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join(5)


def test_chromium_shows_a_spliced_page(browser: Browser) -> None:
    filled = Body(PAGE.encode()).fill([value.encode() for value in VALUES])
    assert gzip.decompress(filled.gzipped()) == filled.plain()
    with served(filled.gzipped()) as address:
        page = browser.new_page()
        answer = page.goto(address)
        assert answer is not None and answer.header_value("content-encoding") == "gzip"
        expect(page.locator("nav")).to_contain_text("Ada “🙂” Ada")
        expect(page.locator("p")).to_have_count(300)
        expect(page.locator("input")).to_have_value("token")
        expect(page.locator("footer")).to_have_text("The end.")
        read = page.evaluate("fetch(location.href).then(answer => answer.text())")
        page.close()
    assert read.encode() == filled.plain()
