"""Screening: what a text may not hold, how many links and posts new members have, and that the text comes back."""

from typing import Any

import pytest
from django.http import HttpResponse

from forum.actions.screening import Blocklist, Text, host_of
from forum.models import BlockedText, Forum, User
from forum.tables import threads
from forum.tables.threads import Thread
from tests.helpers import cost, make_member, page_url, renew, reply, signed_in, start_thread, token

WORD, DOMAIN = BlockedText.Kind.WORD, BlockedText.Kind.DOMAIN


def text(response: HttpResponse) -> str:
    return response.content.decode()


def block(kind: str, words: str, answer: str = BlockedText.Answer.REFUSE) -> None:
    BlockedText.objects.create(kind=kind, text=words, answer=answer)
    renew()


def found(blocked: list[tuple[str, str]], body: str, title: str = "") -> list[str]:
    """What of the blocked (kind, text) pairs is in a post."""
    blocklist = Blocklist("")
    for kind, words in blocked:
        blocklist.add(BlockedText(kind=kind, text=words))
    return sorted(blocklist.found_in(Text.of(title, body)))


class TestWords:
    @pytest.mark.parametrize(
        "body",
        [
            "Try viagra today.",
            "VIAGRA!",
            "viágra",
            "vi\u200bag\u200dra",
            "v\u00adiagra",
            "ｖｉａｇｒａ",
            "vi**ag**ra",
            "[viagra](/x)",
            "![viagra](/x)",
            "`viagra`",
            "_viagra_",
            "via&#103;ra",
        ],
    )
    def test_a_word_is_found_however_it_is_dressed(self, body: str) -> None:
        assert found([(WORD, "Viagra")], body) == ["Viagra"]

    @pytest.mark.parametrize("body", ["viagras", "aviagra", "vi agra", "via gra", "Nothing of it."])
    def test_only_whole_words_are(self, body: str) -> None:
        assert found([(WORD, "viagra")], body) == []

    def test_it_is_looked_for_in_titles_too(self) -> None:
        assert found([(WORD, "viagra")], "Words.", "Cheap Viagra") == ["viagra"]

    @pytest.mark.parametrize("body", ["buy now", "Buy,  NOW!", "buy\n> now", "buy *now*"])
    def test_phrases_are_found_across_what_stands_between_their_words(self, body: str) -> None:
        assert found([(WORD, "Buy now")], body) == ["Buy now"]
        assert found([(WORD, "Buy now and")], body) == []

    def test_other_scripts_and_signs_are_words_too(self) -> None:
        blocked = [(WORD, "Купить"), (WORD, "賭博"), (WORD, "🖕"), (WORD, "straße")]
        assert found(blocked, "КУПИТЬ 我賭博吧 🖕🏽 STRASSE") == sorted(words for _, words in blocked)


class TestDomains:
    @pytest.mark.parametrize(
        "body",
        [
            "[x](https://spam.example/a)",
            "https://spam.example",
            "www.spam.example",
            "[x](http://deep.below.SPAM.example:8080/a)",
            "![x](https://spam.example/a.png)",
            "<https://me:secret@spam.example/>",
            "[x](https:///spam.example)",
            "[x](https://good.example\\@spam.example)",
            "[x](https://spam.example./)",
            "[x](https://spam。example/)",
            "me@spam.example",
            "[x][y]\n\n[y]: https://spam.example",
        ],
    )
    def test_a_domain_is_found_in_every_link_with_all_below_it(self, body: str) -> None:
        assert found([(DOMAIN, "spam.example")], body) == ["spam.example"]

    @pytest.mark.parametrize(
        "body",
        [
            "https://notspam.example",
            "https://spam.example.org",
            "[x](/spam.example)",
            "https://x.example/?spam.example",
        ],
    )
    def test_others_are_left_alone(self, body: str) -> None:
        assert found([(DOMAIN, "spam.example")], body) == []

    def test_names_in_other_scripts_are_the_same_in_both_spellings(self) -> None:
        for blocked in ("bücher.example", "xn--bcher-kva.example"):
            for body in ("https://bücher.example", "https://xn--bcher-kva.example", "[x](https://B%C3%BCcher.example)"):
                assert found([(DOMAIN, blocked)], body) == [blocked]

    @pytest.mark.parametrize("address", ["https://", "https://[::1", "mailto:", "https://%", "https://a..b", "/x", "#"])
    def test_no_address_makes_it_fail(self, address: str) -> None:
        assert isinstance(host_of(address), str)


