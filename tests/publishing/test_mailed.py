"""Digests and alerts by mail, in addition to Telegram or instead of it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from bot.mail.compose import FromAddress, Mail, Mailer
from bot.rendering.links import Links, Signer
from bot.rendering.renderer import Renderers
from bot.rendering.shown_pictures import PictureProxy
from storage.articles import Article
from storage.chats import Chat
from storage.enums import ChatState, DigestMedium, MailboxState, Medium, Mode
from storage.mailboxes import Mailbox
from storage.outbox import Delivery
from storage.stories import Story
from storage.subscriptions import Subscription
from storage.suspension import restore_chat
from tests.publishing.stages import Stages

pytestmark = pytest.mark.slow

DUE = datetime(2026, 3, 2, 23, tzinfo=UTC)
DAY = timedelta(days=1)
LINKS = Links("https://dateline.example", Signer(b"k" * 32))


@pytest.fixture
def mailing(storage, renderer) -> Stages:
    mailer = Mailer(renderer, FromAddress("news@dateline.example"), LINKS)
    return Stages(storage, renderer, "us", links=LINKS, mailer=mailer)


@pytest.fixture
def subscribed(newsroom, storage, clock):
    """Return a function that makes a chat with a mailbox, and a story for tonight's digest."""

    async def make(reach: DigestMedium, mailbox: MailboxState = MailboxState.ACTIVE, **chat):
        source, query = await newsroom.source(), await newsroom.query("words")
        digest = {"mode": Mode.DIGEST, "next_digest_at": DUE, "digest_by": reach}
        chat_id = await newsroom.reader(query, **digest, **chat)
        async with storage.writing() as tx:
            await tx.add(
                Mailbox(
                    chat_id=chat_id,
                    address="ann@example.org",
                    state=mailbox,
                    state_since=tx.now,
                    created_at=tx.now,
                    asked_at=tx.now,
                )
            )
        await newsroom.article("A headline", query, source_id=source)
        clock.now = DUE
        return chat_id

    return make


@pytest.fixture
def sent(newsroom):
    async def media() -> list[Medium]:
        return sorted(row.medium for row in await newsroom.all(Delivery))

    return media


@pytest.fixture
def mails(newsroom):
    async def read() -> list[Mail]:
        rows = await newsroom.all(Delivery, medium=Medium.EMAIL)
        return [Mail.from_json(row.body) for row in rows]

    return read


@pytest.mark.parametrize(
    ("reach", "media"),
    [
        pytest.param(DigestMedium.TELEGRAM, [Medium.TELEGRAM], id="by Telegram"),
        pytest.param(DigestMedium.EMAIL, [Medium.EMAIL], id="by mail"),
        pytest.param(DigestMedium.BOTH, [Medium.EMAIL, Medium.TELEGRAM], id="by both"),
    ],
)
async def test_a_digest_goes_to_the_chosen_media(sent, mailing, subscribed, reach, media):
    await subscribed(reach)

    await mailing.digests()

    assert await sent() == media


async def test_a_mailed_digest_is_a_delivery_to_the_mailbox(mails, mailing, newsroom, subscribed):
    await subscribed(DigestMedium.EMAIL)

    await mailing.digests()

    (row,), (mail,) = await newsroom.all(Delivery), await mails()
    assert (row.edition_id, row.part, row.mailbox_id, row.fallback) == (1, 1, 1, None)
    assert mail.to == "ann@example.org"
    assert mail.subject == "A headline"
    assert "Words on A headline." in mail.text
    assert mail.header("Message-ID") == (
        "<edition.1.20260303.0.email.20260302T230000@dateline.example>"
    )


@pytest.mark.parametrize("state", [s for s in MailboxState if s is not MailboxState.ACTIVE])
async def test_a_digest_without_an_active_mailbox_goes_to_telegram(
    sent, mailing, subscribed, state
):
    await subscribed(DigestMedium.EMAIL, state)

    await mailing.digests()

    assert await sent() == [Medium.TELEGRAM]


