"""`manage.py cost`, as an operator uses it."""

from pathlib import Path

import pytest
from django.core.management.base import CommandError

from forum import pricing
from forum import redis as stores
from forum.cache import units
from forum.pricing import Load, Prices
from forum.tables import provision

PRICES = """
checked = 2026-01-01
source = "a test"
[regions.here]
read_million = 1.0
write_million = 10.0
read_hour = 0.01
write_hour = 0.1
storage_month = 2.0
recovery_month = 1.0
[regions.here.nodes]
"small" = 0.5
"""


@pytest.fixture
def prices(tmp_path: Path) -> list[str]:
    """Options that lead to round prices."""
    (tmp_path / "prices.toml").write_text(PRICES)
    return ["--prices", str(tmp_path / "prices.toml"), "--region", "here", "--storage", "0"]


@pytest.fixture(autouse=True)
def nothing_counted(redis_server: None) -> None:
    units.forget()


def line(said: str, name: str) -> list[str]:
    """The figures of a line, without spaces after commas."""
    (found,) = [each for each in said.splitlines() if each.startswith(f"{name}  ")]
    return found.removeprefix(name).replace(", ", ",").split()


# -- From what was counted ------------------------------------------------------------------------


def test_a_month_like_the_last_hour(run, prices, monkeypatch):
    for _ in range(3):
        units.count("home", 1, {"ForumThreads/LastActivity": (2, 0)})
    units.count("act: reply", 2, {"ForumPosts": (1, 4), "ForumPosts/UserPosts": (0, 2)})
    units.flush()
    # Of the minute that runs so much has gone.
    monkeypatch.setattr(units.time, "time", lambda: float(int(real() // 60) * 60 + 30))
    said = run("cost", "--last", "hour", *prices)
    month = pricing.SECONDS / 30
    assert line(said, "home") == [f"{3 * month:,.0f}", f"{6 * month:,.0f}", "0", f"${6 * month / 1e6:,.2f}"]
    assert line(said, "act: reply")[:3] == [f"{n * month:,.0f}" for n in (1, 1, 6)]
    assert "ForumThreads/LastActivity" not in said, "a local index uses its table's capacity"
    assert line(said, "ForumThreads")[1] == "1,1" and line(said, "ForumPosts/UserPosts")[1] == "1,1"


real = units.time.time


def test_where_nothing_was_counted_it_says_how_else(run, prices):
    with pytest.raises(CommandError, match="Nothing was counted in that time. Describe a load"):
        run("cost", *prices)


def test_without_redis_it_is_one_sentence(run, prices, monkeypatch):
    monkeypatch.setattr(stores, "_down_until", {"default": float("inf")})
    with pytest.raises(CommandError, match="Redis does not answer"):
        run("cost", *prices)


# -- From a load that is described ----------------------------------------------------------------


@pytest.fixture
def measured(monkeypatch) -> None:
    """What two pages and an act cost, in round numbers."""
    costs = {
        "thread": {"ForumPosts": (2.0, 0.0)},
        "bookmarks": {"ForumMembers": (1.0, 0.0)},
        "act: reply": {"ForumPosts": (1.0, 4.0), "ForumPosts/UserPosts": (0.0, 1.0)},
        pricing.INDEXED: {"ForumPosts": (0.5, 0.0)},
    }
    monkeypatch.setattr(pricing, "measured", lambda: costs)


def test_what_the_cache_answers_costs_nothing_of_pages_that_are_kept(measured):
    load = pricing.described({"thread": 1000, "bookmarks": 1000, "act: reply": 10}, cached=0.9, peak=2)
    days = pricing.DAYS
    assert load.requests == {
        "thread": 1000 * days,
        "bookmarks": 1000 * days,
        "act: reply": 10 * days,
        "search index": 10 * days,
    }
    assert load.units["thread"]["ForumPosts"][0] == pytest.approx(200 * days)
    assert load.units["bookmarks"]["ForumMembers"][0] == pytest.approx(1000 * days)
    assert load.units["act: reply"]["ForumPosts"] == pytest.approx((10 * days, 40 * days))
    assert load.busiest["ForumPosts"][1] == pytest.approx(2 * 40 / 86_400)


def test_a_file_and_options_describe_it(run, prices, measured, tmp_path):
    (tmp_path / "load.toml").write_text("cached = 0.5\npeak = 4\n[day]\nthread = 1_000_000\n")
    said = run("cost", "--load", str(tmp_path / "load.toml"), "--day", "bookmarks=86400", *prices)
    assert line(said, "thread")[3] == "$30.42", "half of two million units a day, 30.4 days"
    # 86,400 a day are one a second, four in the busiest hour, six reserved: 4 / 70 %.
    assert line(said, "ForumMembers")[:2] == ["4.0,0.0", "6,1"] and line(said, "ForumMembers")[2] == "17%,0%"
    assert line(said, "ForumMembers")[3] == f"${(6 * 0.01 + 0.1) * 730:,.2f}"


def test_every_page_that_is_measured_can_be_asked_for(run, prices):
    said = run("cost", *[word for name in pricing.measured() for word in ("--day", f"{name}=10")], *prices)
    assert all(f"\n{name}  " in said for name in pricing.measured())


def test_the_pages_that_are_kept_are_measured_ones():
    assert set(pricing.measured()) >= {*pricing.KEPT, pricing.INDEXED}


# -- The bill -------------------------------------------------------------------------------------

TOLD = Prices("here", None, "", 1.0, 10.0, 0.01, 0.1, 2.0, 1.0)  # type: ignore[arg-type]


def test_reserved_capacity_follows_the_busiest_hour_and_scaled_the_average():
    month = {"T": (7 * pricing.SECONDS, 0.0), "T/local": (0.0, 0.7 * pricing.SECONDS)}
    (one,) = pricing.reserved(Load({}, {"page": month}, {"T": (70, 0), "T/local": (0, 7)}), TOLD, 0.7, {"T/local": "T"})
    assert (one.part, one.units, one.used) == ("T", (100, 10), pytest.approx((0.07, 0.07)))
    assert one.dollars == pytest.approx((100 * 0.01 + 10 * 0.1) * 730)
    assert one.scaled == pytest.approx((10 * 0.01 + 1 * 0.1) * 730)


def test_one_unit_is_the_least_that_can_be_reserved():
    (one,) = pricing.reserved(Load({}, {"page": {"T": (1.0, 0.0)}}, {}), TOLD, 0.7, {})
    assert one.units == (1, 1)


def test_storage_and_nodes_are_added(run, prices, measured):
    said = run("cost", "--day", "bookmarks=0", *prices[:-1], "10", "--redis", "small=4")
    assert "Storage of 10.00 GB: $20.00; recovery to a point in time: $10.00\n" in said
    assert "4 × small: $1,460.00\n" in said and "In all, on demand: $1,490.00 a month, $0.00 of it for units\n" in said


def test_storage_is_what_the_tables_say(run, prices, measured, no_tables):
    run("tables", "create", "--no-protection")
    assert "Storage of 0.00 GB" in run("cost", "--day", "thread=1", *prices[:-2])


def test_without_dynamodb_storage_is_not_known(run, prices, measured, monkeypatch):
    def nobody(names):
        raise provision.ProvisionError("DynamoDB cannot be reached.")

    monkeypatch.setattr(provision, "existing", nobody)
    assert "So storage counts as nothing." in run("cost", "--day", "thread=1", *prices[:-2])


@pytest.mark.parametrize("region", ["us-east-1", "us-east-2", "us-west-2"])
def test_the_prices_that_come_along_are_whole(region):
    told = pricing.prices(region)
    assert told.checked.year >= 2026 and "aws.amazon.com" in told.source
    assert 4 < told.write_million / told.read_million < 6 and 4 < told.write_hour / told.read_hour < 6 and told.nodes


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--region", "nowhere"], "no prices of nowhere; it has those of us-east-1"),
        (["--prices", "/no/such/file"], "cannot be read"),
        (["--load", "/no/such/file"], "cannot be read"),
        (["--day", "thread"], "is not NAME=NUMBER"),
        (["--day", "thread=-5"], "is not NAME=NUMBER"),
        (["--day", "thread=nan"], "is not NAME=NUMBER"),
        (["--day", "nonsense=5"], "Nobody knows what nonsense costs"),
        (["--day", "thread=5", "--cached", "2"], "a part from 0 to 1"),
        (["--day", "thread=5", "--peak", "0.5"], "`peak` at least 1"),
        (["--cached", "0.5"], "--cached and --peak are of a load"),
        (["--day", "thread=5", "--utilisation", "0"], "--utilisation is a percentage"),
        (["--day", "thread=5", "--storage", "-1"], "--storage is a number of GB"),
        (["--day", "thread=5", "--redis", "huge=1"], "There is no price of huge"),
        (["--last", "year"], "invalid choice"),
    ],
)
def test_nonsense_is_one_sentence(run, words, reason):
    with pytest.raises(CommandError, match=reason) as raised:
        run("cost", *words)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("day = 5", "has to be numbers"),
        ("[day]\nthread = 'many'", "has to be numbers"),
        ("pages = 5", "pages means nothing here"),
        ("[day", "is not TOML"),
        ("peak = inf", "`peak` at least 1"),
        ("cached = nan", "a part from 0 to 1"),
    ],
)
def test_a_file_of_nonsense_is_too(run, text, reason, tmp_path, prices):
    (tmp_path / "load.toml").write_text(text)
    with pytest.raises(CommandError, match=reason):
        run("cost", "--load", str(tmp_path / "load.toml"), *prices)


def test_a_price_list_that_lacks_something_is_too(run, tmp_path):
    (tmp_path / "prices.toml").write_text(PRICES.replace("read_hour = 0.01\n", ""))
    with pytest.raises(CommandError, match="does not tell all prices of here"):
        run("cost", "--prices", str(tmp_path / "prices.toml"), "--region", "here", "--day", "thread=1")
