"""Sections in the order of the chat, and topics of which digests list only the headlines."""

from datetime import UTC, datetime

import pytest
from sqlmodel import col, update

from bot.subscribers import subscriptions
from bot.subscribers.digest_words import set_words
from storage.chats import Chat
from storage.enums import ChatKind, Layout, Mode, WordsPart
from storage.matches import Match
from storage.outbox import Delivery
from storage.queries import Query
from storage.subscriptions import subscription_to
from tests.resources import USUAL_LIMITS

DUE = datetime(2026, 3, 2, 23, tzinfo=UTC)


@pytest.fixture
async def topics(newsroom):
    """Return the chat and its topics First and Second, each with a story, and one of both."""
    source = await newsroom.source()
    one, two = await newsroom.query("one"), await newsroom.query("two")
    chat = await newsroom.chat(next_digest_at=DUE)
    first = await newsroom.subscribe(chat, one, "First", Mode.DIGEST)
    second = await newsroom.subscribe(chat, two, "Second", Mode.DIGEST)
    await newsroom.article("Only one", one, source_id=source)
    await newsroom.article("Only two", two, source_id=source)
    await newsroom.article("Of both", one, two, source_id=source)
    return chat, first, second


@pytest.fixture
def digest(publishing, newsroom, clock):
    async def text():
        clock.now = DUE
        await publishing.digests()
        return "\n".join(await newsroom.texts())

    return text


async def test_sections_follow_the_order_of_the_chat(storage, topics, digest):
    chat, _, second = topics
    await subscriptions.move_topic(storage, chat, second, is_up=True)

    text = await digest()

    assert text.index("Second · 2 stories") < text.index("• Of both") < text.index("First · ")


async def test_the_first_topic_cannot_move_up(storage, topics, digest):
    chat, first, _ = topics
    await subscriptions.move_topic(storage, chat, first, is_up=True)

    text = await digest()

    assert text.index("First · 2 stories") < text.index("Second · ")


async def test_headlines_only_lists_titles_without_an_excerpt(storage, topics, digest):
    chat, first, _ = topics
    await subscriptions.set_headlines(storage, chat, first, wanted=True)

    text = await digest()

    assert "• Only one · Example Wire\n" in text
    assert "Words on Only one." not in text
    assert "Words on Only two." in text


async def test_an_undone_unsubscription_keeps_its_place_and_form(storage, topics, newsroom):
    chat, first, second = topics
    await subscriptions.move_topic(storage, chat, second, is_up=True)
    await subscriptions.set_headlines(storage, chat, first, wanted=True)
    await subscriptions.unsubscribe(storage, chat, first)

    await subscriptions.undo_unsubscribe(storage, chat, first, limits=USUAL_LIMITS)

    async with storage.reading() as tx:
        again = await subscription_to(tx, chat, first)
    assert again
    assert (again.position, again.headlines) == (2, True)


async def test_a_channel_has_its_own_words_in_its_digest(storage, topics, newsroom, digest):
    chat, *_ = topics
    async with storage.writing() as tx:
        (await tx.get_one(Chat, chat)).kind = ChatKind.CHANNEL
    await set_words(storage, chat, WordsPart.TITLE, "Desk of {date}")
    await set_words(storage, chat, WordsPart.INTRO, "{stories} from {publishers}, <b>{minutes}</b>")
    await set_words(storage, chat, WordsPart.END, "<script>")

    text = await digest()

    assert text.startswith(
        "Desk of 3 March · 3 March · 3 stories from 1 publisher, 1 minute\n\n3 from 1, 1\n"
    )
    assert "\n<script>\n" in text
    assert "Tuesday, 3 March" not in text


async def test_a_rich_digest_has_the_same_words_and_headlines(
    storage, topics, newsroom, digest, clock
):
    chat, first, _ = topics
    async with storage.writing() as tx:
        row = await tx.get_one(Chat, chat)
        row.kind, row.layout = ChatKind.GROUP, Layout.RICH
    await set_words(storage, chat, WordsPart.TITLE, "Desk of <i>{date}</i>")
    await set_words(storage, chat, WordsPart.END, "Bye")
    await subscriptions.set_headlines(storage, chat, first, wanted=True)

    await digest()

    (sent,) = await newsroom.all(Delivery)
    rich = sent.body["rich"]
    assert "<h2>Desk of <i>3 March</i></h2>" in rich
    assert "<p>Bye</p>" in rich
    assert rich.count("Words on Only") == 1
    assert "Words on Only <b>two</b>." in rich
    labels = [button["text"] for row in sent.body["keyboard"] for button in row]
    assert labels == ["Stories ▸", "Topics", "Time & pause", "Longer", "Shorter", "Weekly"]


async def test_a_story_is_listed_under_the_topic_that_its_headline_hits(
    newsroom, topics, digest, storage
):
    _, two = await newsroom.all(Query)
    async with storage.writing() as tx:
        await tx.change(update(Match).where(col(Match.query_id) == two.id).values(in_title=True))

    text = await digest()

    assert text.index("Second · 2 stories") < text.index("• Of both")


async def test_a_round_up_lends_no_headline_to_a_story_with_a_plain_one(newsroom, digest):
    source, query = await newsroom.source(), await newsroom.query("one")
    chat = await newsroom.chat(next_digest_at=DUE)
    await newsroom.subscribe(chat, query, "First", Mode.DIGEST)
    await newsroom.article("Week in Politics: one vote; a visit", query, source_id=source)
    plain = await newsroom.article("Parliament votes on one", query, source_id=source)
    await newsroom.joins(plain, story_id=1)

    text = await digest()

    assert "• Parliament votes on one" in text
    assert "• Week in Politics" not in text
