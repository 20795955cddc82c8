import asyncio
import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any, cast

import pytest
from rich.console import Console
from typer.testing import CliRunner

from bot.cli import source_reports
from bot.cli.sources import _wanted, add_with_progress, app
from bot.sources.administration import list_sources, remove_source, sources_as_opml
from bot.sources.discovery.add import Addition, AddOutcome, Form, SourceAdder, SourceOptions
from bot.sources.discovery.discover import DiscoveryResult, discover
from bot.sources.discovery.links import FeedLink, Where
from bot.sources.discovery.opml import read_opml
from bot.sources.fetch.problems import Problem, ProblemCode
from bot.sources.fetch.source import FetchResult
from bot.sources.limits import MOST_ENTRIES
from bot.sources.urls import host_of
from bot.subscribers.source_settings import SourceChanges, change_settings
from storage.db.problems import DatabaseError
from storage.enums import FullText
from storage.sources import add_source
from tests.cli.conftest import Operator, printed, with_storage_at
from tests.conftest import MONDAY_NOON, TurnedClock
from tests.rows import source_row
from tests.sources.feeds_made import LONG, item, page, rss

_SOURCES = {AddOutcome.ADDED, AddOutcome.THERE}


@pytest.fixture
def adding(operator: Operator) -> SourceAdder:
    return operator.adding


async def test_many_sources_are_added_and_each_outcome_is_shown(adding: SourceAdder, farm):
    for number in range(20):
        farm.serve(f"/{number}.xml", rss([item(number)]))
    wanted = [(farm.url(f"/{number}.xml"), SourceOptions()) for number in range(20)]
    wanted += [wanted[0], (farm.url("/none"), SourceOptions(title="[Nobody]"))]
    wanted += [("ftp://a.example", SourceOptions())]

    done = await add_with_progress(adding, wanted, Console(file=StringIO()))

    table = printed(source_reports.additions_table(done))
    assert len(done) == 23
    assert table.splitlines()[0].split() == ["Source", "Outcome", "Details"]
    assert table.count("could not be added") == 2
    assert "has nothing at this address (404)" in table
    assert "does not begin with http" in table
    assert table.count("1 new") == 20
    assert table.count("already there") == 1


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        pytest.param([AddOutcome.ADDED, AddOutcome.THERE], 0, id="all are sources now"),
        pytest.param([AddOutcome.ADDED, AddOutcome.REFUSED], 1, id="one was refused"),
        pytest.param([AddOutcome.SEVERAL], 1, id="somebody has to choose"),
    ],
)
def test_the_exit_code_says_whether_all_were_added(monkeypatch, outcomes, code):
    done = [
        Addition(f"https://{outcome}.example/", outcome, source_id=outcome in _SOURCES or None)
        for outcome in outcomes
    ]
    monkeypatch.setattr("bot.cli.sources._run", lambda _: done)

    result = CliRunner().invoke(app, ["add", "https://a.example/"])

    assert result.exit_code == code
    assert [each for each in outcomes if str(each) not in result.output] == []


def test_a_long_list_shows_only_outcomes_that_need_attention():
    gone = Problem(ProblemCode.GONE, {"status": 410})
    done = [Addition(f"https://{n}.example/", AddOutcome.ADDED, f"Paper {n}") for n in range(998)]
    done.append(Addition("https://a.example/", AddOutcome.THERE, "Known"))
    done.append(Addition("https://b.example/", AddOutcome.REFUSED, "Gone", problem=gone))

    shown = "".join(map(printed, source_reports.addition_report(done, MONDAY_NOON)))

    assert "has been taken down for good (410)" in shown
    assert "Paper 7" not in shown
    assert "998 added, 1 already there, 1 could not be added." in shown


def test_a_single_address_has_no_counts():
    (table,) = source_reports.addition_report(
        [Addition("https://a.example/", AddOutcome.ADDED, "Paper")], MONDAY_NOON
    )

    assert "Paper" in printed(table)


async def test_a_site_with_several_feeds_lists_them_to_choose_from(adding: SourceAdder, farm):
    named = "".join(f"<link rel=feed title='Feed {n}' href='/{n}.xml'>" for n in range(12))
    farm.serve("/", f"<html><head>{named}</head></html>", Content_Type="text/html")
    for number in range(12):
        farm.serve(f"/{number}.xml", rss([item(number, MONDAY_NOON)]))

    done = await add_with_progress(
        adding, [(farm.url("/"), SourceOptions())], Console(file=StringIO())
    )
    shown = "".join(map(printed, source_reports.choices(done, MONDAY_NOON + timedelta(hours=2))))

    assert "has 12 feeds to choose from" in shown
    assert shown.count("2 h ago") == 8
    assert farm.url("/11.xml") in shown
    assert "has several feeds" in printed(source_reports.additions_table(done))


