"""Where a post's page and the list of posts lead: to pages that open, and to the form that splits posts off."""

import re
from typing import Any

import pytest
from django.test import Client

from forum.models import Forum, User
from forum.tables import base
from forum.tables.posts import Post
from forum.tables.threads import Thread
from tests.helpers import make_member, reply, signed_in, start_thread

from .test_posts import PAGE, admin, give, page_of, stored, talk, text

__all__ = ["admin", "talk"]


class TestLinks:
    """Each is there for whom its page opens, and as long as it does."""

    def links(self, browser: Client, thread: Thread, number: int) -> list[str]:
        page = text(browser.get(page_of(thread, number)))
        return re.findall(r'href="([^"]+)" class="quiet-tool"', page)

    def test_all_lead_somewhere(self, admin: Client, talk: Thread, bob: User) -> None:
        signed_in(bob).post(f"/f/aws/{talk.id}/2/like/", {"on": "1"})
        found = self.links(admin, talk, 2)
        assert f"/f/aws/{talk.id}/2/edit/" in found and f"/f/aws/{talk.id}/2/likes/" in found
        assert all(admin.get(url, follow=True).status_code == 200 for url in found)

    def test_what_is_hidden_is_not_edited(self, admin: Client, talk: Thread) -> None:
        for url, number in ((page_of(talk, 2, "hide/"), 2), (f"/admin/threads/{talk.id}/hide/", 3)):
            assert admin.post(url, {"reason": "Off topic", "confirmed": "Hide"}).status_code == 302
            found = self.links(admin, talk, number)
            assert f"/f/aws/{talk.id}/{number}/edit/" not in found and f"/p/{talk.id}/{number}/" not in found
            assert all(admin.get(each, follow=True).status_code == 200 for each in found)

    def test_who_moderates_no_forum_is_not_led_to_what_moderators_do(self, talk: Thread) -> None:
        clerk = make_member("clerk", is_staff=True)
        clerk.groups.clear()
        give(clerk, "view_post", "change_post")
        browser = signed_in(clerk)
        assert "hide/" in text(browser.get(page_of(talk, 2))) and 'href="split/"' not in text(
            browser.get(page_of(talk, 2))
        )
        found = self.links(browser, talk, 2)
        assert not any("/edit/" in url for url in found)
        assert all(browser.get(url, follow=True).status_code == 200 for url in found)

    def test_nobody_is_looked_for_where_the_author_is_a_pseudonym(self, admin: Client, talk: Thread) -> None:
        post = stored(talk, 2)
        base.commit(updates=[(post, [Post.user_id.set("-123456789012345678")], None)])
        found = self.links(admin, talk, 2)
        assert not any("member=" in url or "moderation" in url for url in found)


class TestSplitting:
    def select(self, admin: Client, threads: list[Thread], *chosen: int) -> Any:
        fields = [f"{thread.partition}|{stored(thread, n).timestamp}" for thread in threads for n in chosen]
        return admin.post(PAGE, {"action": "split", "_selected_action": fields})

    def test_the_form_knows_what_was_selected(self, admin: Client, talk: Thread) -> None:
        answer = self.select(admin, [talk], 4, 2)
        assert answer["Location"] == f"/f/aws/{talk.id}/split/?numbers=2%2C4"
        page = text(admin.get(answer["Location"]))
        assert "2 posts are chosen" in page and 'name="numbers" value="2, 4"' in page
        assert re.findall(r'value="(\d+)" checked', page) == ["2", "4"]
        sent = {"numbers": "2, 4", "was": "2, 4", "shown": "1", "post": ["2", "4"], "title": "Another matter"}
        assert admin.post(answer["Location"].partition("?")[0], sent).status_code == 302
        assert stored(talk, 2).status == "moved" and stored(talk, 3).status == "visible"

    def test_one_post_from_its_page(self, admin: Client, talk: Thread) -> None:
        assert 'href="split/"' in text(admin.get(page_of(talk, 3)))
        assert 'href="split/"' not in text(admin.get(page_of(talk, 1)))
        assert admin.get(page_of(talk, 3, "split/"))["Location"].endswith("?numbers=3")

    def test_posts_of_one_thread_only(self, admin: Client, talk: Thread, aws: Forum, ada: User) -> None:
        other = start_thread(ada, aws, "Another one")
        reply(ada, other)
        answer = self.select(admin, [talk, other], 2)
        assert answer.status_code == 400 and "in several threads" in text(answer)
        assert self.select(admin, [talk], 1).status_code == 400

    @pytest.mark.parametrize("numbers", ["x", "9-2", "1-99999999", "%00"])
    def test_a_damaged_link(self, numbers: str, admin: Client, talk: Thread) -> None:
        assert admin.get(f"/f/aws/{talk.id}/split/?numbers={numbers}").status_code == 400
        assert admin.get(f"/f/aws/{talk.id}/split/?numbers=0,999999999").status_code == 200
