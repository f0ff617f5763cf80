"""Moving a thread to another forum: old addresses lead on, nothing is lost meanwhile, and nothing gets out."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from forum import jobs, links
from forum.actions import flushing, moderating, moving, nuking, reacting
from forum.models import Forum, Job, User
from forum.tables import changes, posts, threads, totals
from forum.tables import moving as tables
from forum.tables.keys import Nonce
from forum.tables.moderation import new_record
from forum.tables.posts import Post
from forum.tables.threads import Thread
from tests.dying import Death, every_death, jobs_go_on
from tests.helpers import make_forum, make_member, page_url, reader, renew, reply, rules, signed_in, token
from tests.tables.faults import lagging_indexes

WORDS = "unmistakable words"


def text(response) -> str:  # type: ignore[no-untyped-def]
    return response.content.decode()


@pytest.fixture
def django(site: None) -> Forum:
    return make_forum("django", title="All about Django")


@pytest.fixture
def crew(site: None, mod: User) -> Forum:
    """A forum for its group alone."""
    crew = make_forum("crew", title="The crew only", read_access="groups")
    crew.read_groups.add(Group.objects.create(name="crew"))
    renew()
    return crew


def write(author: User, forum: Forum, count: int, title: str = "Which key?") -> Thread:
    """A thread of so many posts, "unmistakable words 1" and so on."""
    thread = posts.put_thread(forum.name, forum.shards, str(author.pk), title, f"{WORDS} 1", Nonce.new())
    for number in range(2, count + 1):
        add(author, thread, f"{WORDS} {number}")
    renew()
    return threads.get_thread(forum.name, thread.id)


def add(author: User, thread: Thread, body: str) -> None:
    posts.put_reply(thread.forum, thread.id, str(author.pk), body, Nonce.new(), lambda head: None)


@pytest.fixture
def thread(aws: Forum, ada: User) -> Thread:
    """A thread of two pages, of which the head remembers half of one."""
    return write(ada, aws, 25)


def move(mod: User, thread: Thread, to: str):  # type: ignore[no-untyped-def]
    return signed_in(mod).post(f"/f/{thread.forum}/{thread.id}/move/", {"forum": to, "reason": "It belongs there."})


def there(thread: Thread, forum: str) -> Thread:
    return threads.get_thread(forum, thread.id)


def counted(forum: str) -> int:
    """How many posts the forum's totals say."""
    flushing.save()
    return int(totals.get_totals([forum])[forum].posts)


def killed_on_the_way(mod: User, thread: Thread, target: Forum, write_number: int = 2) -> None:
    """Start to move, and die right after the head has moved (the first write is the lease)."""
    with Death(write_number, after=True).strikes():
        source = Forum.objects.get(name=thread.forum)
        moving.move_thread(reader(mod), rules(source), rules(target), thread)
    assert threads.get_thread(thread.forum, thread.id).moved_to


# -- The happy path -------------------------------------------------------------------------------


def test_a_moderator_moves_a_thread(thread: Thread, django: Forum, mod: User, client: Client) -> None:
    browser = signed_in(mod)
    page = text(browser.get(f"/f/aws/{thread.id}/move/"))
    assert "All about Django" in page and "AWS in practice</option>" not in page
    for url in ("/", "/f/aws/", "/f/django/", "/f/aws/latest/", "/f/django/latest/", "/u/ada/", page_url(thread)):
        client.get(url)
    answer = browser.post(f"/f/aws/{thread.id}/move/", {"forum": "django", "reason": ""}, follow=True)
    assert answer.status_code == 200 and "The thread has moved." in text(answer) and f"{WORDS} 1" in text(answer)
    assert answer.redirect_chain[-1][0].startswith(f"/f/django/{thread.id}/which-key/")
    for url, has in [
        ("/f/aws/", False),
        ("/f/aws/latest/", False),
        ("/f/django/", True),
        ("/f/django/latest/", True),
        ("/u/ada/", True),
        ("/", True),
    ]:
        assert ("Which key?" in text(client.get(url))) == has, url
    assert "All about Django" in text(client.get("/u/ada/"))
    assert not Job.objects.exclude(status=Job.Status.DONE).exists()