class TestPosting:
    def test_what_is_refused_is_named_and_the_text_comes_back(self, aws: Forum, ada: User) -> None:
        block(WORD, "Viagra")
        block(DOMAIN, "spam.example")
        fields = {"title": "A title", "body": "Viagra from www.spam.example, kept.", "token": token(ada)}
        answer = signed_in(ada).post("/f/aws/new/", fields)
        assert answer.status_code == 422
        assert "“spam.example”, “Viagra”" in text(answer) and "www.spam.example, kept." in text(answer)
        assert threads.list_by_activity("aws", 1, 10) == []

    def test_replies_and_edits_are_screened_as_well(self, aws: Forum, ada: User) -> None:
        thread = start_thread(ada, aws)
        reply(ada, thread, "Fine words.")
        block(WORD, "viagra")
        answer = reply(ada, thread, "Viagra, kept.")
        assert answer.status_code == 422 and "Viagra, kept." in text(answer)
        fields = {"body": "Now with Viagra.", "revision": 1}
        answer = signed_in(ada).post(f"/f/aws/{thread.id}/2/edit/", fields)
        assert answer.status_code == 422 and "Now with Viagra." in text(answer)
        assert "Fine words." in text(signed_in(ada).get(page_url(thread)))

    def test_an_edit_may_leave_what_was_there_before_it_was_blocked(self, aws: Forum, ada: User) -> None:
        thread = start_thread(ada, aws, body="Old viagra.")
        block(WORD, "viagra")
        fields = {"title": "A thread", "body": "Old viagra, mended.", "revision": 1}
        assert signed_in(ada).post(f"/f/aws/{thread.id}/1/edit/", fields).status_code == 302

    def test_an_edit_does_not_bring_in_what_would_have_to_wait(self, aws: Forum, ada: User) -> None:
        thread = start_thread(ada, aws)
        block(WORD, "crypto", BlockedText.Answer.APPROVE)
        fields = {"title": "A thread", "body": "Crypto.", "revision": 1}
        assert signed_in(ada).post(f"/f/aws/{thread.id}/1/edit/", fields).status_code == 422

    def test_moderators_may_say_everything(self, aws: Forum, mod: User) -> None:
        block(WORD, "viagra")
        start_thread(mod, aws, body="Posts about viagra are not wanted.")

    def test_the_list_is_asked_once_and_again_when_the_admin_changes_it(self, aws: Forum, ada: User) -> None:
        boss = signed_in(make_member("boss", is_staff=True, is_superuser=True))
        thread = start_thread(ada, aws)
        fields = {"kind": "word", "text": "viagra", "answer": "refuse"}
        assert boss.post("/admin/forum/blockedtext/add/", fields).status_code == 302
        renew()
        assert reply(ada, thread, "Viagra").status_code == 422
        with cost() as spent:
            assert reply(ada, thread, "Viagra again").status_code == 422
        assert spent.dynamodb.calls == ["GetItem", "Query"], "for the form: of the head, and of posts to quote"
        BlockedText.objects.all().delete()
        renew()
        assert reply(ada, thread, "Viagra").status_code == 302


