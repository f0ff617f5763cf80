"""Pages come in the visitor's language, from wherever they are answered."""

import pytest
from django.test import Client

from forum import languages
from forum.models import Forum, User
from tests.helpers import page_url, signed_in, start_thread

pytestmark = pytest.mark.django_db


def lang(answer) -> str:  # type: ignore[no-untyped-def]
    html = answer.content.decode()
    found: str = html.partition('<html lang="')[2].partition('"')[0]
    assert answer["Content-Language"] == found and "Accept-Language" in answer["Vary"]
    return found


@pytest.mark.parametrize(
    ("accepted", "spoken"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("zh-CN,zh;q=0.9", "zh-hans"),
        ("fr,en;q=0.5", "en"),
        ("*", "en"),
        ("x" * 5000, "en"),
        (",;q=;;=\x7f", "en"),
    ],
)
def test_the_browser_says_which(accepted: str, spoken: str, site: None) -> None:
    assert lang(Client().get("/", headers={"accept-language": accepted})) == spoken


def test_a_choice_counts_for_more(site: None) -> None:
    browser = Client(headers={"accept-language": "de"})
    answer = browser.post("/language/", {"language": "zh-hans"}, headers={"referer": "http://testserver/f/aws/"})
    assert answer.status_code == 302 and answer["Location"] == "http://testserver/f/aws/"
    assert lang(browser.get("/")) == "zh-hans"
    browser.post("/language/", {"language": "auto"})
    browser.cookies.pop(languages.COOKIE)
    assert lang(browser.get("/")) == "de"


def test_each_language_is_found_under_its_own_name(site: None) -> None:
    for spoken in ("en", "de", "zh-hans"):
        html = Client().get("/", headers={"accept-language": spoken}).content.decode()
        names = html.partition('class="language"')[2].partition("</form>")[0]
        assert [name for name in ("English", "Deutsch", "简体中文") if f"<span>{name}</span>" not in names] == []


@pytest.mark.parametrize("chosen", ["", "klingon", "../../etc", "de\r\nSet-Cookie: a=b"])
def test_no_other_language_can_be_chosen(chosen: str, site: None) -> None:
    answer = Client().post("/language/", {"language": chosen})
    assert answer.status_code == 302 and answer.cookies[languages.COOKIE].value == ""


def test_a_kept_page_is_kept_for_each(aws: Forum, ada: User) -> None:
    url = page_url(start_thread(ada, aws))
    for reader in (Client(), signed_in(ada)):
        for spoken in ("en", "de", "de", "en"):
            assert lang(reader.get(url, headers={"accept-language": spoken})) == spoken