def test_old_addresses_lead_on(thread: Thread, django: Forum, mod: User, client: Client) -> None:
    move(mod, thread, "django")
    new = there(thread, "django")
    for url in (page_url(thread), f"/f/aws/{thread.id}/", f"/f/aws/{thread.id}/old-title/"):
        answer = client.get(url)
        assert (answer.status_code, answer["Location"]) == (301, page_url(new)), url
    answer = client.get(page_url(thread, 2))
    assert (answer.status_code, answer["Location"]) == (301, page_url(new, 2))
    for number in (1, 7, 20, 21, 25):
        assert client.get(f"/p/{thread.id}/{number}/")["Location"] == links.place(new, number)
    page = text(client.get(page_url(new))) + text(client.get(page_url(new, 2)))
    assert all(f"{WORDS} {number}<" in page for number in range(1, 26))


def test_a_thread_that_comes_back_is_at_its_first_address(
    thread: Thread, django: Forum, mod: User, client: Client
) -> None:
    move(mod, thread, "django")
    move(mod, there(thread, "django"), "aws")
    assert client.get(page_url(thread)).status_code == 200
    assert client.get(page_url(there(thread, "django")))["Location"] == page_url(thread)
    assert client.get(f"/p/{thread.id}/25/")["Location"] == links.place(thread, 25)


def test_a_thread_that_moved_on_twice_is_found_from_everywhere(
    thread: Thread, django: Forum, mod: User, client: Client
) -> None:
    make_forum("redis")
    move(mod, thread, "django")
    move(mod, there(thread, "django"), "redis")
    new = there(thread, "redis")
    for old in (thread, there(thread, "django")):
        assert client.get(page_url(old, 2))["Location"] == page_url(new, 2)
    assert client.get(f"/p/{thread.id}/3/")["Location"] == links.place(new, 3)


def test_a_forum_of_fewer_shards_grows(ada: User, django: Forum, mod: User, client: Client) -> None:
    busy = make_forum("busy", shards=8)
    nonce = "01KAQ4ZT9N8YV3W2Q6JX5R7D05"
    thread = posts.put_thread("busy", 8, str(ada.pk), "On shard five", WORDS, Nonce(nonce))
    assert thread.partition == "busy#5"
    moving.move_thread(reader(mod), rules(busy), rules(django), thread)
    django.refresh_from_db()
    renew()
    assert django.shards == 6
    assert "On shard five" in text(client.get("/f/django/")) and WORDS in text(client.get("/f/django/latest/"))


# -- Old forms ------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["reply/", "3/edit/", "25/edit/", "3/delete/", "25/hide/"])
def test_a_form_of_the_old_place_gets_its_text_back_and_the_way_to_the_new_one(
    act: str, thread: Thread, django: Forum, ada: User, mod: User
) -> None:
    who = mod if act.endswith("hide/") else ada
    fields = {"body": "Long thought about.", "token": token(who), "revision": 1, "reason": "Rude."}
    move(mod, thread, "django")
    browser = signed_in(who)
    answer = browser.post(f"/f/aws/{thread.id}/{act}", fields)
    assert answer.status_code == 409 and "moved" in text(answer) and "Long thought about." in text(answer)
    way = text(answer).split("To its new place")[0].rsplit('href="', 1)[1].split('"')[0]
    assert browser.get(way)["Location"].startswith(f"/f/django/{thread.id}/")


def test_a_reply_sent_twice_around_a_move_is_one_post(thread: Thread, django: Forum, ada: User, mod: User) -> None:
    browser, fields = signed_in(ada), {"body": "Once.", "token": token(ada)}
    browser.post(f"/f/aws/{thread.id}/reply/", fields)
    move(mod, thread, "django")
    answer = browser.post(f"/f/aws/{thread.id}/reply/", fields, follow=True)
    assert answer.status_code == 200 and text(answer).count("Once.") == 1
    assert there(thread, "django").last_post_number == 26


# -- Meanwhile ------------------------------------------------------------------------------------


