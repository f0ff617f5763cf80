"""`manage.py rebuild_tags`: find threads by their tags again, after a relational database was lost or restored."""

from typing import Any

from django.core.management.base import BaseCommand

from forum.actions import tagging
from forum.cache.intents import invalidate_all
from forum.models import Forum


class Command(BaseCommand):
    help = "Reads the heads of all threads, forum by forum, and notes which tags they have."

    def handle(self, *args: Any, **options: Any) -> None:
        for forum in Forum.objects.all():
            seen = tagging.rebuild(forum)
            self.stdout.write(f"{forum.name}: {seen:,} threads")
            self.stdout.flush()
        invalidate_all()
