"""Commands are run as an operator runs them, on Dynoxide, with what they say in `said`."""

import io
from collections.abc import Callable, Iterator

import pytest
from django.core.management import call_command

from forum.tables import provision, schema
from forum.tables.provision import Patience


@pytest.fixture
def run() -> Callable[..., str]:
    """`run("tables", "create")`: what the command prints."""

    def call(*words: str) -> str:
        out = io.StringIO()
        call_command(*words, stdout=out, stderr=out, no_color=True)
        return out.getvalue()

    return call


@pytest.fixture
def no_tables() -> Iterator[None]:
    """No tables before and after the test."""
    drop_all()
    yield
    drop_all()


def drop_all() -> None:
    for model in schema.MODELS:
        found = provision.status(model.Meta.table_name)
        if found and found.protected:
            provision.unprotect(found.shape.name, Patience(20))
        if found:
            provision.delete(found.shape.name, Patience(20))
