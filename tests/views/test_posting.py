"""Writing: what is posted shows at once, and whatever goes wrong, the text comes back."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from django.test import Client

from forum.actions import moderating, posting
from forum.errors import Conflict
from forum.models import Forum, User
from forum.tables import moderation, posts, threads
from forum.tables.keys import Nonce
from forum.tables.threads import Thread
from tests.helpers import make_forum, make_member, page_url, reader, renew, reply, rules, signed_in, start_thread, token


def text(response) -> str:  # type: ignore[no-untyped-def]
    return response.content.decode()


TEXT = "Words that took an hour to write."


class TestTheHappyPath:
    def test_a_thread_is_started_and_its_starter_sees_it(self, aws: Forum, ada: User) -> None:
        client = signed_in(ada)
        assert "Title" in text(client.get("/f/aws/new/"))
        fields = {"title": "Which key?", "body": "Composite or not?", "token": token(ada)}
        answer = client.post("/f/aws/new/", fields, follow=True)
        assert answer.status_code == 200 and "Composite or not?" in text(answer)

    def test_a_reply_is_on_the_page_it_leads_to_and_on_every_list(
        self, aws: Forum, ada: User, bob: User, client: Client
    ) -> None:
        thread = start_thread(ada, aws)
        for url in ("/", "/f/aws/", "/f/aws/latest/", page_url(thread), "/u/Bob/"):
            client.get(url)
        answer = reply(bob, thread, "A reply by Bob.")
        assert answer["Location"] == f"{page_url(thread)}#post-2"
        for url in (page_url(thread), "/f/aws/latest/", "/u/Bob/"):
            assert "A reply by Bob." in text(client.get(url)), url
        for url in ("/", "/f/aws/"):
            assert "Bob" in text(client.get(url)), url

    def test_the_form_in_a_cached_page_works(self, aws: Forum, ada: User, bob: User) -> None:
        thread = start_thread(ada, aws)
        signed_in(ada).get(page_url(thread))
        browser = signed_in(bob, enforce_csrf_checks=True)
        page = text(browser.get(page_url(thread)))
        fields = {name: page.split(f'name="{name}" value="')[1].split('"')[0] for name in ("csrfmiddlewaretoken",)}
        one_time = page.split('name="token" value="')[1].split('"')[0]
        answer = browser.post(f"/f/aws/{thread.id}/reply/", {**fields, "token": one_time, "body": "From the page."})
        assert answer.status_code == 302
        assert "From the page." in text(browser.get(page_url(thread)))

    def test_an_edit_shows_at_once_and_the_old_text_is_kept(self, aws: Forum, ada: User, client: Client) -> None:
        thread = start_thread(ada, aws, "Old title", "Old text.")
        client.get(page_url(thread))
        fields = {"title": "New title", "body": "New text.", "revision": 1}
        answer = signed_in(ada).post(f"/f/aws/{thread.id}/1/edit/", fields)
        assert answer.status_code == 302
        page = text(client.get(answer["Location"].split("#")[0]))
        assert "New text." in page and "New title" in page and "edited" in page and "Old text." not in page
        (record,) = moderation.list_records(moderation.post_subject(thread.id, 1))
        assert (record.kind, record.body, record.title) == ("edit", "Old text.", "Old title")

    def test_a_deleted_post_leaves_its_number_and_place(self, aws: Forum, ada: User, bob: User, client: Client) -> None:
        thread = start_thread(ada, aws)
        reply(bob, thread, "Regretted words.")
        reply(ada, thread, "Third.")
        assert "Regretted words." in text(signed_in(bob).get(f"/f/aws/{thread.id}/2/delete/"))
        signed_in(bob).post(f"/f/aws/{thread.id}/2/delete/")
        page = text(client.get(page_url(thread)))
        assert "Regretted words." not in page and 'id="post-2"' in page and 'id="post-3"' in page
        head = threads.get_thread("aws", thread.id)
        assert (head.last_post_number, head.post_count) == (3, 2)

    def test_deleting_the_first_post_says_that_the_thread_goes_with_it(self, aws: Forum, ada: User, mod: User) -> None:
        thread = start_thread(ada, aws)
        assert "Delete this thread?" in text(signed_in(ada).get(f"/f/aws/{thread.id}/1/delete/"))
        reply(ada, thread)
        assert "with its 1 reply" in text(signed_in(mod).get(f"/f/aws/{thread.id}/1/delete/"))
        assert "Delete post #2?" in text(signed_in(ada).get(f"/f/aws/{thread.id}/2/delete/"))

    def test_a_preview_shows_the_text_and_stores_nothing(self, aws: Forum, ada: User) -> None:
        fields = {"title": "A title", "body": "Is **bold**?", "token": token(ada), "preview": "1"}
        answer = signed_in(ada).post("/f/aws/new/", fields)
        assert answer.status_code == 200
        assert "<strong>bold</strong>" in text(answer) and "Is **bold**?" in text(answer)
        assert threads.list_by_activity("aws", 1, 10) == []
        thread = start_thread(ada, aws)
        answer = signed_in(ada).post(f"/f/aws/{thread.id}/reply/", fields)
        assert answer.status_code == 200 and "<strong>bold</strong>" in text(answer)
        assert "<strong>x</strong>" in text(signed_in(ada).post("/preview/", {"body": "**x**"}))

    def test_moderators_lock_and_unlock(self, aws: Forum, ada: User, mod: User, client: Client) -> None:
        thread = start_thread(ada, aws)
        assert "Lock thread" in text(signed_in(mod).get(page_url(thread)))
        assert "Lock thread" not in text(signed_in(ada).get(page_url(thread)))
        signed_in(mod).post(f"/f/aws/{thread.id}/lock/", {"locked": "1"})
        assert "This thread is locked" in text(client.get(page_url(thread)))
        signed_in(mod).post(f"/f/aws/{thread.id}/lock/", {"locked": "0"})
        assert "This thread is locked" not in text(client.get(page_url(thread)))
        assert signed_in(ada).post(f"/f/aws/{thread.id}/lock/", {"locked": "1"}).status_code == 403


class TestTheTextComesBack:
    @pytest.mark.parametrize("body", ["", "   \n\t ", "\u200b\u2003", "x" * 40_001, "NUL \x00 inside", "\x1b[31mred"])
    def test_a_body_that_cannot_be_posted_is_shown_again(self, body: str, aws: Forum, ada: User) -> None:
        thread = start_thread(ada, aws)
        answer = reply(ada, thread, body)
        assert answer.status_code == 422
        assert threads.get_thread("aws", thread.id).last_post_number == 1
        if len(body) > 40_000:
            assert "x" * 40_001 in text(answer), "nothing of it is cut off"

    def test_a_body_of_megabytes_is_refused_in_words(self, aws: Forum, ada: User) -> None:
        thread = start_thread(ada, aws)
        answer = reply(ada, thread, "x" * 3_000_000)
        assert answer.status_code == 413 and "40,000" in text(answer)

    @pytest.mark.parametrize("sent", ["lone %ED%A0%80 surrogate", "cut %E2%82 short", "%FF%FE"])
    def test_bytes_that_are_no_text_are_shown_as_such_and_harm_nothing(
        self, sent: str, aws: Forum, ada: User, client: Client
    ) -> None:
        thread = start_thread(ada, aws)
        data = f"token={quote(token(ada))}&body={sent}"
        answer = signed_in(ada).post(
            f"/f/aws/{thread.id}/reply/", data, content_type="application/x-www-form-urlencoded"
        )
        assert answer.status_code == 302
        assert "\N{REPLACEMENT CHARACTER}" in text(client.get(page_url(thread)))

    @pytest.mark.parametrize("title", ["", "ab", "  \t ", "x" * 201, "two\x00parts"])
    def test_a_title_that_cannot_be_posted_is_shown_again_with_the_text(
        self, title: str, aws: Forum, ada: User
    ) -> None:
        answer = signed_in(ada).post("/f/aws/new/", {"title": title, "body": TEXT, "token": token(ada)})
        assert answer.status_code == 422 and TEXT in text(answer)

    @pytest.mark.parametrize(
        "body",
        ["مرحبا بالعالم، كيف الحال؟", "Family: 👨‍👩‍👧‍👦 and flags 🇩🇪", "日本語のテキスト", "🧵" * 40_000, "a\r\nb"],
    )
    def test_every_script_and_emoji_can_be_posted(self, body: str, aws: Forum, ada: User, client: Client) -> None:
        thread = start_thread(ada, aws)
        assert reply(ada, thread, body).status_code == 302
        page = client.get(page_url(thread))
        assert page.status_code == 200
        assert body.splitlines()[0][:20] in text(page)

    @pytest.mark.parametrize("sent", ["", "forged", "01KAQ4ZT9N8YV3W2Q6JX5R7D03:forged"])
    def test_a_form_without_a_good_token_is_offered_again(self, sent: str, aws: Forum, ada: User) -> None:
        thread = start_thread(ada, aws)
        answer = signed_in(ada).post(f"/f/aws/{thread.id}/reply/", {"body": TEXT, "token": sent})
        assert answer.status_code in (409, 422) and TEXT in text(answer)
        fresh = text(answer).split('name="token" value="')[1].split('"')[0]
        answer = signed_in(ada).post(f"/f/aws/{thread.id}/reply/", {"body": TEXT, "token": fresh})
        assert answer.status_code == 302, "sending again is enough"

    def test_another_members_token_is_refused(self, aws: Forum, ada: User, bob: User) -> None:
        thread = start_thread(ada, aws)
        answer = signed_in(ada).post(f"/f/aws/{thread.id}/reply/", {"body": TEXT, "token": token(bob)})
        assert answer.status_code == 409 and TEXT in text(answer)

    def test_an_expired_session_leads_to_sign_in_and_the_text_is_there_afterwards(
        self, aws: Forum, ada: User, client: Client
    ) -> None:
        thread = start_thread(ada, aws)
        answer = client.post(f"/f/aws/{thread.id}/reply/", {"body": TEXT, "token": token(ada)})
        assert answer.status_code == 302 and answer["Location"].startswith("/accounts/login/?next=")
        fields = {"login": "ada", "password": "correct horse"}
        page = client.post(answer["Location"], fields, follow=True)
        assert page.status_code == 200 and TEXT in text(page)
        assert client.get("/f/aws/").wsgi_request.session.get_expiry_age() > 86_400, "a full session again"
        reply_sent = client.post(f"/f/aws/{thread.id}/reply/", {"body": TEXT, "token": token(ada)})
        assert reply_sent.status_code == 302
        assert text(client.get(page_url(thread))).count(TEXT) == 1, "in the post, and no longer in the form"

    def test_the_same_for_a_new_thread(self, aws: Forum, ada: User, client: Client) -> None:
        sent = {"title": "A good title", "body": TEXT, "token": token(ada)}
        answer = client.post("/f/aws/new/", sent)
        page = client.post(answer["Location"], {"login": "ada", "password": "correct horse"}, follow=True)
        assert "A good title" in text(page) and TEXT in text(page)

    def test_a_missing_csrf_token_gives_the_text_back_with_a_new_one(self, aws: Forum, ada: User) -> None:
        thread = start_thread(ada, aws)
        browser = signed_in(ada, enforce_csrf_checks=True)
        url = f"/f/aws/{thread.id}/reply/"
        answer = browser.post(url, {"body": TEXT, "token": token(ada)})
        assert answer.status_code == 403 and TEXT in text(answer)
        page = text(answer)
        csrf, one_time = (page.split(f'name="{n}" value="')[1].split('"')[0] for n in ("csrfmiddlewaretoken", "token"))
        answer = browser.post(url, {"body": TEXT, "token": one_time, "csrfmiddlewaretoken": csrf})
        assert answer.status_code == 302

    def test_a_stale_edit_shows_both_texts(self, aws: Forum, ada: User, mod: User) -> None:
        thread = start_thread(ada, aws, "The title", "First text.")
        url = f"/f/aws/{thread.id}/1/edit/"
        theirs = {"title": "The title", "body": "The moderator's text.", "revision": 1, "reason": "Clearer."}
        assert signed_in(mod).post(url, theirs).status_code == 302
        answer = signed_in(ada).post(url, {"title": "The title", "body": "The author's text.", "revision": 1})
        assert answer.status_code == 409
        assert "The moderator&#x27;s text." in text(answer) and "The author&#x27;s text." in text(answer)
        revision = text(answer).split('name="revision" value="')[1].split('"')[0]
        answer = signed_in(ada).post(url, {"title": "The title", "body": "Both texts.", "revision": revision})
        assert answer.status_code == 302
        assert posts.get_post(thread.id, 1).body == "Both texts."


class TestWhatIsNotAllowed:
    def test_replying_to_a_locked_thread(self, aws: Forum, ada: User, mod: User) -> None:
        thread = start_thread(ada, aws)
        moderating.set_locked(reader(mod), rules(aws), thread, True)
        answer = reply(ada, thread, TEXT)
        assert answer.status_code == 409 and TEXT in text(answer) and "locked" in text(answer)

    def test_replying_to_a_deleted_thread(self, aws: Forum, ada: User, bob: User) -> None:
        thread = start_thread(ada, aws)
        signed_in(ada).post(f"/f/aws/{thread.id}/1/delete/")
        answer = reply(bob, thread, TEXT)
        assert answer.status_code == 409 and TEXT in text(answer) and "removed" in text(answer)

    def test_replying_to_a_moved_thread(self, aws: Forum, ada: User) -> None:
        thread = start_thread(ada, aws)
        thread.update([Thread.moved_to.set(f"django/{thread.id}")])
        answer = reply(ada, thread, TEXT)
        assert answer.status_code == 409 and TEXT in text(answer) and "moved" in text(answer)

    def test_replying_to_a_thread_that_never_was(self, aws: Forum, ada: User) -> None:
        answer = signed_in(ada).post("/f/aws/01KAQ4ZT9N8YV3W2Q6JX5R7D00/reply/", {"body": TEXT, "token": token(ada)})
        assert answer.status_code == 404 and TEXT in text(answer)

    def test_posting_in_an_archived_forum(self, aws: Forum, ada: User) -> None:
        thread = start_thread(ada, aws)
        Forum.objects.update(archived=True)
        renew()
        answer = reply(ada, thread, TEXT)
        assert answer.status_code == 403 and TEXT in text(answer)
        assert signed_in(ada).get(f"/f/aws/{thread.id}/1/edit/").status_code == 403

    def test_posting_where_only_staff_may(self, ada: User, mod: User) -> None:
        news = make_forum("news", post_access="staff")
        answer = signed_in(ada).post("/f/news/new/", {"title": "Title", "body": TEXT, "token": token(ada)})
        assert answer.status_code == 403 and TEXT in text(answer)
        start_thread(mod, news)

    def test_editing_and_deleting_anothers_post(self, aws: Forum, ada: User, bob: User) -> None:
        thread = start_thread(ada, aws)
        for act in ("edit", "delete"):
            url = f"/f/aws/{thread.id}/1/{act}/"
            assert signed_in(bob).get(url).status_code == 403
            fields = {"title": "Title", "body": TEXT, "revision": 1}
            assert signed_in(bob).post(url, fields).status_code == 403
            assert Client().post(url, fields)["Location"].startswith("/accounts/login/")
        assert posts.get_post(thread.id, 1).body == "Its first post."

    def test_deleting_a_thread_that_others_replied_to(self, aws: Forum, ada: User, bob: User, mod: User) -> None:
        thread = start_thread(ada, aws)
        reply(bob, thread)
        assert signed_in(ada).post(f"/f/aws/{thread.id}/1/delete/").status_code == 409
        assert signed_in(mod).post(f"/f/aws/{thread.id}/1/delete/", {"reason": "Spam."}).status_code == 302

    def test_deleting_a_thread_while_somebody_replies(self, aws: Forum, ada: User, bob: User) -> None:
        thread = start_thread(ada, aws)
        reply(bob, thread, "Just in time.")
        with pytest.raises(Conflict):
            posting.delete(reader(ada), rules(aws), thread, posts.get_post(thread.id, 1))
        assert not threads.get_thread("aws", thread.id).deleted

    def test_changing_a_deleted_post(self, aws: Forum, ada: User) -> None:
        thread = start_thread(ada, aws)
        reply(ada, thread)
        signed_in(ada).post(f"/f/aws/{thread.id}/2/delete/")
        for act in ("edit", "delete"):
            answer = signed_in(ada).post(f"/f/aws/{thread.id}/2/{act}/", {"body": TEXT, "revision": 1})
            assert answer.status_code == 409
            if act == "edit":
                assert TEXT in text(answer)

    def test_a_form_of_one_forum_sent_to_another(self, aws: Forum, ada: User) -> None:
        make_forum("django")
        thread = start_thread(ada, aws)
        for url in (f"/f/django/{thread.id}/reply/", f"/f/django/{thread.id}/1/edit/"):
            answer = signed_in(ada).post(url, {"body": TEXT, "token": token(ada), "revision": 1, "title": "Title"})
            assert answer.status_code == 404, url


class TestTwice:
    def test_a_reply_sent_twice_is_one_post(self, aws: Forum, ada: User) -> None:
        thread = start_thread(ada, aws)
        fields = {"body": "Once.", "token": token(ada)}
        answers = [signed_in(ada).post(f"/f/aws/{thread.id}/reply/", fields) for _ in range(3)]
        assert {a["Location"] for a in answers} == {f"{page_url(thread)}#post-2"}
        assert threads.get_thread("aws", thread.id).last_post_number == 2

    def test_a_reply_sent_again_after_many_others_is_one_post(self, aws: Forum, ada: User, bob: User) -> None:
        thread = start_thread(ada, aws)
        fields = {"body": "Once.", "token": token(ada)}
        signed_in(ada).post(f"/f/aws/{thread.id}/reply/", fields)
        for _ in range(15):
            posting.reply(reader(bob), rules(aws), thread.id, "Others.", Nonce.new())
        answer = signed_in(ada).post(f"/f/aws/{thread.id}/reply/", fields)
        assert answer["Location"] == f"{page_url(thread)}#post-2"
        assert threads.get_thread("aws", thread.id).last_post_number == 17

    def test_a_thread_sent_twice_is_one_thread(self, aws: Forum, ada: User) -> None:
        fields = {"title": "Once only", "body": "Once.", "token": token(ada)}
        answers = [signed_in(ada).post("/f/aws/new/", fields) for _ in range(2)]
        assert answers[0]["Location"] == answers[1]["Location"]
        assert len(threads.list_by_activity("aws", 1, 10)) == 1

    def test_sixteen_people_reply_at_once(self, aws: Forum, ada: User) -> None:
        thread = start_thread(ada, aws)
        forum_rules, people = rules(aws), [reader(make_member(f"member{n}")) for n in range(16)]
        with ThreadPoolExecutor(16) as pool:
            done = pool.map(
                lambda who: posting.reply(who, forum_rules, thread.id, f"By {who.name}.", Nonce.new())[1], people
            )
            assert sorted(done) == list(range(2, 18))
        head = threads.get_thread("aws", thread.id)
        assert (head.last_post_number, head.post_count) == (17, 17)
        stored = posts.list_of_thread(head, 1, 20)
        assert [int(post.number) for post in stored] == list(range(1, 18))
        assert len({post.body for post in stored}) == 17


class TestAddresses:
    """Whatever is typed into the address bar: 400 or 404, never 500."""

    @pytest.mark.parametrize(
        "path",
        [
            "/f/nowhere/",
            "/f/nowhere/new/",
            "/f/nowhere/latest/",
            "/f/AWS/",
            "/f/aws%00/",
            "/f/aws/%ff/",
            "/f/aws/not-a-thread-id/x/",
            "/f/aws/01KAQ4ZT9N8YV3W2Q6JX5R7D00/x/",
            "/f/aws/01KAQ4ZT9N8YV3W2Q6JX5R7DZZ/x/",
            "/f/aws/Z1KAQ4ZT9N8YV3W2Q6JX5R7D00/x/",
            "/p/01KAQ4ZT9N8YV3W2Q6JX5R7D00/1/",
            "/p/01KAQ4ZT9N8YV3W2Q6JX5R7D00/0/",
            "/p/01KAQ4ZT9N8YV3W2Q6JX5R7D00/99999999999999999999/",
            "/u/nobody/",
            "/u/%00/",
            "/u/" + "x" * 500 + "/",
            "/nowhere/",
        ],
    )
    def test_what_does_not_exist_is_404(self, path: str, aws: Forum, client: Client) -> None:
        answer = client.get(path)
        assert answer.status_code in (400, 404), answer.status_code
        assert "<h1>" in text(answer) and "\x01" not in text(answer), "it is one of our pages, whole"

    @pytest.mark.parametrize("page", ["0", "-1", "1.5", "x", "٣", "1e3", "9" * 30, "+1", " 1", "1\x00", "%ff"])
    def test_a_page_that_is_no_number_is_404(self, page: str, aws: Forum, ada: User, client: Client) -> None:
        thread = start_thread(ada, aws)
        assert client.get(page_url(thread), {"page": page}).status_code == 404

    @pytest.mark.parametrize("cursor", ["x", "2026-99-99T99:99:99.999999Z~abcdefgh", "\x00", "2026-11-23", "~" * 100])
    @pytest.mark.parametrize("path", ["/f/aws/", "/f/aws/latest/", "/u/ada/"])
    def test_a_damaged_cursor_is_400(self, cursor: str, path: str, aws: Forum, ada: User, client: Client) -> None:
        assert client.get(path, {"before": cursor}).status_code == 400

    def test_acts_on_posts_that_do_not_exist(self, aws: Forum, ada: User) -> None:
        thread = start_thread(ada, aws)
        for path in (f"/f/aws/{thread.id}/2/edit/", f"/f/aws/{thread.id}/2/delete/", f"/p/{thread.id}/2/"):
            assert signed_in(ada).get(path).status_code == 404, path

    @pytest.mark.parametrize("path", ["/f/aws/{}/lock/", "/preview/", "/theme/"])
    def test_getting_what_only_takes_forms_is_405(self, path: str, aws: Forum, ada: User) -> None:
        thread = start_thread(ada, aws)
        answer = signed_in(ada).get(path.format(thread.id))
        assert answer.status_code == 405 and answer["Allow"] == "POST"
        assert "<h1>" in text(answer) and "\x01" not in text(answer)
