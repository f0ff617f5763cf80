"""The pages people read."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from forum.actions import posting
from forum.models import Forum, User
from forum.tables.keys import Nonce
from forum.views.reading import HOME_THREADS
from tests.helpers import make_forum, page_url, reader, renew, reply, rules, signed_in, start_thread


def text(response) -> str:  # type: ignore[no-untyped-def]
    return response.content.decode()


def test_the_home_page_shows_forums_and_their_newest_threads(aws: Forum, ada: User, client: Client) -> None:
    start_thread(ada, aws, "Choosing a partition key")
    page = text(client.get("/"))
    assert "AWS in practice" in page
    assert page.count("Choosing a partition key") == 4, (
        "under its forum, in the latest activity, trending, and as what happened"
    )


def test_the_home_page_leads_on_to_older_threads_and_to_a_new_one(aws: Forum, ada: User, client: Client) -> None:
    make_forum("old", archived=True)
    start_thread(ada, aws)
    assert "Older threads are in" not in text(client.get("/"))
    for number in range(HOME_THREADS):
        start_thread(ada, aws, f"Thread {number}")
    assert "Older threads are in" in text(client.get("/")) and "New thread" not in text(client.get("/"))
    page = text(signed_in(ada).get("/"))
    assert "/f/aws/new/" in page and "/f/old/new/" not in page


def test_a_site_without_forums_has_a_home_page(site: None, client: Client) -> None:
    assert "There are no forums yet" in text(client.get("/"))


def test_a_forum_lists_its_threads_by_last_activity(aws: Forum, ada: User, bob: User, client: Client) -> None:
    first = start_thread(ada, aws, "The first thread")
    start_thread(ada, aws, "The second thread")
    page = text(client.get("/f/aws/"))
    assert page.index("The second thread") < page.index("The first thread")
    reply(bob, first)
    page = text(client.get("/f/aws/"))
    assert page.index("The first thread") < page.index("The second thread")


def test_older_threads_are_reached_by_the_link_to_them(aws: Forum, ada: User, client: Client) -> None:
    for number in range(35):
        posting.start_thread(reader(ada), rules(aws), f"Thread number {number:02}", "Text.", Nonce.new())
    first = client.get("/f/aws/")
    assert "Thread number 05" in text(first) and "Thread number 04" not in text(first)
    older = first.content.decode().split("?before=")[1].split('"')[0]
    second = text(client.get(f"/f/aws/?before={older}"))
    assert "Thread number 04" in second and "Thread number 00" in second and "Thread number 05" not in second


def test_a_thread_shows_its_posts_with_markdown(aws: Forum, ada: User, bob: User, client: Client) -> None:
    thread = start_thread(ada, aws, body="Use a **composite** key.")
    reply(bob, thread, "| a | b |\n|---|---|\n| 1 | 2 |")
    page = text(client.get(page_url(thread)))
    assert "<strong>composite</strong>" in page and "<table>" in page
    assert 'id="post-2"' in page and "Bob" in page


def test_a_thread_has_real_page_numbers(aws: Forum, ada: User, client: Client) -> None:
    thread = start_thread(ada, aws, body="Opening words.")
    for number in range(2, 46):
        posting.reply(reader(ada), rules(aws), thread.id, f"Words of post {number}.", Nonce.new())
    last = text(client.get(page_url(thread, 3)))
    assert "Words of post 41." in last and "Words of post 45." in last and "Words of post 40." not in last
    assert "Words of post 21." in text(client.get(page_url(thread, 2)))
    assert "?page=3" in text(client.get(page_url(thread)))


def test_a_page_beyond_the_last_is_404_with_a_way_back(aws: Forum, ada: User, client: Client) -> None:
    thread = start_thread(ada, aws)
    answer = client.get(page_url(thread, 2))
    assert answer.status_code == 404
    assert page_url(thread) in text(answer)


def test_a_wrong_or_missing_title_in_the_address_leads_to_the_right_one(aws: Forum, ada: User, client: Client) -> None:
    thread = start_thread(ada, aws, "Right title")
    for url in (f"/f/aws/{thread.id}/", f"/f/aws/{thread.id}/wrong-title/"):
        answer = client.get(url)
        assert answer.status_code == 301
        assert answer["Location"] == f"/f/aws/{thread.id}/right-title/"


@pytest.mark.parametrize("title", ["Reply", "lock", "???", "日本語"])
def test_any_title_makes_an_address_that_works(title: str, aws: Forum, ada: User, client: Client) -> None:
    thread = start_thread(ada, aws, title)
    assert client.get(page_url(thread)).status_code == 200


def test_a_permalink_leads_to_the_page_and_place_of_its_post(aws: Forum, ada: User, client: Client) -> None:
    thread = start_thread(ada, aws)
    for _ in range(25):
        posting.reply(reader(ada), rules(aws), thread.id, "More.", Nonce.new())
    answer = client.get(f"/p/{thread.id}/23/")
    assert answer.status_code == 302
    assert answer["Location"] == f"{page_url(thread)}?page=2#post-23"


def test_newest_posts_of_a_forum_come_newest_first(aws: Forum, ada: User, bob: User, client: Client) -> None:
    thread = start_thread(ada, aws, body="Said first.")
    reply(bob, thread, "Said second.")
    page = text(client.get("/f/aws/latest/"))
    assert page.index("Said second.") < page.index("Said first.")


def test_a_members_page_shows_their_posts_under_their_own_name(
    aws: Forum, ada: User, bob: User, client: Client
) -> None:
    thread = start_thread(ada, aws, "Ada's thread", "By ada.")
    reply(bob, thread, "By Bob.")
    page = text(client.get("/u/Bob/"))
    assert "By Bob." in page and "Ada&#x27;s thread" in page and "By ada." not in page
    assert client.get("/u/bob/")["Location"] == "/u/Bob/"
    assert client.get("/u/nobody/").status_code == 404


def test_the_post_of_a_closed_account_stays_without_its_name(aws: Forum, ada: User, client: Client) -> None:
    from forum.actions.members import close_account

    thread = start_thread(ada, aws, body="Stays.")
    close_account(ada)
    page = text(client.get(page_url(thread)))
    assert "Stays." in page and "former member" in page and "ada" not in page
    assert client.get("/u/ada/").status_code == 404


def test_a_deleted_thread_is_gone_from_every_list(aws: Forum, ada: User, client: Client) -> None:
    thread = start_thread(ada, aws, "Soon gone", "Soon gone too.")
    for url in ("/", "/f/aws/", "/f/aws/latest/", "/u/ada/"):
        assert "Soon gone" in text(client.get(url))
    signed_in(ada).post(f"/f/aws/{thread.id}/1/delete/")
    for url in ("/", "/f/aws/", "/f/aws/latest/", "/u/ada/"):
        assert "Soon gone" not in text(client.get(url)), url
    assert client.get(page_url(thread)).status_code == 404


class TestPrivateForums:
    """Who may not read a forum learns nothing of it, cached or not."""

    def test_a_group_forum_does_not_exist_for_others(self, ada: User, bob: User, mod: User, client: Client) -> None:
        group = Group.objects.create(name="crew")
        crew = make_forum("crew", read_access="groups")
        crew.read_groups.add(group)
        renew()
        ada.groups.add(group)
        thread = start_thread(ada, crew, "The crew's secret", "Hush.")
        for url in ("/f/crew/", "/f/crew/latest/", page_url(thread), f"/p/{thread.id}/1/"):
            assert signed_in(ada).get(url).status_code in (200, 302), url
            assert signed_in(mod).get(url).status_code in (200, 302), url
            for outsider in (client, signed_in(bob)):
                answer = outsider.get(url)
                assert answer.status_code == 404, url
                assert "s secret" not in text(answer) and "Hush" not in text(answer)
        for url in ("/", "/u/ada/"):
            assert "s secret" in text(signed_in(ada).get(url))
            assert "s secret" not in text(client.get(url)) and "s secret" not in text(signed_in(bob).get(url))

    @pytest.mark.django_db(transaction=True)
    def test_leaving_the_group_closes_the_forum_at_once(self, ada: User, client: Client) -> None:
        group = Group.objects.create(name="crew")
        crew = make_forum("crew", read_access="groups")
        crew.read_groups.add(group)
        renew()
        ada.groups.add(group)
        member = signed_in(ada)
        assert member.get("/f/crew/").status_code == 200
        ada.groups.remove(group)
        assert member.get("/f/crew/").status_code == 404

    def test_a_members_forum_asks_the_signed_out_to_sign_in(self, ada: User, client: Client) -> None:
        make_forum("lounge", read_access="members")
        answer = client.get("/f/lounge/")
        assert answer.status_code == 302
        assert answer["Location"] == "/accounts/login/?next=%2Ff%2Flounge%2F"
        assert signed_in(ada).get("/f/lounge/").status_code == 200
        assert "Lounge" not in text(client.get("/"))

    def test_a_private_thread_is_not_found_under_a_public_forums_name(
        self, aws: Forum, ada: User, client: Client
    ) -> None:
        lounge = make_forum("lounge", read_access="members")
        thread = start_thread(ada, lounge, "Among ourselves")
        assert signed_in(ada).get(page_url(thread)).status_code == 200
        assert client.get(page_url(thread).replace("lounge", "aws")).status_code == 404


def test_a_page_for_the_signed_out_sets_no_cookie_and_holds_no_token(aws: Forum, ada: User, client: Client) -> None:
    thread = start_thread(ada, aws)
    for url in ("/", "/f/aws/", "/f/aws/latest/", page_url(thread), "/u/ada/"):
        answer = client.get(url)
        assert not answer.cookies, url
        assert "csrfmiddlewaretoken" not in text(answer), url


def test_members_share_pages_but_see_their_own_name_and_buttons(aws: Forum, ada: User, bob: User) -> None:
    thread = start_thread(ada, aws)
    url = page_url(thread)
    hers, his, anonymous = (c.get(url) for c in (signed_in(ada), signed_in(bob), Client()))
    assert hers["X-Cache"] == "miss" and his["X-Cache"] == anonymous["X-Cache"] == "hit"
    assert f"/f/aws/{thread.id}/1/edit/" in text(hers)
    assert f"/f/aws/{thread.id}/1/edit/" not in text(his) + text(anonymous)
    assert "/u/Bob/" in text(his) and "/u/Bob/" not in text(hers) + text(anonymous)


def test_the_theme_is_remembered_without_javascript(aws: Forum, client: Client) -> None:
    answer = client.post("/theme/", {"theme": "dark"}, HTTP_REFERER="http://testserver/f/aws/")
    assert answer["Location"] == "http://testserver/f/aws/"
    assert '<html lang="en" data-theme="dark">' in text(client.get("/f/aws/"))
    assert '<html lang="en">' in text(Client().get("/f/aws/")), "one reader's theme is not another's"
    client.post("/theme/", {"theme": "auto"})
    assert '<html lang="en">' in text(client.get("/f/aws/"))
    assert client.post("/theme/", {}, HTTP_REFERER="https://evil.example/")["Location"] == "/"


def test_a_hole_cannot_be_forged_by_text(aws: Forum, ada: User, client: Client) -> None:
    thread = start_thread(ada, aws, "Holes", "\N{SYMBOL FOR START OF HEADING}account {% hole %} {{ form }}")
    assert "{% hole %}" in text(client.get(page_url(thread)))


def test_head_answers_as_get_does_without_the_body(aws: Forum, client: Client) -> None:
    get, head = client.get("/f/aws/"), client.head("/f/aws/")
    assert head.status_code == 200 and head.content == b""
    assert head["Content-Length"] == get["Content-Length"] == str(len(get.content))


def test_no_answer_may_be_kept_by_a_proxy(aws: Forum, ada: User) -> None:
    thread = start_thread(ada, aws)
    member = signed_in(ada)
    for url in ("/", "/f/aws/", "/f/aws/new/", page_url(thread), f"/f/aws/{thread.id}/1/edit/", "/settings/", "/no/"):
        kept = member.get(url)["Cache-Control"]
        assert "private" in kept or "no-store" in kept, url
