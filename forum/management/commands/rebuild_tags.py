"""`manage.py rebuild_tags`: find threads by their tags again, after a relational database was lost or restored."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from forum.actions import tagging
from forum.cache.intents import invalidate_all
from forum.errors import Unavailable
from forum.models import Forum


class Command(BaseCommand):
    help = "Reads the heads of all threads, forum by forum, and notes which tags they have."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.rebuild()
        except Unavailable as error:
            raise CommandError(f"{error.message} Start it again when that is mended: nothing is lost.") from error
        except DatabaseError as error:
            raise CommandError(f"The database: {str(error).strip()}.") from error

    def rebuild(self) -> None:
        """Forum by forum, and then all pages anew."""
        for forum in Forum.objects.all():
            seen = tagging.rebuild(forum)
            self.stdout.write(f"{forum.name}: {seen:,} threads")
            self.stdout.flush()
        invalidate_all()
