"""Fills an empty forum with what the browser tests read: `python -m tests.browser.community`.

It runs beside the forum, as an operator's script would, and prints the thread's address.
"""

import os
import sys

PASSWORD = "a long enough password"
MEMBERS = ("ada", "bob", "cleo")
STAFF = "grace"
SECOND = "heidi"
REPLIES = 24

WIDE = f"""A line of code that is wider than any telephone:

```python
{"a_rather_long_name = " * 20}None
```

| {" | ".join(f"Column {n}" for n in range(1, 13))} |
|{"---|" * 12}
| {" | ".join(f"a value that is {n}" for n in range(1, 13))} |

One word: {"Donaudampfschifffahrt" * 12}, one address: https://example.org/{"long/" * 40}

> - a list
>   1. in a list
>      - in a quotation: `{"x" * 120}`

مرحبا بالعالم، 日本語のテキスト, 👩‍👩‍👧‍👦 and {"é" * 90}
"""


def fill() -> str:
    from allauth.account.models import EmailAddress
    from django.contrib.auth import get_user_model

    from forum.actions import posting
    from forum.actions.defining import change_definitions
    from forum.directory import kept
    from forum.models import Forum
    from forum.permissions import Reader
    from forum.tables.keys import Nonce

    users = get_user_model().objects

    def define() -> None:
        for name in MEMBERS:
            member = users.create_user(name, f"{name}@example.org", PASSWORD)
            EmailAddress.objects.create(user=member, email=member.email, primary=True, verified=True)
        for name in (STAFF, SECOND):
            users.create_superuser(name, f"{name}@example.org", PASSWORD)
        Forum.objects.create(name="coffee", title="Coffee", description="Beans, grinders and patience.", order=1)
        Forum.objects.create(name="trains", title="Night trains & other slow ways to travel", order=2)
        Forum.objects.create(name="old", title="The old forum", description="As it was.", order=3, archived=True)

    change_definitions(define)
    ada = Reader(str(users.get(username="ada").pk), "ada")
    coffee = kept().forums["coffee"]
    thread = posting.start_thread(ada, coffee, f"Wide things in a narrow page: {'wide' * 30}", WIDE, Nonce.new())
    for number in range(REPLIES):
        posting.reply(ada, coffee, thread.id, f"Reply {number + 1}, with `code` and *stress*.", Nonce.new())
    return f"/f/coffee/{thread.id}/"


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "forum_site.settings")
    django.setup()
    sys.stdout.write(fill())
