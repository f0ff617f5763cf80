"""Taking one's data along, and leaving: both are jobs, since nobody knows how much somebody has written.

An export is built in a folder of its own in EXPORTS_DIR, a part for each batch of posts, and then packed into
one archive. Its job is gone, with the folder, after EXPORT_DAYS.

Whoever leaves chooses what becomes of the posts:

- keep: they stay as they are, by a "former member". The number of the closed account stays with them.
- anonymise: in each thread another number, made at random, takes its place. Nobody can tell any more which
  account a post was from, nor that posts in two threads are by the same person.
- delete: their texts are deleted for good; what moderators could still look up is gone after 30 days.
"""

import hmac
import json
import os
import secrets
import shutil
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from forum import images, jobs, links
from forum.cache.intents import invalidating
from forum.errors import Busy, Conflict
from forum.jobs import Progress
from forum.models import Job, Upload, User
from forum.tables import changes, sweeps
from forum.tables.base import pause
from forum.tables.changes import DELETED
from forum.tables.moderation import new_record
from forum.tables.sweeps import Found

from . import approving, exporting, messaging, picturing, touched

EXPORT_DAYS = 7
ARCHIVE = "export.zip"
POSTS_A_PART = 100
# Each costs some calls, and a step should not take long.
POSTS_A_STEP = 20
ATTEMPTS = 8

KEEP, ANONYMISE, DELETE = "keep", "anonymise", "delete"


# -- Export ---------------------------------------------------------------------------------------


def start_export(user: User) -> Job:
    """Begin to gather all that the member wrote, unless that is under way; workers go on with it."""
    at_work = Job.objects.filter(kind="export", user_id=str(user.pk), status__in=jobs.AT_WORK).first()
    state = {"folder": secrets.token_urlsafe(24), "stage": "posts", "cursor": "", "part": 0}
    title, own = gettext_noop("Export of what %(name)s wrote"), str(user.pk)
    about = {"name": user.username}
    return at_work or jobs.start("export", title, state, about=about, user_id=own, member_id=own, seconds=0)


def last_export(user: User) -> Job | None:
    return Job.objects.filter(kind="export", user_id=str(user.pk)).order_by("-pk").first()


def expires(job: Job) -> datetime:
    """When an export is deleted."""
    return job.created + timedelta(days=EXPORT_DAYS)


def archive_of(job: Job) -> Path | None:
    """The archive of an export that is done; None where it is not, or is gone."""
    path = _folder(job) / ARCHIVE
    done = job.status == Job.Status.DONE and timezone.now() < expires(job)
    return path if done and path.is_file() else None


def remove_old_exports() -> None:
    """Delete the exports that have had their days, some at a time."""
    old = Job.objects.filter(kind="export", created__lt=timezone.now() - timedelta(days=EXPORT_DAYS))
    _remove_exports(list(old[:100]))


def _remove_exports(found: list[Job]) -> None:
    for job in found:
        shutil.rmtree(_folder(job), ignore_errors=True)
        job.delete()


def _folder(job: Job) -> Path:
    """Where an export is built; nobody can guess its name."""
    return Path(settings.EXPORTS_DIR) / f"{job.pk}-{job.state['folder']}"


@jobs.kind("export")
def _export_step(job: Job) -> Progress:
    """Write a part; at the end pack all of them."""
    folder, state = _folder(job), dict(job.state)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if state["stage"] == "pack":
        _pack(job, folder)
        return Progress(state, done=job.done, total=job.done, finished=True)
    found, cursor = sweeps.list_batch(job.member_id, state["cursor"], limit=POSTS_A_PART)
    state["part"] += 1
    _write(folder / f"{state['part']:06}.json", ",\n".join(json.dumps(_facts(each)) for each in found))
    _write(folder / f"{state['part']:06}.md", "".join(_readable(each) for each in found))
    state |= {"cursor": cursor, "stage": "posts" if cursor else "pack"}
    done = job.done + len(found)
    return Progress(state, done=done, message=f"{done:,} posts so far." if cursor else gettext_noop("Packing."))


