"""How many shards does a hot forum need? A simulation of DynamoDB's limits, not of DynamoDB.

Run: python -m bench.partitions [seconds]

Replies arrive at random (Poisson) in threads of very different popularity (Zipf). Each is one transaction, and is
throttled when any partition that it writes to has no units left in that second:

| written | where | units |
|---|---|---|
| the post | ForumPosts, the forum's shard | 1, doubled by the transaction |
| the head; its entry in LastActivity | ForumThreads, the forum's shard | 1 doubled; 2: removed and put |
| its entry in ThreadPosts | a partition of the index, by thread | 1 |
| its entry in UserPosts; the member's numbers | partitions by member, never hot here | |

What is assumed of DynamoDB, and where it is said:

- A partition gives 1,000 write units a second, whatever the table is paid by; burst capacity does not lift that.
  https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html
- It splits a partition that stays hot, by sort key: but a collection of items that has a local index cannot be split,
  and new posts all go to the end of their partition's sort keys, where a split does not help.
  https://aws.amazon.com/blogs/database/part-3-scaling-dynamodb-how-partitions-hot-keys-and-split-for-heat-impact-performance/
- A transaction's writes cost double. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
- A global index whose partition is full holds up the writes to its table.
  https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/gsi-throttling.html

Left out: what is throttled is not tried again, two transactions never meet at one head (`bench.replies` measures that),
and reads. `bench/partitions.svg` is the plot.
"""

import math
import random
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

from bench.plot import lines

PARTITION_UNITS = 1_000
POST, HEAD, THREAD_ENTRY = 2, 4, 1
SHARDS = (1, 4, 16)
LOADS = (50, 100, 200, 300, 500, 800, 1_300, 2_000, 3_000, 5_000)
THREADS, ZIPF = 2_000, 0.8
SECONDS = 30
SEED = 7


def poisson(mean: float, chance: random.Random) -> int:
    """How many come in a second; near enough to normal where it is many."""
    return max(0, round(chance.gauss(mean, math.sqrt(mean))))


def throttled(replies: float, shards: int, seconds: int) -> float:
    """The part of replies, at so many a second, that one of their partitions refuses."""
    chance = random.Random(SEED)
    weights = list(accumulate((rank + 1) ** -ZIPF for rank in range(THREADS)))
    shard_of = [chance.randrange(shards) for _ in range(THREADS)]
    sent = refused = 0
    for _ in range(seconds):
        used: Counter[tuple[str, int]] = Counter()
        for thread in chance.choices(range(THREADS), cum_weights=weights, k=poisson(replies, chance)):
            sent += 1
            refused += not _taken(used, shard_of[thread], thread)
    return refused / sent


def _taken(used: Counter[tuple[str, int]], shard: int, thread: int) -> bool:
    """Whether all of a reply's partitions have units left; only then does it use any."""
    wanted = {("posts", shard): POST, ("threads", shard): HEAD, ("entries", thread): THREAD_ENTRY}
    if any(used[place] + units > PARTITION_UNITS for place, units in wanted.items()):
        return False
    used.update(wanted)
    return True


def rows(seconds: int) -> Iterator[tuple[int, list[float]]]:
    for load in LOADS:
        yield load, [100 * throttled(load, shards, seconds) for shards in SHARDS]


def main() -> None:
    found = list(rows(int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS))
    print("throttled replies, in percent\n" + f"{'replies/s':>10}" + "".join(f"{f'{n} shards':>12}" for n in SHARDS))
    for load, parts in found:
        print(f"{load:>10,}" + "".join(f"{part:>12.1f}" for part in parts))
    print(f"a shard takes {PARTITION_UNITS // HEAD} replies a second")
    series = {
        f"{n} shard{'s' * (n > 1)}": [(load, parts[place]) for load, parts in found] for place, n in enumerate(SHARDS)
    }
    plot = lines("Throttled replies to one forum, in percent", series, "replies a second", "%")
    Path(__file__).with_suffix(".svg").write_text(plot)


if __name__ == "__main__":
    main()
