"""What stands below a post: its likes for all, and what the one reader may do with it. For `holes`.

There is one of these at each post of a page, so they are made of strings and not by a template, hold no icons
(the style sheet draws them), and all send the one form that `reactions` puts on the page. What the reader has
done with the page's posts is asked once for all of them, and only when the page is filled for the reader: what
is then kept rests on the account, which every like and bookmark renews.
"""

from html import escape
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import npgettext, pgettext

from forum import wording
from forum.errors import Unavailable
from forum.permissions import can_like, can_post, can_solve
from forum.tables import reactions as stored
from forum.tables.reactions import BOOKMARK, LIKE

if TYPE_CHECKING:
    from .holes import Reading

FORM = "reactions"
# Where in a request's META it is noted that a store could not say what belongs into the page: not to be kept.
INCOMPLETE = "forum.incomplete"

_BUTTON = (
    '<button class="act act-{kind}" form="' + FORM + '" formaction="{url}" name="on" value="{value}" '
    'aria-pressed="{pressed}" title="{title}"><span class="act-word">{word}</span>'
    '<span class="visually-hidden"> {post}</span></button>'
)
_QUOTE = (
    '<a class="act act-quote" href="/f/{name}/{thread_id}/reply/?quote={number}" rel="nofollow" data-quote>'
    '<span class="act-word">{word}</span><span class="visually-hidden"> {post}</span></a>'
)
_COUNT = (
    '<a class="act-count" href="{base}/likes/" rel="nofollow" title="{title}"{hidden}>'
    '<span class="act-number">{likes}</span><span class="act-likes"> {noun}</span>'
    '<span class="visually-hidden"> {post}</span></a>'
)


def post_acts(
    reading: "Reading",
    thread_id: str,
    number: str,
    author_id: str,
    likes: str,
    address: str,
    thread_author_id: str,
    solved: str,
    archived: str,
    locked: str = "",
) -> str:
    """The likes of a post, and the reader's buttons; `address` is where the post was written, `solved` the number
    of the thread's answer."""
    rules = reading.forum_of_page()
    if rules is None:
        return ""
    base = f"/f/{rules.name}/{thread_id}/{number}"
    reader, closed = reading.reader, archived == "True"
    count = _count(base, number, int(likes))
    if not reader.signed_in:
        return count if int(likes) else ""
    mine = _mine(reading)
    likable = not closed and can_like(reader, rules, author_id)
    shown = _button("like", base, number, (address, LIKE) in mine) if likable else ""
    if likable or int(likes):
        shown += count
    shown += _button("bookmark", base, number, (address, BOOKMARK) in mine)
    if not closed and locked != "True" and can_post(reader, rules):
        words = {"word": escape(pgettext("verb", "Quote")), "post": _post(number)}
        shown += _QUOTE.format(name=rules.name, thread_id=thread_id, number=number, **words)
    if not closed and number != "1" and can_solve(reader, rules, thread_author_id):
        shown += _button("answer", base, number, number == solved)
    return shown


def _words(kind: str) -> tuple[str, str]:
    """What a button says, and its title."""
    if kind == "like":
        return pgettext("verb", "Like"), _("Tell that you like it")
    if kind == "bookmark":
        return pgettext("verb", "Bookmark"), _("Keep it in your bookmarks")
    return _("Answer"), _("Mark it as what answers the thread")


def _post(number: str) -> str:
    """What a button or a link is about, for those who hear it."""
    return escape(_("post %(number)s") % {"number": number})


def _button(kind: str, base: str, number: str, on: bool) -> str:
    word, title = _words(kind)
    return _BUTTON.format(
        kind=kind,
        url=f"{base}/{kind}/",
        value="0" if on else "1",
        pressed="true" if on else "false",
        title=escape(title),
        word=escape(word),
        post=_post(number),
    )


def _count(base: str, number: str, likes: int) -> str:
    """The number of likes as a link to who gave them; without any it is there to be shown by the script."""
    return _COUNT.format(
        base=base,
        title=escape(_("Who likes this")),
        likes=wording.number(likes),
        noun=escape(noun(likes)),
        post=escape(_("for post %(number)s") % {"number": number}),
        hidden="" if likes else " hidden",
    )


def noun(likes: int) -> str:
    """What stands after a number of likes."""
    return npgettext("after their number", "like", "likes", likes)


def _mine(reading: "Reading") -> set[tuple[str, str]]:
    """What the reader has done with the posts of this page. One Query, the first time that it is asked."""
    if reading.mine is None:
        posts = [arguments for name, arguments in reading.holes if name == post_acts.__name__]
        try:
            reading.mine = stored.list_mine(reading.reader.id, posts[0][0], [each[4] for each in posts])
        except Unavailable:
            # The page is worth more than which buttons are pressed; it is asked again the next time.
            reading.mine = set()
            reading.request.META[INCOMPLETE] = True
    return reading.mine


def reactions(reading: "Reading") -> str:
    """The form that the buttons of all posts send."""
    return reading.show("reactions", form_id=FORM, one=noun(1), many=noun(2)) if reading.reader.signed_in else ""
