"""Every page of the site and of the administration, and for whom: the one list that tests of looks go through.

`lived_in` says what {thread} and the other names stand for. A page that is new fails until it stands here.
"""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

# s: a stranger; a: ada, who has some of everything; n: nova, who has nothing yet, for what is empty;
# m: mika, a moderator; g: grace, an administrator.
PLACES = """
s.a.m     /
s.a.n.m   /f/coffee/
s         /f/coffee/?before=2020-01-01T00:00:00.000000Z~zzzzzzzz
s         /f/coffee/?before=nonsense
s.n.m     /f/trains/
s         /f/old/
a         /f/crew/
s.m       /f/coffee/latest/
s         /f/trains/latest/
s.a.m     /f/coffee/{thread}/
s.a.n.m   /f/coffee/{thread}/?page=2
s.a.m     /f/coffee/{bare}/
s.a.m     /f/coffee/{locked}/
s.m       /f/coffee/{removed}/
s         /f/coffee/{bare}/another-title/
a         /p/{thread}/12/
a         /f/coffee/{thread}/unread/
s.a.n.m   /u/ada/
s.m       /u/nova/
s.a       /u/ada/threads/
s         /u/nova/threads/
s.a       /leaderboard/
s         /tags/
s         /tag/water/
s         /tag/nothing/
s         /moderation-log/
s         /moderation-log/?month=2020-01
s.a       /search/
s.a       /search/?q=reply
s         /search/?q=reply&author=ada&forum=coffee&sort=newest
s         /search/?q=zzzzzz
s         /search/?q=reply&after=nonsense
s         /search/?q=coffee&author=zzz
s         /search/?q=reply&from=yesterday&tag=a/b
s         /search/?thread={thread}
s         /api/docs
s         /nothing/here/
s         /preview/
a         /f/coffee/new/
m         /f/crew/new/
s.a       /f/coffee/{thread}/reply/
a         /f/coffee/{bare}/reply/
a         /f/coffee/{thread}/reply/?quote=3
a         /f/coffee/{thread}/watch/
a         /f/coffee/watch/
a.m       /f/coffee/{thread}/1/edit/
a         /f/coffee/{thread}/3/edit/
a.m       /f/coffee/{thread}/2/delete/
s         /f/coffee/{thread}/2/history/
s         /f/coffee/{thread}/3/history/
s         /f/coffee/{thread}/3/likes/
s         /f/coffee/{thread}/7/likes/
a         /f/coffee/{thread}/7/report/
m         /f/coffee/{thread}/rename/
m         /f/coffee/{thread}/hide/
m         /f/coffee/{removed}/show/
m         /f/coffee/{thread}/delete/
m         /f/coffee/{removed}/undelete/
m         /f/coffee/{thread}/history/
m         /f/coffee/{thread}/move/
m         /f/coffee/{thread}/split/
m         /f/coffee/{thread}/merge/
m         /f/coffee/{thread}/3/hide/
m         /f/coffee/{thread}/4/show/
m         /f/coffee/{thread}/5/undelete/
g         /f/coffee/{thread}/3/purge/
m         /f/coffee/{thread}/4/history/
m         /jobs/{move}/
a.n       /bookmarks/
a         /bookmarks/{thread}/3/
a.n       /drafts/
a.n       /pending/
a.n       /notifications/
a         /notifications/?kind=mention
a.n       /watched/
a.n       /messages/
a         /messages/new/
a         /messages/new/?member={bob}
a         /messages/{talk}/
a         /messages/{talk}/people/
a         /messages/{talk}/leave/
a         /messages/{talk}/2/
a         /messages/{talk}/1/edit/
a         /messages/{talk}/1/delete/
a         /messages/{talk}/2/report/
a         /messages/{talk}/1/history/
a         /messages/{talk}/2/history/
a         /members/{bob}/ignore/
m         /members/{ada}/clear-profile/
a         /settings/
a         /settings/username/
a         /settings/time-zone/
a         /settings/profile/
a         /settings/profile/avatar/
a.n       /settings/ignored/
a.n       /settings/tokens/
a         /settings/close/
a.n       /settings/export/
a         /settings/notifications/
s         /unsubscribe/{stop}/
s         /unsubscribe/{stopped}/
s         /unsubscribe/nonsense/

s         /accounts/login/
s         /accounts/signup/
a         /accounts/logout/
s         /accounts/inactive/
a         /accounts/reauthenticate/
a         /accounts/email/
s         /accounts/confirm-email/
s         /accounts/confirm-email/{confirmation}/
s         /accounts/confirm-email/nonsense/
a         /accounts/password/change/
s         /accounts/password/reset/
s         /accounts/password/reset/done/
s         /accounts/password/reset/key/{reset}/
s         /accounts/password/reset/key/1-nonsense/
s         /accounts/password/reset/key/done/
a.g       /accounts/two-factor/
g         /accounts/two-factor/reauthenticate/
a         /accounts/two-factor/totp/activate/
g         /accounts/two-factor/totp/deactivate/
g         /accounts/two-factor/recovery-codes/
g         /accounts/two-factor/recovery-codes/generate/

m.g       /admin/
s         /admin/login/
g         /admin/forum/
g         /admin/password_change/
g         /admin/password_change/done/
g         /admin/nothing/here/
m         /admin/guide/
m         /admin/moderation/queue/
m         /admin/moderation/queue/?forum=trains
m         /admin/posts/
m         /admin/posts/?q=nothing
m         /admin/posts/?thread={thread}
m         /admin/posts/{thread}-2/
m         /admin/posts/{thread}-4/
m         /admin/posts/{thread}-3/hide/
m         /admin/threads/
m         /admin/threads/?q=nothing
m         /admin/threads/{thread}/
m         /admin/threads/{thread}/lock/
m         /admin/removed/
m         /admin/log/
m         /admin/log/?forum=trains
m         /admin/tags/
m.g       /admin/jobs/
m         /admin/jobs/{move}/
g         /admin/jobs/{job}/
g         /admin/jobs/999/
g         /admin/operations/
g         /admin/cache/
m         /admin/standing/
m         /admin/forum/user/{spammer}/moderation/
m         /admin/forum/user/{nova}/moderation/
m         /admin/forum/user/{spammer}/moderation/warn/
m         /admin/forum/user/{spammer}/moderation/silence/
m         /admin/forum/user/{bob}/moderation/suspend/
m         /admin/forum/user/{bob}/nuke/
g         /admin/forum/forum/
g         /admin/forum/forum/?q=nothing
g         /admin/forum/forum/add/
g         /admin/forum/forum/{forum}/change/
g         /admin/forum/forum/{forum}/history/
g         /admin/forum/forum/{forum}/delete/
g         /admin/forum/blockedtext/
g         /admin/forum/blockedtext/add/
g         /admin/forum/blockedtext/{blocked}/change/
g         /admin/auth/group/
g         /admin/auth/group/add/
g         /admin/auth/group/{group}/change/
g         /admin/forum/user/
g         /admin/forum/user/add/
g         /admin/forum/user/{ada}/change/
g         /admin/forum/user/{ada}/password/
g         /admin/forum/webhook/
g         /admin/forum/webhook/add/
g         /admin/forum/webhook/{hook}/change/
g         /admin/forum/delivery/
g         /admin/forum/delivery/{delivery}/change/
g         /admin/account/emailaddress/
g         /admin/account/emailaddress/add/
g         /admin/account/emailaddress/{address}/change/
g         /admin/mfa/authenticator/
g         /admin/mfa/authenticator/add/
g         /admin/mfa/authenticator/{second}/change/
"""

