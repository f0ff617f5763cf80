"""What a sample community is made of: plain data, nothing that knows Django or DynamoDB."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class SampleForum:
    """One forum; `name` is the slug in its URL and its key in the tables."""

    name: str
    title: str
    description: str
    read_access: Literal["public", "members"]
    order: int


@dataclass(frozen=True, slots=True)
class SampleUser:
    """One member; names are unique whatever their case, `joined` is in UTC."""

    username: str
    email: str
    joined: datetime


@dataclass(frozen=True, slots=True)
class SamplePost:
    """One post: its author as an index into the community's users, its time in UTC, its Markdown."""

    username_index: int
    created: datetime
    body: str


@dataclass(frozen=True, slots=True)
class SampleThread:
    """One thread; `posts` can be read once, yields `size` posts and makes each as it is asked for. `answer` is the
    number of the post that answers it, 0 for none."""

    forum: str
    title: str
    created: datetime
    posts: Iterator[SamplePost] = field(compare=False)
    size: int
    tags: tuple[str, ...] = ()
    answer: int = 0