def test_what_happens_on_the_way_is_not_lost(thread: Thread, aws: Forum, django: Forum, ada: User, mod: User) -> None:
    killed_on_the_way(mod, thread, django)
    in_aws, in_django = counted("aws"), counted("django")
    new = there(thread, "django")
    assert posts.get_post_of(new, 3).partition == "aws" and posts.get_post_of(new, 25).partition == "django"
    browser = signed_in(ada)
    page = text(browser.get(page_url(new)))
    assert all(f"{WORDS} {number}<" in page for number in range(1, 21)), "all are shown, wherever they are"
    for number in (3, 25):
        fields = {"body": f"Better {number}.", "revision": 1}
        assert browser.post(f"/f/django/{thread.id}/{number}/edit/", fields).status_code == 302
    assert browser.post(f"/f/django/{thread.id}/4/delete/").status_code == 302
    assert signed_in(mod).post(f"/f/django/{thread.id}/5/hide/", {"reason": "Rude words."}).status_code == 302
    fields = {"title": "A better title", "body": f"{WORDS} 1", "revision": 1}
    assert browser.post(f"/f/django/{thread.id}/1/edit/", fields).status_code == 302
    add(ada, new, "A reply on the way.")
    jobs_go_on()
    new = there(thread, "django")
    found = posts.list_of_thread(new, 1, 100)
    assert [int(post.number) for post in found] == list(range(1, 27))
    assert {post.partition for post in found} == {"django"}
    assert (found[2].body, found[24].body, found[25].body) == ("Better 3.", "Better 25.", "A reply on the way.")
    assert (found[3].status, found[4].status) == ("deleted", "hidden")
    assert (new.title, new.post_count) == ("A better title", 24)
    assert counted("aws") == in_aws and counted("django") == in_django - 1, "each counts where its thread is"


def test_what_a_nuke_hides_on_the_way_counts_where_the_thread_is(
    thread: Thread, aws: Forum, django: Forum, bob: User, mod: User
) -> None:
    posts.put_reply("aws", thread.id, str(bob.pk), "Spam.", Nonce.new(), lambda head: None)
    for number in range(20):
        add(mod, thread, f"More {number}")
    killed_on_the_way(mod, thread, django)
    in_aws, in_django = counted("aws"), counted("django")
    assert posts.get_post_of(there(thread, "django"), 26).partition == "aws"
    nuking.nuke(reader(mod), bob, "All of it is spam.", may=True)
    assert counted("aws") == in_aws and counted("django") == in_django - 1


