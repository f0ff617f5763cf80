"""nginx as one would set it up: the page as a static file, and as a proxy that keeps our page."""

import gzip
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from forum.local.ports import free_port, speaks_http
from forum.local.process import Engine, spawn, wait_until

from .servers import HOST, WORKERS, Running

READY_SECONDS = 10.0

# Paths are all below one directory, so that it needs no rights. Since the forum tells proxies to keep
# nothing, the one here is told not to listen: it stands for what a cache in front could do at best.
CONFIGURATION = """
worker_processes {workers};
daemon off;
pid {home}/nginx.pid;
error_log {home}/error.log warn;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  default_type text/html;
  charset utf-8;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 60;
  keepalive_requests 1000000000;
  open_file_cache max=1000 inactive=60s;
  client_body_temp_path {home}/body;
  proxy_temp_path {home}/proxy;
  fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi;
  scgi_temp_path {home}/scgi;
  proxy_cache_path {home}/cache keys_zone=pages:10m;
  server {{
    listen {host}:{static};
    root {home}/root;
    gzip_static on;
    gzip_vary on;
  }}
  server {{
    listen {host}:{proxy};
    location / {{
      proxy_pass http://{host}:{behind};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_cache pages;
      proxy_cache_key $uri$is_args$args$http_accept_encoding;
      proxy_cache_valid 200 10m;
      proxy_ignore_headers Cache-Control Expires Set-Cookie Vary;
      add_header X-Proxy-Cache $upstream_cache_status;
    }}
  }}
}}
"""


FILE = "/page.html"


@contextmanager
def running(home: Path, page: bytes, behind: int) -> Iterator[dict[str, Running]]:
    """nginx with `page` as a file, as "static", and before the server on the port `behind`, as "proxy"."""
    root = home / "nginx" / "root"
    root.mkdir(parents=True)
    (root / FILE[1:]).write_bytes(page)
    (root / f"{FILE[1:]}.gz").write_bytes(gzip.compress(page, 6))
    _let_workers_in(home)
    static, proxy = free_port(), free_port()
    names = {"static": static, "proxy": proxy, "behind": behind, "host": HOST, "workers": WORKERS}
    path = root.parent / "nginx.conf"
    path.write_text(CONFIGURATION.format(home=root.parent, **names))
    command = [
        str(shutil.which("nginx")),
        "-e",
        str(root.parent / "error.log"),
        "-p",
        str(root.parent),
        "-c",
        str(path),
    ]
    log = home / "logs" / "nginx.log"
    process = spawn("nginx", command, log=log)
    with Engine("nginx", f"http://{HOST}:{static}", process) as engine:
        wait_until(lambda: speaks_http(HOST, static), engine, seconds=READY_SECONDS, log=log)
        yield {"static": Running(static, process.pid), "proxy": Running(proxy, process.pid)}


def _let_workers_in(home: Path) -> None:
    """Where it is started by root, its workers are somebody else, who must be able to go through `home`."""
    home.chmod(0o711)
