"""Posts in the administration: of a forum by time, of a thread by number, of a member by time."""

import re
from collections.abc import Sequence

from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from forum import logbook, markup
from forum.cache import pages, tags
from forum.errors import BadRequest, NotFound
from forum.tables import browsing, posts
from forum.tables.browsing import Cut
from forum.tables.bulk import get_many
from forum.tables.keys import FORUM_NAME, THREAD_ID, read_cursor
from forum.tables.posts import Post
from forum.tables.threads import Thread

from . import finding, post_page
from .dynamo import BEFORE, Chosen, Column, Detail, DynamoAdmin, Filter
from .log_rows import status_mark
from .post_acts import ACTS, PostRow, may_see_some
from .site import basis, forums_seen, granted, seen_forum

EXCERPT = 140
# So much of its text is shown to whoever is about to act on it.
SHOWN = 400
_TOKEN = re.compile(
    rf"(?P<partition>{FORUM_NAME}(?:#\d{{1,4}})?)\|(?P<key>\d{{4}}-\d\d-\d\dT[\d:.]{{15}}Z#[0-9a-z]{{8}})", re.ASCII
)
_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


def _thread_link(row: PostRow) -> SafeString:
    title = row.head.title if row.head else row.post.thread_id
    url = reverse("admin:threads_detail", args=[row.post.thread_id])
    return format_html('<a href="{}">{}</a> <span class="quiet">#{}</span>', url, title, int(row.post.number))


def _author_link(row: PostRow) -> SafeString:
    return format_html('<a href="?{}">{}</a>', urlencode({"member": row.post.user_id}), row.author)


def _excerpt(row: PostRow) -> str:
    """The beginning of its text, after what it is where it is not to be read."""
    words = markup.plain("" if row.post.body == "-" else row.post.body, EXCERPT)
    return words if row.post.status == "visible" else format_html("{} {}", status_mark(row.post.state), words)


