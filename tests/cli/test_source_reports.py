"""What `dateline sources list` and `check` show, to users and to programs."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from typer.testing import Result

from bot.cli.source_reports import checkup_json, checkup_report, show_sources
from bot.sources.administration import list_selector_problems, list_sources
from storage.db.engine import Storage
from storage.source_rules import SourceRules, set_rules
from storage.sources import add_source, forget_validators
from tests.cli.conftest import printed, with_storage_at
from tests.conftest import MONDAY_NOON
from tests.sources.feeds_made import LONG, item, page, rss

HOUR = timedelta(hours=1)


async def test_a_check_shows_everything_about_a_healthy_feed(operator, farm, clock):
    dated = [item(number, clock.now - number * HOUR) for number in range(1, 6)]
    farm.serve(
        "/feed.xml",
        rss([*dated, item(9, text="Short.")], "<ttl>90</ttl><skipHours><hour>3</hour></skipHours>"),
        ETag='"one"',
        Cache_Control="max-age=60",
    )
    await operator.adding.add(farm.url())

    report = printed(checkup_report(await operator.check(farm.url())))

    assert report.startswith("A feed with 6 entries, the newest 1 h old.\n")
    lines = [" ".join(line.split()) for line in report.splitlines()]
    for line in (
        'ETag "one"',
        "Cache-Control max-age=60",
        "Charset utf-8, by its bytes",
        "Entries 6, 5 with a date, 5 with 400 characters or more",
        "Newest 2026-03-02 11:00 Sample news 1",
        "Next poll in 90 min (2026-03-02 13:30 UTC)",
        "Interval 90 min after it: its ttl asks so",
        "Skips hours 3 UTC",
        "Address in your own network: only you may add it",
        "Source since 2026-03-02, active",
        "Asked once, 0% unchanged",
    ):
        assert line in lines


async def test_a_check_and_the_list_show_the_same_next_poll(operator, farm, clock, capsys):
    every_ten_hours = [item(number, clock.now - number * 10 * HOUR) for number in range(1, 11)]
    farm.serve("/feed.xml", rss(every_ten_hours))
    await operator.adding.add(farm.url())
    clock.turn(timedelta(minutes=5))
    burst = [item(20 + number, clock.now - timedelta(minutes=number)) for number in range(3)]
    farm.serve("/feed.xml", rss([*burst, *every_ten_hours]))

    checkup = await operator.check(farm.url())
    report = " ".join(printed(checkup_report(checkup)).split())
    show_sources(await list_sources(operator.storage), clock.now, as_json=False)
    table = capsys.readouterr().out

    assert "in 5 h" in table
    assert "Next poll in 5 h (2026-03-02 17:00 UTC)" in report
    assert report.count("Next poll") == 1
    assert "Interval 4 h after it: twice as often as it publishes" in report
    assert checkup_json(checkup)["plan"]["next_fetch_at"] == MONDAY_NOON + 5 * HOUR


async def test_a_check_of_an_unhealthy_source_begins_with_its_problem(operator, farm, clock):
    farm.serve("/feed.xml", rss([item(1)]))
    await operator.adding.add(farm.url())
    farm.serve("/feed.xml", page("We have moved", [LONG, LONG]), Content_Type="text/html")
    clock.turn(24 * HOUR)
    await operator.polling.poll_due()
    clock.turn(HOUR)

    report = printed(checkup_report(await operator.check(farm.url())))

    assert report.startswith("It gives an HTML page instead of a feed.\n")
    assert "it failed 2 times in a row" in report
    assert "  Error      gives an HTML page instead of a feed, for 1 h" in report


async def test_the_last_error_of_a_recovered_source_is_shown(operator, farm, clock):
    farm.serve("/feed.xml", rss([item(1)]))
    await operator.adding.add(farm.url())
    farm.serve("/feed.xml", status=500)
    clock.turn(24 * HOUR)
    await operator.polling.poll_due()
    farm.serve("/feed.xml", rss([item(1)]))
    clock.turn(24 * HOUR)
    await operator.polling.poll_due()

    report = printed(checkup_report(await operator.check(farm.url())))

    assert "  Last error  has an error of its own (500), 1 d ago" in report
    assert "  Trouble " not in report


async def test_a_permanent_redirect_is_shown_before_it_is_followed(operator, farm, clock):
    farm.serve("/feed.xml", rss([item(1)]))
    await operator.adding.add(farm.url())
    farm.serve("/feed.xml", status=301, Location="/new.xml")
    farm.serve("/new.xml", rss([item(1)]))
    clock.turn(24 * HOUR)
    await operator.polling.poll_due()

    report = printed(checkup_report(await operator.check(farm.url())))

    assert f"  Moved for good to  {farm.url('/new.xml')}" in report
    assert f"to {farm.url('/new.xml')}, seen 1 of 10 times" in report


async def test_a_page_that_is_no_source_shows_the_next_step(operator, farm):
    farm.serve("/", page("A fog of a page", [LONG, LONG]), Content_Type="text/html")

    report = printed(checkup_report(await operator.check(farm.url("/"))))

    assert report.startswith("A page with one article. For feeds: dateline sources find http://")
    assert "none, so it comes whole each time" in report
    assert "not one of our sources" in report


async def test_a_source_that_is_gone_has_no_plan(operator, farm):
    farm.serve("/gone.xml", status=410)

    report = printed(checkup_report(await operator.check(farm.url("/gone.xml"))))

    assert report.startswith("It has been taken down for good (410).")
    assert "Next poll" not in report


async def test_a_check_fetches_only_the_source(operator, farm):
    farm.serve("/feed.xml", rss([item(1)]))

    await operator.check(farm.url())

    assert farm.paths() == ["/feed.xml"]


def as_programs_read(document: object) -> Any:
    return json.loads(json.dumps(document, default=datetime.isoformat))


async def test_a_check_is_printed_as_json(operator, farm, clock):
    farm.serve("/feed.xml", rss([item(1, clock.now)]), ETag='"one"')
    await operator.adding.add(farm.url())

    good = as_programs_read(checkup_json(await operator.check(farm.url())))
    bad = checkup_json(await operator.check(farm.url("/none")))

    assert (good["ok"], good["problem"], good["response"]["etag"]) == (True, None, '"one"')
    assert good["document"]["newest"][0] == {
        "title": "Sample news 1",
        "url": "https://news.example/1",
        "published": "2026-03-02T12:00:00+00:00",
    }
    assert good["plan"]["why"]
    assert good["source"]["next_fetch_at"] > "2026-03-02T12"
    assert (bad["ok"], bad["document"], bad["source"]) == (False, None, None)
    assert bad["problem"] == {
        "error": "not_found",
        "error_detail": {"status": 404},
        "sentence": "has nothing at this address (404)",
    }


async def test_the_list_counts_unhealthy_sources(operator, farm, clock, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    for name in ("a", "b", "c"):
        farm.serve(f"/{name}.xml", rss([item(1)]))
        await operator.adding.add(farm.url(f"/{name}.xml"))
    farm.serve("/b.xml", status=403)
    farm.serve("/c.xml", status=410)
    clock.turn(24 * HOUR)
    await operator.polling.poll_due()
    clock.turn(HOUR)

    show_sources(await list_sources(operator.storage), clock.now, as_json=False)
    table = capsys.readouterr().out

    assert table.endswith("\n3 sources, 1 unhealthy, 1 gone.\n")
    assert "refuses access (403), for 1 h" in table
    assert "no more" in table
    assert "50%" in table  # of the first one's two answers, the second was the same


async def test_the_list_is_printed_as_json_lines(operator, farm, clock, capsys):
    farm.serve("/feed.xml", rss([item(1)]))
    await operator.adding.add(farm.url())
    clock.turn(24 * HOUR)
    await operator.polling.poll_due()

    show_sources(await list_sources(operator.storage), clock.now, as_json=True)

    (line,) = capsys.readouterr().out.splitlines()
    source = json.loads(line)
    assert (source["url"], source["state"], source["unchanged_share"]) == (
        farm.url(),
        "active",
        0.5,
    )
    assert source["succeeded_at"] == "2026-03-03T12:00:00+00:00"


async def test_the_list_shows_selectors_that_were_not_used(
    operator, farm, clock, capsys, monkeypatch
):
    monkeypatch.setenv("COLUMNS", "80")
    farm.serve("/page", page("A page", [LONG, LONG]))
    await operator.adding.add(farm.url("/page"))
    (source,) = await list_sources(operator.storage)
    async with operator.storage.writing() as tx:
        await set_rules(tx, SourceRules(source_id=source.id, article=".gone"))
        await forget_validators(tx, [source.id])
    clock.turn(24 * HOUR)
    await operator.polling.poll_due()

    sources = await list_sources(operator.storage)
    problems = await list_selector_problems(operator.storage)
    show_sources(sources, clock.now, problems, as_json=True)

    assert json.loads(capsys.readouterr().out)["selector_problem"] == "selects_nothing"
    show_sources(sources, clock.now, problems, as_json=False)
    shown = " ".join(capsys.readouterr().out.split())
    assert "selectors: they find" in shown  # the table wraps the rest


def test_an_empty_list_shows_the_next_step(clock, capsys):
    show_sources([], clock.now, as_json=False)
    show_sources([], clock.now, as_json=True)

    assert capsys.readouterr().out == "No sources yet. Try: dateline sources add --starter\n"


async def fill(storage: Storage, **error: object) -> None:
    async with storage.writing() as tx:
        for name, more in (("healthy", {}), ("broken", error)):
            row = {"url": f"https://{name}.example/feed", "url_hash": name, "host": name}
            dates = {"created_at": tx.now, "next_fetch_at": tx.now}
            await add_source(tx, row | dates | more)


@pytest.fixture
def run(dateline: Callable[..., Result]) -> Callable[..., Result]:
    return lambda *arguments: dateline("sources", *arguments)


def test_the_command_lists_unhealthy_sources(run, sqlite_url):
    error = {"error": "forbidden", "error_detail": {"status": 403}}
    with_storage_at(sqlite_url, lambda storage: fill(storage, **error))

    table = run("list", "--unhealthy").output
    lines = run("list", "--unhealthy", "--json").output.splitlines()

    assert "https://broken.example/feed" in table
    assert "refuses access (403)" in table
    assert "https://healthy.example/feed" not in table
    assert [json.loads(line)["error"] for line in lines] == ["forbidden"]


def test_the_command_reports_that_all_sources_are_healthy(run, sqlite_url):
    with_storage_at(sqlite_url, fill)

    assert run("list", "--unhealthy").output == "No source is unhealthy.\n"
    assert run("list", "--unhealthy", "--json").output == ""


def test_the_command_fails_if_a_check_finds_a_problem(run):
    result = run("check", "ftp://files.example/", "--json")

    assert result.exit_code == 1
    assert json.loads(result.output)["problem"] == {
        "error": "wrong_scheme",
        "error_detail": {},
        "sentence": "does not begin with http:// or https://",
    }


@pytest.mark.parametrize("columns", ["80", None], ids=["folded", "piped"])
def test_an_address_is_never_cut(run, sqlite_url, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns or "")
    address = f"https://news.example/{'a' * 70}/feed.xml"

    async def add(storage: Storage) -> None:
        async with storage.writing() as tx:
            row = {"url": address, "url_hash": "a", "host": "news.example"}
            await add_source(tx, row | {"created_at": tx.now, "next_fetch_at": tx.now})

    with_storage_at(sqlite_url, add)
    output = run("list").output

    assert address in ("".join(output.split()) if columns else output)
    assert not columns or max(map(len, output.splitlines())) <= int(columns)
