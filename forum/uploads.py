"""How files arrive that are sent with a form: on the disk for as long as the request lasts, and never too much.

What is beyond the limits is read from the connection and thrown away, so that the text of the same form arrives, and
its writer is told in words what was wrong with the file. And what is noted of the images among them, and of the posts
that show them; the images themselves are `forum.images`'s.
"""

from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.db import models

# In one form.
MOST_FILES = 10
# In the request's META: that there were more.
TOO_MANY = "forum.too_many_files"


class CappedFiles(TemporaryFileUploadHandler):
    """Keeps at most MOST_FILES files, and of each no more than `settings.IMAGE_BYTES`; its `size` is the true one."""

    files = 0
    kept = 0

    def new_file(self, *arguments: Any, **options: Any) -> None:
        self.files += 1
        self.kept = 0
        if self.files <= MOST_FILES:
            super().new_file(*arguments, **options)
        elif self.request is not None:
            self.request.META[TOO_MANY] = True

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.kept += len(raw_data)
        if self.files <= MOST_FILES and self.kept <= settings.IMAGE_BYTES:
            super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> "UploadedFile[Any] | None":
        return super().file_complete(file_size) if self.files <= MOST_FILES else None


class Upload(models.Model):
    """An image that a member sent (`images`): who sent it, and how large it is in bytes and pixels.

    `name` is its file's and its address's. Until `expires` it waits to be mentioned in a post, a draft or a text that
    waits for approval; with None it stays. Nobody is its `member` any more where they left anonymously.
    """

    name = models.CharField(max_length=50, unique=True)
    member_id = models.CharField(max_length=20, db_index=True, blank=True)
    size = models.PositiveIntegerField()
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()
    created = models.DateTimeField(auto_now_add=True)
    expires = models.DateTimeField(null=True, db_index=True)

    def __str__(self) -> str:
        return self.name


class UploadUse(models.Model):
    """That a post shows an image: whoever may read the forum that the post is in may see it.

    `address` is the first one of the post ("<thread>/<number>"), which it keeps wherever it goes; `thread_id` and
    `forum` say where it is now.
    """

    upload = models.ForeignKey(Upload, models.CASCADE, related_name="uses")
    address = models.CharField(max_length=40, db_index=True)
    thread_id = models.CharField(max_length=26, db_index=True)
    forum = models.CharField(max_length=50)

    class Meta:
        constraints = [models.UniqueConstraint("upload", "address", name="upload_used_once_in_a_post")]

    def __str__(self) -> str:
        return f"{self.upload_id} in {self.address}"