class Posts(DynamoAdmin[Post, PostRow]):
    name, title, section = "posts", gettext_lazy("Posts"), gettext_lazy("Moderation")
    one, many = gettext_lazy("post"), gettext_lazy("posts")
    jump_help = gettext_lazy("A post's or a member's address, an id (01KAQ…-3), @name, or a day (2026-11-23).")
    empty = gettext_lazy("There are no posts here.")
    columns = [
        Column(gettext_lazy("Posted"), lambda row: row.post.created, link=True, classes="nowrap"),
        Column(gettext_lazy("Thread"), _thread_link, classes="wide"),
        Column(gettext_lazy("Author"), _author_link),
        Column(gettext_lazy("Text"), _excerpt, classes="wide"),
    ]
    acts = ACTS

    def counted(self, count: int) -> str:
        return ngettext("%(count)s post", "%(count)s posts", count) % {"count": intcomma(count)}

    def may(self, request: HttpRequest) -> bool:
        return may_see_some(request)

    def choose(self, request: HttpRequest) -> Chosen:
        """One of thread, member and forum; the first forum where nothing is said."""
        if thread := request.GET.get("thread", ""):
            if not re.fullmatch(THREAD_ID, thread):
                raise NotFound(_("There is no such thread: its id has another shape."))
            return {"thread": thread}
        if member := request.GET.get("member", ""):
            return {"member": finding.member_id(member.removeprefix("@"))}
        forums = forums_seen(request)
        name = request.GET.get("forum", "") or (forums[0].name if forums else "")
        return {"forum": seen_forum(request, name).name} if name else {}

    def filters(self, request: HttpRequest) -> Sequence[Filter]:
        return [Filter("forum", "forum", [(rules.name, rules.title) for rules in forums_seen(request)])]

    def heading(self, request: HttpRequest, chosen: Chosen) -> str:
        if member := chosen.get("member"):
            return _("Posts by %(name)s") % {"name": logbook.names_of([member])[member]}
        if forum := chosen.get("forum"):
            return _("Posts in %(forum)s") % {"forum": seen_forum(request, forum).title}
        return _("Posts of a thread") if chosen else str(self.title)

    def note(self, request: HttpRequest, chosen: Chosen) -> str:
        return _("Only posts in forums that you may see.") if chosen.get("member") else ""

    def tools(self, request: HttpRequest, chosen: Chosen) -> Sequence[tuple[str, str]]:
        if thread := chosen.get("thread"):
            return [(_("The thread"), reverse("admin:threads_detail", args=[thread]))]
        if not (member := chosen.get("member")):
            return []
        log = (_("Their log"), f"{reverse('admin:log')}?member={member}")
        if granted(request, "forum.moderate_user") and logbook.names_of([member])[member] != logbook.FORMER:
            return [(_("Moderation"), reverse("admin:moderate_member", args=[member])), log]
        return [log]

    def list(self, request: HttpRequest, chosen: Chosen, cut: Cut, limit: int) -> Sequence[Post]:
        """One Query for each shard; one BatchGetItem more where an index may be behind what was just done."""
        if thread := chosen.get("thread"):
            found = browsing.list_thread_posts(thread, cut, limit)
            return browsing.renewed(found, pages.current(tags.thread(thread)).written)
        if member := chosen.get("member"):
            found = browsing.list_member_posts(member, cut, limit)
            return browsing.renewed(found, pages.current(tags.user(logbook.names_of([member])[member])).written)
        if forum := chosen.get("forum"):
            return browsing.list_forum_posts(forum, seen_forum(request, forum).shards, cut, limit)
        return []

    def key(self, chosen: Chosen, item: Post) -> str:
        return str(int(item.number)) if "thread" in chosen else item.timestamp

    def read_cursor(self, chosen: Chosen, text: str) -> str:
        if "thread" in chosen and not _NUMBER.fullmatch(text):
            raise BadRequest(_("The link to this part of the list is damaged."))
        return text if "thread" in chosen else read_cursor(text)

    def rows(self, request: HttpRequest, items: Sequence[Post]) -> Sequence[PostRow]:
        """One BatchGetItem of the threads, one SQL query of the authors."""
        seen = {rules.name: rules for rules in forums_seen(request)}
        shown = [post for post in items if post.forum in seen]
        heads = {head.id: head for head in get_many(Thread, [(post.partition, post.thread_id) for post in shown])}
        names = logbook.names_of(post.user_id for post in shown)
        return [PostRow(post, heads.get(post.thread_id), seen[post.forum], names[post.user_id]) for post in shown]

    def ident(self, row: PostRow) -> str:
        return f"{row.post.thread_id}-{int(row.post.number)}"

    def token(self, row: PostRow) -> str:
        return "|".join(row.post.key)

    def label(self, row: PostRow) -> str:
        title = row.head.title if row.head else row.post.thread_id
        facts = {"number": int(row.post.number), "author": row.author, "title": title}
        return _("Post %(number)d by %(author)s in “%(title)s”") % facts

    def excerpt(self, row: PostRow) -> str:
        return "" if row.post.body == "-" else markup.plain(row.post.body, SHOWN)

    def jump(self, request: HttpRequest, text: str) -> str:
        if address := finding.post_in(text):
            thread, number = address
            self.find(request, f"{thread}-{number}")
            return reverse("admin:posts_detail", args=[f"{thread}-{number}"])
        if thread_id := finding.thread_in(text):
            return f"{self.list_url}?{urlencode({'thread': thread_id})}"
        if member := finding.member_in(text):
            return f"{self.list_url}?{urlencode({'member': finding.member_id(member)})}"
        if before := finding.day_in(text):
            return f"{self.list_url}?{urlencode({**self.choose(request), BEFORE: before})}"
        raise BadRequest(_("This is no post's id or address, no @name and no day. Days are written like 2026-11-23."))

    def find(self, request: HttpRequest, ident: str) -> PostRow:
        """One Query and one GetItem for the thread, one or two calls for the post."""
        address = finding.post_in(ident)
        if address is None:
            raise NotFound(_("This is no post's id. They look like 01KAQ4ZT9N8YV3W2Q6JX5R7D03-3."))
        head, number = posts.find_place(*address, basis(request).directory.forums)
        seen = {rules.name: rules for rules in forums_seen(request)}
        if head.forum not in seen:
            raise NotFound(_("There is no such post, or it is not yours to see."))
        post = posts.get_post_of(head, number)
        return PostRow(post, head, seen[head.forum], logbook.names_of([post.user_id])[post.user_id])

    def find_many(self, request: HttpRequest, tokens: Sequence[str]) -> Sequence[PostRow]:
        """One BatchGetItem of the posts and one of their threads, in the order of the tokens."""
        matches = [_TOKEN.fullmatch(token) for token in tokens]
        keys = [(match["partition"], match["key"]) for match in matches if match]
        if len(keys) != len(tokens):
            raise BadRequest(_("The list of selected posts is damaged. Please select them again."))
        found = {post.key: post for post in get_many(Post, keys)}
        return self.rows(request, [found[key] for key in keys if key in found])

    def detail(self, request: HttpRequest, row: PostRow) -> Detail:
        return post_page.detail(request, row)


Posts().register()
