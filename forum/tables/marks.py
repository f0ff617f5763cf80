"""What a member has read, as it is saved: ForumMembers item `READS`, one for each member.

`Reads` is compressed JSON of scores by name, as `forum.reads` has them in Redis: some 25 bytes for each thread, 4 KB
for most members and 60 KB at most.

| what | calls |
|---|---|
| read it, when Redis has lost it | one GetItem |
| save it | one GetItem, one PutItem |
"""

import json
import zlib
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from pynamodb.attributes import BinaryAttribute, UnicodeAttribute

from .base import Table, table_name
from .bulk import get_one

READS = "READS"
# More than Redis keeps of anybody; 150 KB, and an item of DynamoDB may have 400.
MOST = 5000


class Bytes(BinaryAttribute):
    """Answers are parsed as JSON (`base`), past botocore, which would have decoded them."""

    def deserialize(self, value: Any) -> bytes:
        return b64decode(value) if isinstance(value, str) else value


class Saved(Table):
    """Of ForumMembers, as much as concerns what was read."""

    class Meta:
        table_name = table_name("ForumMembers")

    user_id = UnicodeAttribute(hash_key=True, attr_name="UserID")
    item = UnicodeAttribute(range_key=True, attr_name="Item", default=READS)
    reads = Bytes(attr_name="Reads", legacy_encoding=False)


def get_marks(user_id: str) -> dict[str, int]:
    """The scores saved of a member, {} for none. One GetItem, consistent."""
    item = get_one(Saved, user_id, READS)
    return {name: int(score) for name, score in json.loads(zlib.decompress(item.reads)).items()} if item else {}


def put_marks(user_id: str, scores: Mapping[str, int]) -> None:
    """Save a member's scores; of what is saved already the greater score stays, since scores only ever grow. One
    GetItem, and one PutItem where something has changed."""
    before = get_marks(user_id)
    merged = dict(scores)
    for name, score in before.items():
        merged[name] = max(score, merged.get(name, 0))
    if merged == before:
        return
    greatest = dict(sorted(merged.items(), key=lambda each: each[1], reverse=True)[:MOST])
    Saved(user_id, READS, reads=zlib.compress(json.dumps(greatest, separators=(",", ":")).encode())).save()
