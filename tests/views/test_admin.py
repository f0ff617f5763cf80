"""The way into Django admin."""

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client

from forum.models import Forum, User
from tests.helpers import make_member, page_url, signed_in, start_thread

SECRET = {"usable_password": "true", "password1": "correct horse", "password2": "correct horse"}


@pytest.fixture
def root(mod: User) -> Client:
    mod.is_superuser = True
    mod.save()
    return signed_in(mod)


def change(root: Client, user: User, **fields: str) -> HttpResponse:
    """What the admin's form of a member sends, with other fields."""
    sent = {"username": user.username, "email": user.email, "is_active": "on", "trust": str(int(user.trust))}
    sent |= {"date_joined_0": "2026-01-01", "date_joined_1": "00:00"}
    answer: HttpResponse = root.post(f"/admin/forum/user/{user.pk}/change/", sent | fields)
    return answer


def test_admin_has_no_sign_in_page_of_its_own(mod: User, client: Client) -> None:
    """Its own would know neither the throttle nor the second factor."""
    answer = client.post("/admin/login/?next=/admin/", {"username": "mod", "password": "correct horse"})
    assert answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")
    assert client.get("/admin/").status_code == 302


def test_staff_come_in_and_members_do_not(mod: User, ada: User) -> None:
    assert signed_in(mod).get("/admin/").status_code == 200
    assert signed_in(ada).get("/admin/", follow=True).status_code == 403


def test_addresses_made_in_admin_can_sign_in_whatever_their_capitals(root: Client, client: Client) -> None:
    assert root.post("/admin/forum/user/add/", {"username": "Grace", **SECRET}).status_code == 302
    change(root, User.objects.get(username="Grace"), email="Grace@Example.ORG")
    answer = client.post("/accounts/login/", {"login": "Grace@example.org", "password": "correct horse"})
    assert answer.status_code == 302 and "_auth_user_id" in client.session


class TestNames:
    @pytest.mark.parametrize("name", ["Ünï", "@evil", "a+b", "two words", "admin", "closed-7", "ab"])
    def test_none_is_given_that_nobody_may_sign_up_with(self, name: str, root: Client, ada: User) -> None:
        assert root.post("/admin/forum/user/add/", {"username": name, **SECRET}).status_code == 200
        change(root, ada, username=name)
        assert set(User.objects.values_list("username", flat=True)) == {"ada", "mod"}

    def test_what_an_account_has_stays(self, root: Client) -> None:
        old = make_member("admin")
        change(root, old, first_name="Here")
        old.refresh_from_db()
        assert (old.username, old.first_name) == ("admin", "Here")
        change(root, old, username="Charles")
        change(root, User.objects.get(pk=old.pk), username="charles")
        assert User.objects.filter(username="charles").exists()

    def test_no_address_is_given_twice(self, root: Client, ada: User, bob: User) -> None:
        change(root, ada, email="bob@Example.org")
        ada.refresh_from_db()
        assert ada.email == "ada@example.org"

    @pytest.mark.parametrize("name", ["Ünï", "@evil"])
    def test_the_command_takes_none_that_cannot_be_in_an_address(self, name: str, site: None) -> None:
        with pytest.raises(CommandError):
            call_command("createsuperuser", interactive=False, username=name, email="x@example.org")

    @pytest.mark.parametrize("name", ["Ünï", "@evil"])
    def test_one_of_old_data_breaks_no_page(self, name: str, aws: Forum, ada: User, root: Client) -> None:
        thread = start_thread(ada, aws)
        User.objects.filter(pk=ada.pk).update(username=name)
        theirs = signed_in(User.objects.get(pk=ada.pk))
        for browser, url in [(theirs, page_url(thread)), (theirs, f"/u/{name}/"), (theirs, "/settings/profile/")]:
            assert browser.get(url).status_code == 200, url
        assert root.get(f"/admin/forum/user/{ada.pk}/moderation/").status_code == 200


class TestDeleting:
    """By its own page, and by the act on the selected ones of a list."""

    def delete(self, root: Client, model: str, pk: int) -> str:
        page = f"/admin/forum/{model}/{pk}/delete/"
        told = root.get(page).content.decode()
        assert root.post(page, {"post": "yes"}).status_code in (200, 302)
        chosen = {"action": "delete_selected", "_selected_action": str(pk), "post": "yes"}
        return told + root.post(f"/admin/forum/{model}/", chosen).content.decode()

    def test_a_forum_with_threads_stays(self, root: Client, aws: Forum, ada: User) -> None:
        thread = start_thread(ada, aws)
        signed_in(ada).post(f"/f/aws/{thread.id}/1/delete/")
        assert self.delete(root, "forum", aws.pk).count("archive the forum instead") == 2
        assert Forum.objects.filter(pk=aws.pk).exists()

    def test_an_empty_forum_goes(self, root: Client, aws: Forum) -> None:
        self.delete(root, "forum", aws.pk)
        assert not Forum.objects.exists()

    def test_whoever_wrote_something_closes_the_account(self, root: Client, aws: Forum, ada: User, bob: User) -> None:
        thread = start_thread(ada, aws)
        signed_in(bob).post(f"/f/aws/{thread.id}/1/like/", {"on": "1"})
        for member in (ada, bob):
            assert self.delete(root, "user", member.pk).count("close their accounts in their settings") == 2
            assert User.objects.filter(pk=member.pk).exists()

    def test_an_account_that_did_nothing_goes(self, root: Client, ada: User) -> None:
        self.delete(root, "user", ada.pk)
        assert not User.objects.filter(pk=ada.pk).exists()


def test_what_is_there_already_is_told_in_words(root: Client, ada: User) -> None:
    new = {"kind": "word", "text": "Casino", "answer": "refuse"}
    assert root.post("/admin/forum/blockedtext/add/", new).status_code == 302
    again = root.post("/admin/forum/blockedtext/add/", {**new, "text": "casino"}).content.decode()
    taken = root.post("/admin/forum/user/add/", {"username": "Ada", **SECRET}).content.decode()
    assert "This is in the list already" in again and "Somebody has this name already" in taken
    assert "Constraint" not in again + taken
    mod = User(username="ADA", email="x@example.org")
    with pytest.raises(ValidationError, match="Somebody has this name already"):
        mod.full_clean(exclude=["password"])
