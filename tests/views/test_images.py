"""Images in posts: what may be sent, what is left of it, who is shown it, and when it is thrown away."""

import re
import struct
import zlib
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from forum import images
from forum.actions import kinds
from forum.models import Forum, Upload, User
from forum.tables import posts
from tests.dying import jobs_go_on
from tests.helpers import cost, make_forum, make_member, page_url, renew, reply, signed_in, start_thread, token

SCRIPT = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
PAGE = b"<!DOCTYPE html><title>x</title><script>alert(1)</script>"


@pytest.fixture(autouse=True)
def plenty(settings: Any) -> None:
    settings.NEW_MEMBER_IMAGES_PER_HOUR = settings.IMAGES_PER_HOUR = 1000


def picture(size: tuple[int, int] = (40, 30), kind: str = "PNG", colour: str = "teal", **options: Any) -> bytes:
    file = BytesIO()
    Image.new("RGB", size, colour).save(file, kind, **options)
    return file.getvalue()


def send(user: User | None, content: bytes, name: str = "cat.png", kind: str = "image/png") -> Any:
    client = signed_in(user) if user else Client()
    return client.post("/images/", {"image": SimpleUploadedFile(name, content, kind)})


def sent(user: User, content: bytes | None = None) -> str:
    """The Markdown of an image that has been sent."""
    answer = send(user, content or picture())
    assert answer.status_code == 201, answer.content.decode()
    return str(answer.json()["markdown"])


def address(markdown: str) -> str:
    return markdown.partition("(")[2].rstrip(")")


def opened(url: str, user: User | None = None) -> Image.Image:
    answer = (signed_in(user) if user else Client()).get(url)
    assert answer.status_code == 200
    return Image.open(BytesIO(answer.content))


def status(url: str, user: User | None = None) -> int:
    return int((signed_in(user) if user else Client()).get(url).status_code)


