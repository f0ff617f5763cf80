"""Tags: the names of what a page depends on and a write changes.

| tag | pages that carry it | changed by |
|---|---|---|
| site | all | forum definitions, a member's new name, a new release |
| home | home | every post, deletion, rename and lock in a readable list |
| forum:aws | the forum's list of threads | the same, in that forum |
| latest:aws | the forum's newest posts | the same, and edits of posts |
| thread:01J… | the thread's pages | whatever happens in the thread |
| user:ada | the member's page | what happens to the member's own posts |
| tag:dynamodb | the page and the feed of a thread's tag | which threads have it |
| tags | the overview of all tags | the same |
| titles | the members' pages, which show titles of threads | a rename or removal of a thread |

Three more name no page: what a worker keeps of a signed-in member, what it keeps of moderators beside that, and what
tells open pages of a conversation, none of which is kept, that they are still so:

| tag | kept under it | changed by |
|---|---|---|
| talk:01J… | nothing | whatever happens in a conversation |
| account:7 | name, rights, notes, likes, bookmarks, watches, whom they ignore | whatever changes them; a password |
| queues | how many cases wait for a moderator | whatever opens or closes a case |
"""

SITE = "site"
HOME = "home"
TITLES = "titles"
TAGS = "tags"
QUEUES = "queues"


def forum(name: str) -> str:
    return f"forum:{name}"


def latest(name: str) -> str:
    return f"latest:{name}"


def thread(thread_id: str) -> str:
    return f"thread:{thread_id}"


def user(username: str) -> str:
    return f"user:{username.lower()}"


def tag(name: str) -> str:
    return f"tag:{name}"


def account(user_id: object) -> str:
    return f"account:{user_id}"


def talk(talk_id: str) -> str:
    return f"talk:{talk_id}"


def read_through_an_index(tag: str) -> bool:
    """Whether pages of this tag come from a global secondary index, which shows writes a little late."""
    return tag.startswith(("thread:", "user:"))
