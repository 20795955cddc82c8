import json
import tomllib
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest

from bot.model.checks import translation_problem
from bot.model.client import ModelClient
from bot.model.evidence import ModelReport
from bot.model.prompt import ask_about, read_answer
from bot.model.stage import ModelStage, chosen
from bot.sources.feeds.language import detect
from storage.articles import Article
from storage.db.engine import Storage
from storage.enums import Mode
from storage.model_texts import PublicReport, model_day, model_texts_of
from storage.publishers import Named
from storage.topics import add_own_topic, add_public_topic, catalogue_names
from tests.publishing.newsroom import Newsroom

TITLE = "Night ferry between Keelung and Ishigaki to start next season"
TRANSLATED = "Eine Nachtfähre zwischen Keelung und Ishigaki beginnt in der nächsten Saison"
SECOND = "The ferry between Keelung and Ishigaki starts next season. Tickets cost 90 dollars."


@pytest.fixture
def stage(storage: Storage, client: ModelClient) -> ModelStage:
    return ModelStage(storage, client, "one", budget=1_000_000, sends="leads")


async def due_reader(newsroom: Newsroom, query_id: int, **more) -> int:
    async with newsroom.storage.reading() as tx:
        soon = tx.now + timedelta(minutes=20)
    values = {"mode": Mode.DIGEST, "language": "de", "next_digest_at": soon, **more}
    return await newsroom.reader(query_id, **values)


async def foreign_story(newsroom: Newsroom, **more) -> tuple[int, int]:
    """Store an English article that a German reader gets; return the query and the article."""
    query_id = await newsroom.query("ferry")
    source_id = await newsroom.source()
    article_id = await newsroom.article(
        TITLE, query_id, source_id=source_id, **{"language": "en", "text": SECOND} | more
    )
    return query_id, article_id


async def story_of(newsroom: Newsroom, article_id: int) -> int:
    async with newsroom.storage.reading() as tx:
        return (await tx.get_one(Article, article_id)).story_id


async def made(newsroom: Newsroom, article_id: int, language: str = "de"):
    story_id = await story_of(newsroom, article_id)
    async with newsroom.storage.reading() as tx:
        return (await model_texts_of(tx, [story_id], language)).get(story_id)


async def today(storage: Storage):
    async with storage.reading() as tx:
        return await model_day(tx, tx.now.date())


async def test_a_headline_is_translated_before_the_digest_is_due(newsroom, stage, playground):
    query_id, article_id = await foreign_story(newsroom)
    await due_reader(newsroom, query_id)

    assert await stage.run_once() == 1

    text = await made(newsroom, article_id)
    assert text.translations == {str(article_id): [TRANSLATED, ""]}
    day = await today(stage.storage)
    assert (day.calls, day.failures, day.reserved) == (1, 0, 0)
    assert day.used == text.tokens


async def test_nothing_is_asked_twice(newsroom, stage, playground):
    query_id, _ = await foreign_story(newsroom)
    await due_reader(newsroom, query_id)

    await stage.run_once()
    await stage.run_once()

    assert len(playground.world.model.asked) == 1


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"language": "en"}, id="the language of the article"),
        pytest.param({"uses_model": False}, id="a chat that turned it off"),
        pytest.param({"mode": Mode.INSTANT}, id="alerts only"),
    ],
)
async def test_readers_who_need_no_translation_cost_nothing(newsroom, stage, playground, more):
    query_id, _ = await foreign_story(newsroom)
    await due_reader(newsroom, query_id, **more)

    assert await stage.run_once() == 0
    assert playground.world.model.asked == []


async def test_digests_that_are_due_later_wait(newsroom, stage, playground):
    query_id, _ = await foreign_story(newsroom)
    async with newsroom.storage.reading() as tx:
        later = tx.now + timedelta(hours=2)
    await due_reader(newsroom, query_id, next_digest_at=later)

    assert await stage.run_once() == 0


async def test_articles_of_private_sources_are_never_sent(newsroom, stage, playground):
    query_id = await newsroom.query("ferry")
    source_id = await newsroom.source(public=False)
    await newsroom.article(TITLE, query_id, source_id=source_id, language="en", scope_id=source_id)
    await due_reader(newsroom, query_id)

    assert await stage.run_once() == 0
    assert playground.world.model.asked == []


async def test_a_budget_that_is_used_up_stops_the_calls(newsroom, storage, client, playground):
    query_id, article_id = await foreign_story(newsroom)
    await due_reader(newsroom, query_id)
    stage = ModelStage(storage, client, "one", budget=100, sends="leads")

    assert await stage.run_once() == 0

    assert await made(newsroom, article_id) is None
    assert (await today(storage)).used == 0


@pytest.mark.parametrize("mode", ["broken", "html", "huge", "redirect"])
async def test_a_failing_server_leaves_no_text_and_no_reservation(
    newsroom, stage, playground, mode
):
    query_id, article_id = await foreign_story(newsroom)
    await due_reader(newsroom, query_id)
    playground.model(mode)

    assert await stage.run_once() == 0

    day = await today(stage.storage)
    assert (day.failures, day.reserved) == (1, 0)
    assert await made(newsroom, article_id) is None


