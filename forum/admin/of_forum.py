"""What the lists of one forum at a time have in common: who may open them, and the choice of the forum."""

from collections.abc import Sequence
from typing import TypeVar

from django.http import HttpRequest
from django.utils.translation import gettext as _

from .dynamo import Chosen, DynamoAdmin, Filter
from .post_acts import may_see_some
from .site import forums_seen, seen_forum

Item = TypeVar("Item")
Row = TypeVar("Row")


class OfForum(DynamoAdmin[Item, Row]):
    """A list of one of the forums that its reader may see, of the first where none is named."""

    def may(self, request: HttpRequest) -> bool:
        return may_see_some(request)

    def choose(self, request: HttpRequest) -> Chosen:
        forums = forums_seen(request)
        name = request.GET.get("forum", "") or (forums[0].name if forums else "")
        return {"forum": seen_forum(request, name).name} if name else {}

    def filters(self, request: HttpRequest) -> Sequence[Filter]:
        return [Filter("forum", _("forum"), [(rules.name, rules.title) for rules in forums_seen(request)])]
