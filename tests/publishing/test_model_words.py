"""Digests show what a language model made, labelled, and the original below."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.publishing.contents import load_digest_so_far, load_made_digest, show_section
from bot.publishing.model_words import ModelWords, SummarySentence, words_of
from bot.publishing.pages import edition_page
from storage.articles import Article
from storage.chats import Chat
from storage.enums import Layout, Mode, Style
from storage.model_texts import ModelText, claim_wanted, store_text, want
from storage.subscriptions import subscription_to
from tests.publishing.newsroom import Newsroom

TITLE, TRANSLATED = "Taiwan opens consulate in Fukuoka", "Taiwan eröffnet ein Konsulat in Fukuoka"
SENTENCE = "Das Konsulat hat 12 Beamte."


@pytest.fixture
async def told(newsroom: Newsroom) -> int:
    """Return a chat whose next digest has a story with a translation and a summary."""
    source, query = await newsroom.source(), await newsroom.query("consulate")
    article_id = await newsroom.article(TITLE, query, source_id=source, text="The consulate opens.")
    chat_id = await newsroom.chat(language="de")
    await newsroom.subscribe(chat_id, query, "Consulates", Mode.DIGEST)
    async with newsroom.storage.writing() as tx:
        story_id = (await tx.get_one(Article, article_id)).story_id
        await want(tx, [(story_id, "de", 1, tx.now)])
        (text,) = await claim_wanted(
            tx, owner="us", limit=1, lease=timedelta(minutes=1), lately=timedelta(hours=1)
        )
        translations = {str(article_id): [TRANSLATED, "Es öffnet."]}
        summary = [(SENTENCE, ["Example Wire", "Sample Post"])]
        await store_text(tx, text.id, "us", {"translations": translations, "summary": summary})
    return chat_id


async def shown(newsroom: Newsroom, renderer, chat_id: int) -> str:
    digest = await load_digest_so_far(newsroom.storage, chat_id)
    return "\n".join(message.text for message in edition_page(renderer, digest))


async def test_a_translated_headline_stands_above_the_original(newsroom, renderer, told):
    text = await shown(newsroom, renderer, told)

    assert text.index(TRANSLATED) < text.index(TITLE) < text.index("translated by a model")
    assert f"{SENTENCE} (Example Wire, Sample Post)" in text
    assert "summarised by a model" in text


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("layout", Layout)
async def test_every_style_shows_the_translation(newsroom, renderer, told, style, layout):
    async with newsroom.storage.writing() as tx:
        chat = await tx.get_one(Chat, told)
        chat.style, chat.layout = style, layout
    digest = await load_digest_so_far(newsroom.storage, told)

    (message,) = edition_page(renderer, digest)

    assert TRANSLATED in (message.rich or message.text)


async def test_a_chat_that_turned_the_model_off_reads_the_original(newsroom, renderer, told):
    async with newsroom.storage.writing() as tx:
        (await tx.get_one(Chat, told)).uses_model = False

    text = await shown(newsroom, renderer, told)

    assert TITLE in text
    assert TRANSLATED not in text
    assert SENTENCE not in text


async def test_a_topic_that_keeps_its_headlines_is_only_summarised(newsroom, renderer, told):
    digest = await load_digest_so_far(newsroom.storage, told)
    (topic,) = digest.subscribed
    async with newsroom.storage.writing() as tx:
        subscription = await subscription_to(tx, told, topic.id)
        assert subscription
        subscription.keeps_original = True

    text = await shown(newsroom, renderer, told)

    assert TRANSLATED not in text
    assert SENTENCE in text


async def test_readers_of_another_language_read_the_original(newsroom, renderer, told):
    async with newsroom.storage.writing() as tx:
        (await tx.get_one(Chat, told)).language = "fr"

    assert TRANSLATED not in await shown(newsroom, renderer, told)


def model_text(**made: Any) -> ModelText:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    return ModelText(story_id=1, language="de", wanted_at=now, try_at=now, **made)


def test_words_that_were_not_made_are_none():
    stored = model_text(translations={"7": ["Titel", ""]})

    assert words_of(stored, 7) == ModelWords("Titel")
    assert words_of(stored, 8) is None
    assert words_of(stored, 7, keeps_original=True) is None


def test_a_summary_is_shown_with_its_publishers():
    stored = model_text(summary=[("Ein Satz.", ["A", "B"])])

    assert words_of(stored, 1) == ModelWords(summary=(SummarySentence("Ein Satz.", ("A", "B")),))


async def test_the_big_story_is_shown_translated(newsroom, renderer, told):
    other = await newsroom.source("Sample Post")
    await newsroom.carries(other, 1)
    for number in range(4):
        await newsroom.article(f"Other {number}", 1, source_id=other)

    digest = await load_digest_so_far(newsroom.storage, told)
    (text,) = (message.text for message in edition_page(renderer, digest))

    (top,) = digest.choice.top
    assert top.title == TITLE
    assert text.index("The big one") < text.index(TRANSLATED) < text.index(TITLE)
    assert f"{SENTENCE} (Example Wire, Sample Post)" in text


async def test_the_list_of_all_stories_is_translated(newsroom, renderer, told):
    (message,) = await show_section(newsroom.storage, renderer, told, 1)

    assert TRANSLATED in message.text
    assert TITLE in message.text


async def test_the_page_of_a_digest_is_translated(newsroom, publishing, told, clock):
    clock.turn(timedelta(hours=11))  # to eight o'clock in Tokyo
    await newsroom.change(Chat, told, next_digest_at=clock.now)
    await publishing.digests()
    (edition,) = await newsroom.editions()

    page = await load_made_digest(newsroom.storage, told, edition.local_date, 0)

    assert page is not None
    (story,) = page.choice.listed
    words = page.view(story).words
    assert words is not None
    assert words.title == TRANSLATED
