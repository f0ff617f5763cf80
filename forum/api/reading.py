"""Forums, threads, posts, members and tags. Kept under the tags of the pages that show the same, at the same cost."""

from collections.abc import Collection, Iterable

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from ninja.params.functions import Query

from forum import links
from forum.cache import tags
from forum.cache.pages import Written
from forum.directory import Directory
from forum.errors import BadRequest, NotFound
from forum.forms import page_number
from forum.links import THREADS_PER_PAGE
from forum.permissions import ANONYMOUS, Reader
from forum.tables import posts, threads, votes
from forum.tables.keys import cursor, read_cursor, read_thread_cursor
from forum.tables.posts import Post
from forum.tables.threads import Thread
from forum.views import members, tagged
from forum.views.caching import Plan
from forum.views.reading import audience

from . import shapes
from .door import Caller
from .routes import READING, router
from .shapes import JSON, Forums, ForumShape, Member, PollShape, Posts, PostShape, Tags, Threads, ThreadShape, kept

MOST_POSTS = 100


def caller_of(request: HttpRequest) -> Caller:
    caller: Caller = request.auth  # type: ignore[attr-defined]
    return caller


@router.get("/forums", response=Forums, tags=[READING])
def list_forums(request: HttpRequest) -> Forums:
    """The forums that you may read, in their order."""
    caller = caller_of(request)
    reader = caller.at_door
    return Forums(items=[shapes.forum_of(rules) for rules in caller.directory.readable(reader)])


@router.get("/forums/{forum:name}", response=ForumShape, tags=[READING])
def get_forum(request: HttpRequest, name: str) -> ForumShape:
    return shapes.forum_of(caller_of(request).at(name)[1])


@router.get("/forums/{forum:name}/threads", response=Threads, tags=[READING])
def list_threads(request: HttpRequest, name: str, before: str = "") -> HttpResponse:
    """A forum's threads by last activity, the pinned ones first, 30 at a time."""
    since = read_cursor(before) if before else ""

    def plan(directory: Directory, reader: Reader) -> Plan:
        rules = directory.get(name, reader)

        def body(__: Written) -> str:
            found = threads.list_by_activity(name, rules.shards, THREADS_PER_PAGE + 1, since)
            shown = found[:THREADS_PER_PAGE]
            last = shown[-1].last_post_timestamp or "" if len(found) > len(shown) else ""
            return shapes.as_json(shapes.threads_of(_heard(shown, reader), _next(request, last)))

        return Plan("" if before else f"api-threads:{rules.read_access}", "", [tags.forum(name)], body, JSON)

    return kept(request, plan)


@router.get("/forums/{forum:name}/posts", response=Posts, tags=[READING])
def list_newest_posts(request: HttpRequest, name: str, before: str = "") -> HttpResponse:
    """A forum's posts that can be read, newest first, up to 20 at a time."""
    since = read_cursor(before) if before else ""

    def plan(directory: Directory, reader: Reader) -> Plan:
        rules = directory.get(name, reader)

        def body(__: Written) -> str:
            found = posts.list_of_forum(name, rules.shards, links.POSTS_PER_PAGE + 1, since)
            return _feed(request, found, {name}, reader.ignored)

        return Plan("" if before else f"api-latest:{rules.read_access}", "", [tags.latest(name)], body, JSON)

    return kept(request, plan)


def _heard(heads: Iterable[Thread], reader: Reader) -> list[Thread]:
    """Without the threads that were begun by members whom the reader ignores, as in lists on pages."""
    return [head for head in heads if head.user_id not in reader.ignored]


def _feed(request: HttpRequest, found: list[Post], forums: set[str], ignored: Collection[str] = ()) -> str:
    """Posts of many threads: those that can be read, in these forums, but none by the `ignored`. One BatchGetItem."""
    shown = found[: links.POSTS_PER_PAGE]
    last = shown[-1].timestamp if len(found) > len(shown) else ""
    readable = [p for p in shown if not p.deleted and p.forum in forums and p.user_id not in ignored]
    heads = threads.get_heads(post.thread_key for post in readable)
    right = [post for post in readable if (head := heads.get(post.thread_key)) and _in(head, post, forums)]
    return shapes.as_json(shapes.posts_of(right, more=_next(request, last)))