async def test_a_cut_answer_is_paid_for_and_not_asked_again(newsroom, stage, playground):
    query_id, article_id = await foreign_story(newsroom)
    await due_reader(newsroom, query_id)
    playground.model("cut")

    await stage.run_once()
    await stage.run_once()

    assert len(playground.world.model.asked) == 1
    assert (await made(newsroom, article_id)).dropped == [["answer", "unreadable"]]


@pytest.mark.parametrize("mode", ["wrong", "hostile"])
async def test_texts_that_fail_the_checks_are_dropped_and_counted(
    newsroom, stage, playground, mode
):
    query_id, article_id = await foreign_story(newsroom)
    await due_reader(newsroom, query_id)
    playground.model(mode)

    await stage.run_once()

    text = await made(newsroom, article_id)
    assert (text.translations, text.summary) == ({}, [])
    assert text.dropped
    assert (await today(stage.storage)).dropped == len(text.dropped)


def test_each_canned_translation_of_the_model_room_passes_the_checks():
    folder = files("bot.playground.modelroom")
    canned = tomllib.loads(folder.joinpath("translations.toml").read_text(encoding="utf-8"))

    problems = {
        text: translation_problem(text, title, detect(title) or "en", code)
        for title, translations in canned.items()
        for code, text in translations.items()
    }

    assert {text: problem for text, problem in problems.items() if problem} == {}


def test_the_newest_report_is_read_even_if_its_publisher_has_an_earlier_one():
    at = datetime(2026, 3, 2, tzinfo=UTC)
    reports = [PublicReport(1, n, "ja", f"Title {n}", "", "", at, at) for n in (1, 2, 3)]
    names = [Named(1, "Wire"), Named(2, "Post"), Named(3, "Wire")]

    read = chosen(reports, names)

    assert [article_id for article_id, _ in read] == [1, 3, 2]
    assert chosen([], []) == []


CATALOGUE = ["Taiwan Strait", "Semiconductors", "Elections"]


@pytest.mark.parametrize(
    ("title", "source", "language", "names"),
    [
        pytest.param(
            "台湾海峡を通過", "ja", "en", {"台湾海峡": "Taiwan Strait"}, id="from Japanese"
        ),
        pytest.param(
            "Semiconductors are scarce", "en", "ja", {"Semiconductors": "半導体"}, id="from English"
        ),
        pytest.param("半導体が不足", "ja", "de", {"半導体": "Halbleiter"}, id="neither is English"),
        pytest.param("Semiconductors are scarce", "en", "en", {}, id="in its own language"),
    ],
)
def test_the_model_is_told_how_the_catalogue_spells_names(title, source, language, names):
    question = ask_about([ModelReport("Wire", source, title)], language, "leads", CATALOGUE)

    told = json.loads(question.messages[1]["content"])["names"]
    assert {name: told.get(name) for name in names} == names
    assert names or told == {}


@pytest.mark.parametrize(
    ("title", "source", "language", "headline"),
    [
        pytest.param(
            "日本の艦船が台湾海峡を通過",
            "ja",
            "en",
            "Japan sends ship through Taiwan Strait",
            id="two words",
        ),
        pytest.param(
            "Japan–China ties worsen in 2026",
            "en",
            "ja",
            "2026年に日中関係が悪化",
            id="two countries in one",
        ),
    ],
)
def test_a_translation_may_spell_names_as_it_was_told(title, source, language, headline):
    catalogue = ["Taiwan Strait", "Japan–China ties"]
    answer = json.dumps({"translations": [{"report": 1, "headline": headline}]})
    reports = [ModelReport("Wire", source, title)]

    told = read_answer(answer, ask_about(reports, language, "headlines", catalogue))
    untold = read_answer(answer, ask_about(reports, language, "headlines"))

    assert told.translations == {1: (headline, "")}
    assert untold.translations == {}


async def test_only_names_of_the_public_catalogue_are_sent(newsroom, stage, playground):
    query_id, _ = await foreign_story(newsroom, text="Elections, semiconductors and a ferry.")
    await due_reader(newsroom, query_id)
    async with newsroom.storage.writing() as tx:
        await add_public_topic(
            tx, "elections", name="Elections", typed="vote", query_id=query_id, position=0
        )
        await add_own_topic(tx, 1, name="Semiconductors", typed="chips", query_id=query_id)

    await stage.run_once()

    async with newsroom.storage.reading() as tx:
        assert await catalogue_names(tx) == ["Elections"]
    (asked,) = playground.world.model.asked
    assert '"Elections": "Wahlen"' in json.dumps(asked, ensure_ascii=False).replace("\\", "")
    assert '"Semiconductors"' not in json.dumps(asked).replace("\\", "")