async def test_a_digest_without_a_mail_server_goes_to_telegram(sent, publishing, subscribed):
    await subscribed(DigestMedium.EMAIL)

    await publishing.digests()

    assert await sent() == [Medium.TELEGRAM]


@pytest.mark.parametrize("reach", [DigestMedium.EMAIL, DigestMedium.BOTH])
async def test_a_chat_that_blocks_the_bot_still_gets_its_mails(sent, mailing, subscribed, reach):
    await subscribed(reach, state=ChatState.BLOCKED)

    await mailing.digests()

    assert await sent() == [Medium.EMAIL]


@pytest.mark.parametrize("state", [s for s in MailboxState if s is not MailboxState.ACTIVE])
async def test_digests_without_any_way_to_a_chat_do_not_pile_up(
    sent, mailing, newsroom, subscribed, storage, clock, state
):
    chat_id = await subscribed(DigestMedium.EMAIL, state, state=ChatState.BLOCKED)
    for _ in range(3):
        await mailing.digests()
        clock.turn(DAY)
    assert await newsroom.all(Delivery) == []

    await newsroom.article("Today's headline", 1, source_id=1)
    async with storage.writing() as tx:
        await restore_chat(tx, chat_id)
    await mailing.digests()

    assert await sent() == [Medium.TELEGRAM]
    assert len(await newsroom.editions()) == 1


async def test_a_chat_closed_to_the_bot_waits_where_no_mail_server_is_set(
    publishing, newsroom, subscribed
):
    await subscribed(DigestMedium.EMAIL, state=ChatState.BLOCKED)

    await publishing.digests()

    assert await newsroom.all(Delivery) == []
    assert await newsroom.editions() == []


async def test_a_paused_chat_gets_no_mails(mailing, newsroom, subscribed):
    await subscribed(DigestMedium.EMAIL, state=ChatState.PAUSED)

    await mailing.digests()

    assert await newsroom.all(Delivery) == []


async def test_no_edition_is_mailed_twice(sent, mailing, newsroom, subscribed):
    chat_id = await subscribed(DigestMedium.BOTH)
    await mailing.digests()
    await newsroom.change(Chat, chat_id, next_digest_at=DUE)

    await mailing.digests()

    assert await sent() == [Medium.EMAIL, Medium.TELEGRAM]


@pytest.fixture
def alerted(newsroom, subscribed):
    """Return a function that makes a chat with alerts, mailed or not."""

    async def make(*, wanted: bool, mailbox: MailboxState = MailboxState.ACTIVE, **chat) -> None:
        await subscribed(DigestMedium.TELEGRAM, mailbox, **chat)
        await newsroom.change(Mailbox, 1, alerts=wanted)
        (subscription,) = await newsroom.all(Subscription)
        await newsroom.change(Subscription, subscription.id, mode=Mode.INSTANT)

    return make


@pytest.fixture
def publish(mailing, newsroom, subscribed, clock):
    """Return a function that stores a story or chapter a minute later, and sends all alerts."""

    async def published(title: str, *, continues: int | None = None) -> None:
        clock.turn(timedelta(minutes=1))
        source_id = await newsroom.source(f"Times of {title}")
        story = await newsroom.article(title, 1, source_id=source_id)
        if continues:
            await newsroom.change(Story, story, continues_id=continues)
        while await mailing.alerts():
            pass

    return published


@pytest.mark.parametrize(
    ("wanted", "mailbox", "media"),
    [
        pytest.param(True, MailboxState.ACTIVE, [Medium.EMAIL, Medium.TELEGRAM], id="asked for"),
        pytest.param(False, MailboxState.ACTIVE, [Medium.TELEGRAM], id="not asked for"),
        pytest.param(True, MailboxState.SUSPENDED, [Medium.TELEGRAM], id="suspended"),
    ],
)
async def test_alerts_are_mailed_on_request(
    publish, sent, mails, mailing, newsroom, alerted, wanted, mailbox, media
):
    await alerted(wanted=wanted, mailbox=mailbox)

    await publish("A story")

    assert await sent() == media
    assert [mail.subject for mail in await mails()] == ["A story"] * media.count(Medium.EMAIL)
    assert {row.alert_id for row in await newsroom.all(Delivery)} == {1}


