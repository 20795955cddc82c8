"""The news of a topic of the catalogue shows the name of the topic in the reader's language."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from bot.mail.compose import FromAddress, Mailer
from bot.publishing.contents import load_made_digest
from bot.publishing.published_feeds import read_published_feed
from bot.rendering.links import FeedKind, Links, Signer
from bot.rendering.renderer import Renderer, Renderers
from bot.subscribers import mutes, own_feeds, sent_stories
from storage.chats import published_feed
from storage.enums import DigestMedium, MailboxState, Medium, Mode
from storage.mailboxes import Mailbox
from storage.outbox import Delivery
from storage.topics import Topic
from tests.publishing.stages import Stages

DUE = datetime(2026, 3, 2, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
LINKS = Links("https://dateline.example", Signer(b"k" * 32))

pytestmark = pytest.mark.parametrize(
    ("is_public", "expected", "other"),
    [
        pytest.param(True, "Klima", "Climate", id="of the catalogue"),
        pytest.param(False, "Climate", "Klima", id="of the chat, by the same name"),
    ],
)


@pytest.fixture
def renderer() -> Renderer:
    return Renderers().of("de")


@pytest.fixture
def reader(newsroom, is_public, clock):
    """Return a function that makes a German chat with the topic, and the source of its articles."""

    async def make(mode: Mode, **more):
        source, query = await newsroom.source(), await newsroom.query("words")
        chat = await newsroom.chat(language="de", **more)
        topic = await newsroom.subscribe(chat, query, "Climate", mode)
        if is_public:
            await newsroom.change(Topic, topic, chat_id=None, slug="climate")
        clock.now += HOUR
        return chat, topic, source, query

    return make


async def test_alerts_and_their_buttons(
    newsroom, publishing, renderer, reader, storage, expected, other
):
    chat, _, source, query = await reader(Mode.INSTANT)
    await newsroom.article("A headline", query, source_id=source)

    await publishing.alerts()

    (text,) = await newsroom.texts()
    assert expected in text
    assert other not in text
    menu = await mutes.alert_menu(storage, chat, 1, is_open=True)
    keyboard = renderer.keyboard("chat/alert.html#menu", alert=menu)
    assert expected in str(keyboard)
    assert other not in str(keyboard)


async def test_bundles(newsroom, publishing, reader, clock, expected, other):
    _, _, source, query = await reader(Mode.INSTANT, zone="UTC", quiet_from=0, quiet_to=23 * 60)
    for title in ("A headline", "Another headline"):
        await newsroom.article(title, query, source_id=source)
        await publishing.alerts()
    clock.now = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)

    await publishing.bundles()

    (text,) = await newsroom.texts()
    assert expected in text
    assert other not in text


async def test_digests_in_telegram_in_mails_and_shown_again(
    newsroom, renderer, reader, storage, clock, expected, other
):
    chat, _, source, query = await reader(
        Mode.DIGEST, next_digest_at=DUE, digest_by=DigestMedium.BOTH
    )
    async with storage.writing() as tx:
        states = {"state": MailboxState.ACTIVE, "state_since": tx.now}
        times = {"created_at": tx.now, "asked_at": tx.now}
        await tx.add(Mailbox(chat_id=chat, address="ann@example.org", **states, **times))
    await newsroom.article("A headline", query, source_id=source)
    clock.now = DUE
    mailer = Mailer(renderer, FromAddress("news@dateline.example"), LINKS)

    await Stages(storage, renderer, "us", links=LINKS, mailer=mailer).digests()

    rows = await newsroom.all(Delivery)
    assert {row.medium for row in rows} == {Medium.TELEGRAM, Medium.EMAIL}
    for row in rows:
        body = json.dumps(row.body, ensure_ascii=False)
        assert expected in body
        assert other not in body
    (made,) = await newsroom.editions()
    again = await load_made_digest(storage, chat, made.local_date, made.schedule_number)
    assert again
    page = renderer.text("web/feed.html#digest", choice=again.choice, more=0, url="")
    assert f"<h2>{expected}</h2>" in page
    assert again.choice.sections[0].topic.name == "Climate"


async def test_feeds(newsroom, renderer, reader, storage, expected, other):
    chat, topic, source, query = await reader(Mode.DIGEST)
    await newsroom.article("A headline", query, source_id=source)
    await own_feeds.renew_feeds(storage, chat, links=LINKS)

    async with storage.reading() as tx:
        grant = await published_feed(tx, chat)
    assert grant

    document = await read_published_feed(
        storage, renderer, LINKS, chat, topic, grant.version, FeedKind.ATOM
    )

    assert document
    assert document.title == f"{expected} · Dateline"


async def test_mutes_from_alerts(newsroom, publishing, renderer, reader, storage, expected, other):
    chat, topic, source, query = await reader(Mode.INSTANT)
    await newsroom.article("A headline", query, source_id=source)
    await publishing.alerts()

    muted = await mutes.mute(storage, chat, mutes.TopicSubject(topic), alert=1)
    undo = renderer.keyboard("chat/alert.html#undo", muted=muted, undo="undo")
    (mute,) = (await mutes.list_mutes(storage, chat)).items
    listed = renderer.line("web/app_parts.html#mute", mute=mute, zone="UTC", today=DUE.date())
    why = await sent_stories.explain_story(storage, chat, 1)
    explained = renderer.message("chat/stories.html#why", why=why).text

    assert expected in str(undo)
    assert expected in listed
    assert expected in explained
    assert other not in f"{undo} {listed} {explained}"
