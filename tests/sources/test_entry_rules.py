"""Rules of a source, from a poll to its articles: keep, drop, selectors, pauses."""

from datetime import timedelta

import pytest

from bot.sources.entry_rules import TRIED_AGAIN_AFTER, EntryRules, RuleSubject
from bot.sources.feeds.model import SelectorProblem
from bot.text.folding import folded_labels
from storage.articles import Article
from storage.enums import FullText, SourceKind, SourceState
from storage.source_rules import DroppedEntry, SourceRules, set_rules
from storage.sources import Source, change_source, forget_validators
from tests.conftest import MONDAY_NOON
from tests.sources.feeds_made import LONG, item, page, rss
from tests.sources.polled import articles_of, only_source, poll_after, rows_of

MINUTE = timedelta(minutes=1)


async def rule(storage, **rules) -> Source:
    source = await only_source(storage)
    async with storage.writing() as tx:
        await set_rules(tx, SourceRules(source_id=source.id, **rules))
        await forget_validators(tx, [source.id])
    return source


def titles(*words: str) -> str:
    items = ((item(number), f"Sample news {number}", word) for number, word in enumerate(words, 10))
    return rss([each.replace(title, word) for each, title, word in items])


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param(EntryRules(), False, id="no rule"),
        pytest.param(EntryRules(drop="title:sponsored"), True, id="dropped"),
        pytest.param(EntryRules(drop="ferry NOT fog"), False, id="not dropped"),
        pytest.param(EntryRules(keep="fog"), False, id="kept"),
        pytest.param(EntryRules(keep="okapi"), True, id="not kept"),
        pytest.param(EntryRules(keep="fog", drop="sponsored"), True, id="kept and dropped"),
        pytest.param(EntryRules(drop="okapi OR source:paper.example"), True, id="by its source"),
        pytest.param(EntryRules(drop='author:"ad desk"'), True, id="by its author"),
        pytest.param(EntryRules(drop="fog lang:de"), False, id="by another language"),
        pytest.param(EntryRules(keep="fog)))", drop='"'), False, id="no longer a query"),
    ],
)
def test_an_entry_is_dropped_by_its_rules(rules, expected):
    names, labels = ["paper.example", "Paper"], folded_labels("Ad Desk", ["Travel"])
    entry = RuleSubject("Sponsored: the ferry", "It left in the fog.", names, "en", labels)

    assert rules.drops(entry) is expected


def test_slow_selectors_rest_for_an_hour():
    rules = SourceRules(source_id=1, article="#story", problem="too_slow", problem_at=MONDAY_NOON)

    soon = EntryRules.of(rules, MONDAY_NOON + TRIED_AGAIN_AFTER - MINUTE)
    later = EntryRules.of(rules, MONDAY_NOON + TRIED_AGAIN_AFTER)

    assert (soon.reading.article, later.reading.article) == ("", "#story")


async def test_a_dropped_entry_has_no_article(storage, added, polling, farm, clock):
    await rule(storage, drop_query="title:sponsored")
    farm.serve("/feed.xml", titles("Sponsored holidays", "A ferry in the fog"))

    await poll_after(polling, clock)

    assert "A ferry in the fog" in await articles_of(storage)
    assert "Sponsored holidays" not in await articles_of(storage)
    (entry,) = await rows_of(storage, DroppedEntry)
    assert entry.title == "Sponsored holidays"


async def test_a_dropped_entry_stays_dropped_when_the_rule_ends(
    storage, added, polling, farm, clock
):
    await rule(storage, drop_query="sponsored")
    farm.serve("/feed.xml", titles("Sponsored holidays"))
    await poll_after(polling, clock)
    await rule(storage, drop_query="okapi")
    await poll_after(polling, clock)

    assert "Sponsored holidays" not in await articles_of(storage)


async def test_a_dropped_entry_that_changes_is_judged_again(storage, added, polling, farm, clock):
    await rule(storage, drop_query="sponsored")
    farm.serve("/feed.xml", titles("Sponsored holidays"))
    await poll_after(polling, clock)
    farm.serve("/feed.xml", titles("A ferry in the fog"))

    await poll_after(polling, clock)

    assert "A ferry in the fog" in await articles_of(storage)


async def test_a_new_rule_leaves_stored_articles_alone(storage, added, polling, farm, clock):
    farm.serve("/feed.xml", titles("Sponsored holidays"))
    await poll_after(polling, clock)
    await rule(storage, drop_query="sponsored")
    await poll_after(polling, clock)

    assert "Sponsored holidays" in await articles_of(storage)
    assert await rows_of(storage, DroppedEntry) == []


async def test_sources_without_rules_cost_no_statement(storage, added, polling, clock, monkeypatch):
    async def unexpected(*_: object) -> None:
        raise AssertionError("the rules were read")

    monkeypatch.setattr("bot.sources.poll.rules_of", unexpected)

    assert await poll_after(polling, clock) == 1


async def test_a_paused_source_is_read_again_when_its_pause_is_over(storage, added, polling, clock):
    source = await only_source(storage)
    async with storage.writing() as tx:
        until = tx.now + timedelta(days=3)
        paused = {"state": SourceState.PAUSED, "paused_until": until}
        await change_source(tx, source.id, paused)

    assert await poll_after(polling, clock, timedelta(days=2)) == 0
    assert await poll_after(polling, clock, timedelta(days=1)) == 1
    assert (await only_source(storage)).state is SourceState.ACTIVE


async def test_a_failed_fetch_does_not_end_a_pause(storage, added, polling, farm, clock):
    farm.serve("/feed.xml", status=500)
    source = await only_source(storage)

    async def pause() -> None:
        async with storage.writing() as tx:
            await change_source(tx, source.id, {"state": SourceState.PAUSED})

    polling.on_ended = lambda: None
    fetch = polling.fetcher.fetch

    async def fetch_and_pause(*args, **kwargs):
        await pause()
        return await fetch(*args, **kwargs)

    polling.fetcher.fetch = fetch_and_pause
    await poll_after(polling, clock)

    paused = await only_source(storage)
    assert (paused.state, paused.error) == (SourceState.PAUSED, "server_error")


async def test_the_page_of_an_entry_is_read_by_the_selectors_of_its_source(
    storage, added, polling, completing, farm, clock
):
    await rule(storage, article="#story", dropped=[".box"])
    async with storage.writing() as tx:
        await change_source(tx, (await only_source(storage)).id, {"full_text": FullText.ALWAYS})
    farm.serve(
        "/story",
        "<html><title>T</title><body><div id=story><p>Okapis are shy.</p>"
        f"<p class=box>Subscribe now.</p></div><p>{LONG}</p></body></html>",
    )
    farm.serve("/feed.xml", rss([item(20, link=farm.url("/story"), text="A taste.")]))
    await poll_after(polling, clock)

    await completing.complete_due()

    texts = [article.text for article in await rows_of(storage, Article)]
    assert "Okapis are shy." in texts


async def test_a_page_without_the_selected_part_is_flagged_at_its_source(
    storage, adding, polling, farm, clock
):
    farm.serve("/page", page("A page", [LONG, LONG]))
    await adding.add(farm.url("/page"))
    source = await rule(storage, article=".gone")
    assert source.kind is SourceKind.PAGE

    await poll_after(polling, clock)

    (rules,) = await rows_of(storage, SourceRules)
    assert rules.problem == SelectorProblem.SELECTS_NOTHING
    assert (await only_source(storage)).error is None
