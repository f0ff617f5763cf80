"""A lively sample community of any size, for a first look and for measurements.

    community(**DEFAULTS).threads()

Pure Python: it yields data and stores nothing. The hand-written threads are in `threads/`, the sentences of the
generated ones in `topics/`.
"""

from typing import TypedDict

from .community import Community, community
from .forums import FORUMS, SIGN_INS
from .model import SampleForum, SamplePost, SampleThread, SampleUser


class Size(TypedDict):
    """The numbers that make up a community."""

    threads: int
    posts: int
    users: int
    seed: int


# Lively enough for every page to be full, small enough to load in a few seconds.
DEFAULTS: Size = {"threads": 150, "posts": 1500, "users": 60, "seed": 1}

__all__ = [
    "DEFAULTS",
    "FORUMS",
    "SIGN_INS",
    "Community",
    "SampleForum",
    "SamplePost",
    "SampleThread",
    "SampleUser",
    "Size",
    "community",
]