def _in(head: Thread, post: Post, forums: set[str]) -> bool:
    return head.id == post.thread_id and head.forum in forums


def _next(request: HttpRequest, last: str) -> str | None:
    """Where the list goes on after this sort key, if it does."""
    return links.absolute(f"{request.path}?before={cursor(last)}") if last else None


# -- A thread -------------------------------------------------------------------------------------


@router.get("/forums/{forum:name}/threads/{thread:thread_id}", response=ThreadShape, tags=[READING])
def get_thread(request: HttpRequest, name: str, thread_id: str) -> HttpResponse:
    def plan(directory: Directory, reader: Reader) -> Plan:
        rules = directory.get(name, reader)

        def body(__: Written) -> str:
            return shapes.as_json(shapes.thread_of(found(name, thread_id, directory, reader)))

        return Plan(f"api:{name}:{rules.read_access}", "", [tags.thread(thread_id)], body, JSON)

    return kept(request, plan)


@router.get("/forums/{forum:name}/threads/{thread:thread_id}/posts", response=Posts, tags=[READING])
def list_posts(
    request: HttpRequest,
    name: str,
    thread_id: str,
    page: str | None = Query(None, description="As on the site: 20 posts each."),
    first: int | None = Query(None, ge=1, description="The first number wanted, instead of a page."),
    last: int | None = Query(None, ge=1, description="The last number wanted; at most 100 posts."),
) -> HttpResponse:
    """The posts of a thread by number: a page, as on the site, or a range."""
    start, end = _range(page, first, last)
    whole = first is None and last is None

    def plan(directory: Directory, reader: Reader) -> Plan:
        rules = directory.get(name, reader)

        def body(written: Written) -> str:
            head = found(name, thread_id, directory, reader)
            if start > head.last_post_number:
                many = int(head.last_post_number)
                said = ngettext("This thread has %(count)s post.", "This thread has %(count)s posts.", many)
                raise NotFound(said % {"count": many})
            more = _going_on(request, end, whole) if end < head.last_post_number else None
            found_posts = posts.list_of_thread(head, start, end, written)
            return shapes.as_json(shapes.posts_of(found_posts, reader.ignored, more))

        kept_as = f"api-posts:{name}:{rules.read_access}:{start}" if whole else ""
        return Plan(kept_as, "", [tags.thread(thread_id)], body, JSON)

    return kept(request, plan)


def _range(page: str | None, first: int | None, last: int | None) -> tuple[int, int]:
    if first is None and last is None:
        start = (page_number(page) - 1) * links.POSTS_PER_PAGE + 1
        return start, start + links.POSTS_PER_PAGE - 1
    if page is not None:
        raise BadRequest(_("Ask for a page or for a range, not for both."))
    start = first or 1
    end = last or start + MOST_POSTS - 1
    if not start <= end < start + MOST_POSTS:
        raise BadRequest(_("A range has from one to %(most)s posts.") % {"most": MOST_POSTS})
    return start, end


def _going_on(request: HttpRequest, end: int, whole: bool) -> str:
    if whole:
        return links.absolute(f"{request.path}?page={links.page_of(end) + 1}")
    return links.absolute(f"{request.path}?first={end + 1}&last={end + MOST_POSTS}")


@router.get("/forums/{forum:name}/threads/{thread:thread_id}/posts/{number:number}", response=PostShape, tags=[READING])
def get_post(request: HttpRequest, name: str, thread_id: str, number: int) -> PostShape:
    caller = caller_of(request)
    caller.at(name)
    head = found(name, thread_id, caller.directory, caller.at_door)
    return shapes.posts_of([posts.get_post_of(head, number)], caller.at_door.ignored).items[0]


@router.get(
    "/forums/{forum:name}/threads/{thread:thread_id}/posts/{number:number}/poll", response=PollShape, tags=[READING]
)
def get_poll(request: HttpRequest, name: str, thread_id: str, number: int) -> PollShape:
    """The poll that a post carries, with the results as far as you may see them yet."""
    caller = caller_of(request)
    caller.at(name)
    head = found(name, thread_id, caller.directory, caller.at_door)
    return poll_of(posts.get_post_of(head, number), caller.at_door)


