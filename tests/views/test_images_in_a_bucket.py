"""Images in a bucket: kept there and nowhere else, shown to those who may read the post, thrown away with it."""

import os
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import boto3
import pytest
from django.conf import settings as site
from django.test import Client
from moto.server import ThreadedMotoServer
from PIL import Image

from forum.actions import picturing
from forum.models import Forum, User
from forum_site.settings import image_storage
from tests.helpers import renew, signed_in, start_thread
from tests.views.test_images import address, picture, send, sent

BUCKET = "forum-images"
AWS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "S3_PREFIX": "kept"}


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    """S3's API on this machine, with one bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    with patch.dict(os.environ, {**AWS, "S3_ENDPOINT_URL": url}):
        client = boto3.client("s3", endpoint_url=url, region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client
    server.stop()


@pytest.fixture(autouse=True)
def in_the_bucket(s3: Any, settings: Any) -> None:
    settings.S3_BUCKET = BUCKET
    settings.STORAGES = {**site.STORAGES, "default": image_storage(BUCKET)}


def names(s3: Any) -> list[str]:
    return [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def test_a_reader_is_led_to_the_picture_by_an_address_that_is_signed_and_soon_over(
    s3: Any, ada: User, bob: User, aws: Forum
) -> None:
    markdown = sent(ada)
    start_thread(ada, aws, "With a cat", f"Look: {markdown}")
    (key,) = names(s3)
    assert key.startswith("kept/") and key.endswith(".webp")
    answer = signed_in(bob).get(address(markdown))
    assert answer.status_code == 302
    signed = answer["Location"]
    assert "public" not in answer["Cache-Control"]
    asked = parse_qs(urlsplit(signed).query)
    assert asked.keys() & {"X-Amz-Signature", "Signature"}
    with urlopen(signed) as kept:
        assert Image.open(BytesIO(kept.read())).format == "WEBP"


def test_nobody_is_led_there_who_may_not_read_the_post(ada: User, aws: Forum) -> None:
    markdown = sent(ada)
    start_thread(ada, aws, "With a cat", f"Look: {markdown}")
    aws.read_access = "members"
    aws.save()
    renew()
    assert Client().get(address(markdown)).status_code in (403, 404)
    assert signed_in(ada).get(address(markdown)).status_code == 302


def test_what_no_post_shows_is_taken_out_of_the_bucket(s3: Any, ada: User) -> None:
    before = set(names(s3))
    sent(ada)
    assert len(set(names(s3)) - before) == 1
    picturing.remove_all(str(ada.pk))
    assert set(names(s3)) == before


def test_a_bucket_that_is_not_there_is_told_in_words(ada: User, settings: Any) -> None:
    settings.STORAGES = {**site.STORAGES, "default": image_storage("no-such-bucket")}
    answer = send(ada, picture())
    assert answer.status_code == 503
    assert answer.json()["error"] == "Images cannot be stored for a moment. Please try again shortly."
