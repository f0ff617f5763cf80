"""`manage.py flush_counts`: what Redis has counted, written to DynamoDB now; servers and workers do so every minute.

Not `flush`, which is Django's own and empties the database.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from forum.actions import flushing
from forum.errors import Unavailable
from forum.redis import Down


class Command(BaseCommand):
    help = (
        "Add what was read and written since the last time to the numbers of threads and forums. It can be run at any "
        "time, twice at once too."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            saved = flushing.save()
        except Down:
            raise CommandError("Redis does not answer. Run it again when it does: nothing is lost.") from None
        except Unavailable as error:
            raise CommandError(f"{error.message} Run it again when that is mended: nothing is lost.") from error
        self.stdout.write(
            f"Added what was counted of {saved:,} threads and forums."
            if saved
            else "Nothing was counted since the last time."
        )
