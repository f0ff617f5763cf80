"""Acting as the pages do: the same actions, and the same rules, with the words of a request's JSON for a form's."""

from datetime import date
from typing import Annotated, Any, TypeVar

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from ninja import Schema, Status
from ninja.params.functions import Query
from pydantic import Field

from forum import links
from forum.actions import moderating, posting, reacting, voting, watching
from forum.forms import NOTE_MOST, EditForm, NoteForm, ReplyForm
from forum.permissions import ForumRules, Reader, moderates
from forum.programs import MODERATE
from forum.tables import bookmarks, polls, posts, threads
from forum.tables.posts import Post
from forum.tables.threads import Thread
from forum.views.poll_forms import DAYS_MOST, OPTION_MOST, OPTIONS_LEAST, OPTIONS_MOST, PREFIX, QUESTION_MOST, StartForm

from . import shapes
from .door import Caller, nonce
from .errors import Invalid
from .reading import caller_of, found, poll_of
from .routes import MODERATING, WRITING, router
from .shapes import PollShape, PostShape, Problem, ThreadShape

THREADS = "/forums/{forum:name}/threads"
THREAD = THREADS + "/{thread:thread_id}"
POST = THREAD + "/posts/{number:number}"
# What writing may answer: it is made, or it waits for a moderator's approval.
KeyHeader = {"parameters": [{"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}}]}
F = TypeVar("F", bound=Form)


class NewPoll(Schema):
    question: str = Field(description=f"Up to {QUESTION_MOST} characters.")
    options: list[Annotated[str, Field(pattern=r"^[^\r\n]*$")]] = Field(
        description=f"{OPTIONS_LEAST} to {OPTIONS_MOST}, of one line and up to {OPTION_MOST} characters each."
    )
    several: bool = Field(False, description="Whether one may choose more than one.")
    shows: str = Field(polls.ALWAYS, description="When the results are shown: always, voted (once you have) or closed.")
    closes: date | None = Field(None, description=f"The last day (UTC) to vote, within {DAYS_MOST} days.")


class NewThread(Schema):
    title: str
    body: str = Field(description="Markdown, up to 40,000 characters.")
    tags: list[str] = []
    poll: NewPoll | None = None


class NewPost(Schema):
    body: str = Field(description="Markdown, up to 40,000 characters.")


class Edit(Schema):
    body: str
    revision: int = Field(ge=0, description="Of the text that you have changed; 409 where there is another by now.")
    title: str | None = Field(None, description="Of the thread, with its first post.")
    tags: list[str] | None = Field(None, description="Of the thread, with its first post; all that it is to have.")
    reason: str = Field("", max_length=500, description="Why, where it is somebody else's post.")


class Reason(Schema):
    reason: str = ""


class Watch(Schema):
    level: str = Field(description="watching, normal or muted.")


class Kept(Schema):
    note: str | None = Field(None, description=f"Nobody but you can read it; up to {NOTE_MOST} characters.")


class Likes(Schema):
    likes: int


class Choices(Schema):
    options: list[int] = Field(min_length=1, max_length=10, description="The numbers of all that you choose.")


# -- Posting --------------------------------------------------------------------------------------


@router.post(THREADS, response={201: ThreadShape, 202: Problem}, openapi_extra=KeyHeader, tags=[WRITING])
def start_thread(request: HttpRequest, response: HttpResponse, name: str, sent: NewThread) -> Status[ThreadShape]:
    """Start a thread. With an Idempotency-Key it can be sent again without a second one."""
    caller = caller_of(request)
    reader, forum = caller.acts_at(name)
    posting.require_posting(reader, forum)
    asked = {f"{PREFIX}{name}": value for name, value in (sent.poll or ())}
    form = StartForm({"title": sent.title, "body": sent.body, "tags": sent.tags, **asked})
    # A page sends it empty where no poll is wanted.
    form.fields[f"{PREFIX}question"].required = sent.poll is not None
    clean, key = _clean(form), nonce(caller, reader, forum.shards)
    thread = posting.start_thread(reader, forum, clean["title"], clean["body"], key, clean["tags"], form.poll)
    response["Location"] = links.absolute(f"/api/forums/{thread.forum}/threads/{thread.id}")
    return Status(201, shapes.thread_of(thread))


@router.post(THREAD + "/posts", response={201: PostShape, 202: Problem}, openapi_extra=KeyHeader, tags=[WRITING])
def reply(request: HttpRequest, response: HttpResponse, name: str, thread_id: str, sent: NewPost) -> Status[PostShape]:
    """Reply in a thread. With an Idempotency-Key it can be sent again without a second post."""
    caller = caller_of(request)
    reader, forum = caller.acts_at(name)
    posting.require_posting(reader, forum)
    clean = _clean(ReplyForm({"body": sent.body}))
    thread, number = posting.reply(reader, forum, thread_id, clean["body"], nonce(caller, reader))
    response["Location"] = links.absolute(f"/api/forums/{name}/threads/{thread_id}/posts/{number}")
    return Status(201, _shown(threads.get_thread(name, thread.id), number))


@router.patch(POST, response=PostShape, tags=[WRITING])
def edit(request: HttpRequest, name: str, thread_id: str, number: int, sent: Edit) -> PostShape:
    """Change a post of yours; as a moderator anybody's, with a token that may moderate."""
    reader, forum, head, post = _place(request, name, thread_id, number)
    posting.require_change(reader, forum, head, post)
    first = number == 1
    fields: dict[str, Any] = {"body": sent.body, "revision": sent.revision}
    if first:
        fields |= {"title": head.title if sent.title is None else sent.title, "tags": sent.tags or []}
    clean = _clean(EditForm(fields, first=first))
    names = clean.get("tags") if sent.tags is not None else None
    posting.edit(reader, forum, head, post, clean["revision"], clean["body"], clean.get("title"), names, sent.reason)
    return _shown(threads.get_thread(name, thread_id), number)


@router.delete(POST, response={204: None}, tags=[WRITING])
def delete(
    request: HttpRequest, name: str, thread_id: str, number: int, reason: str = Query("", max_length=500)
) -> Status[None]:
    """Delete a post of yours; as a moderator anybody's, with a reason and a token that may moderate."""
    reader, forum, head, post = _place(request, name, thread_id, number)
    if post.user_id != reader.id and moderates(reader, forum):
        caller_of(request).require(MODERATE)
        moderating.delete_post(reader, forum, head, post, reason)
    else:
        posting.delete(reader, forum, head, post)
    return Status(204, None)


def _clean(form: F) -> dict[str, Any]:
    """What a form makes of it; Invalid where it does not take it."""
    if not form.is_valid():
        said = form.errors.items()
        raise Invalid({name.replace(PREFIX, "poll."): [str(error) for error in errors] for name, errors in said})
    return form.cleaned_data


def _place(request: HttpRequest, name: str, thread_id: str, number: int) -> tuple[Reader, ForumRules, Thread, Post]:
    """Who acts, and on what. GetItem of the head and of the post."""
    caller: Caller = caller_of(request)
    reader, forum = caller.acts_at(name)
    head = found(name, thread_id, caller.directory, reader)
    moderating.refuse_moved(head, number=number)
    return reader, forum, head, posts.get_post_of(head, number)


def _shown(head: Thread, number: int) -> PostShape:
    return shapes.posts_of([posts.get_post_of(head, number)]).items[0]


# -- Likes, bookmarks, watching -------------------------------------------------------------------


@router.put(POST + "/like", response=Likes, tags=[WRITING])
def like(request: HttpRequest, name: str, thread_id: str, number: int) -> Likes:
    """Like a post. What is so already stays so."""
    return Likes(likes=reacting.set_like(*_place(request, name, thread_id, number), True))


@router.delete(POST + "/like", response=Likes, tags=[WRITING])
def unlike(request: HttpRequest, name: str, thread_id: str, number: int) -> Likes:
    """Take a like back."""
    return Likes(likes=reacting.set_like(*_place(request, name, thread_id, number), False))


@router.put(POST + "/bookmark", response={204: None}, tags=[WRITING])
def bookmark(request: HttpRequest, name: str, thread_id: str, number: int, sent: Kept | None = None) -> Status[None]:
    """Keep a post in your bookmarks, with a note of your own if you like. What is so already stays so."""
    note = _clean(NoteForm({"note": sent.note}))["note"] if sent is not None and sent.note is not None else None
    reader, _, head, post = _place(request, name, thread_id, number)
    reacting.set_bookmark(reader, head, post, True)
    if note is not None:
        reacting.write_note(reader, bookmarks.get_bookmark(reader.id, post.first_address), note)
    return Status(204, None)


@router.delete(POST + "/bookmark", response={204: None}, tags=[WRITING])
def remove_bookmark(request: HttpRequest, name: str, thread_id: str, number: int) -> Status[None]:
    """Take a post out of your bookmarks."""
    reader, _, head, post = _place(request, name, thread_id, number)
    reacting.set_bookmark(reader, head, post, False)
    return Status(204, None)


@router.put(THREAD + "/watch", response={204: None}, tags=[WRITING])
def watch_thread(request: HttpRequest, name: str, thread_id: str, sent: Watch) -> Status[None]:
    """Watch a thread, mute it, or neither."""
    caller = caller_of(request)
    reader, _ = caller.acts_at(name)
    watching.watch_thread(reader, found(name, thread_id, caller.directory, reader), sent.level)
    return Status(204, None)


@router.put("/forums/{forum:name}/watch", response={204: None}, tags=[WRITING])
def watch_forum(request: HttpRequest, name: str, sent: Watch) -> Status[None]:
    """Watch a forum, mute it, or neither."""
    reader, _ = caller_of(request).acts_at(name)
    watching.watch_forum(reader, name, sent.level)
    return Status(204, None)


# -- Polls ----------------------------------------------------------------------------------------


@router.put(POST + "/poll/vote", response=PollShape, tags=[WRITING])
def vote(request: HttpRequest, name: str, thread_id: str, number: int, sent: Choices) -> PollShape:
    """Vote in the poll of a post: these options are yours then, and no others."""
    return _vote(request, name, thread_id, number, sorted(set(sent.options)))


@router.delete(POST + "/poll/vote", response=PollShape, tags=[WRITING])
def take_vote_back(request: HttpRequest, name: str, thread_id: str, number: int) -> PollShape:
    """Take your vote back."""
    return _vote(request, name, thread_id, number, [])


def _vote(request: HttpRequest, name: str, thread_id: str, number: int, chosen: list[int]) -> PollShape:
    reader, forum, head, post = _place(request, name, thread_id, number)
    voting.vote(reader, forum, head, post, chosen)
    return poll_of(posts.get_post_of(threads.get_thread(name, thread_id), number), reader)


# -- Moderating -----------------------------------------------------------------------------------


@router.post(POST + "/hide", response={204: None}, tags=[MODERATING])
def hide(request: HttpRequest, name: str, thread_id: str, number: int, sent: Reason) -> Status[None]:
    """Take a post out of readers' sight, for a reason that they are shown."""
    caller_of(request).require(MODERATE)
    reader, forum, head, post = _seen_by_moderators(request, name, thread_id, number)
    moderating.hide_post(reader, forum, head, post, sent.reason)
    return Status(204, None)


@router.post(POST + "/show", response={204: None}, tags=[MODERATING])
def show(request: HttpRequest, name: str, thread_id: str, number: int, sent: Reason) -> Status[None]:
    """Show a hidden post again."""
    caller_of(request).require(MODERATE)
    reader, forum, head, post = _seen_by_moderators(request, name, thread_id, number)
    moderating.show_post(reader, forum, head, post, sent.reason)
    return Status(204, None)


def _seen_by_moderators(
    request: HttpRequest, name: str, thread_id: str, number: int
) -> tuple[Reader, ForumRules, Thread, Post]:
    """As `_place`, also in a thread that is hidden."""
    reader, forum = caller_of(request).acts_at(name, MODERATE)
    moderating.require_moderator(reader, forum)
    head = threads.get_thread(name, thread_id)
    return reader, forum, head, posts.get_post_of(head, number)