def _facts(found: Found) -> dict[str, Any]:
    post, head = found.post, found.head
    return {
        "forum": post.forum,
        "thread": head.title,
        "number": int(post.number),
        "url": links.post(post.thread_id, int(post.number)),
        "written": post.created.isoformat(),
        "edited": post.edited.isoformat() if post.edited else None,
        "status": post.status,
        "likes": int(post.like_count),
        "text": post.body,
        "poll": json.loads(post.poll_text) if post.poll_text else None,
    }


def _readable(found: Found) -> str:
    post, head = found.post, found.head
    status = "" if post.status == "visible" else f", {post.status}"
    where = f"{post.forum}, post {int(post.number)}, {post.created:%d %B %Y %H:%M} UTC{status}"
    return f"## {head.title}\n\n{where}\n\n{post.body}\n\n---\n\n"


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    draft = path.with_suffix(".draft")
    draft.write_text(text, encoding="utf-8", errors="replace")
    os.replace(draft, path)


def _pack(job: Job, folder: Path) -> None:
    """One archive of all parts, of which memory holds one at a time; then the parts go."""
    parts = [folder / f"{number:06}" for number in range(1, job.state["part"] + 1)]
    if not (folder / ARCHIVE).exists():
        _build(job, folder, parts)
    for part in parts:
        part.with_suffix(".json").unlink(missing_ok=True)
        part.with_suffix(".md").unlink(missing_ok=True)


def _build(job: Job, folder: Path, parts: list[Path]) -> None:
    draft = folder / "export.draft"
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in exporting.files(job.member_id):
            archive.writestr(name, text.encode(errors="replace"))
        _join(archive, "posts.json", "[\n", [part.with_suffix(".json") for part in parts], ",\n", "\n]\n")
        _join(archive, "posts.md", "# What I wrote\n\n", [part.with_suffix(".md") for part in parts], "", "")
        if avatar := User.objects.get(pk=job.member_id).avatar:
            archive.writestr("avatar.webp", images.load(images.AVATARS, avatar) or b"", zipfile.ZIP_STORED)
        for upload in Upload.objects.filter(member_id=job.member_id).order_by("pk").iterator():
            if content := images.load(images.POSTS, upload.name):
                archive.writestr(f"images/{upload.name}.webp", content, zipfile.ZIP_STORED)
    os.replace(draft, folder / ARCHIVE)


def _join(archive: zipfile.ZipFile, name: str, first: str, parts: list[Path], between: str, last: str) -> None:
    with archive.open(name, "w", force_zip64=True) as file:
        file.write(first.encode())
        separator = ""
        for part in parts:
            if content := part.read_bytes():
                file.write(separator.encode() + content)
                separator = between
        file.write(last.encode())


# -- Leaving --------------------------------------------------------------------------------------


def start_leaving(user: User, choice: str) -> Job:
    """Note the job that does what a closed account leaves to be done; the caller lets it run after the commit."""
    state = {"choice": choice, "stage": "own", "cursor": "", "salt": secrets.token_hex(32)}
    # Whoever leaves is named nowhere any more.
    return jobs.start("leave", f"Closed account {user.pk}: {choice} posts", state, member_id=str(user.pk), seconds=0)


