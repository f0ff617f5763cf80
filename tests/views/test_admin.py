"""The way into Django admin."""

from django.test import Client

from forum.models import User
from tests.helpers import signed_in


def test_admin_has_no_sign_in_page_of_its_own(mod: User, client: Client) -> None:
    """Its own would know neither the throttle nor the second factor."""
    answer = client.post("/admin/login/?next=/admin/", {"username": "mod", "password": "correct horse"})
    assert answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")
    assert client.get("/admin/").status_code == 302


def test_staff_come_in_and_members_do_not(mod: User, ada: User) -> None:
    assert signed_in(mod).get("/admin/").status_code == 200
    assert signed_in(ada).get("/admin/", follow=True).status_code == 403


def test_addresses_made_in_admin_can_sign_in_whatever_their_capitals(mod: User, client: Client) -> None:
    mod.is_superuser = True
    mod.save()
    secret = {"usable_password": "true", "password1": "correct horse", "password2": "correct horse"}
    assert signed_in(mod).post("/admin/forum/user/add/", {"username": "Grace", **secret}).status_code == 302
    grace = User.objects.get(username="Grace")
    fields = {"username": "Grace", "email": "Grace@Example.ORG", "is_active": "on", "date_joined_0": "2026-01-01"}
    change = f"/admin/forum/user/{grace.pk}/change/"
    assert signed_in(mod).post(change, {**fields, "date_joined_1": "00:00"}).status_code == 302
    answer = client.post("/accounts/login/", {"login": "Grace@example.org", "password": "correct horse"})
    assert answer.status_code == 302 and "_auth_user_id" in client.session
