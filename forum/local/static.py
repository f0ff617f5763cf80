"""Static files for the local web server, collected again only when one of them changed."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command


def collect(directory: Path) -> None:
    """Bring settings.STATIC_ROOT up to date; hashing and compressing everything takes seconds, so
    `directory`/static.fingerprint remembers what was collected."""
    note = directory / "static.fingerprint"
    now = fingerprint()
    collected = (settings.STATIC_ROOT / "staticfiles.json").exists()
    if collected and note.exists() and note.read_text() == now:
        return
    call_command("collectstatic", interactive=False, verbosity=0)
    note.write_text(now)


def fingerprint() -> str:
    """One value for the sources: their names, sizes, times of change, and what is done to them."""
    digest = hashlib.sha256(repr((settings.STORAGES["staticfiles"], settings.STATIC_ROOT)).encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            stat = Path(storage.path(name)).stat()
            digest.update(f"{name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()