@jobs.kind("leave")
def _leave_step(job: Job) -> Progress:
    """Delete what is the member's own (notes, likes, bookmarks, votes: what was liked or voted for keeps its
    number), exports and texts that wait; then deal with some posts. At the end the salt is forgotten."""
    state = dict(job.state)
    if state["stage"] == "own":
        _remove_exports(list(Job.objects.filter(kind="export", member_id=job.member_id)[:100]))
        approving.withdraw_all(job.member_id, "The account was closed.")
        if _withdraw_messages(job) or sweeps.remove_items(job.member_id):
            return Progress(state, done=job.done)
        if _remove_images(job.member_id, state["choice"]):
            return Progress(state, done=job.done)
        return Progress(state | {"stage": "posts"}, finished=state["choice"] == KEEP)
    anonymise = state["choice"] == ANONYMISE
    found, cursor = sweeps.list_batch(job.member_id, state["cursor"], limit=POSTS_A_STEP, placeholders=True)
    act = _anonymise if anonymise else _delete
    for each in found:
        _insist(job, each, act)
    done = job.done + len(found)
    if not cursor:
        # What was counted of the posts meanwhile.
        sweeps.remove_items(job.member_id)
        return Progress({"choice": state["choice"]}, done=done, total=done, finished=True)
    return Progress(state | {"cursor": cursor}, done=done, message=f"Back to {cursor[:10]}.")


def _remove_images(member_id: str, choice: str) -> bool:
    """Images go with the posts, or lose the name with them; whether there may be more to remove."""
    if choice == DELETE:
        return picturing.remove_all(member_id)
    if choice == ANONYMISE:
        picturing.disown(member_id)
    return False


def _withdraw_messages(job: Job) -> bool:
    """Leave one of the member's conversations, where their messages become what their posts do; whether there may be
    more. Whoever is stopped there does it again."""
    choice = job.state["choice"]
    known_as = pseudonym(job.state["salt"], "messages") if choice == ANONYMISE else None
    return messaging.withdraw(job.member_id, known_as, erase=choice == DELETE)


def _insist(job: Job, found: Found, act: Callable[[Job, Found], None]) -> None:
    """Do it to the post as it is now, also where somebody changes it at this moment.

    A post that moves meanwhile may come to a place that the job has passed already: its placeholder leads there.
    """
    for attempt in range(ATTEMPTS):
        if found.post.moved_to and (elsewhere := sweeps.get_moved(found.post, job.member_id)):
            _insist(job, elsewhere, act)
        try:
            return act(job, found)
        except Conflict:
            pause(attempt)
        now = next(sweeps.read_again([found.post], job.member_id, placeholders=True), None)
        if now is None:
            return
        found = now
    raise Busy(_("A post is changing very fast, and is tried again."))


def _delete(job: Job, found: Found) -> None:
    """The first post of a thread that others wrote in goes alone; else the thread goes, with its title."""
    post, head = found.post, found.head
    if post.moved_to:
        gone = post.number == 1 and bool(head.moved_to)
    elif post.status != DELETED or changes.get_deleted_text(post) is not None:
        alone = post.number == 1 and sweeps.others_replied(head, job.member_id)
        record = new_record(post.subject, "purge", job.member_id)
        with invalidating(*touched.of_post(head, post)) as write:
            write.wrote[post.key] = int(post.revision) + 1
            changes.remove_text(head, post, record, alone=alone)
            picturing.release(post.first_address)
        gone = post.number == 1 and not alone
    else:
        gone = post.number == 1 and head.status == DELETED
    if gone:
        sweeps.remove_title(next(sweeps.read_again([post], job.member_id, True), found).head)


def _anonymise(job: Job, found: Found) -> None:
    with invalidating(*touched.of_post(found.head, found.post)) as write:
        write.wrote[found.post.key] = int(found.post.revision) + 1
        sweeps.change_author(found, job.member_id, pseudonym(job.state["salt"], found.post.thread_id))


def pseudonym(salt: str, thread_id: str) -> str:
    """A UserID that is nobody's: accounts have no numbers below zero. The same in one thread, so that a talk can
    still be followed; without the salt, which is forgotten, it leads neither to the account nor to other threads."""
    digest = hmac.digest(salt.encode(), thread_id.encode(), "sha256")
    return str(-(10**17) - int.from_bytes(digest[:8], "big") % 10**18)
