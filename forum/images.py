"""Pictures that members send, and where they are kept. Whatever comes in, what is kept was made here.

A file is what its content says, never its name or what the browser called it. It is decoded, turned the way up
that its camera noted, scaled down and written anew as WebP, so that nothing is left of what else it held: places,
times, devices, thumbnails, comments, scripts behind the last pixel. Of an animation the first picture stays.

Files lie in Django's storage `default`, at `<folder>/<two characters>/<name>.webp`. A name has 128 random bits, and
says how large the picture is: `markup` writes that into its tag without asking anybody.

Memory: a picture of `settings.IMAGE_PIXELS` takes four bytes for each, and one is decoded at a time.
"""

import logging
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from PIL import Image, ImageOps, UnidentifiedImageError

from .errors import Refused, TooLarge, Unavailable

log = logging.getLogger(__name__)

POSTS, AVATARS = "images", "avatars"
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
CONTENT_TYPE = "image/webp"
ACCEPT = "image/jpeg,image/png,image/webp,image/gif"
# The longer side, in pixels, of what is kept; of an avatar both.
MOST_SIDE = 2048
AVATAR_SIDE = 256
QUALITY = 82
# What is drawn stays sharp at the last pixel, as long as that takes no more bytes than this.
LOSSLESS_BYTES = 600_000

NO_IMAGE = gettext_noop("This is not an image that can be shown here. JPEG, PNG, WebP and GIF can.")
BROKEN = gettext_noop("This image is broken: it cannot be read to its end. Please save it again and try once more.")

# How many pixels are too many is said here, in words of ours.
Image.MAX_IMAGE_PIXELS = None
_decoding = threading.Lock()


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it will be kept; its sides in pixels."""

    content: bytes
    width: int
    height: int

    def new_name(self) -> str:
        """A name that nobody can guess: "<32 hexadecimal digits>-<width>x<height>"."""
        return f"{secrets.token_hex(16)}-{self.width}x{self.height}"


def read(file: IO[bytes], size: int) -> Picture:
    """The picture in a file of `size` bytes. TooLarge or Refused, in words for whoever sent it."""
    return _read(file, size, square=0)


def read_avatar(file: IO[bytes], size: int) -> Picture:
    """The middle of the picture as a square. TooLarge or Refused."""
    return _read(file, size, square=AVATAR_SIDE)


def refuse(file: IO[bytes], size: int) -> None:
    """Raise TooLarge or Refused for what `read` would refuse without decoding anything, which costs next to nothing."""
    with _opened(file, size):
        pass
    file.seek(0)


def _read(file: IO[bytes], size: int, square: int) -> Picture:
    with _decoding, _opened(file, size) as image:
        return _written(_upright(image, square), drawn=image.format in ("PNG", "GIF"))


@contextmanager
def _opened(file: IO[bytes], size: int) -> Iterator[Image.Image]:
    """The picture in a file, of which only the head has been read; what goes wrong with it inside is Refused, too."""
    refuse_size(size)
    try:
        with Image.open(file, formats=FORMATS) as image:
            _refuse_pixels(image)
            yield image
    except (TooLarge, Refused):
        raise
    except UnidentifiedImageError:
        raise Refused(_(NO_IMAGE)) from None
    except Exception as error:
        # A damaged or malicious file may make its reader fail in any way.
        log.info("An image could not be read: %s", error)
        raise Refused(_(BROKEN)) from error


def refuse_size(size: int) -> None:
    """TooLarge where a file has more bytes than the settings allow."""
    if size > settings.IMAGE_BYTES:
        raise TooLarge(
            _("This image has %(size)s; %(most)s is the most. Please make it smaller.")
            % {"size": in_mb(size), "most": in_mb(settings.IMAGE_BYTES)}
        )


def in_mb(size: int) -> str:
    return f"{size / 1_000_000:.3g} MB"


def _refuse_pixels(image: Image.Image) -> None:
    """What is in a file of some kilobytes can fill the memory of a server, so this comes before decoding."""
    width, height = image.size
    if width * height > settings.IMAGE_PIXELS:
        most = settings.IMAGE_PIXELS // 1_000_000
        raise TooLarge(
            _("This image has %(width)s × %(height)s pixels; %(most)s million is the most. Please make it smaller.")
            % {"width": width, "height": height, "most": most}
        )


def _upright(image: Image.Image, square: int) -> Image.Image:
    """The first picture of a file, decoded, in its place and size."""
    # A large photograph is decoded to what is needed of it. Nothing happens to other formats.
    image.draft("RGB", (MOST_SIDE, MOST_SIDE))
    image.load()
    has_alpha = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    turned: Image.Image = ImageOps.exif_transpose(image)
    turned = turned.convert("RGBA" if has_alpha else "RGB")
    if square:
        return ImageOps.fit(turned, (square, square))
    turned.thumbnail((MOST_SIDE, MOST_SIDE))
    return turned


def _written(image: Image.Image, drawn: bool) -> Picture:
    """Only pixels are taken over: a new picture has no other information."""
    bare = Image.new(image.mode, image.size)
    bare.paste(image)
    content = _webp(bare, lossless=True, quality=40, method=2) if drawn else b""
    if not content or len(content) > LOSSLESS_BYTES:
        content = _webp(bare, quality=QUALITY, method=4)
    return Picture(content, *bare.size)


def _webp(image: Image.Image, **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, "WEBP", **options)
    return file.getvalue()


# -- Where they are kept --------------------------------------------------------------------------


def path(folder: str, name: str) -> str:
    return f"{folder}/{name[:2]}/{name}.webp"


def store(folder: str, name: str, content: bytes) -> None:
    """Unavailable where the storage fails."""
    try:
        default_storage.save(path(folder, name), ContentFile(content))
    except Exception as error:
        # Each kind of storage has errors of its own.
        log.warning("An image could not be stored: %s", error)
        raise Unavailable(_("Images cannot be stored for a moment. Please try again shortly.")) from error


def load(folder: str, name: str) -> bytes | None:
    """The content of a file; None where there is none. Unavailable where the storage fails."""
    try:
        with default_storage.open(path(folder, name)) as file:
            content: bytes = file.read()
            return content
    except FileNotFoundError:
        return None
    except Exception as error:
        log.warning("An image could not be read from its storage: %s", error)
        raise Unavailable(_("Images cannot be shown for a moment.")) from error


def elsewhere(folder: str, name: str) -> str:
    """Where a browser gets the file from for an hour, if that is not this site; else ""."""
    return default_storage.url(path(folder, name)) if settings.S3_BUCKET else ""


def remove(folder: str, name: str) -> None:
    """Unavailable where the storage fails; nothing where there is no such file."""
    try:
        default_storage.delete(path(folder, name))
    except Exception as error:
        log.warning("An image could not be removed: %s", error)
        raise Unavailable(_("Images cannot be removed for a moment.")) from error
