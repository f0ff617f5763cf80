"""gunicorn's threads with nothing to decide: ready bytes, under the headers that the forum's pages have."""

import gzip
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.site import get


def application() -> Any:
    """The WSGI application; what it costs is what gunicorn does with any."""
    # Django is set up here, too, since the server's configuration opens DynamoDB.
    headers = get("/")
    body = gzip.compress(Path(os.environ["BENCH_PAGE"]).read_bytes(), 6)
    headers |= {"Content-Encoding": "gzip", "Content-Length": str(len(body)), "X-Cache": "hit"}

    def ready(environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", list(headers.items()))
        return [body]

    return ready
