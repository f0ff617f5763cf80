"""How to moderate: docs/moderating.md as a page of the administration, where moderators look for it."""

import re
import struct
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.templatetags.static import static
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from forum import markup

from .site import site

TITLE = gettext_lazy("How to moderate")
SOURCE = "docs/moderating.md"
# Where `settings.STATICFILES_DIRS` puts the pictures.
PICTURES = "guide/"

_PICTURE = re.compile(r'<img src="images/([\w.-]+)"')
_HEADING = re.compile(r"\A# .*\n")
# Documents that are for operators are read beside the code.
_DOCUMENT = re.compile(r'<a href="[\w-]+\.md[^"]*">(.*?)</a>')


@cache
def text() -> SafeString:
    """The document without its heading, which the page has; read once in each process."""
    source = (settings.BASE_DIR / SOURCE).read_text(encoding="utf-8")
    page = _DOCUMENT.sub(r"\1", markup.document(_HEADING.sub("", source)))
    return mark_safe(_PICTURE.sub(_picture, page))


def _picture(found: re.Match[str]) -> str:
    """Where it is served, and its size, so that nothing moves when it comes. That stands in a PNG's bytes 16 to 23."""
    path = settings.BASE_DIR / Path(SOURCE).parent / "images" / found[1]
    width, height = struct.unpack(">II", path.read_bytes()[16:24])
    return f'<img loading="lazy" width="{width}" height="{height}" src="{static(PICTURES + found[1])}"'


@require_safe
def guide_page(request: HttpRequest) -> HttpResponse:
    """The same for everybody who is let in. No call of DynamoDB's, no SQL of its own."""
    context: dict[str, Any] = {**admin.site.each_context(request), "title": TITLE, "text": text()}
    return TemplateResponse(request, "admin/forum/guide.html", context)


site.add_page(
    "guide/", guide_page, name="guide", title=TITLE, section=gettext_lazy("Moderation"), may=lambda request: True
)
