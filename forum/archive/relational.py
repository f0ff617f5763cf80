"""The rows of the relational database that are a forum's, as lines of a file: accounts, groups, forums and what else
KINDS names.

A row is named by what is the same in every database (its `by`): accounts by their numbers, which posts bear; groups,
forums and images by their names. Columns that lead to another row hold its name, so do lists of rows. A row that is
there already is left as it is.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.core.management.color import no_style
from django.db import connection, models, transaction

from forum.models import (
    ApiToken,
    BlockedText,
    FormerName,
    Forum,
    SitemapPart,
    ThreadTag,
    Upload,
    UploadUse,
    User,
    Webhook,
)

Fields = dict[str, Any]
Row = models.Model


@dataclass(frozen=True, slots=True)
class Kind:
    """A model, the columns that name its rows, and whether its rows are secrets: they go along with passwords only."""

    model: type[Row]
    by: tuple[str, ...]
    secret: bool = False


# In this order they can be stored: none leads to a later one.
KINDS: Mapping[str, Kind] = {
    "group": Kind(Group, ("name",)),
    "forum": Kind(Forum, ("name",)),
    "user": Kind(User, ("id",)),
    "former name": Kind(FormerName, ("name",)),
    "address": Kind(EmailAddress, ("user", "email")),
    "second factor": Kind(Authenticator, ("id",), secret=True),
    "token": Kind(ApiToken, ("digest",), secret=True),
    "webhook": Kind(Webhook, ("id",), secret=True),
    "blocked text": Kind(BlockedText, ("kind", "text")),
    "tag": Kind(ThreadTag, ("tag", "thread_id")),
    "image": Kind(Upload, ("name",)),
    "image in a post": Kind(UploadUse, ("upload", "address")),
    "part of a sitemap": Kind(SitemapPart, ("forum", "shard", "first_id")),
}
# Of no worth elsewhere: work and mails under way, sessions, Django's own lists, the log of Django admin.
LEFT_OUT = {
    "forum.Job",
    "forum.Delivery",
    "account.EmailConfirmation",
    "admin.LogEntry",
    "auth.Permission",
    "contenttypes.ContentType",
    "sessions.Session",
}
PASSWORD = "password"
# What an account may do is for each site to say, and groups may not be there where one forum goes.
NO_RIGHTS: Fields = {"groups": [], "user_permissions": [], "is_staff": False, "is_superuser": False}


# -- Out ------------------------------------------------------------------------------------------


def rows(passwords: bool) -> Iterator[tuple[str, Fields]]:
    """All rows, as (kind, fields)."""
    for name, kind in KINDS.items():
        if passwords or not kind.secret:
            for row in kind.model._default_manager.order_by("pk").iterator():
                yield name, fields_of(row, passwords)


def rows_of_forum(name: str, people: Iterable[str], passwords: bool) -> Iterator[tuple[str, Fields]]:
    """Of one forum: itself, its groups, the accounts of these people, tags, images in posts, parts of its sitemap."""
    forum = Forum.objects.get(name=name)
    lists = (forum.read_groups, forum.post_groups, forum.moderator_groups)
    for group in sorted({group.name: group for each in lists for group in each.all()}.items()):
        yield "group", fields_of(group[1], passwords)
    yield "forum", fields_of(forum, passwords)
    # Who left without a name has a number below zero, and no account.
    for each in filter(str.isdecimal, people):
        for user in User.objects.filter(pk=each):
            yield "user", fields_of(user, passwords) | NO_RIGHTS
            for former in user.former_names.order_by("pk"):
                yield "former name", fields_of(former, passwords)
            for address in EmailAddress.objects.filter(user=user).order_by("pk"):
                yield "address", fields_of(address, passwords)
    others: dict[str, models.QuerySet[Any]] = {
        "tag": ThreadTag.objects.filter(forum=name),
        "image": Upload.objects.filter(uses__forum=name).distinct(),
        "image in a post": UploadUse.objects.filter(forum=name),
        "part of a sitemap": SitemapPart.objects.filter(forum=name),
    }
    for kind, found in others.items():
        for row in found.order_by("pk").iterator():
            yield kind, fields_of(row, passwords)


def fields_of(row: Row, passwords: bool = True) -> Fields:
    """Its columns and lists as JSON has them."""
    kind = next(each for each in KINDS.values() if each.model is type(row))
    fields: Fields = {}
    for field in row._meta.concrete_fields:
        if field.primary_key and field.name not in kind.by:
            continue
        if field.name != PASSWORD or passwords:
            fields[field.name] = _value(row, field)
    for many in row._meta.many_to_many:
        fields[many.name] = sorted(_name(other) for other in getattr(row, many.name).all())
    return fields


def _value(row: Row, field: Any) -> Any:
    if field.is_relation:
        other = getattr(row, field.name)
        return None if other is None else _name(other)
    value = field.value_from_object(row)
    return value.isoformat() if hasattr(value, "isoformat") else value


def _name(row: Row) -> Any:
    """What a row is called in columns of others."""
    if isinstance(row, Permission):
        return f"{row.content_type.app_label}.{row.content_type.model}.{row.codename}"
    return row.pk if isinstance(row, User | Webhook) else str(getattr(row, "name"))  # noqa: B009


# -- In -------------------------------------------------------------------------------------------


def complaint(name: str, fields: Any) -> str:
    """Why this row cannot be stored; "" where it can, as far as can be told before the rows it leads to are."""
    kind = KINDS.get(name)
    if kind is None:
        return f"there is no kind {name!r} of rows"
    if not isinstance(fields, dict) or not all(column in fields for column in kind.by):
        return f"a {name} needs {' and '.join(kind.by)}"
    known = {field.name for field in [*kind.model._meta.concrete_fields, *kind.model._meta.many_to_many]}
    if strange := sorted(fields.keys() - known):
        return f"a {name} has no {strange[0]}"
    try:
        row = _made(kind, {column: value for column, value in fields.items() if not _relation(kind, column)})
        row.clean_fields(exclude=_unchecked(kind, fields))
    except ValidationError as error:
        return "; ".join(f"{column}: {' '.join(said)}" for column, said in error.message_dict.items())
    except (TypeError, ValueError, OverflowError) as error:
        return f"{name}: {error}"
    return _taken(row) if isinstance(row, User) else ""


def _unchecked(kind: Kind, fields: Fields) -> set[str]:
    """Columns that lead elsewhere, that are secrets, that are not named and so get their default, or that hold nothing
    where they may: what forms leave out is another matter."""
    return {
        each.name
        for each in kind.model._meta.concrete_fields
        if each.is_relation
        or each.name == PASSWORD
        or each.name not in fields
        or (each.null and fields[each.name] is None)
    }


def _taken(user: User) -> str:
    """An account's number and its name belong together here, too, or neither is known."""
    for other in User.objects.filter(models.Q(pk=user.pk) | models.Q(username__iexact=user.username)):
        if other.pk != user.pk or other.username != user.username:
            return f"member {user.pk} is {user.username!r}, but here {other.pk} is {other.username!r}"
    return ""


