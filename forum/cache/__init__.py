"""The page cache: pages kept in Redis, invalidated on every write. See docs/page-cache.md.

`tags` says what pages can depend on; `pages` keeps them under generations. Views name a page and
its tags, actions name the tags they change; nobody else decides anything about freshness.
"""
