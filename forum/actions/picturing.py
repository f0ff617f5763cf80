"""Images in posts: sending them, noting which posts show them, and throwing away what no post shows.

An image is sent before the text that mentions it is. It is *claimed* when such a text is stored, or about to be, and
then stays; a draft that mentions it keeps it for as long as the draft is kept. Once the post is there its *use* is
noted, which says who may see the image: whoever may read the forum that the post is in, also when that changes. Until
then only its sender may. What a private message shows is for those who may read that message. Nobody makes an image
public by mentioning one that they may not see themselves.

All of it is in the relational database, and costs a text that mentions no image nothing.
"""

import secrets
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import IO

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from forum import directory, images, markup
from forum.errors import NotAllowed, NotFound, SignInNeeded
from forum.images import POSTS
from forum.models import Upload, UploadUse
from forum.permissions import MESSAGES, ForumRules, Reader, can_read, refuse_silenced
from forum.tables import talks
from forum.tables.posts import Post
from forum.tables.threads import Thread

from . import pace

# An image that nothing mentions is thrown away after so long.
UNUSED_LIFE = timedelta(days=1)
# How many are thrown away at a time.
AT_ONCE = 100

Rules = Mapping[str, ForumRules]


# -- Sending --------------------------------------------------------------------------------------


def send(reader: Reader, file: IO[bytes], size: int) -> Upload:
    """Keep an image that somebody sends while they write.

    Refused, TooLarge or Throttled, in words. One Redis round trip and one SQL statement.
    """
    require_sending(reader)
    images.refuse(file, size)
    # What has to be decoded is counted, also if that fails: decoding is what costs.
    pace.take("images", reader, secrets.token_hex(8))
    picture = images.read(file, size)
    name = picture.new_name()
    # The row comes first: a file without one would never be found again.
    upload = Upload.objects.create(
        name=name,
        member_id=reader.id,
        size=len(picture.content),
        width=picture.width,
        height=picture.height,
        expires=timezone.now() + UNUSED_LIFE,
    )
    images.store(POSTS, name, picture.content)
    return upload


def require_sending(reader: Reader) -> None:
    """Raise what keeps the reader from sending any image."""
    if not reader.signed_in:
        raise SignInNeeded(_("Please sign in to send images."))
    refuse_silenced(reader)
    # 0 is none at all, unlike in the rows of other limits.
    if _most(reader) <= 0:
        new = reader.trust == 0
        raise NotAllowed(_("New members cannot send images.") if new else _("This forum takes no images."))


def _most(reader: Reader) -> int:
    return int(settings.NEW_MEMBER_IMAGES_PER_HOUR if reader.trust == 0 else settings.IMAGES_PER_HOUR)


def markdown(upload: Upload, filename: str) -> str:
    """What a text says to show it. Its description is the file's name until its writer finds a better one."""
    words = filename.replace("\\", "/").rpartition("/")[2].rpartition(".")[0] or "image"
    words = " ".join("".join(c if c.isprintable() and c not in "[]\\!`<>" else " " for c in words).split())[:80]
    return f"![{words or 'image'}]({address(upload.name)})"


def address(name: str) -> str:
    return f"/i/{name}.webp"


# -- Which posts show them ------------------------------------------------------------------------


def claim(text: str) -> None:
    """Keep what this text mentions, which is about to be stored. One SQL statement, none without images."""
    if names := markup.images(text):
        Upload.objects.filter(name__in=names, expires__isnull=False).update(expires=None)


def keep(text: str, life: timedelta) -> None:
    """Keep what this text mentions for some time. One SQL statement, none without images."""
    if names := markup.images(text):
        until = timezone.now() + life
        Upload.objects.filter(name__in=names, expires__lt=until).update(expires=until)


def use(author: Reader, text: str, forum: str, thread_id: str, number: int, first_address: str = "") -> None:
    """Note that this post shows the images that its text mentions: those that its author may see. The same again
    changes nothing. Up to three SQL statements, none without images."""
    names = markup.images(text)
    if not names:
        return
    address, rules = first_address or f"{thread_id}/{number}", directory.kept().forums
    found = Upload.objects.filter(name__in=names).prefetch_related("uses")
    uses = [
        UploadUse(upload=upload, address=address, thread_id=thread_id, forum=forum)
        for upload in found
        if may_see(author, upload, rules)
    ]
    UploadUse.objects.bulk_create(uses, ignore_conflicts=True)


def may_see(reader: Reader, upload: Upload, rules: Rules) -> bool:
    """Whether the reader sent it, or may read a forum where a post shows it, or takes part in a conversation that
    does. `rules` are those of all forums."""
    if reader.signed_in and upload.member_id == reader.id:
        return True
    uses = list(upload.uses.all())
    if any(can_read(reader, rules[use.forum]) for use in uses if use.forum in rules):
        return True
    return any(_takes_part(reader, use) for use in uses if use.forum == MESSAGES)


def _takes_part(reader: Reader, use: UploadUse) -> bool:
    """Whether the reader may read the message of a conversation that shows an image. One GetItem."""
    if not reader.signed_in:
        return False
    try:
        people = talks.get_talk(use.thread_id).people
    except NotFound:
        return False
    number = int(use.address.partition("/")[2])
    return people.get(reader.id, number + 1) <= number


def is_public(upload: Upload, rules: Rules) -> bool:
    """Whether everybody may see it."""
    return any(rules[use.forum].public for use in upload.uses.all() if use.forum in rules)


def moved(thread_id: str, forum: str) -> None:
    """All posts of a thread are in this forum from now on. One SQL statement."""
    UploadUse.objects.filter(thread_id=thread_id).update(forum=forum)


def taken(posts: Iterable[Post], head: Thread) -> None:
    """These posts are in this thread from now on. One SQL statement."""
    addresses = [post.first_address for post in posts]
    UploadUse.objects.filter(address__in=addresses).update(thread_id=head.id, forum=head.forum)


# -- Throwing away --------------------------------------------------------------------------------


def release(address: str) -> None:
    """The post of this first address is gone for good: nobody is shown any more what no other post shows, and
    workers remove it in some minutes. One SQL statement, three where it showed any."""
    ids = list(UploadUse.objects.filter(address=address).values_list("upload_id", flat=True))
    if ids:
        UploadUse.objects.filter(address=address).delete()
        Upload.objects.filter(pk__in=ids, uses=None).update(expires=timezone.now())


def release_all(thread_id: str) -> None:
    """As `release`, of all messages of a conversation that nobody takes part in any more."""
    addresses = UploadUse.objects.filter(thread_id=thread_id).values_list("address", flat=True)
    for address in list(addresses.distinct()):
        release(address)


def remove_unused() -> None:
    """Throw away what has been sent and never was used, some at a time."""
    _remove(Upload.objects.filter(expires__lt=timezone.now(), uses=None)[:AT_ONCE])


def remove_all(member_id: str) -> bool:
    """Throw away some of what a member has sent, whoever shows it; whether there may be more."""
    return _remove(Upload.objects.filter(member_id=member_id)[:AT_ONCE]) == AT_ONCE


def disown(member_id: str) -> None:
    """Nothing tells any more who sent what this member has sent; what nothing shows is thrown away."""
    Upload.objects.filter(member_id=member_id, uses=None).update(expires=timezone.now())
    Upload.objects.filter(member_id=member_id).update(member_id="")


def _remove(uploads: Iterable[Upload]) -> int:
    """The file goes first: a row whose file is gone is found again, and not the other way round."""
    removed = 0
    for upload in uploads:
        images.remove(POSTS, upload.name)
        upload.delete()
        removed += 1
    return removed