@pytest.mark.parametrize(
    ("state", "media"),
    [
        pytest.param(ChatState.BLOCKED, [Medium.EMAIL], id="the bot is blocked"),
        pytest.param(ChatState.KICKED, [Medium.EMAIL], id="it was thrown out"),
        pytest.param(ChatState.PAUSED, [], id="a pause is for both"),
    ],
)
@pytest.mark.parametrize("quiet", [{}, {"quiet_from": 0, "quiet_to": 1}], ids=["now", "bundled"])
async def test_alerts_are_mailed_while_only_telegram_is_closed(
    publish, sent, mailing, newsroom, alerted, clock, state, media, quiet
):
    await alerted(wanted=True, **quiet)
    if quiet:
        clock.now = DUE.replace(hour=15)  # midnight in Tokyo
    await newsroom.change(Chat, 1, state=state, state_since=clock.now)
    await publish("A story")
    clock.turn(timedelta(minutes=1))

    await mailing.bundles()

    assert await sent() == media


@pytest.mark.parametrize(
    ("quiet", "first"),
    [
        pytest.param({}, "<alert.1.20260302T230100@dateline.example>", id="an alert"),
        pytest.param(
            {"quiet_from": 0, "quiet_to": 8 * 60 + 2},
            "<bundle.1.20260302T230200@dateline.example>",
            id="a bundle",
        ),
    ],
)
async def test_the_mail_of_a_chapter_follows_the_first_mail(
    publish, mails, mailing, alerted, clock, quiet, first
):
    await alerted(wanted=True, **quiet)
    for title, continues in (
        ("Ferry sinks", None),
        ("Captain detained", 2),
        ("Captain charged", 2),
    ):
        await publish(title, continues=continues)
        clock.turn(timedelta(seconds=60 if quiet else 0))
        await mailing.bundles()

    found = await mails()
    assert [mail.header("References") for mail in found] == [None, first, first]
    assert [mail.header("In-Reply-To") for mail in found] == [None, first, first]
    assert found[0].header("Message-ID") == first
    assert found[2].subject == "Update: Captain charged"


FERRY = (
    "A ferry with 120 passengers sank off the coast of Luzon on Monday in heavy weather. "
    + "Nobody was surprised. " * 20
    + "Two captains had exchanged words about it."
)
LATER = (
    "Rescuers said on Tuesday that 31 people had died in the sinking. "
    "The owner of the ferry, Maria Santos, was arrested at the airport of Manila. "
    + "Nobody was surprised. " * 20
    + "Words failed her."
)


async def test_a_mailed_alert_tells_the_lead_and_what_a_follow_up_adds(
    mails, mailing, newsroom, alerted, clock
):
    await alerted(wanted=True)
    clock.turn(timedelta(minutes=1))
    source = await newsroom.source("Wire of the sea")
    await newsroom.article("Ferry sinks off Luzon", 1, source_id=source, text=FERRY)
    await mailing.alerts()
    clock.turn(timedelta(minutes=1))
    later = await newsroom.article("Owner of ferry arrested", 1, source_id=source, text=LATER)
    await newsroom.change(Story, later, continues_id=later - 1)
    await mailing.alerts()

    first, second = await mails()

    for shown in (first.text, first.html):
        assert "A ferry with 120 passengers sank off the coast" in " ".join(shown.split())
        assert "New:" not in shown
    assert "\n\nNew: " in second.text
    assert "<i>New:</i> " in second.html


async def test_a_bundle_marks_chapters(publish, mailing, newsroom, alerted, clock):
    await alerted(wanted=True)
    await publish("Ferry sinks")
    await newsroom.change(Chat, 1, quiet_from=8 * 60, quiet_to=9 * 60)
    await publish("Bank raises rates")
    await publish("Captain detained", continues=2)
    clock.turn(timedelta(hours=1))

    await mailing.bundles()

    sent, mailed = (row.body for row in (await newsroom.all(Delivery))[-2:])
    assert "• Bank raises rates" in sent["text"]
    assert "• Update: Captain detained" in sent["text"]
    assert "* Update: Captain detained" in mailed["text"]
    assert "Update: <a" in mailed["html"]


