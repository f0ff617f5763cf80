"""Who is asking: a session (or a token's grant) and an account, both kept in each process as long as they stand.

A signed-in member's account (name, rights, groups, unread notes, whom they ignore) is kept under the generation of
its tag `account:<id>`, read before the database was; whatever changes the account changes that. The rules of
the forums and the account together are the *basis* on which a reader is let in. Of moderators how many cases wait for
them is kept beside that, and counted anew when a case is opened or closed, under the generation of the tag `queues`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from . import directory as directories
from .cache import pages, queues, tags
from .cache.local import State
from .directory import Directory
from .errors import Unavailable
from .models import User
from .permissions import ANONYMOUS, Reader, moderated
from .redis import Down
from .tables import cases, members

MOST_ACCOUNTS = 10_000
# Where in a request's META its reader is noted, for what comes after the view.
META = "forum.reader"
# Where the grant is noted of a request that comes with a member's token, whatever session it has.
GRANT = "forum.grant"


@dataclass(frozen=True, slots=True)
class Grant:
    """Whose token a request has shown, who is active and may sign in, and whether it may moderate."""

    user_id: str
    moderates: bool


@dataclass(frozen=True, slots=True)
class Account:
    """What is kept of an active member, as of one generation of `site` and one of `account:<id>`, and of a moderator as
    of one of `queues`, which is "" where nobody could count."""

    generations: tuple[str, ...]
    session_hash: str
    reader: Reader


@dataclass(frozen=True, slots=True)
class Basis:
    """What a decision about a reader rests on; `user_id` is "" for the signed-out."""

    directory: Directory
    reader: Reader
    user_id: str = ""
    account: Account | None = None

    @property
    def tags(self) -> list[str]:
        return _tags_of(self.user_id, self.account)

    def stands(self, states: Mapping[str, State]) -> bool:
        """Whether nothing it rests on has changed or is being changed; False also while Redis cannot say."""
        generations = _generations(states, self.tags)
        if "" in generations or generations[0] != self.directory.generation or states[tags.SITE].writing:
            return False
        return self.account is None or self.account.generations == generations


_accounts: dict[str, Account] = {}


def kept(request: HttpRequest) -> Basis:
    """As this process knows it; the caller checks with `stands`."""
    user_id = _user_id(request)
    account = _accounts.get(user_id)
    if user_id and (account is None or not _matches(request, account)):
        return fresh(request)
    reader = request.META[META] = granted(request, account.reader) if account else ANONYMOUS
    return Basis(directories.kept(), reader, user_id, account)


def fresh(request: HttpRequest, states: Mapping[str, State] | None = None) -> Basis:
    """As it is now, or as of `states` just read. At most one Redis round trip; SQL only after a change."""
    user_id = _user_id(request)
    wanted = _tags_of(user_id, _accounts.get(user_id))
    if states is None or any(tag not in states for tag in wanted):
        states = pages.current(*wanted).states
    directory = directories.as_of(states.get(tags.SITE))
    account = _account(user_id, _generations(states, wanted), directory) if user_id else None
    if account is not None and not _matches(request, account):
        account = None
    # Django ends a session whose account is gone or has another password.
    reader = granted(request, account.reader) if account else _unkept(request)
    reader = request.META[META] = at_address(request, reader)
    return Basis(directory, reader, user_id, account)


def known(request: HttpRequest) -> Reader:
    """Who the view found to be asking; where it did not ask, as this process knows them."""
    found: Reader | None = request.META.get(META)
    return found or kept(request).reader


def granted(request: HttpRequest, reader: Reader) -> Reader:
    """The reader with the rights that the request's token leaves them; all of them without one."""
    grant = request.META.get(GRANT)
    if grant is None or grant.moderates:
        return reader
    return replace(reader, is_staff=False, moderates_all=False, moderates_members=False, moderating=False)


def at_address(request: HttpRequest, reader: Reader) -> Reader:
    """The reader with the address that the request came from; "" where nobody can say."""
    return replace(reader, address=address_of(request))


def address_of(request: HttpRequest) -> str:
    """As the last of the proxies that TRUSTED_PROXY_COUNT counts saw it; whatever else stands in X-Forwarded-For
    anybody can write. Where a request came past the proxies it is the connection's own."""
    try:
        return str(get_adapter().get_client_ip(request))
    except (ImproperlyConfigured, PermissionDenied):
        return str(request.META.get("REMOTE_ADDR") or "")


def _generations(states: Mapping[str, State], wanted: list[str]) -> tuple[str, ...]:
    return tuple(states[tag].generation if tag in states else "" for tag in wanted)


