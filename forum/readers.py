"""Who is asking: a session and an account, both kept in each process as long as they stand.

A signed-in member's account (name, rights, groups) is kept under the generation of its tag
`account:<id>`, read before the database was; whatever changes the account changes that. The rules of
the forums and the account together are the *basis* on which a reader is let in.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from . import directory as directories
from .cache import pages, tags
from .cache.local import State
from .directory import Directory
from .models import User
from .permissions import ANONYMOUS, Reader

MOST_ACCOUNTS = 10_000
# Where in a request's META its reader is noted, for what comes after the view.
META = "forum.reader"


@dataclass(frozen=True, slots=True)
class Account:
    """What is kept of an active member, as of one generation of `account:<id>` and one of `site`."""

    generations: tuple[str, str]
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
        return [tags.SITE, tags.account(self.user_id)] if self.user_id else [tags.SITE]

    def stands(self, states: Mapping[str, State]) -> bool:
        """Whether nothing it rests on has changed; False also while Redis cannot say."""
        generations = _generations(states, self.tags)
        if "" in generations or generations[0] != self.directory.generation:
            return False
        return self.account is None or self.account.generations == generations


_accounts: dict[str, Account] = {}


def kept(request: HttpRequest) -> Basis:
    """As this process knows it; the caller checks with `stands`."""
    user_id = _user_id(request)
    account = _accounts.get(user_id)
    if user_id and (account is None or not _matches(request, account)):
        return fresh(request)
    reader = request.META[META] = account.reader if account else ANONYMOUS
    return Basis(directories.kept(), reader, user_id, account)


def fresh(request: HttpRequest, states: Mapping[str, State] | None = None) -> Basis:
    """As it is now, or as of `states` just read. At most one Redis round trip; SQL only after a change."""
    user_id = _user_id(request)
    wanted = [tags.SITE, tags.account(user_id)] if user_id else [tags.SITE]
    if states is None or any(tag not in states for tag in wanted):
        states = pages.current(*wanted).states
    directory = directories.as_of(states[tags.SITE].generation if states else "")
    account = _account(user_id, _generations(states, wanted)) if user_id else None
    if account is not None and not _matches(request, account):
        account = None
    # Django ends a session whose account is gone or has another password.
    reader = request.META[META] = account.reader if account else _unkept(request)
    return Basis(directory, reader, user_id, account)


def _generations(states: Mapping[str, State], wanted: list[str]) -> tuple[str, ...]:
    return tuple(states[tag].generation if tag in states else "" for tag in wanted)


def _user_id(request: HttpRequest) -> str:
    """Whose session this is, if it was opened by a backend that is in use."""
    session = request.session
    if session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return ""
    return str(session.get(SESSION_KEY, ""))


def _matches(request: HttpRequest, account: Account) -> bool:
    """Whether the session was opened with the account's password of today."""
    return constant_time_compare(request.session.get(HASH_SESSION_KEY, ""), account.session_hash)


def _account(user_id: str, generations: tuple[str, ...]) -> Account | None:
    """The account under these generations; None where it is gone or closed. Two SQL queries after a change."""
    account = _accounts.get(user_id)
    if account is not None and "" not in generations and account.generations == generations:
        return account
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        return None
    site, own = generations
    account = Account((site, own), user.get_session_auth_hash(), reader_of(user))
    if "" not in generations:
        if len(_accounts) >= MOST_ACCOUNTS:
            _accounts.clear()
        _accounts[user_id] = account
    return account


def _unkept(request: HttpRequest) -> Reader:
    user = request.user
    return reader_of(user) if user.is_authenticated else ANONYMOUS


def reader_of(user: User) -> Reader:
    return Reader(str(user.pk), user.username, user.is_staff, user.group_ids)


def forget() -> None:
    """Read every account again (tests)."""
    _accounts.clear()