class TestNewMembers:
    TWO = "https://one.example and [two](https://two.example)"

    def test_have_so_many_links_in_a_post(self, aws: Forum, settings: Any) -> None:
        settings.NEW_MEMBER_LINKS = 2
        new, known = make_member("new"), make_member("known", trust=1)
        thread = start_thread(known, aws, body=f"{self.TWO} www.three.example")
        assert reply(new, thread, f"{self.TWO} [home](/) [own](http://localhost/f/aws/)").status_code == 302
        answer = reply(new, thread, f"{self.TWO} ![three](https://three.example/x.png)")
        assert answer.status_code == 422 and "at most 2 links" in text(answer) and "this one has 3" in text(answer)

    def test_do_not_edit_more_links_in(self, aws: Forum, settings: Any) -> None:
        settings.NEW_MEMBER_LINKS = 1
        new = make_member("new")
        thread = start_thread(new, aws)
        fields = {"title": "A thread", "body": self.TWO, "revision": 1}
        assert signed_in(new).post(f"/f/aws/{thread.id}/1/edit/", fields).status_code == 422

    def test_post_so_many_times_an_hour_and_are_told_how_long_to_wait(
        self, aws: Forum, ada: User, settings: Any
    ) -> None:
        settings.NEW_MEMBER_POSTS_PER_HOUR = 2
        thread = start_thread(make_member("known", trust=1), aws)
        for _ in range(2):
            assert reply(ada, thread).status_code == 302
        answer = reply(ada, thread, "One too many, kept.")
        assert answer.status_code == 429
        assert 1700 < int(answer["Retry-After"]) <= 1800
        assert "New members can post 2 times an hour. Please wait 30 minutes" in text(answer)
        assert "One too many, kept." in text(answer)
        assert threads.get_thread("aws", thread.id).last_post_number == 3

    def test_and_no_process_needs_to_be_asked_twice(self, aws: Forum, ada: User, settings: Any) -> None:
        settings.NEW_MEMBER_POSTS_PER_HOUR = 1
        thread = start_thread(ada, aws)
        client, fields = signed_in(ada), {"body": "Too many.", "token": token(ada)}
        assert client.post(f"/f/aws/{thread.id}/reply/", fields).status_code == 429
        with cost() as spent:
            assert client.post(f"/f/aws/{thread.id}/reply/", fields).status_code == 429
        assert spent.all == ([], 0, 0)

    def test_the_same_form_sent_twice_counts_once(self, aws: Forum, ada: User, settings: Any) -> None:
        thread = start_thread(make_member("known", trust=1), aws)
        settings.NEW_MEMBER_POSTS_PER_HOUR = 1
        fields = {"body": "Once.", "token": token(ada)}
        for _ in range(2):
            assert signed_in(ada).post(f"/f/aws/{thread.id}/reply/", fields).status_code == 302
        assert threads.get_thread("aws", thread.id).last_post_number == 2

    def test_others_have_a_generous_limit_and_moderators_none(self, aws: Forum, mod: User, settings: Any) -> None:
        settings.POSTS_PER_HOUR = 1
        thread = start_thread(mod, aws)
        assert [reply(mod, thread).status_code for _ in range(3)] == [302] * 3
        known, regular = make_member("known", trust=1), make_member("regular", trust=3)
        assert [reply(known, thread).status_code for _ in range(2)] == [302, 429]
        assert [reply(regular, thread).status_code for _ in range(3)] == [302, 302, 429]


class TestClosedThreads:
    def test_an_archived_thread_takes_neither_replies_nor_edits(self, aws: Forum, ada: User, mod: User) -> None:
        from forum.actions import moderating
        from tests.helpers import reader, rules

        thread: Thread = start_thread(ada, aws)
        moderating.set_archived(reader(mod), rules(aws), thread, True)
        assert reply(ada, thread).status_code == 409
        fields = {"title": "A thread", "body": "Changed.", "revision": 1}
        assert signed_in(ada).post(f"/f/aws/{thread.id}/1/edit/", fields).status_code == 403
