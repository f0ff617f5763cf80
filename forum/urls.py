"""Every route of the forum."""

from django.urls import path, register_converter

from . import markup, tagnames
from .api import document
from .api import site as api
from .tables.keys import CURSOR, FORUM_NAME, THREAD_ID
from .views import (
    account,
    bookmarks,
    feeds,
    history,
    ignoring,
    images,
    leaderboard,
    leaving,
    live,
    mail_settings,
    members,
    message_acts,
    messaging,
    metrics,
    moderating,
    moderation_log,
    moving,
    notifications,
    polls,
    posting,
    profile,
    reacting,
    reading,
    reporting,
    search,
    site,
    sitemaps,
    tagged,
    tokens,
    unread,
    watching,
    writing,
)


class _Text:
    """A path converter for what the pattern describes; anything else is 404 before any view runs."""

    regex = ""

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class ForumName(_Text):
    regex = FORUM_NAME


class ThreadId(_Text):
    regex = THREAD_ID


class PostNumber:
    """1 to 999,999,999, without leading zeros: each post has one address."""

    regex = "[1-9][0-9]{0,8}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


class Shard(PostNumber):
    """The number of one of a forum's partitions, from 0."""

    regex = "0|[1-9][0-9]{0,3}"


class Tag(_Text):
    """A tag in its one form, of letters of any script."""

    regex = rf"[^/.,\s]{{{tagnames.LEAST},{tagnames.MOST}}}"

    def to_python(self, value: str) -> str:
        if not tagnames.is_tag(value):
            raise ValueError("this cannot be a tag")
        return value


class SpeltTag(_Text):
    """A tag in any spelling; the view is given its one form."""

    regex = f"[^/.,]{{{tagnames.LEAST},{tagnames.MOST}}}"

    def to_python(self, value: str) -> str:
        tag = tagnames.normal(value)
        if not tagnames.is_tag(tag):
            raise ValueError("this cannot be a tag")
        return tag


class Username(_Text):
    """Of the shape that Django's own accounts have: what nobody may sign up as can still be in old data."""

    regex = r"[\w.@+-]{1,150}"


class ImageName(_Text):
    regex = markup.IMAGE_NAME


class NonceText(_Text):
    regex = THREAD_ID


class NoteKey(_Text):
    regex = CURSOR


register_converter(ForumName, "forum")
register_converter(ImageName, "image")
register_converter(NonceText, "nonce")
register_converter(NoteKey, "note")
register_converter(Shard, "shard")
register_converter(ThreadId, "thread")
register_converter(PostNumber, "number")
register_converter(Tag, "tag")
register_converter(SpeltTag, "spelt_tag")
register_converter(Username, "username")