# Forms as they come back, sent with nothing in their fields but this.
WRONG = """
a         /f/coffee/new/                                 title=x
a         /f/coffee/{bare}/reply/
a         /f/coffee/{thread}/1/edit/
a         /f/coffee/{thread}/7/report/
m         /f/coffee/{thread}/rename/
m         /f/coffee/{thread}/hide/
m         /f/coffee/{thread}/move/
m         /f/coffee/{thread}/split/
m         /f/coffee/{thread}/merge/
m         /f/coffee/{thread}/3/hide/
a         /messages/new/                                 to=nobody-of-this-name
a         /messages/{talk}/
a         /messages/{talk}/people/
a         /messages/{talk}/1/edit/
a         /messages/{talk}/2/report/
a         /settings/username/
a         /settings/profile/                             website=nonsense
a         /settings/tokens/
a         /settings/close/
s         /accounts/login/                               login=ada&password=wrong
s         /accounts/signup/                              username=x&email=x
a         /accounts/reauthenticate/
a         /accounts/email/                               email=x
a         /accounts/password/change/
s         /accounts/password/reset/                      email=x
s         /accounts/password/reset/key/{reset}/
a         /accounts/two-factor/totp/activate/
m         /admin/posts/{thread}-3/hide/
m         /admin/forum/user/{bob}/moderation/warn/
m         /admin/forum/user/{bob}/moderation/silence/
m         /admin/forum/user/{bob}/nuke/
g         /admin/forum/forum/add/
g         /admin/forum/blockedtext/add/
g         /admin/auth/group/add/
g         /admin/forum/user/add/
g         /admin/forum/user/{ada}/password/
g         /admin/forum/webhook/add/
g         /admin/password_change/
"""


def rows(table: str) -> list[tuple[str, str]]:
    """Who goes where, and what they send."""
    found = [line.split(maxsplit=1) for line in table.splitlines() if line.strip()]
    return [(who, " ".join(rest.split())) for letters, rest in found for who in letters.split(".")]


def routes(patterns: list[Any] | None = None, within: str = "") -> Iterator[str]:
    """The names of all routes but those of Django admin's that have none."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else within)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield within + pattern.name