def test_a_change_in_the_midst_of_a_batch_is_not_lost(
    thread: Thread, django: Forum, mod: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the posts and their transaction: an edit, a like, a reply."""
    fitting, left = tables.fitting, [2, 1]

    def meanwhile(batch: list[Post]) -> list[Post]:
        if left:
            post = posts.get_post(thread.id, left.pop())
            head = there(thread, "django")
            changes.change_post(head, post, int(post.revision), new_record("POST#x", "edit", "1"), "Just changed.")
        return fitting(batch)

    monkeypatch.setattr(tables, "fitting", meanwhile)
    move(mod, thread, "django")
    found = posts.list_of_thread(there(thread, "django"), 1, 100)
    assert [post.body for post in found[:3]] == ["Just changed.", "Just changed.", f"{WORDS} 3"]
    assert {post.partition for post in found} == {"django"} and len(found) == 25


def test_a_reply_at_the_moment_of_the_move_is_not_lost(
    thread: Thread, django: Forum, ada: User, mod: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    get_many, replies = tables.get_many, ["Just in time."]

    def meanwhile(*arguments):  # type: ignore[no-untyped-def]
        if replies:
            add(ada, thread, replies.pop())
        return get_many(*arguments)

    monkeypatch.setattr(tables, "get_many", meanwhile)
    move(mod, thread, "django")
    new = there(thread, "django")
    assert new.last_post_number == 26 and posts.get_post_of(new, 26).body == "Just in time."


def test_what_others_do_to_a_thread_at_the_moment_of_its_move_goes_along(
    thread: Thread, aws: Forum, django: Forum, ada: User, mod: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at its head and the transaction: another title, an answer, a post that is hidden."""
    get_many = tables.get_many

    def rename() -> None:
        moderating.rename(reader(mod), rules(aws), thread, "A better title")

    def answer() -> None:
        reacting.set_answer(reader(mod), rules(aws), thread, posts.get_post_of(thread, 3), on=True)

    def hide() -> None:
        moderating.hide_post(reader(mod), rules(aws), thread, posts.get_post_of(thread, 5), "Rude words.")

    todo = [rename, answer, hide]

    def meanwhile(*arguments):  # type: ignore[no-untyped-def]
        if todo:
            todo.pop()()
        return get_many(*arguments)

    monkeypatch.setattr(tables, "get_many", meanwhile)
    move(mod, thread, "django")
    new = there(thread, "django")
    assert (new.title, new.solved, new.post_count) == ("A better title", 3, 24)


def test_while_the_indexes_lag_pages_are_right_and_the_job_waits(
    thread: Thread, django: Forum, ada: User, mod: User, client: Client
) -> None:
    with lagging_indexes() as catch_up:
        moving.move_thread(reader(mod), rules(Forum.objects.get(name="aws")), rules(django), thread)
        job = Job.objects.get()
        assert job.status == Job.Status.WAITING and "index" in job.message
        new = there(thread, "django")
        for _ in range(2):
            page = text(client.get(page_url(new))) + text(client.get(page_url(new, 2)))
            assert all(page.count(f"{WORDS} {number}<") == 1 for number in range(1, 26))
            assert text(client.get("/u/ada/")).count("All about Django") == 20
            renew()
        for number in (2, 24):
            assert posts.get_post_of(new, number).partition == "django"
            fields = {"body": f"Better {number}.", "revision": 1}
            assert signed_in(ada).post(f"/f/django/{thread.id}/{number}/edit/", fields).status_code == 302
            page = text(client.get(page_url(new, links.page_of(number))))
            assert f"Better {number}." in page and f"{WORDS} {number}<" not in page
            assert text(client.get("/u/ada/")).count(f"Better {number}.") == (number > 5)
        catch_up()
        jobs_go_on()
    assert Job.objects.get().status == Job.Status.DONE


# -- Privacy --------------------------------------------------------------------------------------

Look = Callable[[], list[str]]


def places_that_show(client: Client, thread: Thread) -> list[str]:
    """Where somebody sees words of the thread, or learns where it is now."""
    urls = ["/", "/f/aws/", "/f/aws/latest/", "/u/ada/", page_url(thread), page_url(thread, 2), f"/f/aws/{thread.id}/"]
    urls += [f"/p/{thread.id}/{number}/" for number in (1, 12, 25)]
    shown = []
    for url in urls:
        answer = client.get(url)
        if WORDS in text(answer) or "Which key?" in text(answer) or "crew" in answer.get("Location", ""):
            shown.append(url)
    return shown


def test_a_thread_that_goes_into_a_private_forum_shows_nowhere_at_once(
    aws: Forum, ada: User, bob: User, mod: User, crew: Forum
) -> None:
    """Wherever the job dies, and although all pages were kept: before the head moves all see it, after that nobody."""
    for death in every_death():
        thread = write(ada, aws, 13)
        outsiders = [Client(), signed_in(bob)]
        for outsider in outsiders:
            assert len(places_that_show(outsider, thread)) > 4
        with death.strikes():
            moving.move_thread(reader(mod), rules(aws), rules(crew), thread)
        if threads.get_thread("aws", thread.id).moved_to:
            for outsider in outsiders:
                assert places_that_show(outsider, thread) == [], str(death)
            assert signed_in(mod).get(page_url(thread))["Location"].startswith("/f/crew/")
        jobs_go_on()
        for outsider in outsiders:
            assert places_that_show(outsider, thread) == [], str(death)
            assert outsider.get(page_url(there(thread, "crew"))).status_code == 404
            assert outsider.get(page_url(thread)).status_code == 404
        if not death.struck:
            return


def test_while_the_index_of_members_posts_lags_a_private_thread_does_not_show_either(
    thread: Thread, mod: User, crew: Forum, client: Client
) -> None:
    with lagging_indexes():
        moving.move_thread(reader(mod), rules(Forum.objects.get(name="aws")), rules(crew), thread)
        assert places_that_show(client, thread) == []


def test_the_way_to_the_new_place_says_nothing_of_a_private_forum(
    thread: Thread, ada: User, mod: User, crew: Forum
) -> None:
    move(mod, thread, "crew")
    browser = signed_in(ada)
    answer = browser.post(f"/f/aws/{thread.id}/reply/", {"body": "Hello?", "token": token(ada)})
    assert answer.status_code == 409 and "crew" not in text(answer)
    assert browser.get(f"/p/{thread.id}/25/").status_code == 404


# -- Who may, and what makes sense ----------------------------------------------------------------


def test_members_cannot_move_threads(thread: Thread, django: Forum, ada: User, client: Client) -> None:
    for way in ("move", "split", "merge"):
        url = f"/f/aws/{thread.id}/{way}/"
        assert signed_in(ada).get(url).status_code == 403
        assert signed_in(ada).post(url, {"forum": "django"}).status_code == 403
        assert client.get(url)["Location"].startswith("/accounts/login/")
    assert not Job.objects.exists()


def test_who_moderates_one_forum_cannot_move_into_another(thread: Thread, aws: Forum, django: Forum) -> None:
    group = Group.objects.create(name="keepers")
    aws.moderator_groups.add(group)
    renew()
    warden = make_member("warden")
    warden.groups.add(group)
    page = signed_in(warden).get(f"/f/aws/{thread.id}/move/")
    assert page.status_code == 200 and "no other forum" in text(page)
    assert move(warden, thread, "django").status_code == 422
    assert not threads.get_thread("aws", thread.id).moved_to


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"forum": "aws"}, "Choose one of these forums"),
        ({"forum": "nowhere"}, "Choose one of these forums"),
        ({"forum": ""}, "Choose a forum"),
        ({"forum": "old"}, "Choose one of these forums"),
        ({"forum": "django", "reason": "x" * 501}, "501"),
    ],
)
def test_nonsense_is_answered_in_words(
    change: dict[str, str], words: str, thread: Thread, django: Forum, mod: User
) -> None:
    make_forum("old", archived=True)
    answer = signed_in(mod).post(f"/f/aws/{thread.id}/move/", change)
    assert answer.status_code == 422 and words in text(answer)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"archived": True}, "archived"), ({"status": "deleted"}, "removed"), ({"moved_to": "django/x"}, "moved")],
)
def test_a_thread_that_cannot_be_moved(
    change: dict[str, object], words: str, thread: Thread, django: Forum, mod: User
) -> None:
    changes.change_thread(thread, new_record("THREAD#x", "test", "1"), **change)
    answer = move(mod, thread, "django")
    assert answer.status_code == 409 and words in text(answer)


