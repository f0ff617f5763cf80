"""The app, named so that `forum.User` is its user model."""

import atexit
from importlib import import_module
from typing import Any

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.core.signals import request_finished
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

# Of the group of moderators, which is made once, and is then the operator's to change.
MODERATORS_MAY = ["moderate_forum", "view_post", "change_post", "view_log", "moderate_user"]


class ForumConfig(AppConfig):
    default = True
    name = "forum"
    verbose_name = _("Forum")

    def ready(self) -> None:
        from allauth.account.signals import user_signed_up
        from django.contrib.auth.signals import user_logged_in

        from . import charging, checks, kept  # noqa: F401  (registers the deployment checks)
        from .actions import flushing, remembering
        from .cache import local
        from .pulse import counting, views
        from .search import feeding
        from .tables import base, tallies

        post_migrate.connect(make_search_index, sender=self, dispatch_uid="forum.search")
        post_migrate.connect(make_moderators, sender=self, dispatch_uid="forum.moderators")
        tallies.listeners.append(counting.note)
        local.also += [remembering.save_marks, remembering.read_notes, views.flush, flushing.save_if_due]
        base.elsewhere = charging.charge_command
        atexit.register(charging.finish_command)
        # After the answer has been sent, so that nobody waits for it.
        request_finished.connect(local.report, dispatch_uid="forum.cache")
        user_logged_in.connect(kept.signed_in, dispatch_uid="forum.kept")
        user_signed_up.connect(tell_of_member, dispatch_uid="forum.webhooks")
        request_finished.connect(feeding.after_answer, dispatch_uid="forum.search")


def tell_of_member(user: Any, **others: Any) -> None:
    """Somebody has signed up."""
    from .actions import events

    events.of_member(user)


class ForumAdminConfig(admin_apps.AdminConfig):
    """Django admin with our site as the default one."""

    default = False
    default_site = "forum.admin.site.ForumAdminSite"

    def ready(self) -> None:
        # Our package makes the site and registers with it. Were the site asked for first, Django would import
        # the package for the class alone, and then make a second site, with nothing in it.
        import_module("forum.admin")
        super().ready()


def make_moderators(sender: AppConfig, using: str, **others: Any) -> None:
    """The group of moderators with its rights, which Django makes only once the migrations are done."""
    from django.contrib.auth.management import create_permissions
    from django.contrib.auth.models import Group, Permission

    from .models import MODERATORS

    create_permissions(sender, using=using, verbosity=0)
    group, new = Group.objects.using(using).get_or_create(name=MODERATORS)
    if new:
        rights = Permission.objects.using(using).filter(content_type__app_label="forum", codename__in=MODERATORS_MAY)
        Group.permissions.through.objects.using(using).bulk_create(
            Group.permissions.through(group=group, permission=right) for right in rights
        )


def make_search_index(sender: AppConfig, using: str, **others: Any) -> None:
    """Its tables, beside those of the accounts or in a file of its own."""
    from .search.backend import index

    if using == "default":
        index().prepare()