urlpatterns = [
    # Reading
    path("", reading.home, name="home"),
    path("f/<forum:name>/", reading.forum, name="forum"),
    path("f/<forum:name>/latest/", reading.latest, name="forum_latest"),
    path("f/<forum:name>/<thread:thread_id>/", reading.thread, name="thread_by_id"),
    # What open pages ask
    path("live/", live.home, name="live"),
    path("f/<forum:name>/live/", live.forum, name="forum_live"),
    # These come before the thread's page: their last part would pass for a title.
    path("f/<forum:name>/<thread:thread_id>/reply/", posting.reply, name="reply"),
    path("f/<forum:name>/<thread:thread_id>/live/", live.thread, name="thread_live"),
    path("f/<forum:name>/<thread:thread_id>/unread/", unread.go_to_unread, name="first_unread"),
    path("f/<forum:name>/<thread:thread_id>/watch/", watching.watch_thread, name="watch_thread"),
    path("f/<forum:name>/<thread:thread_id>/lock/", moderating.lock_thread, name="lock_thread"),
    path("f/<forum:name>/<thread:thread_id>/pin/", moderating.pin_thread, name="pin_thread"),
    path("f/<forum:name>/<thread:thread_id>/archive/", moderating.archive_thread, name="archive_thread"),
    path("f/<forum:name>/<thread:thread_id>/rename/", moderating.rename_thread, name="rename_thread"),
    path("f/<forum:name>/<thread:thread_id>/hide/", moderating.hide_thread, name="hide_thread"),
    path("f/<forum:name>/<thread:thread_id>/show/", moderating.show_thread, name="show_thread"),
    path("f/<forum:name>/<thread:thread_id>/delete/", moderating.delete_thread, name="delete_thread"),
    path("f/<forum:name>/<thread:thread_id>/undelete/", moderating.undelete_thread, name="undelete_thread"),
    path("f/<forum:name>/<thread:thread_id>/history/", history.thread_history, name="thread_history"),
    path("f/<forum:name>/<thread:thread_id>/move/", moving.move_thread, name="move_thread"),
    path("f/<forum:name>/<thread:thread_id>/split/", moving.split_thread, name="split_thread"),
    path("f/<forum:name>/<thread:thread_id>/merge/", moving.merge_thread, name="merge_thread"),
    path("f/<forum:name>/<thread:thread_id>/<slug:slug>/", reading.thread, name="thread"),
    path("p/<thread:thread_id>/<number:number>/", reading.permalink, name="post"),
    path("u/<username:username>/", reading.member, name="member"),
    path("u/<username:username>/threads/", members.member_threads, name="member_threads"),
    # Unread marks
    path("read/", unread.mark_all_read, name="mark_all_read"),
    path("f/<forum:name>/read/", unread.mark_forum_read, name="mark_forum_read"),
    path("tags/", tagged.overview, name="tags"),
    path("tag/<tag:name>/", tagged.tag, name="tag"),
    path("tag/<spelt_tag:name>/", tagged.spelt, name="spelt_tag"),
    # Posting
    path("f/<forum:name>/new/", posting.new_thread, name="new_thread"),
    path("f/<forum:name>/<thread:thread_id>/<number:number>/edit/", posting.edit_post, name="edit_post"),
    path("f/<forum:name>/<thread:thread_id>/<number:number>/delete/", moderating.delete_post, name="delete_post"),
    path("f/<forum:name>/<thread:thread_id>/<number:number>/history/", history.post_history, name="post_history"),
    # Likes, bookmarks and answers
    path("f/<forum:name>/<thread:thread_id>/<number:number>/like/", reacting.like_post, name="like_post"),
    path("f/<forum:name>/<thread:thread_id>/<number:number>/likes/", reacting.likers, name="likers"),
    path("f/<forum:name>/<thread:thread_id>/<number:number>/bookmark/", reacting.bookmark_post, name="bookmark_post"),
    path("f/<forum:name>/<thread:thread_id>/<number:number>/vote/", polls.vote, name="vote"),
    path("f/<forum:name>/<thread:thread_id>/<number:number>/answer/", reacting.mark_answer, name="mark_answer"),
    path("bookmarks/", bookmarks.page, name="bookmarks"),
    path("bookmarks/<thread:thread_id>/<number:number>/", bookmarks.note, name="bookmark_note"),
    path("bookmarks/<thread:thread_id>/<number:number>/remove/", bookmarks.remove, name="remove_bookmark"),
    # Moderating
    path("f/<forum:name>/<thread:thread_id>/<number:number>/hide/", moderating.hide_post, name="hide_post"),
    path("f/<forum:name>/<thread:thread_id>/<number:number>/show/", moderating.show_post, name="show_post"),
    path("f/<forum:name>/<thread:thread_id>/<number:number>/undelete/", moderating.undelete_post, name="undelete_post"),
    path("f/<forum:name>/<thread:thread_id>/<number:number>/purge/", moderating.purge_post, name="purge_post"),
    path("preview/", posting.preview, name="preview"),
    # Images in posts
    path("images/", images.send, name="send_image"),
    path("i/<image:image_name>.webp", images.image, name="image"),
    # While somebody writes
    path("drafts/", writing.drafts_page, name="drafts"),
    path("drafts/discard/", writing.discard_draft, name="discard_draft"),
    path("mention/", writing.mention, name="mention"),
    path("jobs/<number:number>/", moving.job_progress, name="job_progress"),
    # Reports, and texts that wait for approval
    path("f/<forum:name>/<thread:thread_id>/<number:number>/report/", reporting.report_post, name="report_post"),
    path("pending/", reporting.pending, name="pending"),
    path("pending/<nonce:nonce>/withdraw/", reporting.withdraw, name="withdraw"),
    # The account (sign-in and the rest are allauth's, under /accounts/)
    path("settings/", account.settings_page, name="settings"),
    path("settings/username/", account.change_username, name="settings_username"),
    path("settings/time-zone/", account.change_time_zone, name="settings_time_zone"),
    path("settings/profile/", profile.edit, name="settings_profile"),
    path("settings/profile/avatar/", profile.change_avatar, name="settings_avatar"),
    path("avatars/<image:image_name>.webp", images.avatar, name="avatar"),
    path("members/<number:pk>/clear-profile/", profile.clear, name="clear_profile"),
    path("settings/ignored/", ignoring.ignored, name="ignored"),
    path("members/<number:pk>/ignore/", ignoring.ignore, name="ignore"),
    path("settings/tokens/", tokens.page, name="tokens"),
    path("settings/tokens/<number:pk>/revoke/", tokens.revoke, name="revoke_token"),
    path("settings/close/", account.close_account, name="close_account"),
    path("settings/export/", leaving.export, name="export"),
    path("settings/export/<number:pk>.zip", leaving.download, name="export_download"),
    # Notifications
    path("notifications/", notifications.notifications, name="notifications"),
    path("notifications/read/", notifications.mark_read, name="mark_read"),
    path("notifications/<note:note>/", notifications.open_note, name="open_note"),
    path("watched/", watching.watched, name="watched"),
    path("f/<forum:name>/watch/", watching.watch_forum, name="watch_forum"),
    path("settings/notifications/", mail_settings.notification_settings, name="notification_settings"),
    path("unsubscribe/<str:token>/", mail_settings.unsubscribe, name="unsubscribe"),
    # Conversations: of who takes part in them alone
    path("messages/", messaging.inbox, name="messages"),
    path("messages/new/", messaging.new, name="new_message"),
    path("messages/<thread:talk_id>/", messaging.talk, name="conversation"),
    path("messages/<thread:talk_id>/people/", messaging.people, name="conversation_people"),
    path("messages/<thread:talk_id>/mute/", messaging.mute, name="mute_conversation"),
    path("messages/<thread:talk_id>/leave/", messaging.leave, name="leave_conversation"),
    path("messages/<thread:talk_id>/live/", live.conversation, name="conversation_live"),
    path("messages/<thread:talk_id>/<number:number>/", message_acts.permalink, name="message"),
    path("messages/<thread:talk_id>/<number:number>/edit/", message_acts.edit, name="edit_message"),
    path("messages/<thread:talk_id>/<number:number>/delete/", message_acts.delete, name="delete_message"),
    path("messages/<thread:talk_id>/<number:number>/report/", message_acts.report, name="report_message"),
    path("messages/<thread:talk_id>/<number:number>/history/", message_acts.history, name="message_history"),
    # Feeds and search engines
    path("feeds/site.atom", feeds.site, name="site_feed"),
    path("feeds/forum/<forum:name>.atom", feeds.forum, name="forum_feed"),
    path("feeds/thread/<thread:thread_id>.atom", feeds.thread, name="thread_feed"),
    path("feeds/member/<username:username>.atom", feeds.member, name="member_feed"),
    path("feeds/tag/<tag:name>.atom", tagged.feed, name="tag_feed"),
    path("robots.txt", sitemaps.robots, name="robots"),
    path("sitemap.xml", sitemaps.index, name="sitemap"),
    path("sitemaps/<forum:name>-<shard:shard>-<number:number>.xml", sitemaps.part, name="sitemap_part"),
    # Finding
    path("leaderboard/", leaderboard.page, name="leaderboard"),
    path("search/", search.page, name="search"),
    path("search/similar/", search.similar, name="search_similar"),
    # For programs
    path("api/docs", document.page, name="api_docs"),
    path("api/", api.urls()),
    # The site
    path("metrics", metrics.metrics, name="metrics"),
    path("moderation-log/", moderation_log.page, name="moderation_log"),
    path("theme/", site.theme, name="theme"),
    path("language/", site.language, name="language"),
]