def test_one_job_for_a_thread_at_a_time(thread: Thread, aws: Forum, django: Forum, mod: User) -> None:
    killed_on_the_way(mod, thread, django)
    answer = move(mod, there(thread, "django"), "aws")
    assert answer.status_code == 409 and "under way" in text(answer) and "It belongs there." in text(answer)
    jobs_go_on()
    assert move(mod, there(thread, "django"), "aws").status_code == 302


def test_of_two_jobs_started_at_once_the_second_gives_up(thread: Thread, aws: Forum, django: Forum, mod: User) -> None:
    make_forum("redis")
    state = {"thread": thread.id, "into": thread.id, "phase": "head", "source": "aws", "reason": ""}
    state |= {"event": thread.created_at}
    first = jobs.start("move thread", "One", {**state, "target": "django"}, user_id=str(mod.pk), seconds=0)
    second = jobs.start("move thread", "Two", {**state, "target": "redis"}, user_id=str(mod.pk))
    assert second.status == Job.Status.FAILED and "Another job" in second.message
    assert jobs.run(first.pk, 5).status == Job.Status.DONE
    assert there(thread, "django").post_count == 25


# -- How far it is --------------------------------------------------------------------------------


def test_the_page_of_a_job_refreshes_itself_and_leads_on(
    thread: Thread, django: Forum, mod: User, ada: User, client: Client
) -> None:
    killed_on_the_way(mod, thread, django)
    url = f"/jobs/{Job.objects.get().pk}/"
    page = signed_in(mod).get(url)
    assert page.status_code == 200 and 'http-equiv="refresh"' in text(page) and "0 of 25" in text(page)
    for outsider in (client, signed_in(ada)):
        assert outsider.get(url).status_code == 404
    jobs_go_on()
    assert signed_in(mod).get(url)["Location"] == f"/p/{thread.id}/1/"
    for outsider in (client, signed_in(ada)):
        assert outsider.get(url).status_code == 404
    assert signed_in(mod).get("/jobs/999999999/").status_code == 404