def put_rows(found: Iterable[tuple[int, str, Fields]]) -> tuple[int, int]:
    """Store rows that are not there, (number of its line, kind, fields) each, all or none; how many were stored, and
    how many were there. ValidationError, with the line, where a row cannot be stored."""
    stored = there = 0
    with transaction.atomic():
        for number, name, fields in found:
            try:
                new = _put(KINDS[name], dict(fields))
            except (ObjectDoesNotExist, ValueError) as error:
                raise ValidationError(f"Line {number}: a {name} leads to what is not there: {error}") from error
            stored, there = stored + new, there + (not new)
        _go_on_counting()
    return stored, there


def _put(kind: Kind, fields: Fields) -> bool:
    named = {column: _found(kind, column, fields[column]) for column in kind.by}
    if kind.model._default_manager.filter(**named).exists():
        return False
    if kind.model is User:
        fields.setdefault(PASSWORD, make_password(None))
    many = {field.name: fields.pop(field.name, []) for field in kind.model._meta.many_to_many}
    row = _made(kind, {name: _found(kind, name, value) for name, value in fields.items()})
    # Raw: as it was, with its times, and without what saving it means to those who read at this moment.
    row.save_base(raw=True, force_insert=True)
    for name, others in many.items():
        getattr(row, name).set([_found(kind, name, each) for each in others])
    return True


def _made(kind: Kind, fields: Fields) -> Row:
    columns = {field.name: field for field in kind.model._meta.concrete_fields}
    made: Fields = {}
    for name, value in fields.items():
        try:
            made[name] = value if columns[name].is_relation else columns[name].to_python(value)
        except ValidationError as error:
            raise ValidationError({name: error.messages}) from error
    return kind.model(**made)


def _relation(kind: Kind, name: str) -> bool:
    return bool(kind.model._meta.get_field(name).is_relation)


def _found(kind: Kind, name: str, value: Any) -> Any:
    """The row that a column or a list leads to by this name; a plain value as it is."""
    field = kind.model._meta.get_field(name)
    if not field.is_relation or value is None:
        return value
    target: Any = field.related_model
    if target is Permission:
        app, model, codename = str(value).split(".", 2)
        return Permission.objects.get(content_type__app_label=app, content_type__model=model, codename=codename)
    return target._default_manager.get(**{"pk" if target in (User, Webhook) else "name": value})


def _go_on_counting() -> None:
    """Rows that brought their numbers along have not moved the database's own counts on."""
    made = [kind.model for kind in KINDS.values() if kind.by == ("id",)]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), made):
            cursor.execute(statement)
