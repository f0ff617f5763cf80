"""Voting: the form below a poll says which options are to be the reader's, all at once, so that sending it twice is
sending it once."""

import re

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from forum import links
from forum.actions import voting
from forum.errors import BadRequest

from .places import place, post_at

_OPTION = re.compile(r"[0-9]", re.ASCII)


@require_http_methods(["GET", "HEAD", "POST"])
def vote(request: HttpRequest, name: str, thread_id: str, number: int) -> HttpResponse:
    """Vote, vote otherwise, or take it back. GetItem of the head, of the post and of the vote; one transaction."""
    if request.method != "POST":
        # Who had to sign in first comes back by GET, to look at the poll once more.
        return HttpResponseRedirect(links.post(thread_id, number))
    reader, forum = place(request, name)
    head, post = post_at(forum, thread_id, number)
    sent = [] if request.POST.get("back") else request.POST.getlist("choice")
    if not (sent or request.POST.get("back")):
        raise BadRequest(_("Please choose an option first."), [(_("Back to the poll"), links.place(head, number))])
    if not all(_OPTION.fullmatch(each) for each in sent):
        raise BadRequest(_("This poll has no such option. Please look at it once more."))
    voting.vote(reader, forum, head, post, sorted({int(each) for each in sent}))
    return HttpResponseRedirect(links.place(head, number))