def test_a_job_names_no_thread_to_whom_the_other_forum_is_closed(
    thread: Thread, aws: Forum, crew: Forum, mod: User, ada: User, bob: User
) -> None:
    """Its title names both: it is there for moderators of the one forum only if they may read the other."""
    group = Group.objects.create(name="AWS moderators")
    aws.moderator_groups.add(group)
    bob.groups.add(group)
    renew()
    killed_on_the_way(mod, thread, crew)
    job = Job.objects.get()
    assert crew.title in job.title and signed_in(mod).get(f"/jobs/{job.pk}/").status_code == 200
    assert signed_in(bob).get(f"/jobs/{job.pk}/").status_code == 404
    # Neither to who started it and has lost the right since, there or in the administration.
    Job.objects.update(user_id=str(bob.pk))
    assert signed_in(bob).get(f"/jobs/{job.pk}/").status_code == 404
    for url in ("/admin/jobs/", f"/admin/jobs/{job.pk}/"):
        page = text(signed_in(bob).get(url))
        assert "Move thread" in page and crew.title not in page and thread.title not in page
    crew.read_groups.add(group)
    renew()
    assert crew.title in text(signed_in(bob).get(f"/jobs/{job.pk}/"))
    assert crew.title in text(signed_in(bob).get("/admin/jobs/"))


def test_the_page_of_a_job_that_failed_says_why(thread: Thread, django: Forum, mod: User) -> None:
    killed_on_the_way(mod, thread, django)
    Job.objects.update(status=Job.Status.FAILED, message="Something was wrong.")
    page = text(signed_in(mod).get(f"/jobs/{Job.objects.get().pk}/"))
    assert "Something was wrong." in page and "refresh" not in page


# -- What comes to a halt -------------------------------------------------------------------------


@pytest.fixture
def failed(thread: Thread, django: Forum, mod: User) -> Job:
    """A job that has moved the thread's head, and then failed."""
    killed_on_the_way(mod, thread, django)
    Job.objects.update(status=Job.Status.FAILED, message="Something was wrong.", leased_until=None)
    return Job.objects.get()


def test_a_job_that_failed_half_way_holds_its_thread_and_a_moderator_is_told_what_to_do(
    failed: Job, thread: Thread, mod: User
) -> None:
    answer = move(mod, there(thread, "django"), "aws")
    assert answer.status_code == 409 and "holds the thread until it is resumed or given up" in text(answer)
    assert f'<a href="/jobs/{failed.pk}/">To that job</a>' in text(answer) and "It belongs there." in text(answer)
    assert Job.objects.count() == 1
    for url in ("/jobs/", "/admin/jobs/"):
        page = text(signed_in(mod).get(f"{url}{failed.pk}/"))
        assert "o other job" in page and "keeps nobody" not in page


def test_it_is_resumed_on_its_page(failed: Job, thread: Thread, mod: User) -> None:
    url = f"/jobs/{failed.pk}/"
    assert 'value="resume"' in text(signed_in(mod).get(url))
    answer = signed_in(mod).post(url, {"act": "resume"}, follow=True)
    assert "The thread has moved." in text(answer)
    assert move(mod, there(thread, "django"), "aws").status_code == 302


def test_given_up_it_lets_go_of_the_thread_and_goes_on_no_more(failed: Job, thread: Thread, mod: User) -> None:
    url = f"/jobs/{failed.pk}/"
    page = text(signed_in(mod).post(url, {"act": "give_up"}, follow=True))
    assert "It was given up: what has moved stays where it is" in page and "It is done." not in page
    again = text(signed_in(mod).post(url, {"act": "resume"}, follow=True))
    assert "Nothing was changed" in again and jobs.run(failed.pk, 1).done == failed.done
    assert move(mod, there(thread, "django"), "aws").status_code == 302
    jobs_go_on()
    assert there(thread, "aws").post_count == 25, "and the next job takes along what was left anywhere"


