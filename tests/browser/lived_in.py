"""Fills an empty forum with one of everything that a page can show: `python -m tests.browser.lived_in`.

It runs beside the forum, as an operator's script would, and goes through its forms as members do. It prints, as JSON,
what stands for what in the addresses of `places`, and with which cookie each member is signed in.
"""

import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from .community import WIDE

if TYPE_CHECKING:
    from forum.models import Forum, User
    from forum.tables.threads import Thread

# Ada writes, nova has done nothing yet, mika moderates, and grace administers.
PEOPLE: dict[str, dict[str, Any]] = {
    "ada": {"trust": 2},
    "bob": {"trust": 2},
    "nova": {},
    "mika": {"is_staff": True},
    "grace": {"is_staff": True, "is_superuser": True},
    "spammer": {"trust": 1},
}
REPLIES = 24


class Fill:
    """The samples grow as the forum fills: each step notes the keys of what it made."""

    def __init__(self) -> None:
        from tests.helpers import make_forum, make_member, signed_in

        self.people: dict[str, User] = {name: make_member(name, **fields) for name, fields in PEOPLE.items()}
        self.browsers = {name: signed_in(user) for name, user in self.people.items()}
        self.coffee: Forum = make_forum("coffee", title="Coffee", description="Beans, grinders and patience.")
        make_forum("trains", title="Night trains & other slow ways to travel")
        make_forum("old", title="The old forum", description="As it was.", archived=True)
        make_forum("crew", title="Crew", description="Only for members.", read_access="members")
        self.samples: dict[str, Any] = {name: user.pk for name, user in self.people.items()}

    def does(self, who: str, address: str, **fields: Any) -> Any:
        """Somebody sends a form; where they are led."""
        from tests.helpers import token

        answer = self.browsers[who].post(address, {"token": token(self.people[who]), **fields})
        assert answer.status_code in (200, 204, 302), (
            f"{address}: {answer.status_code} {answer.content.decode()[:2000]}"
        )
        return answer.headers.get("Location", "")

    def everything(self) -> dict[str, Any]:
        thread = self.a_thread_with_all_kinds_of_posts()
        self.reactions(thread)
        self.what_members_keep()
        self.what_waits_for_moderators(thread)
        self.sanctions_and_jobs()
        self.what_administrators_define()
        self.secrets()
        # So short a title that most of the line that tells of it on the home page is no link.
        self.does("bob", "/f/coffee/new/", title="Tea", body="Is it served?")
        return self.samples

    def a_thread_with_all_kinds_of_posts(self) -> "Thread":
        from forum.tables import threads
        from tests.helpers import start_thread

        poll = {"poll_question": "Tea or coffee?", "poll_options": "Tea\nCoffee\nBoth", "poll_shows": "always"}
        title = f"Wide things in a narrow page: {'wide' * 30}"
        url = self.does("ada", "/f/coffee/new/", title=title, tags="grinders, water", body=WIDE, **poll)
        thread = threads.get_thread("coffee", url.split("/")[3])
        base = f"/f/coffee/{thread.id}"
        for number in range(REPLIES):
            body = f"Reply {number + 1} to @ada, with `code` and *stress*.\n\n> Somebody’s words"
            self.does("bob" if number % 3 else "ada", f"{base}/reply/", body=body)
        self.does("ada", f"{base}/2/edit/", body="Another text.\n\nWith two paragraphs.", revision=1)
        self.does("mika", f"{base}/4/hide/", reason="Off topic")
        self.does("ada", f"{base}/5/delete/")
        self.does("mika", f"{base}/pin/", pinned="1")
        bare = start_thread(self.people["ada"], self.coffee, "A thread without a reply", "Nobody answers.")
        locked = start_thread(self.people["bob"], self.coffee, "A thread that is closed", "Say no more.")
        self.does("mika", f"/f/coffee/{locked.id}/lock/", locked="1")
        removed = start_thread(self.people["bob"], self.coffee, "A thread that is gone", "Say no more.")
        self.does("mika", f"/f/coffee/{removed.id}/hide/", reason="Advertising")
        self.samples |= {"thread": thread.id, "bare": bare.id, "locked": locked.id, "removed": removed.id}
        return thread

    def reactions(self, thread: "Thread") -> None:
        base = f"/f/coffee/{thread.id}"
        self.does("ada", f"{base}/3/like/", on="1")
        self.does("bob", f"{base}/1/like/", on="1")
        self.does("ada", f"{base}/3/bookmark/", on="1")
        self.does("ada", f"/bookmarks/{thread.id}/3/", note="To be read again.")
        self.does("ada", f"{base}/3/answer/", on="1")
        self.does("ada", f"{base}/1/vote/", choice="1")
        self.does("ada", f"{base}/watch/", level="watching")
        self.does("bob", f"{base}/reply/", body="One more, @ada.")

    def what_members_keep(self) -> None:
        self.does("ada", "/settings/profile/", about="I **grind**.", location="Graz", website="https://ada.example/")
        self.does(
            "ada", "/drafts/", path=f"/f/coffee/{self.samples['bare']}/reply/", text=WIDE.partition("One word")[2]
        )
        self.does("ada", f"/members/{self.samples['spammer']}/ignore/", on="1")
        token = {"name": "script" * 10, "scopes": ["read", "write"], "days": "30", "password": "correct horse"}
        self.does("ada", "/settings/tokens/", **token)
        talk = self.does("ada", "/messages/new/", to="bob", title="Plans", body="Shall we meet?").split("/")[2]
        self.does("bob", f"/messages/{talk}/", body="Yes.")
        self.does("ada", f"/messages/{talk}/1/edit/", body="Shall we meet on Friday?", revision=1)
        self.samples["talk"] = talk

    def what_waits_for_moderators(self, thread: "Thread") -> None:
        from forum.models import BlockedText
        from forum.tables import cases
        from tests.helpers import renew, start_thread

        BlockedText.objects.create(text="unheard", answer=BlockedText.Answer.APPROVE)
        renew()
        assert self.does("ada", f"/f/coffee/{thread.id}/reply/", body=f"Unheard of. {WIDE}") == "/pending/"
        (text,) = cases.list_pending(str(self.people["ada"].pk))
        self.does("ada", f"/f/coffee/{thread.id}/6/report/", kind="Something else", words="This worries me.")
        watches = start_thread(self.people["spammer"], self.coffee, "Cheap watches", "Buy them!")
        self.does("bob", f"/f/coffee/{watches.id}/1/report/", kind="Spam")
        self.samples |= {"nonce": text[0].item.removeprefix(cases.PENDING), "watches": watches.id}

    def sanctions_and_jobs(self) -> None:
        from forum.actions import nuking
        from forum.models import Job
        from tests.helpers import reader

        self.does("mika", f"/admin/forum/user/{self.samples['spammer']}/moderation/warn/", reason="No advertisements.")
        job = nuking.nuke(reader(self.people["mika"]), self.people["spammer"], "Advertises everywhere.", may=True)
        event = "2026-11-24T08:00:00.000000Z#k3j9x2ab"
        state = {"source": "coffee", "target": "trains", "thread": self.samples["bare"], "event": event}
        mover = str(self.people["mika"].pk)
        move = Job.objects.create(kind="move thread", title="A move", user_id=mover, state=state, status="failed")
        self.samples |= {"job": job.pk, "move": move.pk}

    def what_administrators_define(self) -> None:
        from allauth.account.models import EmailAddress
        from django.contrib.auth.models import Group

        from forum.models import BlockedText, Delivery, Webhook

        ada = self.people["ada"]
        address = EmailAddress.objects.create(user=ada, email=ada.email, primary=True, verified=True)
        hook = Webhook.objects.create(name="Chat", url="https://chat.example.org/", events=[], active=False)
        delivery = Delivery.objects.create(webhook=hook, event="member.joined", key="1", payload={}, status="failed")
        self.samples |= {"forum": self.coffee.pk, "group": Group.objects.get().pk, "address": address.pk}
        self.samples |= {"hook": hook.pk, "delivery": delivery.pk, "blocked": BlockedText.objects.get().pk}

    def secrets(self) -> None:
        """What stands in the addresses of mails; and a second factor of grace's. She and ada have just signed in."""
        from allauth.account.forms import default_token_generator
        from allauth.account.models import EmailAddress, EmailConfirmationHMAC
        from allauth.account.utils import user_pk_to_url_str
        from allauth.mfa.models import Authenticator
        from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
        from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

        from forum import unsubscribing

        bob, grace = self.people["bob"], self.people["grace"]
        address = EmailAddress.objects.create(user=bob, email=bob.email, primary=True)
        TOTP.activate(grace, generate_totp_secret())
        RecoveryCodes.activate(grace)
        self.samples |= {
            "stop": unsubscribing.token(str(bob.pk), "reply"),
            "stopped": unsubscribing.token(str(bob.pk), "like"),
            "confirmation": EmailConfirmationHMAC(address).key,
            "reset": f"{user_pk_to_url_str(bob)}-{default_token_generator.make_token(bob)}",
            "second": Authenticator.objects.filter(user=grace).first().pk,
        }
        for name in ("ada", "grace"):
            session = self.browsers[name].session
            session["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
            session.save()

    def cookies(self) -> dict[str, str]:
        """By which each member is signed in."""
        return {name: browser.cookies["sessionid"].value for name, browser in self.browsers.items()}


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "forum_site.settings")
    django.setup()
    filled = Fill()
    sys.stdout.write(json.dumps({"samples": filled.everything(), "cookies": filled.cookies()}))
