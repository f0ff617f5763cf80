"""What only the API can say: which fields of a request's JSON are wrong."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from forum.errors import ForumError


class Invalid(ForumError):
    """What was sent has another shape than the API takes; `fields` are the complaints by field."""

    status = 422
    heading = gettext_lazy("Something of what was sent is not right")

    def __init__(self, fields: dict[str, list[str]]) -> None:
        super().__init__(" ".join(f"{name}: {' '.join(words)}" for name, words in fields.items()))
        self.fields = fields


def of_pydantic(errors: list[dict[str, Any]]) -> Invalid:
    """What pydantic complains of, by field: without where it came from (`body`, `query`) and what the parameter is
    called here."""
    fields: dict[str, list[str]] = {}
    for error in errors:
        place = [str(part) for part in error.get("loc", ()) if part not in ("body", "query", "path", "sent")]
        fields.setdefault(".".join(place) or "body", []).append(str(error.get("msg", _("This is not right."))))
    return Invalid(fields)
