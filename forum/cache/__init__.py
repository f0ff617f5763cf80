"""The page cache: pages that are kept, in Redis and in each process, and never stale. See docs/page-cache.md.

To read in this order:

- `tags`: what pages can depend on;
- `scripts`: what Redis knows of a tag, and everything that is done with it;
- `intents`: the write side, what happens around every write;
- `pages`: the read side, looking a page up, waiting for it, storing it;
- `tracking`, over `pushes`: what this process may believe of what it has read before;
- `local`: what it keeps in memory;
- `body`, over `deflate`: one body for all readers, and each reader's copy of it;
- `stats`, over `counts`: what all that comes to, for the admin.

Beside it lies what else Redis knows for a while: how often somebody may do something (`limits`), what was sent once
(`once`), who reads and is here (`visits`, `presence`, `guests`), what was written and is yet to be indexed (`changed`),
how many cases wait (`queues`), when tokens were used (`uses`), and what pages cost (`units`).

Views name a page and its tags, actions name the tags they change; nobody else decides anything about freshness.
"""
