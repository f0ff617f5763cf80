"""The directory of forums: their rules, kept in each process and never older than the tag `site`.

Forum definitions are few and change seldom, and every page needs them, so a process keeps them
under the generation of `site` that it read before the database; a page's look into the cache brings
the current generation along and so says for nothing whether the copy still stands.

While definitions are being changed nobody keeps a copy or believes in theirs, and each asks the database. A process
that has just begun would else act by what is stored already (begin a thread on a new shard, say), and be
acknowledged, before the others hear of it.
"""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from .cache import pages, tags
from .cache.local import State
from .errors import NotFound, SignInNeeded
from .models import Forum
from .permissions import ForumRules, Reader, can_read


@dataclass(frozen=True, slots=True)
class Directory:
    """All forums in their order, as of one generation of `site`; "" for what is not kept."""

    generation: str
    forums: dict[str, ForumRules]

    def readable(self, reader: Reader) -> list[ForumRules]:
        return [rules for rules in self.forums.values() if can_read(reader, rules)]

    def get(self, name: str, reader: Reader) -> ForumRules:
        """The forum's rules; NotFound where there is none or the reader may not know of it.

        That a members' forum exists is no secret, so there the signed-out are asked to sign in.
        """
        rules = self.forums.get(name)
        if rules is not None and can_read(reader, rules):
            return rules
        if rules is not None and rules.read_access == "members" and not reader.signed_in:
            raise SignInNeeded(_("This forum is for members. Please sign in to read it."))
        raise NotFound(_("There is no such forum."))


_kept: Directory | None = None


def kept() -> Directory:
    """This process's copy, which the caller checks against the generation of `site` it comes across."""
    return _kept or now()


def now() -> Directory:
    """The directory as it is now; at most one Redis round trip."""
    return as_of(pages.current(tags.SITE).states.get(tags.SITE))


def as_of(site: State | None) -> Directory:
    """The directory in this state of `site`, None while Redis is down; SQL only then, and around a change."""
    if site is None:
        return load()
    if site.writing:
        # Who asks for the kept copy alone must get no older one.
        forget()
        return load()
    if _kept is not None and _kept.generation == site.generation:
        return _kept
    return load(site.generation)


def load(generation: str = "") -> Directory:
    """Read all definitions (four SQL queries) and keep them under a generation read before, if there is one."""
    global _kept
    forums = Forum.objects.prefetch_related("read_groups", "post_groups", "moderator_groups")
    loaded = Directory(generation, {forum.name: _rules(forum) for forum in forums})
    if generation:
        _kept = loaded
    return loaded


def forget() -> None:
    """Read it again next time."""
    global _kept
    _kept = None


def _rules(forum: Forum) -> ForumRules:
    return ForumRules(
        name=forum.name,
        title=forum.title,
        description=forum.description,
        read_access=forum.read_access,
        post_access=forum.post_access,
        read_groups=frozenset(group.pk for group in forum.read_groups.all()),
        post_groups=frozenset(group.pk for group in forum.post_groups.all()),
        archived=forum.archived,
        shards=forum.shards,
        moderator_groups=frozenset(group.pk for group in forum.moderator_groups.all()),
    )
