"""The tools that read the code, run as tests; and what a deployment must have set."""

import re
import subprocess
from pathlib import Path

import pytest
from django.utils.crypto import get_random_string

from tests.processes import ROOT, run_python, said

DOCS = ROOT / "docs"

PRODUCTION = {
    "SECRET_KEY": get_random_string(60),
    "ALLOWED_HOSTS": "forum.example.org",
    "DATABASE_URL": "postgres://forum:password@database.example.org/forum",
    "REDIS_CACHE_URL": "rediss://cache.example.org:6379/0",
    "REDIS_SESSION_URL": "rediss://sessions.example.org:6379/0",
    "EMAIL_URL": "smtp+tls://forum:password@mail.example.org:587",
}


def assert_clean(done: subprocess.CompletedProcess[str]) -> None:
    if done.returncode:
        pytest.fail(said(done), pytrace=False)


# -- The code -------------------------------------------------------------------------------------


def test_ruff_finds_nothing_to_mend():
    assert_clean(run_python("-m", "ruff", "check", "--quiet", "--output-format", "concise", "."))


def test_ruff_finds_nothing_to_format():
    assert_clean(run_python("-m", "ruff", "format", "--check", "--quiet", "."))


def test_mypy_understands_every_type(tmp_path):
    assert_clean(run_python("-m", "mypy", DATA_DIR=str(tmp_path)))


def test_every_change_of_a_model_has_its_migration(tmp_path):
    assert_clean(run_python("manage.py", "makemigrations", "--check", "--dry-run", DATA_DIR=str(tmp_path)))


# -- The documents --------------------------------------------------------------------------------


def anchors(document: Path) -> set[str]:
    """What one can link to in a document: its headings, as GitHub and the guide name them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", ["README.md", "bench/README.md", *sorted(f"docs/{p.name}" for p in DOCS.glob("*.md"))])
def test_what_a_document_links_to_is_there(name):
    document = ROOT / name
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", document.read_text()):
        path, _, anchor = target.partition("#")
        leads_to = (document.parent / path).resolve() if path else document
        assert leads_to.exists(), target
        assert not anchor or anchor in anchors(leads_to), target


# -- Deployments ----------------------------------------------------------------------------------


def check_deployment(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    return run_python(*command, **environment, DATA_DIR=str(tmp_path))


def test_a_deployment_with_everything_set_has_nothing_to_complain_about(tmp_path):
    assert_clean(check_deployment(tmp_path, **PRODUCTION))


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("SECRET_KEY", "Set SECRET_KEY to at least 50 random characters; without it this is a local forum."),
        ("ALLOWED_HOSTS", "Set ALLOWED_HOSTS to the site's host names, separated by commas."),
        ("DATABASE_URL", "Set DATABASE_URL to a database server (postgres://…)"),
        ("REDIS_CACHE_URL", "Set REDIS_CACHE_URL and REDIS_SESSION_URL to your Redis or Valkey servers."),
        ("REDIS_SESSION_URL", "Set REDIS_CACHE_URL and REDIS_SESSION_URL to your Redis or Valkey servers."),
        ("EMAIL_URL", "Set EMAIL_URL (smtp+tls://user:password@host:587)"),
    ],
)
def test_a_deployment_with_something_missing_is_told_what_to_set(missing, sentence, tmp_path):
    given = {name: value for name, value in PRODUCTION.items() if name != missing}
    done = check_deployment(tmp_path, **given)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"SECRET_KEY": "secret"}, "Your SECRET_KEY has less than 50 characters"),
        ({"DEBUG": "true"}, "You should not have DEBUG set to True in deployment."),
        ({"REDIS_SESSION_URL": PRODUCTION["REDIS_CACHE_URL"]}, "to another server or database than REDIS_CACHE_URL"),
        ({"REDIS_TIMEOUT": "soon"}, "REDIS_TIMEOUT is soon: set it to a number of seconds from 0.05 to 2."),
        ({"REDIS_TIMEOUT": "0"}, "REDIS_TIMEOUT is 0: set it to a number of seconds from 0.05 to 2."),
        (
            {"DAX_ENDPOINT_URL": "https://dax"},
            "DAX_ENDPOINT_URL is https://dax: set it to the cluster's endpoint, dax://",
        ),
    ],
)
def test_a_deployment_with_something_wrong_is_told_what_is(wrong, sentence, tmp_path):
    done = check_deployment(tmp_path, **(PRODUCTION | wrong))
    assert done.returncode == 1
    assert sentence in done.stderr


def test_redis_is_waited_for_as_long_as_is_set(tmp_path):
    show = "from forum_site.settings import CACHES as c; print([c[name]['OPTIONS']['SOCKET_TIMEOUT'] for name in c])"
    assert run_python("-c", show, DATA_DIR=str(tmp_path), REDIS_TIMEOUT="0.7").stdout == "[0.7, 0.7]\n"
