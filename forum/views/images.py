"""Images in posts: sending them while writing, and showing them.

An image is answered to those who may read a post that shows it. What everybody may see can be kept by browsers and
proxies for good, since nothing else will ever be at its address; what only some may see their browsers keep for an
hour. Nothing of it is ever a page: its type is fixed, and a browser that takes it for one may run nothing.
"""

from collections.abc import Callable
from typing import TypeVar

from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from forum import images, readers
from forum.actions import picturing
from forum.errors import BadRequest, ForumError, NotFound, Refused, Throttled, TooLarge
from forum.models import Upload
from forum.permissions import Reader
from forum.uploads import MOST_FILES, TOO_MANY

from .errors import translated

FOR_GOOD = "public, max-age=31536000, immutable"
FOR_AN_HOUR = "private, max-age=3600"
# The field of files that are sent with a text, and the one of what the script sends while somebody writes.
FIELD = "images"
ONE = "image"

AnyForm = TypeVar("AnyForm", bound=Form)


# -- Showing --------------------------------------------------------------------------------------


@require_safe
def image(request: HttpRequest, image_name: str) -> HttpResponse:
    """One round trip, two SQL queries; none of it where the browser has kept it."""
    basis = readers.fresh(request)
    upload = Upload.objects.filter(name=image_name).prefetch_related("uses").first()
    rules = basis.directory.forums
    if upload is None or not picturing.may_see(basis.reader, upload, rules):
        raise NotFound(_("There is no such image."))
    return answer(request, images.POSTS, image_name, FOR_GOOD if picturing.is_public(upload, rules) else FOR_AN_HOUR)


@require_safe
def avatar(request: HttpRequest, image_name: str) -> HttpResponse:
    """A member's picture, which everybody may see. It asks nobody."""
    return answer(request, images.AVATARS, image_name, FOR_GOOD)


def answer(request: HttpRequest, folder: str, name: str, kept: str) -> HttpResponse:
    """The file, with this `Cache-Control`; where a bucket holds it, the way there."""
    response: HttpResponse
    if elsewhere := images.elsewhere(folder, name):
        response = HttpResponseRedirect(elsewhere)
        kept = "private, max-age=1800"
    elif request.headers.get("If-None-Match") == f'"{name}"':
        response = HttpResponse(status=304)
    else:
        content = images.load(folder, name)
        if content is None:
            raise NotFound(_("There is no such image."))
        response = HttpResponse(content, content_type=images.CONTENT_TYPE)
    response["Cache-Control"] = kept
    response["ETag"] = f'"{name}"'
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    return response


# -- Sending --------------------------------------------------------------------------------------


@require_POST
def send(request: HttpRequest) -> HttpResponse:
    """An image for the text that is being written, in the field `image`: `{"markdown": "![cat](/i/….webp)"}` or
    `{"error": "…"}` with the status of the error."""
    try:
        file = request.FILES.get(ONE)
        if file is None:
            raise BadRequest(_("There is no image in this form."))
        upload = picturing.send(readers.fresh(request).reader, file, file.size or 0)
    except Exception as failure:
        error = translated(failure)
        if error is None:
            raise
        return _refusal(error)
    return JsonResponse({"markdown": picturing.markdown(upload, file.name or "")}, status=201)


def _refusal(error: ForumError) -> HttpResponse:
    response = JsonResponse({"error": error.message}, status=error.status)
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    return response


def with_images(request: HttpRequest, reader: Reader, form_of: Callable[[QueryDict], AnyForm]) -> AnyForm:
    """The form as it was sent, with the images that came along at the end of its text. What is wrong with one is an
    error of the form, so that it comes back, with the text and the other images in it."""
    problems = _attached(request, reader)
    form = form_of(request.POST)
    if problems and form.is_valid() is not None:
        for problem in problems:
            form.add_error(None, problem)
    return form


def _attached(request: HttpRequest, reader: Reader) -> list[str]:
    """Store what came along and mention it in the text; what was wrong, in a sentence for each file."""
    files = request.FILES.getlist(FIELD)
    problems = (
        [_("At most %(most)s images can be sent at once.") % {"most": MOST_FILES}] if request.META.get(TOO_MANY) else []
    )
    for file in files:
        try:
            upload = picturing.send(reader, file, file.size or 0)
        except (Refused, TooLarge, Throttled) as error:
            problems.append(f"{file.name}: {error.message}")
        else:
            _append(request, picturing.markdown(upload, file.name or ""))
    return problems


def _append(request: HttpRequest, words: str) -> None:
    """As if it had been typed, so that whatever becomes of the text has it."""
    sent = request.POST.copy()
    body = str(sent.get("body", "")).rstrip()
    sent["body"] = f"{body}\n\n{words}\n" if body else f"{words}\n"
    request.POST = sent  # type: ignore[assignment]
