"""Members' pictures: one's own, at once on every page, gone when it is removed."""

from io import BytesIO
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from forum import images
from forum.models import Forum, User
from tests.dying import jobs_go_on
from tests.helpers import page_url, renew, reply, signed_in, start_thread, token
from tests.views.test_images import PAGE, picture

CHANGE = "/settings/profile/avatar/"


def choose(user: User, content: bytes | None = None, **fields: Any) -> Any:
    fields = fields or {"image": SimpleUploadedFile("me.jpg", content or picture((400, 200), "JPEG"))}
    answer = signed_in(user).post(CHANGE, fields)
    renew()
    return answer


def page(url: str) -> str:
    return str(Client().get(url).content.decode())


def avatar(user: User) -> str:
    return f"/avatars/{User.objects.get(pk=user.pk).avatar}.webp"


def test_a_picture_is_shown_on_every_page_at_once_instead_of_the_letter(ada: User, bob: User, aws: Forum) -> None:
    thread = start_thread(ada, aws)
    reply(bob, thread)
    places = ["/", "/f/aws/", "/f/aws/latest/", page_url(thread), "/u/ada/"]
    assert all("<img" not in page(url) for url in places)
    assert choose(ada).status_code == 302
    tag = f'src="{avatar(ada)}" alt="" width="256" height="256"'
    assert all(tag in page(url) for url in places)
    assert ">B</span>" in page(page_url(thread)), "Bob has his letter"
    assert tag in signed_in(ada).get("/settings/profile/").content.decode()


def test_it_is_shown_in_messages_too(ada: User, bob: User) -> None:
    fields = {"to": "Bob", "title": "Plans", "body": "Shall we meet?", "token": token(ada)}
    url = signed_in(ada).post("/messages/new/", fields)["Location"]
    choose(ada)
    for place in ("/messages/", url):
        assert f'src="{avatar(ada)}" alt=""' in signed_in(bob).get(place).content.decode(), place


def test_it_is_a_square_for_everybody_and_for_good(ada: User) -> None:
    choose(ada)
    answer = Client().get(avatar(ada))
    assert Image.open(BytesIO(answer.content)).size == (256, 256)
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer["Content-Type"] == "image/webp" and "sandbox" in answer["Content-Security-Policy"]


def test_another_one_takes_its_place(ada: User, django_capture_on_commit_callbacks: Any) -> None:
    choose(ada)
    first = avatar(ada)
    with django_capture_on_commit_callbacks(execute=True):
        choose(ada)
    assert avatar(ada) != first and Client().get(first).status_code == 404


def test_it_is_removed(ada: User, aws: Forum) -> None:
    thread = start_thread(ada, aws)
    choose(ada)
    assert choose(ada, remove="1").status_code == 302
    assert "<img" not in page(page_url(thread)) and User.objects.get(pk=ada.pk).avatar == ""


@pytest.mark.parametrize(
    ("content", "status", "words"), [(PAGE, 422, "This is not an image"), (b"x" * 9_000_000, 413, "9 MB")]
)
def test_what_cannot_be_one_is_said(content: bytes, status: int, words: str, ada: User) -> None:
    answer = choose(ada, content)
    assert answer.status_code == status and words in answer.content.decode()
    assert User.objects.get(pk=ada.pk).avatar == ""


def test_nothing_chosen_is_said(ada: User) -> None:
    answer = choose(ada, other="1")
    assert answer.status_code == 422 and "choose an image" in answer.content.decode()


def test_only_ten_a_day(ada: User) -> None:
    assert [choose(ada).status_code for _ in range(11)] == [302] * 10 + [429]


def test_a_moderator_takes_it_off(ada: User, mod: User, aws: Forum) -> None:
    thread = start_thread(ada, aws)
    choose(ada)
    signed_in(mod).post(f"/members/{ada.pk}/clear-profile/", {"reason": "Not for everybody's eyes"})
    renew()
    assert "<img" not in page(page_url(thread))


@pytest.mark.parametrize("choice", ["keep", "delete"])
def test_it_goes_with_the_account(choice: str, ada: User, django_capture_on_commit_callbacks: Any) -> None:
    choose(ada)
    path = images.path(images.AVATARS, User.objects.get(pk=ada.pk).avatar)
    assert default_storage.exists(path)
    with django_capture_on_commit_callbacks(execute=True):
        signed_in(ada).post("/settings/close/", {"password": "correct horse", "posts": choice})
    jobs_go_on()
    assert not default_storage.exists(path) and User.objects.get(pk=ada.pk).avatar == ""


def test_only_who_is_signed_in_has_one(site: None) -> None:
    assert Client().post(CHANGE)["Location"].startswith("/accounts/login/")