async def test_a_blocked_chat_without_mail_gets_no_decision(publishing, newsroom, alerted, clock):
    await alerted(wanted=True, state=ChatState.BLOCKED)
    clock.turn(timedelta(minutes=1))
    await newsroom.article("A story", 1, source_id=await newsroom.source("Times"))

    while await publishing.alerts():
        pass

    assert await newsroom.alerts() == []


async def test_mailed_alerts_are_not_sent_again(publish, sent, mailing, alerted, storage):
    await alerted(wanted=True, state=ChatState.BLOCKED)
    await publish("A story")
    async with storage.writing() as tx:
        await restore_chat(tx, 1)

    while await mailing.alerts():
        pass
    await mailing.edits()

    assert await sent() == [Medium.EMAIL]


async def test_a_bundle_is_one_mail(publish, mails, mailing, newsroom, alerted, clock):
    await alerted(wanted=True, quiet_from=0, quiet_to=23 * 60)
    for number in range(3):
        await publish(f"Story {number}")
    assert await newsroom.all(Delivery) == []
    clock.turn(timedelta(hours=15))  # 23:01 in Tokyo

    await mailing.bundles()

    (row,), (mail,) = await newsroom.all(Delivery, medium=Medium.EMAIL), await mails()
    assert (row.bundle_id, row.part) == (1, 1)
    assert mail.subject.startswith("3 stories: Story")
    assert "During your quiet hours" in mail.text
    assert "Story 2" in mail.html


async def test_a_bundle_of_one_story_is_the_mail_of_an_alert(
    publish, mails, mailing, newsroom, alerted, clock
):
    await alerted(wanted=True, quiet_from=0, quiet_to=23 * 60)
    await publish("Story alone")
    clock.turn(timedelta(hours=15))  # 23:01 in Tokyo

    await mailing.bundles()

    (row,), (mail,) = await newsroom.all(Delivery, medium=Medium.EMAIL), await mails()
    assert row.bundle_id == 1
    assert mail.subject == "Story alone"
    assert "During your quiet hours" not in mail.text


PICTURE = "https://paper.example/crane.jpg"
UNTRACKED = "no picture and no link tells anyone that you read it"


@pytest.fixture
def pictured(storage, subscribed):
    """Return a function that makes a chat as `subscribed` does, and a picture of the story."""

    async def make(**chat):
        chat_id = await subscribed(DigestMedium.EMAIL, **chat)
        async with storage.writing() as tx:
            await tx.change(
                update(Article).values(
                    picture_url=PICTURE,
                    picture_width=1200,
                    picture_height=675,
                    picture_alt='A "crane"',
                )
            )
        return chat_id

    return make


async def test_a_mail_loads_no_picture_unless_its_reader_wants_that(mailing, pictured, mails):
    await pictured()

    await mailing.digests()

    (mail,) = await mails()
    assert "<img" not in mail.html
    assert UNTRACKED in mail.html


async def test_a_mail_with_a_picture_names_the_host_that_sees_its_reader(mailing, pictured, mails):
    await pictured(mail_pictures=True)

    await mailing.digests()

    (mail,) = await mails()
    assert f'src="{PICTURE}" width="560" height="315" alt="A &quot;crane&quot;"' in mail.html
    assert "its picture comes from paper.example" in mail.html
    assert UNTRACKED not in mail.html
    assert PICTURE not in mail.text


async def test_a_mail_loads_its_picture_through_the_proxy_of_the_operator(storage, pictured, mails):
    proxy = PictureProxy.parse("https://img.dateline.example/{width}x{height}/{url}")
    renderer = Renderers(picture_proxy=proxy).of("en")
    mailer = Mailer(renderer, FromAddress("news@dateline.example"), LINKS)
    await pictured(mail_pictures=True)

    await Stages(storage, renderer, "us", links=LINKS, mailer=mailer).digests()

    (mail,) = await mails()
    assert "https://img.dateline.example/560x315/https%3A%2F%2Fpaper.example" in mail.html
    assert "its picture comes from img.dateline.example" in mail.html
