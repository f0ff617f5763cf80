"""Does a leaderboard cost the same however many members are on it?

Run: python -m bench.boards [members]

Fills the board of posts with a thousand and with a million members (or as many as are asked for) and reads places as
the page does, each with the reader's own rank, in one round trip (`tests/views/test_leaderboard.py`). Prints median
milliseconds, and the memory that the server uses for each.
"""

import random
import statistics
import sys
import time
from collections.abc import Iterator

from bench.site import temporary_site

REPEATS = 300
CHUNK = 1_000


def fill(members: int) -> None:
    from datetime import UTC, datetime

    from forum import redis as stores
    from forum.pulse import store

    redis = stores.client(store.ALIAS)
    key = store.board_key("posts", "ever", datetime.now(UTC))
    redis.delete(key)
    for first in range(0, members, CHUNK):
        # Most members write little, as everywhere.
        last = min(first + CHUNK, members)
        redis.zadd(key, {str(member): int(random.paretovariate(0.8)) for member in range(first, last)})


def reads(members: int) -> Iterator[tuple[str, float]]:
    """What is read, and its median in ms."""
    from forum.pulse import boards

    for name, first in (("the first fifty", 0), ("place 500 and on", min(500, members - 50))):
        taken = []
        for _ in range(REPEATS):
            who = str(random.randrange(members))
            started = time.perf_counter()
            board, _ = boards.get_board("posts", "ever", first, 50, who)
            taken.append((time.perf_counter() - started) * 1000)
            assert len(board.standings) == 50 and board.own is not None
        yield name, statistics.median(taken)


def main() -> None:
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with temporary_site():
        from forum import redis as stores
        from forum.pulse import store

        for members in (1000, most):
            before = stores.client(store.ALIAS).info("memory")["used_memory"]
            fill(members)
            used = (stores.client(store.ALIAS).info("memory")["used_memory"] - before) / 1e6
            print(f"a board of {members:,} members ({used:,.0f} MB more)")
            for name, ms in reads(members):
                print(f"  {name:<20} with one's own rank   {ms:6.2f} ms")


if __name__ == "__main__":
    main()
