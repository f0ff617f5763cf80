"""Everything that touches DynamoDB, and nothing else: the only package that imports pynamodb.

`keys` names partitions and sort keys, `base` is the connection with its limits and errors, then
one module per table (`threads`, `posts`, `moderation`) holds its item, its indexes and its access
patterns; `bulk` moves many items at once and `schema` creates, compares and deletes the tables.
Reads are called `get_` and `list_`, writes `put_` and `change_`; only `forum.actions` and the
management commands call the writes, so that nothing is written without its pages being invalidated.
"""
