"""Which write a key of a program's stands for: the first one that came with it, for a day.

They lie with the sessions, on the server that evicts nothing: a key that was forgotten would store a second post.
"""

from django.utils.translation import gettext as _

from forum.errors import Unavailable
from forum.redis import Down, answering, run

SECONDS = 24 * 60 * 60
ALIAS = "sessions"

# KEYS: key. ARGV: nonce, what was sent, seconds. -> the first nonce, and what came with it.
REMEMBER = """
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'NX', 'EX', ARGV[3])
return redis.call('GET', KEYS[1])
"""


def remember(key: str, nonce: str, sent: str) -> tuple[str, bool]:
    """The nonce that first came with this key, and whether the same was sent then. One round trip; Unavailable while
    Redis is down."""
    try:
        with answering(ALIAS):
            kept = run([(REMEMBER, [f"once:{key}"], [nonce, sent, SECONDS])], ALIAS)[0]
    except Down as down:
        raise Unavailable(_("Nothing can be stored for a moment. Please try again shortly.")) from down
    first, __, before = kept.decode().partition(" ")
    return first, before == sent
