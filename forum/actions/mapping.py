"""Where the parts of a forum's sitemap begin, which a worker looks up now and then.

A part begins at the id of a thread and ends where the next one begins; the last is open, so a forum of fewer
threads than one part holds needs no worker. Each thread is read once for this, ever: beginnings stay.
"""

from forum.models import Forum, SitemapPart
from forum.tables.mapping import id_after

THREADS = 1_000
# How many Queries a worker makes at a time: a large forum is mapped in some turns.
QUERIES = 10


def extend(queries: int = QUERIES) -> int:
    """Note where new parts begin; returns how many do. At most so many Queries, of a thousand keys each."""
    made = 0
    for forum in Forum.objects.filter(read_access=Forum.ReadAccess.PUBLIC):
        for shard in range(forum.shards):
            last = SitemapPart.objects.filter(forum=forum.name, shard=shard).order_by("first_id").last()
            first = last.first_id if last else ""
            while queries > 0:
                queries -= 1
                first = id_after(forum.name, shard, first, THREADS)
                if not first:
                    break
                SitemapPart.objects.get_or_create(forum=forum.name, shard=shard, first_id=first)
                made += 1
    return made
