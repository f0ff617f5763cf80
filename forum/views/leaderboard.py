"""Leaderboards: who wrote most, was liked most and answered most, with the reader's own place.

It is another page after every post and for every reader, so it is not kept; it costs one round trip at any size.
"""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from forum.directory import Directory
from forum.errors import BadRequest, Unavailable
from forum.forms import page_number
from forum.permissions import Reader
from forum.pulse import boards
from forum.redis import Down
from forum.tables.tallies import LIKES, POSTS, SOLVED

from .caching import Plan, answer, render
from .pulse_rows import places
from .rows import Authors

URL = "/leaderboard/"
PER_PAGE = 50
MOST_PAGES = 200

MEASURES = {POSTS: gettext_lazy("Posts"), LIKES: gettext_lazy("Likes"), SOLVED: gettext_lazy("Answers")}
PERIODS = {
    "day": gettext_lazy("Today"),
    "week": gettext_lazy("This week"),
    "month": gettext_lazy("This month"),
    "ever": gettext_lazy("Ever"),
}


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Fifty places. One Redis round trip, one SQL query for the names."""
    measure, period = request.GET.get("of", POSTS), request.GET.get("in", "month")
    if measure not in MEASURES or period not in PERIODS:
        raise BadRequest(_("There is no such leaderboard."), [(_("Leaderboard"), URL)])
    number = page_number(request.GET.get("page"))
    if number > MOST_PAGES:
        raise BadRequest(_("The leaderboard does not go on so far."), [(_("Leaderboard"), URL)])

    def plan(directory: Directory, reader: Reader) -> Plan:
        return Plan("", URL, [], lambda __: _rendered(reader, measure, period, number))

    return answer(request, plan)


def _rendered(reader: Reader, measure: str, period: str, number: int) -> str:
    first = (number - 1) * PER_PAGE
    try:
        board, since = boards.get_board(measure, period, first, PER_PAGE, reader.id)
    except Down as error:
        raise Unavailable(_("The leaderboard cannot be had at this moment. Please try again.")) from error
    authors = Authors(each.member_id for each in board.standings)
    last = min(-(-board.count // PER_PAGE), MOST_PAGES)
    return render(
        "forum/leaderboard.html",
        measures=[(str(name), _url(key, period), key == measure) for key, name in MEASURES.items()],
        periods=[(str(name), _url(measure, key), key == period) for key, name in PERIODS.items()],
        measure=measure,
        places=places(board.standings, authors),
        count=board.count,
        own=board.own,
        own_url=_url(measure, period, (board.own.rank - 1) // PER_PAGE + 1) if board.own else "",
        reader_id=reader.id,
        since=since,
        previous_url=_url(measure, period, number - 1) if number > 1 else "",
        next_url=_url(measure, period, number + 1) if number < last else "",
    )


def _url(measure: str, period: str, page: int = 1) -> str:
    return f"{URL}?of={measure}&in={period}" + (f"&page={page}" if page > 1 else "")