def poll_of(post: Post, reader: Reader) -> PollShape:
    """One GetItem, for a member's vote."""
    poll = None if post.deleted else post.poll
    if poll is None:
        raise NotFound(_("This post has no poll."))
    chosen = votes.get_vote(reader.id, post.first_address) if reader.signed_in else ()
    return shapes.poll_of(post, poll, chosen)


def found(name: str, thread_id: str, directory: Directory, reader: Reader) -> Thread:
    """The head of a thread that can be read here; NotFound, which says where it has moved to those who may read
    there. One GetItem, and one for each move."""
    head = threads.get_thread(name, thread_id)
    if head.moved_to:
        now = threads.follow(head)
        directory.get(now.forum, reader)
        raise NotFound(
            _("This thread has moved."), [(_("To its new place"), f"/api/forums/{now.forum}/threads/{now.id}")]
        )
    if head.deleted:
        raise NotFound(_("This thread has been removed."))
    return head


# -- Members and tags -----------------------------------------------------------------------------


@router.get("/members/{username:username}", response=Member, tags=[READING])
def get_member(request: HttpRequest, username: str) -> Member:
    return shapes.member_of(members.named(username))


@router.get("/members/{username:username}/posts", response=Posts, tags=[READING])
def list_posts_of_member(request: HttpRequest, username: str, before: str = "") -> HttpResponse:
    """A member's posts in the forums that you may read, newest first, up to 20 at a time."""
    since = read_cursor(before) if before else ""

    def plan(directory: Directory, reader: Reader) -> Plan:
        def body(written: Written) -> str:
            user = members.named(username)
            newest = posts.list_of_user(str(user.pk), links.POSTS_PER_PAGE + 1, since, written)
            return _feed(request, newest, {rules.name for rules in directory.readable(reader)})

        page = "" if before else f"api:{audience(directory, reader)}:{username}"
        return Plan(page, "", [tags.user(username), tags.TITLES], body, JSON)

    return kept(request, plan)


@router.get("/members/{username:username}/threads", response=Threads, tags=[READING])
def list_threads_of_member(request: HttpRequest, username: str, before: str = "") -> HttpResponse:
    """The threads that a member started, in the forums that you may read, the last one first, up to 30 at a time."""
    read_thread_cursor(before)

    def plan(directory: Directory, reader: Reader) -> Plan:
        def body(__: Written) -> str:
            heads, last = members.list_started(str(members.named(username).pk), before)
            readable = {rules.name for rules in directory.readable(reader)}
            more = links.absolute(f"{request.path}?before={last}") if last else None
            shown = [head for head in _heard(heads, reader) if head.forum in readable]
            return shapes.as_json(shapes.threads_of(shown, more))

        return Plan("", "", [tags.user(username), tags.TITLES], body, JSON)

    return kept(request, plan)


@router.get("/tags", response=Tags, tags=[READING])
def list_tags(request: HttpRequest) -> HttpResponse:
    """The tags of public forums, those of most threads first."""

    def plan(directory: Directory, __: Reader) -> Plan:
        def body(__: Written) -> str:
            public = [rules.name for rules in directory.readable(ANONYMOUS)]
            counted = tagged.counted(public, tagged.TAGS_SHOWN)
            rows = [
                shapes.TagShape(name=tag, url=links.absolute(links.tag(tag)), threads=many) for tag, many in counted
            ]
            return shapes.as_json(Tags(items=rows))

        return Plan("api-tags", "", [tags.TAGS], body, JSON)

    return kept(request, plan)


@router.get("/tags/{tag:name}/threads", response=Threads, tags=[READING])
def list_threads_of_tag(request: HttpRequest, name: str, before: str = "") -> HttpResponse:
    """The threads that have a tag, in the forums that you may read, those begun last first, 30 at a time."""
    read_thread_cursor(before)

    def plan(directory: Directory, reader: Reader) -> Plan:
        def body(__: Written) -> str:
            heads, last = tagged.list_heads(name, [rules.name for rules in directory.readable(reader)], before)
            more = links.absolute(f"{request.path}?before={last}") if last else None
            return shapes.as_json(shapes.threads_of(_heard(heads, reader), more))

        return Plan("" if before else f"api:{audience(directory, reader)}", "", [tags.tag(name), tags.HOME], body, JSON)

    return kept(request, plan)
