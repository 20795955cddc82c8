"""Each chat gets its news in its own language, even if several chats get it together."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from bot.mail.compose import FromAddress, Mailer
from bot.rendering.i18n import IN_ENGLISH, LANGUAGES, Translation
from bot.rendering.links import Links, Signer
from bot.rendering.renderer import Renderer, Renderers
from storage.enums import DigestMedium, MailboxState, Medium, Mode
from storage.mailboxes import Mailbox
from storage.outbox import Delivery
from tests.catalogues.pseudo import pseudo, pseudo_translation
from tests.publishing.stages import Stages

DUE = datetime(2026, 3, 2, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
# Arabic, as if its sentences were English with accents.
TRANSLATIONS = {
    "en": IN_ENGLISH,
    "ar": Translation(LANGUAGES["ar"], pseudo_translation().catalogue),
}


@pytest.fixture
def renderer() -> Renderer:
    return Renderers(translations=TRANSLATIONS).of("en")


@pytest.fixture
def two(newsroom, clock):
    """Return a function that makes two chats for one query, Ann's in Arabic, Ben's in English."""

    async def make(mode: Mode, **more):
        source, query = await newsroom.source(), await newsroom.query("words")
        for telegram_id, language in ((7, "ar-EG"), (8, "en-US")):
            chat = await newsroom.chat(telegram_id, language=language, **more)
            await newsroom.subscribe(chat, query, "My words", mode)
        clock.now += HOUR
        return source, query

    return make


async def said(newsroom) -> list[str]:
    """Return the texts to each chat, in the order of the chats."""
    rows = await newsroom.all(Delivery)
    return [
        json.dumps(row.body, ensure_ascii=False)
        for row in sorted(rows, key=lambda row: row.chat_id)
    ]


async def test_alerts_about_one_story_are_in_each_chats_language(newsroom, publishing, two):
    source, query = await two(Mode.INSTANT)
    await newsroom.article("A headline", query, source_id=source)

    await publishing.alerts()

    ann, ben = await said(newsroom)
    assert pseudo("Mute story") in ann
    assert "Mute story" in ben


async def test_a_chosen_language_overrides_that_of_the_client(newsroom, publishing, two):
    source, query = await two(Mode.INSTANT, chosen_language="ar")
    await newsroom.article("A headline", query, source_id=source)

    await publishing.alerts()

    assert all(pseudo("Mute story") in one for one in await said(newsroom))


async def test_digests_of_one_round_are_in_each_chats_language(newsroom, publishing, two, clock):
    source, query = await two(Mode.DIGEST, next_digest_at=DUE)
    await newsroom.article("A headline", query, source_id=source)
    clock.now = DUE

    await publishing.digests()

    ann, ben = await said(newsroom)
    assert pseudo("Time &amp; pause").replace("&amp;", "&") in ann
    assert "Time & pause" in ben


async def test_bundles_are_in_each_chats_language(newsroom, publishing, two, clock):
    source, query = await two(Mode.INSTANT, zone="UTC", quiet_from=0, quiet_to=23 * 60)
    for title in ("A headline", "Another headline"):
        await newsroom.article(title, query, source_id=source)
        await publishing.alerts()
    clock.now = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)

    await publishing.bundles()

    ann, ben = await said(newsroom)
    assert pseudo("During your quiet hours") in ann
    assert "During your quiet hours" in ben


async def test_mails_are_in_each_chats_language(newsroom, storage, renderer, two, clock):
    source, query = await two(Mode.DIGEST, next_digest_at=DUE, digest_by=DigestMedium.EMAIL)
    async with storage.writing() as tx:
        for chat_id in (1, 2):
            await tx.add(
                Mailbox(
                    chat_id=chat_id,
                    address=f"{chat_id}@example.org",
                    state=MailboxState.ACTIVE,
                    state_since=tx.now,
                    created_at=tx.now,
                    asked_at=tx.now,
                )
            )
    await newsroom.article("A headline", query, source_id=source)
    clock.now = DUE
    links = Links("https://dateline.example", Signer(b"k" * 32))
    mailer = Mailer(renderer, FromAddress("news@dateline.example"), links)

    await Stages(storage, renderer, "us", links=links, mailer=mailer).digests()

    rows = await newsroom.all(Delivery)
    ann, ben = sorted(
        (row for row in rows if row.medium is Medium.EMAIL), key=lambda row: row.chat_id
    )
    assert '<html lang="ar" dir="rtl"' in ann.body["html"]
    assert ann.body["subject"] == "A headline"
    assert '<html lang="en" dir="ltr"' in ben.body["html"]
