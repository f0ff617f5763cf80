"""How files arrive that are sent with a form: on the disk for as long as the request lasts, and never too much.

What is beyond the limits is read from the connection and thrown away, so that the text of the same form arrives, and
its writer is told in words what was wrong with the file.
"""

from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler

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