class FakeAdder:
    """Adds every source, but one address that the database refuses; only one a host at once."""

    def __init__(self, refused: str = "") -> None:
        self.refused = refused
        self.added: list[str] = []
        self.busy: set[str] = set()

    async def add(self, url: str, _options: SourceOptions) -> Addition:
        if url == self.refused:
            raise DatabaseError("INSERT", {}, OSError("disk is full\nand more"))
        host = host_of(url)
        assert host not in self.busy
        self.busy.add(host)
        await asyncio.sleep(0)
        self.busy.remove(host)
        self.added.append(url)
        return Addition(url, AddOutcome.ADDED)


async def test_sources_of_a_list_are_added_one_at_a_time_for_each_host():
    adder = FakeAdder()
    wanted = [
        (f"https://{host}.example/{n}", SourceOptions())
        for n in range(5)
        for host in ("a", "b", "c")
    ]
    done = await add_with_progress(cast("Any", adder), wanted, Console(file=StringIO()))

    assert sorted(adder.added) == sorted(url for url, _ in wanted)
    assert len(done) == 15


async def test_a_source_that_the_database_refuses_is_listed_and_the_others_are_added():
    wanted = [(f"https://{n}.example/{n}", SourceOptions(title=f"Paper {n}")) for n in range(3)]
    adder = FakeAdder(refused="https://1.example/1")
    done = await add_with_progress(cast("Any", adder), wanted, Console(file=StringIO()))

    assert sorted(each.outcome for each in done).count(AddOutcome.ADDED) == 2
    assert "could not be stored: disk is full" in printed(source_reports.additions_table(done))


async def test_an_exported_list_can_be_added_again(adding: SourceAdder, sqlite_url: str, farm):
    farm.serve("/feed.xml", rss([item(1)]))
    farm.serve("/page", page("A sample story", [LONG, LONG]), Content_Type="text/html")
    await adding.add(farm.url(), SourceOptions(title="My wire", folder=("World", "Wires")))
    await adding.add(
        farm.url("/page"), SourceOptions(title="My page", folder=("World",), form=Form.PAGE)
    )
    given = await sources_as_opml(adding.storage)
    for url in (farm.url(), farm.url("/page")):
        await remove_source(adding.storage, url)

    wanted = _wanted([], read_opml(given), SourceOptions())
    done = await add_with_progress(adding, wanted, Console(file=StringIO()))

    assert [each.outcome for each in done] == [AddOutcome.ADDED, AddOutcome.ADDED]
    assert await sources_as_opml(adding.storage) == given


async def test_feeds_that_were_not_read_are_in_the_json_too(capsys):
    link = FeedLink("https://a.example/feed", "All", Where.NAMED)

    assert not source_reports.show_found(
        DiscoveryResult(FetchResult(), unread=(link,)), as_json=True
    )

    shown = json.loads(capsys.readouterr().out)
    assert (shown["url"], shown["title"], shown["entries"]) == (link.url, "All", None)


async def test_found_feeds_are_shown_as_text_and_as_json(adding: SourceAdder, capsys, farm):
    farm.serve("/feed.xml", rss([item(1, MONDAY_NOON)]))
    found = await discover(adding.fetcher, adding.reader, farm.url(), inside=True, public=True)
    nothing = await discover(
        adding.fetcher, adding.reader, farm.url("/none"), inside=True, public=True
    )

    assert source_reports.show_found(found, as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert source_reports.show_found(found, as_json=False)
    shown = capsys.readouterr().out
    assert not source_reports.show_found(nothing, as_json=True)

    assert (document["title"], document["entries"]) == ("Sample Wire", 1)
    assert document["newest"] == "2026-03-02T12:00:00+00:00"
    assert "Sample Wire" in shown
    assert "dateline sources add ADDRESS" in shown
    assert "(404)" in capsys.readouterr().err


async def test_the_list_shows_the_state_of_each_source(
    adding: SourceAdder, clock: TurnedClock, capsys, monkeypatch, farm
):
    monkeypatch.setenv("COLUMNS", "200")
    farm.serve("/feed.xml", rss([item(1)]))
    await adding.add(farm.url(), SourceOptions(full_text=FullText.ALWAYS))
    clock.turn(timedelta(minutes=10))

    source_reports.show_sources(await list_sources(adding.storage), clock.now, as_json=False)
    table = capsys.readouterr().out

    assert "Sample Wire" in table
    assert "10 min ago" in table
    assert "in 50 min" in table
    assert "full text always" in table


async def test_a_check_shows_response_contents_and_next_poll(operator, farm):
    farm.serve("/feed.xml", rss([item(1)]), ETag='"one"')
    good = printed(source_reports.checkup_report(await operator.check(farm.url())))
    bad = printed(source_reports.checkup_report(await operator.check(farm.url("/none"))))

    assert '"one"' in good
    assert "Sample Wire" in good
    assert "in 1 h" in good
    assert "not one of our sources" in good
    assert "has nothing at this address (404)" in bad
    assert "dateline sources find" in bad


async def test_a_check_counts_the_entries_beyond_the_limit(operator, farm):
    farm.serve("/feed.xml", rss(item(n, text="") for n in range(MOST_ENTRIES + 1)))
    checkup = await operator.check(farm.url())

    assert "one older entry: more than a document may have" in printed(
        source_reports.checkup_report(checkup)
    )
    assert source_reports.checkup_json(checkup)["document"]["left_out"] == 1


@pytest.mark.parametrize("code", ProblemCode)
def test_every_problem_has_a_remedy(code: ProblemCode):
    assert source_reports.advice(Problem(code)).endswith(".")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param([], "Say what to add", id="nothing"),
        pytest.param(["--every", "soon", "https://a.example/"], "no duration", id="interval"),
        pytest.param(["--opml", "{folder}/none.opml"], "No such file", id="no file"),
        pytest.param(["--opml", "{folder}/wrong.opml"], "no OPML", id="no OPML"),
    ],
)
def test_a_wrong_option_gets_one_sentence(tmp_path: Path, arguments: list[str], sentence: str):
    (tmp_path / "wrong.opml").write_text("<html/>")
    given = [argument.format(folder=tmp_path) for argument in arguments]

    result = CliRunner().invoke(app, ["add", *given])

    assert result.exit_code == 2
    assert sentence in result.output


