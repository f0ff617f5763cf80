"""The app, named so that `forum.User` is its user model."""

from django.apps import AppConfig
from django.core.signals import request_finished


class ForumConfig(AppConfig):
    name = "forum"
    verbose_name = "Forum"

    def ready(self) -> None:
        from . import checks  # noqa: F401  (registers the deployment checks)
        from .cache import local

        # After the answer has been sent, so that nobody waits for it.
        request_finished.connect(local.report, dispatch_uid="forum.cache")