def bomb(width: int, height: int) -> bytes:
    """A PNG of some kilobytes that would fill width × height × 3 bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


# -- What is left of a file -----------------------------------------------------------------------


class TestWhatIsKept:
    @pytest.mark.parametrize("kind", images.FORMATS)
    def test_every_format_becomes_webp(self, kind: str, ada: User) -> None:
        url = address(sent(ada, picture(kind=kind)))
        shown = opened(url, ada)
        assert (shown.format, shown.size) == ("WEBP", (40, 30)) and url.endswith("-40x30.webp")

    def test_a_photograph_forgets_where_it_was_taken_and_stands_upright(self, ada: User) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6  # turned by 90°
        exif[0x010F] = "SecretCamera"
        exif.get_ifd(0x8825)[2] = (48.0, 51.0, 29.6)
        content = picture((60, 30), "JPEG", exif=exif.tobytes(), comment=b"SecretComment")
        assert b"SecretCamera" in content and b"SecretComment" in content
        url = address(sent(ada, content))
        kept = signed_in(ada).get(url).content
        shown = Image.open(BytesIO(kept))
        assert shown.size == (30, 60)
        assert not shown.getexif() and b"Secret" not in kept and b"EXIF" not in kept

    def test_what_hides_behind_the_last_pixel_is_gone(self, ada: User) -> None:
        url = address(sent(ada, picture() + PAGE))
        assert b"<script" not in signed_in(ada).get(url).content

    def test_of_an_animation_the_first_picture_stays(self, ada: User) -> None:
        file = BytesIO()
        frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
        frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
        shown = opened(address(sent(ada, file.getvalue())), ada)
        assert getattr(shown, "n_frames", 1) == 1
        red, green, blue = shown.convert("RGB").getpixel((5, 5))
        assert red > 240 and blue < 15

    def test_what_is_clear_stays_clear(self, ada: User) -> None:
        file = BytesIO()
        Image.new("RGBA", (10, 10), (255, 0, 0, 0)).save(file, "PNG")
        assert opened(address(sent(ada, file.getvalue())), ada).convert("RGBA").getpixel((0, 0))[3] == 0

    def test_a_large_picture_is_scaled_down(self, ada: User) -> None:
        assert opened(address(sent(ada, picture((3000, 1500), "JPEG"))), ada).size == (2048, 1024)


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("content", "name", "words"),
        [
            (SCRIPT, "drawing.svg", "not an image"),
            (SCRIPT, "drawing.png", "not an image"),
            (PAGE, "page.png", "not an image"),
            (b"", "empty.png", "not an image"),
            (picture(kind="BMP"), "old.bmp", "not an image"),
            (picture((400, 300), "JPEG")[:-300], "half.jpg", "broken"),
            (picture()[:-30], "half.png", "broken"),
            (bomb(30_000, 30_000), "bomb.png", "pixels"),
            (bomb(5_000, 5_000), "small-bomb.png", "broken"),
        ],
    )
    def test_hostile_and_broken_files(self, content: bytes, name: str, words: str, ada: User) -> None:
        answer = send(ada, content, name)
        assert answer.status_code in (413, 422), answer.content.decode()
        assert words in answer.json()["error"]
        assert not Upload.objects.exists()

    def test_a_file_that_is_too_large(self, ada: User, settings: Any) -> None:
        settings.IMAGE_BYTES = 1000
        answer = send(ada, picture((300, 300), "BMP"))
        assert answer.status_code == 413 and "0.001 MB is the most" in answer.json()["error"]

    def test_no_file_at_all(self, ada: User) -> None:
        answer = signed_in(ada).post("/images/", {"image": "text"})
        assert answer.status_code == 400 and "no image" in answer.json()["error"]

    def test_strangers(self, site: None) -> None:
        answer = send(None, picture())
        assert answer.status_code == 403 and "sign in" in answer.json()["error"]

    def test_the_silenced(self, ada: User) -> None:
        User.objects.filter(pk=ada.pk).update(silenced_until=timezone.now() + timedelta(days=1))
        renew()
        assert send(ada, picture()).status_code == 403

    def test_more_than_an_hours_share(self, ada: User, settings: Any) -> None:
        settings.NEW_MEMBER_IMAGES_PER_HOUR = 1
        sent(ada)
        answer = send(ada, picture())
        assert answer.status_code == 429 and "New members can send 1 image an hour" in answer.json()["error"]
        assert int(answer["Retry-After"]) > 0

    def test_what_is_refused_at_first_sight_without_counting_it(self, ada: User, settings: Any) -> None:
        settings.NEW_MEMBER_IMAGES_PER_HOUR, settings.IMAGE_PIXELS = 1, 10_000
        assert [send(ada, each).status_code for each in (PAGE, SCRIPT, picture((200, 100)), b"")] == [
            422,
            422,
            413,
            422,
        ]
        sent(ada)
        assert send(ada, PAGE).status_code == 422 and send(ada, picture()).status_code == 429

    def test_new_members_where_the_forum_wants_none_of_theirs(self, ada: User, settings: Any) -> None:
        settings.NEW_MEMBER_IMAGES_PER_HOUR = 0
        assert "New members cannot" in send(ada, picture()).json()["error"]


# -- Who is shown them ----------------------------------------------------------------------------


class TestWhoSeesThem:
    def test_before_it_is_posted_only_its_sender(self, ada: User, bob: User) -> None:
        url = address(sent(ada))
        assert [status(url, who) for who in (ada, bob, None)] == [200, 404, 404]

    def test_in_a_public_forum_everybody_and_for_good(self, ada: User, aws: Forum) -> None:
        url = address(words := sent(ada))
        start_thread(ada, aws, body=words)
        answer = Client().get(url)
        assert answer.status_code == 200 and answer["Content-Type"] == "image/webp"
        assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
        again = Client().get(url, headers={"If-None-Match": answer["ETag"]})
        assert again.status_code == 304 and not again.content

    def test_in_a_forum_for_some_only_those(self, ada: User, bob: User) -> None:
        staff = Group.objects.create(name="Some")
        forum = make_forum("some", read_access="groups")
        forum.read_groups.add(staff)
        ada.groups.add(staff)
        renew()
        url = address(words := sent(ada))
        start_thread(ada, forum, body=words)
        carol = make_member("carol")
        carol.groups.add(staff)
        renew()
        assert [status(url, who) for who in (ada, carol, bob, None)] == [200, 200, 404, 404]
        assert signed_in(carol).get(url)["Cache-Control"] == "private, max-age=3600"

    def test_who_may_not_see_it_cannot_make_it_public(self, ada: User, bob: User, aws: Forum) -> None:
        url = address(words := sent(ada))
        start_thread(bob, aws, body=words)
        assert status(url) == 404

    def test_an_image_goes_with_its_thread(self, ada: User, mod: User, aws: Forum) -> None:
        url = address(words := sent(ada))
        thread = start_thread(ada, aws, body=words)
        make_forum("staff", read_access="groups")
        assert status(url) == 200
        signed_in(mod).post(f"/f/aws/{thread.id}/move/", {"forum": "staff", "reason": "Private"})
        jobs_go_on()
        assert [status(url), status(url, mod)] == [404, 200]

    def test_an_image_goes_with_a_post_that_is_split_off(self, ada: User, mod: User, aws: Forum) -> None:
        make_forum("staff", read_access="groups")
        other = start_thread(mod, Forum.objects.get(name="staff"), "Private things")
        thread = start_thread(ada, aws)
        url = address(words := sent(ada))
        reply(ada, thread, words)
        fields = {"numbers": "2", "into": page_url(other), "reason": "Private", "sure": "on"}
        signed_in(mod).post(f"/f/aws/{thread.id}/split/", fields)
        jobs_go_on()
        assert posts.get_post(thread.id, 2).moved_to
        assert [status(url), status(url, mod)] == [404, 200]

    def test_a_name_that_was_made_up(self, site: None) -> None:
        assert status(f"/i/{'0' * 32}-10x10.webp") == 404
        assert status("/i/../../etc/passwd") == 404
        assert status("/i/cat.html") == 404


# -- In a post ------------------------------------------------------------------------------------


class TestInAPost:
    def test_its_place_is_kept_free(self, ada: User, aws: Forum) -> None:
        thread = start_thread(ada, aws, body=sent(ada))
        text = Client().get(page_url(thread)).content.decode()
        tag = re.search('<img src="/i/[^>]*>', text)
        assert tag and all(each in tag[0] for each in ('alt="cat"', 'width="40"', 'height="30"', 'loading="lazy"'))

    def test_a_form_without_a_script_takes_images_along(self, ada: User, aws: Forum) -> None:
        files = [SimpleUploadedFile(name, picture(), "image/png") for name in ("a [1].png", "b.png")]
        thread = start_thread(ada, aws)
        fields = {"body": "Look:", "token": token(ada), "images": files}
        assert signed_in(ada).post(f"/f/aws/{thread.id}/reply/", fields).status_code == 302
        body = posts.get_post(thread.id, 2).body
        assert body.startswith("Look:\n\n![a 1](/i/") and "![b](/i/" in body

    def test_an_image_alone_is_a_post(self, ada: User, aws: Forum) -> None:
        fields = {"title": "A cat", "body": "", "token": token(ada), "images": SimpleUploadedFile("c.png", picture())}
        assert signed_in(ada).post("/f/aws/new/", fields).status_code == 302

    def test_a_bad_file_brings_the_form_back_with_text_and_good_ones(self, ada: User, aws: Forum) -> None:
        thread = start_thread(ada, aws)
        files = [SimpleUploadedFile("good.png", picture()), SimpleUploadedFile("bad.png", PAGE)]
        fields = {"body": "My words", "token": token(ada), "images": files}
        answer = signed_in(ada).post(f"/f/aws/{thread.id}/reply/", fields)
        text = answer.content.decode()
        assert answer.status_code == 422
        assert "bad.png: This is not an image" in text and "My words" in text and "![good](/i/" in text

    def test_a_file_that_is_far_too_large_leaves_the_text(self, ada: User, aws: Forum, settings: Any) -> None:
        settings.IMAGE_BYTES = 10_000
        thread = start_thread(ada, aws)
        fields = {"body": "My words", "token": token(ada), "images": SimpleUploadedFile("huge.png", b"x" * 3_000_000)}
        answer = signed_in(ada).post(f"/f/aws/{thread.id}/reply/", fields)
        assert answer.status_code == 422
        assert "3 MB; 0.01 MB is the most" in answer.content.decode() and "My words" in answer.content.decode()

    def test_too_many_files_leave_the_text(self, ada: User, aws: Forum) -> None:
        thread = start_thread(ada, aws)
        files = [SimpleUploadedFile(f"{number}.png", picture((2, 2))) for number in range(12)]
        answer = signed_in(ada).post(
            f"/f/aws/{thread.id}/reply/", {"body": "My words", "token": token(ada), "images": files}
        )
        text = answer.content.decode()
        assert answer.status_code == 422 and "At most 10 images" in text and "My words" in text
        assert Upload.objects.count() == 10

    def test_a_preview_shows_what_came_along(self, ada: User, aws: Forum) -> None:
        thread = start_thread(ada, aws)
        fields = {"body": "x", "token": token(ada), "preview": "1", "images": SimpleUploadedFile("c.png", picture())}
        answer = signed_in(ada).post(f"/f/aws/{thread.id}/reply/", fields)
        assert answer.status_code == 200 and '<img src="/i/' in answer.content.decode()

    def test_a_text_without_images_costs_nothing_more(self, ada: User, aws: Forum) -> None:
        thread = start_thread(ada, aws)
        reply(ada, thread)
        with cost() as without:
            reply(ada, thread)
        words = sent(ada)
        with cost() as with_one:
            reply(ada, thread, words)
        assert without.sql < with_one.sql <= without.sql + 4
        assert without.redis == with_one.redis


# -- Throwing away --------------------------------------------------------------------------------


def exists(url: str) -> bool:
    return bool(default_storage.exists(images.path(images.POSTS, Path(url).stem)))


class TestThrowingAway:
    def later(self, **span: float) -> None:
        """As if so much time had passed since images were sent."""
        for upload in Upload.objects.exclude(expires=None):
            upload.expires = (upload.expires or timezone.now()) - timedelta(**span)
            upload.save()
        kinds.tidy()

    def test_what_nobody_posts_is_gone_after_a_day(self, ada: User) -> None:
        url = address(sent(ada))
        self.later(hours=23)
        assert exists(url)
        self.later(hours=2)
        assert not exists(url) and not Upload.objects.exists()

    def test_what_is_posted_stays(self, ada: User, aws: Forum) -> None:
        url = address(words := sent(ada))
        start_thread(ada, aws, body=words)
        self.later(days=1000)
        assert exists(url)

    def test_what_a_draft_mentions_stays_as_long_as_the_draft(self, ada: User, aws: Forum) -> None:
        url = address(words := sent(ada))
        signed_in(ada).post("/drafts/", {"path": "/f/aws/new/", "heading": "", "text": words})
        self.later(days=29)
        assert exists(url)

    def test_what_was_deleted_for_good_takes_its_images_along(self, ada: User, aws: Forum) -> None:
        root = make_member("root", is_staff=True, is_superuser=True)
        thread = start_thread(ada, aws)
        both, one = sent(ada), sent(ada)
        reply(ada, thread, f"{both} {one}")
        reply(ada, thread, both)
        signed_in(root).post(f"/f/aws/{thread.id}/2/purge/", {"reason": "Private", "sure": "on"})
        assert [status(address(one)), status(address(both))] == [404, 200]
        kinds.tidy()
        assert [exists(address(one)), exists(address(both))] == [False, True]

    @pytest.mark.parametrize(("choice", "left"), [("keep", True), ("anonymise", True), ("delete", False)])
    def test_who_leaves_takes_them_along_or_not(self, choice: str, left: bool, ada: User, aws: Forum) -> None:
        url = address(words := sent(ada))
        start_thread(ada, aws, body=words)
        signed_in(ada).post("/settings/close/", {"password": "correct horse", "posts": choice})
        jobs_go_on()
        assert exists(url) is left
        if choice == "anonymise":
            assert Upload.objects.get().member_id == ""