FEED = "https://paper.example/feed"


@pytest.fixture
def known(dateline, sqlite_url):
    """Store the source at `FEED`; return a function that runs `dateline sources set` on it."""

    async def store(storage):
        async with storage.writing() as tx:
            await add_source(tx, source_row(FEED, title="Paper", public=True))

    with_storage_at(sqlite_url, store)
    return lambda *options: dateline("sources", "set", FEED, *options)


def test_the_settings_of_a_source_are_printed(known):
    known("--article", "#story", "--drop", ".box", "--drop", "aside", "--zone", "Asia/Taipei")
    done = known("--drop-if", "title:sponsored", "--priority", "high", "--every", "30m")

    assert done.exit_code == 0
    lines = [" ".join(line.split()) for line in done.output.splitlines()]
    assert lines[:2] == ["Paper", FEED]
    assert {
        "Interval 30 min", "Priority high", "Zone of dates Asia/Taipei", "Drop title:sponsored",
        "Article #story", "Not the article .box", "Not the article aside",
    } <= set(lines)  # fmt: skip


def test_an_empty_value_clears_a_setting(known):
    known("--zone", "Asia/Taipei", "--article", "#story", "--drop", ".box", "--every", "30m")
    done = known("--zone", "", "--article", "", "--drop", "", "--every", "")

    assert "Taipei" not in done.output
    assert "story" not in done.output
    assert ".box" not in done.output
    assert "as the source suggests" in done.output


def test_a_source_is_paused_until_a_time_and_resumed(known, dateline):
    paused = known("--pause-until", "3d")
    listed = dateline("sources", "list")
    ever = known("--pause-until", "ever")
    resumed = known("--resume")

    assert "paused until 2" in paused.output
    assert "1 paused" in listed.output
    assert "paused until" not in ever.output
    assert "paused" not in resumed.output


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param(["--pause-until", "2020-01-01"], "until 2020-01-01", id="past"),
        pytest.param(["--pause-until", "9999-12-31"], "within a year", id="year 9999"),
        pytest.param(["--zone", "Mars/Olympus"], "I don't know the time zone Mars", id="zone"),
        pytest.param(["--language", "xx"], "I don't know the language xx", id="language"),
        pytest.param(["--every", "1s"], "between 5 minutes and 30 days", id="interval"),
        pytest.param(["--article", "x" * 10_000], "can have 300 characters", id="long"),
        pytest.param(["--article", "//p[re:test(.)]"], "    ^^^", id="place of a prefix"),
        pytest.param(["--drop-if", "(sponsored"], "^", id="place in a query"),
        pytest.param(["--resume", "--pause-until", "3d"], "Use either", id="contradiction"),
    ],
)  # fmt: skip
def test_refused_settings_are_explained(known, options, sentence):
    refused = (
        known("--language", "de", *options) if "--language" not in options else known(*options)
    )
    after = known()

    assert refused.exit_code != 0
    assert sentence in refused.output
    assert "Language" not in after.output


def test_settings_of_an_unknown_source_are_refused(dateline):
    refused = dateline("sources", "set", FEED, "--priority", "high")

    assert refused.exit_code != 0
    assert "This source is no longer there." in refused.output


async def test_a_check_shows_a_page_before_and_after_its_selectors(operator: Operator, farm):
    story = "<div id='story'><p>Okapis are shy.</p><p class='box'>Subscribe now.</p></div>"
    farm.serve("/story", f"<html><title>T</title><body>{story}<p>{LONG}</p></body></html>")
    farm.serve("/feed.xml", rss([item(1, link=farm.url("/story"), text="A taste.")]))
    added = await operator.adding.add(farm.url())
    changes = SourceChanges(article="#story", dropped=[".box"])
    assert added.source_id
    await change_settings(operator.storage, added.source_id, changes, by=None)

    checkup = await operator.check(farm.url())

    report = printed(source_reports.checkup_report(checkup))
    assert checkup.page
    assert checkup.page.after == "Okapis are shy."
    assert checkup.page.before != checkup.page.after
    assert "15 characters:" in report
    assert source_reports.checkup_json(checkup)["page"]["after"] == "Okapis are shy."