@pytest.fixture
def halted(thread: Thread, aws: Forum, django: Forum, mod: User) -> Job:
    return merge_that_failed(mod, aws, thread, django)


def merge_that_failed(mod: User, aws: Forum, thread: Thread, target: Forum) -> Job:
    """It has closed the thread, and nothing else (the first write is the lease)."""
    into = write(mod, target, 2)
    with Death(2, after=True).strikes():
        moving.merge(reader(mod), rules(aws), thread, rules(target), into)
    Job.objects.update(status=Job.Status.FAILED, message="Something was wrong.", leased_until=None)
    assert there(thread, "aws").locked
    return Job.objects.get()


class TestAMergeThatIsGivenUp:
    def test_says_that_the_thread_is_closed_and_where_to_open_it(self, halted: Job, thread: Thread, mod: User) -> None:
        url, client = f"/jobs/{halted.pk}/", signed_in(mod)
        assert "stays closed to replies until" in text(client.get(url))
        page = text(client.post(url, {"act": "give_up"}, follow=True))
        assert "is closed to replies since then" in page and f'action="/f/aws/{thread.id}/lock/"' in page
        admin = text(client.get(f"/admin/jobs/{halted.pk}/"))
        assert "still closed" in admin and f'href="/admin/threads/{thread.id}/"' in admin
        assert client.post(f"/f/aws/{thread.id}/lock/", {"locked": "0"}).status_code == 302
        assert "closed to replies" not in text(client.get(url))
        assert "still closed" not in text(client.get(f"/admin/jobs/{halted.pk}/"))
        assert reply(mod, thread, "It goes on.").status_code == 302

    def test_says_that_it_is_hidden_where_it_was_to_go_to_fewer_readers(
        self, thread: Thread, aws: Forum, crew: Forum, mod: User
    ) -> None:
        url, client = f"/jobs/{merge_that_failed(mod, aws, thread, crew).pk}/", signed_in(mod)
        page = text(client.post(url, {"act": "give_up"}, follow=True))
        assert "is hidden and closed to replies since then" in page and f'href="/f/aws/{thread.id}/show/"' in page
        client.post(f"/f/aws/{thread.id}/show/", {"reason": ""})
        page = text(client.get(url))
        assert there(thread, "aws").status == "visible" and "is closed to replies since then" in page


def test_nobody_but_moderators_resumes_a_job_or_gives_it_up(failed: Job, ada: User, client: Client) -> None:
    Job.objects.update(user_id=str(ada.pk))
    url = f"/jobs/{failed.pk}/"
    assert 'value="give_up"' not in text(signed_in(ada).get(url))
    for act in ("resume", "give_up"):
        assert signed_in(ada).post(url, {"act": act}).status_code == 403
        assert client.post(url, {"act": act}).status_code == 404
    assert Job.objects.get().status == Job.Status.FAILED


def test_a_job_that_failed_before_it_moved_anything_holds_nothing(thread: Thread, django: Forum, mod: User) -> None:
    with Death(1, after=True).strikes():
        move(mod, thread, "django")
    Job.objects.update(status=Job.Status.FAILED, leased_until=None)
    for url in ("/jobs/", "/admin/jobs/"):
        page = text(signed_in(mod).get(f"{url}{Job.objects.get().pk}/"))
        assert "keeps nobody from these threads" in page and "No other job" not in page and "no other job" not in page
    assert move(mod, thread, "django").status_code == 302
    jobs_go_on()
    assert there(thread, "django").post_count == 25


def test_a_job_resumed_late_finds_that_another_has_begun(thread: Thread, aws: Forum, django: Forum, mod: User) -> None:
    make_forum("redis")
    state = {"thread": thread.id, "into": thread.id, "phase": "head", "source": "aws", "target": "redis", "reason": ""}
    state["event"] = "2026-11-23T08:44:12.123456Z#k3j9x2ab"
    early = jobs.start("move thread", "Early", state, user_id=str(mod.pk), seconds=0)
    Job.objects.update(status=Job.Status.FAILED)
    killed_on_the_way(mod, thread, django)
    assert jobs.resume(early.pk).status == Job.Status.FAILED
    assert "under way" in Job.objects.get(pk=early.pk).message