def _user_id(request: HttpRequest) -> str:
    """Whose token this is, or whose session, if it was opened by a backend that is in use."""
    if GRANT in request.META:
        return str(request.META[GRANT].user_id)
    session = request.session
    if session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return ""
    return str(session.get(SESSION_KEY, ""))


def _matches(request: HttpRequest, account: Account) -> bool:
    """Whether the session was opened with the account's password of today; a token outlasts it."""
    if GRANT in request.META:
        return True
    return constant_time_compare(request.session.get(HASH_SESSION_KEY, ""), account.session_hash)


def _tags_of(user_id: str, account: Account | None) -> list[str]:
    """On what a reader rests of whom this is kept, in the order of the account's generations."""
    if not user_id:
        return [tags.SITE]
    counted = account is not None and len(account.generations) > 2
    return [tags.SITE, tags.account(user_id), *([tags.QUEUES] if counted else [])]


def _account(user_id: str, generations: tuple[str, ...], directory: Directory) -> Account | None:
    """The account under these generations; None where it is gone or closed. Some SQL queries and one GetItem
    after a change, and what counting cases takes."""
    account = _accounts.get(user_id)
    known = "" not in generations[:2]
    if account is not None and known and account.generations == generations:
        return account
    if account is None or not known or account.generations[:2] != generations[:2]:
        account = _read(user_id, generations[:2], known)
    if account is None or not known:
        return account
    if queue := moderated(account.reader, directory.forums.values()):
        account = _counted(account, [rules.name for rules in queue], generations[2:])
    if len(_accounts) >= MOST_ACCOUNTS:
        _accounts.clear()
    _accounts[user_id] = account
    return account


def _read(user_id: str, generations: tuple[str, ...], known: bool) -> Account | None:
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        return None
    return Account(generations, user.get_session_auth_hash(), with_inbox(user) if known else reader_of(user))


def _counted(account: Account, queue: list[str], generation: tuple[str, ...]) -> Account:
    """The account with how many cases wait in these forums; none while somebody cannot say, who is asked again at the
    next page. At most two Redis round trips; a Query for each forum that nobody has asked for lately."""
    known = generation[0] if generation else pages.generation(tags.QUEUES)
    number = 0
    try:
        number = queues.count(queue, known, lambda name: cases.list_waiting(name, queues.MOST))
    except (Down, Unavailable):
        known = ""
    return replace(account, generations=(*account.generations[:2], known), reader=replace(account.reader, cases=number))


def with_inbox(user: User) -> Reader:
    """The member as a reader with what waits for them, whom they ignore and what they have muted. One GetItem, and
    one SQL query for those who ignore somebody; none of it while DynamoDB cannot say, for nobody needs to wait for
    that."""
    reader = reader_of(user)
    try:
        inbox = members.get_inbox(reader.id)
    except Unavailable:
        return reader
    ignored = _ignored(inbox.ignored) if inbox.ignored else {}
    names = frozenset(name.lower() for has in ignored.values() for name in has)
    return replace(reader, notes=inbox.unread, ignored=frozenset(ignored), ignored_names=names, muted=inbox.muted)


def _ignored(user_ids: frozenset[str]) -> dict[str, set[str]]:
    """Of these members all names that they have and had, by id, without those who are staff by now. One SQL query."""
    found = User.objects.filter(pk__in=user_ids, is_staff=False).values_list("pk", "username", "former_names__name")
    names: dict[str, set[str]] = {}
    for pk, *has in found:
        names.setdefault(str(pk), set()).update(filter(None, has))
    return names


def _unkept(request: HttpRequest) -> Reader:
    if GRANT in request.META:
        return ANONYMOUS
    user = request.user
    return reader_of(user) if user.is_authenticated else ANONYMOUS


def reader_of(user: User) -> Reader:
    return Reader(
        str(user.pk),
        user.username,
        user.is_staff,
        user.group_ids,
        moderates_all=user.is_staff and user.has_perm("forum.moderate_forum"),
        moderates_members=user.is_staff and user.has_perm("forum.moderate_user"),
        trust=user.trust,
        silenced_until=user.silenced_until.timestamp() if user.silenced_until else 0.0,
        silence_reason=user.silence_reason,
        joined=user.date_joined.timestamp(),
        avatar=user.avatar,
        hides_online=user.hides_online,
        zone=user.time_zone,
    )


def forget() -> None:
    """Read every account again (tests)."""
    _accounts.clear()
