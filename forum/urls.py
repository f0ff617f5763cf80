"""Every route of the forum."""

from django.urls import path, register_converter

from .tables.keys import FORUM_NAME, THREAD_ID
from .views import account, posting, reading, site


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


class Username(_Text):
    regex = "[A-Za-z0-9][A-Za-z0-9._-]{0,149}"


register_converter(ForumName, "forum")
register_converter(ThreadId, "thread")
register_converter(PostNumber, "number")
register_converter(Username, "username")

urlpatterns = [
    # Reading
    path("", reading.home, name="home"),
    path("f/<forum:name>/", reading.forum, name="forum"),
    path("f/<forum:name>/latest/", reading.latest, name="forum_latest"),
    path("f/<forum:name>/<thread:thread_id>/", reading.thread, name="thread_by_id"),
    # These two come before the thread's page: their last part would pass for a title.
    path("f/<forum:name>/<thread:thread_id>/reply/", posting.reply, name="reply"),
    path("f/<forum:name>/<thread:thread_id>/lock/", posting.lock_thread, name="lock_thread"),
    path("f/<forum:name>/<thread:thread_id>/<slug:slug>/", reading.thread, name="thread"),
    path("p/<thread:thread_id>/<number:number>/", reading.permalink, name="post"),
    path("u/<username:username>/", reading.member, name="member"),
    # Posting
    path("f/<forum:name>/new/", posting.new_thread, name="new_thread"),
    path("f/<forum:name>/<thread:thread_id>/<number:number>/edit/", posting.edit_post, name="edit_post"),
    path("f/<forum:name>/<thread:thread_id>/<number:number>/delete/", posting.delete_post, name="delete_post"),
    path("preview/", posting.preview, name="preview"),
    # The account (sign-in and the rest are allauth's, under /accounts/)
    path("settings/", account.settings_page, name="settings"),
    path("settings/username/", account.change_username, name="settings_username"),
    path("settings/close/", account.close_account, name="close_account"),
    # The site
    path("theme/", site.theme, name="theme"),
]
