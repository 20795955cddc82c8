"""Letters become entries of the newsletter whose address they name; others are held or dropped."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from bot.app.mail import letter_reader, receiver
from bot.budgets import USUAL
from bot.mail.bounces import Bounces
from bot.mail.imap import Imap, collect_mails
from bot.mail.newsletters import MOST_A_DAY, MOST_HELD, MOST_SENDERS, Newsletters
from bot.matching.stage import MatchStage
from bot.ops.instrumentation import Instrumentation, Observation
from bot.rendering.links import Links
from bot.rendering.renderer import Renderer
from bot.sources.drafts import url_hash
from bot.sources.feeds.model import Unreadable
from bot.sources.parser_pool import Workers
from bot.subscribers import newsletters, own_feeds
from bot.subscribers.errors import NoNewsletters, NoSuchSender, NoSuchSource, TooManyFeeds
from storage.articles import PUBLIC, Article
from storage.enums import Mode, SenderState
from storage.feeds_followed import follow
from storage.newsletters import NewsletterRow, article_of_letter, newsletter_of
from storage.sources import Source
from tests.mail.imap_server import FakeMailbox, connect_without_tls, serving_mailbox
from tests.mail.letters import ADDRESSES, SERVER, STORY, asking_to_confirm, letter, read
from tests.mail.returned import TOKEN, notification
from tests.publishing.stages import Stages
from tests.resources import USUAL_LIMITS
from tests.sources.polled import rows_of
from tests.subscribers.conftest import SIGNER, subscribe

RENDERER = Renderer()
NO_LINKS = Links(None, SIGNER)
EVE = "Eve <eve@elsewhere.example>"


@dataclass
class Counted:
    """Counts letters by their outcome and its reason."""

    letters: Counter[tuple[str, str]] = field(default_factory=Counter)

    @contextmanager
    def observe(self, observation: Observation) -> Iterator[None]:
        yield
        self.letters[observation.outcome, observation.name] += 1


@pytest.fixture
def counted() -> Counted:
    return Counted()


@pytest.fixture
def intake(storage, counted) -> Newsletters:
    instrumentation = Instrumentation([counted])
    return Newsletters(storage, RENDERER, ADDRESSES, NO_LINKS, read, USUAL, instrumentation)


@pytest.fixture
async def chat_id(arrive) -> int:
    chat_id: int = await arrive(language="en")
    return chat_id


@pytest.fixture
async def source_id(storage, chat_id) -> int:
    return await newsletters.follow_newsletter(storage, chat_id, ADDRESSES, limits=USUAL_LIMITS)


@pytest.fixture
async def address(storage, chat_id, source_id) -> str:
    seen = await newsletters.get_newsletter(storage, chat_id, source_id, ADDRESSES)
    assert seen is not None
    return seen.address


async def row_of(storage, source_id: int) -> NewsletterRow:
    async with storage.reading() as tx:
        row = await newsletter_of(tx, source_id)
    assert row is not None
    return row


async def titles(storage) -> list[str]:
    return sorted(article.title for article in await rows_of(storage, Article))


async def notices(sent) -> list[str]:
    return [row.body["text"] for row in await sent.rows()]


async def test_the_first_letter_becomes_an_entry_and_binds_its_sender(
    storage, intake, source_id, address
):
    way = (
        "List-Unsubscribe: <https://cafe.example/u>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    )

    assert await intake.take(letter(address, *way)) is True

    row = await row_of(storage, source_id)
    (article,) = await rows_of(storage, Article)
    assert (article.title, article.url, article.scope_id) == ("Beans are dear", "", source_id)
    assert STORY.strip() in article.text
    assert [(each.address, each.state) for each in row.senders] == [
        ("news@cafe.example", SenderState.ACCEPTED)
    ]
    assert (row.source.title, row.newsletter.letters) == ("Cafe Weekly", 1)
    assert (row.newsletter.unsubscribe_url, row.newsletter.has_one_click) == (
        "https://cafe.example/u",
        True,
    )


async def test_a_letter_that_comes_twice_is_stored_once(storage, intake, source_id, address):
    await intake.take(letter(address))
    await intake.take(letter(address))

    assert await titles(storage) == ["Beans are dear"]
    assert (await row_of(storage, source_id)).newsletter.letters == 1


async def test_letters_are_counted_by_outcome_and_reason(intake, counted, address):
    await intake.take(asking_to_confirm(address))
    for _ in range(2):
        await intake.take(letter(address))
    for _ in range(2):
        await intake.take(letter(address, sender=EVE, number=2))
    await intake.take(letter(address, sender="undisclosed: ;", number=3))
    await intake.take(letter(ADDRESSES.of("a" * 14)))

    assert counted.letters == {
        ("held", "confirmation"): 1,
        ("stored", ""): 1,
        ("dropped", "not_stored"): 1,
        ("held", "new_sender"): 1,
        ("dropped", "repeated"): 1,
        ("dropped", "no_sender"): 1,
        ("dropped", "no_newsletter"): 1,
    }


async def test_letters_that_share_a_web_version_are_stories_of_their_own(storage, intake, address):
    for number in (1, 2):
        text = f"View in browser: https://cafe.example/latest\r\n\r\n{STORY}"
        await intake.take(letter(address, subject=f"Issue {number}", text=text, number=number))

    articles = await rows_of(storage, Article)
    assert await titles(storage) == ["Issue 1", "Issue 2"]
    assert {article.url for article in articles} == {"https://cafe.example/latest"}


async def test_a_letter_without_a_sender_is_dropped_and_binds_nobody(
    storage, intake, source_id, address
):
    await intake.take(letter(address, sender="undisclosed: ;"))

    row = await row_of(storage, source_id)
    assert (row.senders, row.newsletter.dropped, await titles(storage)) == ([], 1, [])


async def test_the_letters_of_another_sender_are_held_until_the_chat_accepts_it(
    storage, intake, chat_id, source_id, address, sent
):
    await intake.take(letter(address))
    for number in (2, 3):
        spam = letter(address, sender=EVE, subject=f"Offer {number}", number=number)
        assert await intake.take(spam) is True
    held = await titles(storage)
    (eve,) = (await row_of(storage, source_id)).waiting

    await newsletters.accept_sender(storage, chat_id, eve.id, limits=USUAL_LIMITS)

    row = await row_of(storage, source_id)
    assert held == ["Beans are dear"]
    assert (eve.address, eve.letters) == ("eve@elsewhere.example", 2)
    assert await titles(storage) == ["Beans are dear", "Offer 2", "Offer 3"]
    assert (row.waiting, len(row.accepted), row.newsletter.letters) == ([], 2, 3)
    (notice,) = await notices(sent)
    assert "Eve" in notice
    assert "is a new sender to the address of a newsletter" in notice


async def test_a_refused_sender_is_counted_and_never_held_again(
    storage, intake, chat_id, source_id, address
):
    await intake.take(letter(address))
    await intake.take(letter(address, sender=EVE, number=2))
    (eve,) = (await row_of(storage, source_id)).waiting

    await newsletters.refuse_sender(storage, chat_id, eve.id)
    await intake.take(letter(address, sender=EVE, number=3))
    await intake.take(
        asking_to_confirm(address).replace(b"Cafe Weekly <news@cafe", b"<eve@elsewhere")
    )

    row = await row_of(storage, source_id)
    assert (row.waiting, row.confirmations, row.newsletter.dropped) == ([], [], 2)
    assert await titles(storage) == ["Beans are dear"]


async def test_a_forged_sender_waits_once_the_server_has_confirmed_the_true_one(
    storage, intake, source_id, address
):
    passed = f"Authentication-Results: {SERVER}; dkim=pass header.d=cafe.example"
    own_claim = "Authentication-Results: eve.example; dkim=pass header.d=cafe.example"

    await intake.take(letter(address, passed))
    await intake.take(letter(address, own_claim, subject="Forged", number=2))

    row = await row_of(storage, source_id)
    assert await titles(storage) == ["Beans are dear"]
    assert [each.proof for each in row.accepted] == ["dkim=cafe.example"]
    assert [each.subject for each in row.waiting] == ["Forged"]


async def test_a_confirmation_is_shown_as_text_and_binds_nobody(
    storage, intake, source_id, address, sent
):
    await intake.take(asking_to_confirm(address))
    await intake.take(asking_to_confirm(address))

    row = await row_of(storage, source_id)
    (notice,) = await sent.rows()
    assert row.senders == []
    assert [each.link for each in row.confirmations] == ["https://cafe.example/confirm?id=7"]
    assert "https://cafe.example/confirm?id=7" in notice.body["text"]
    assert "a href" not in notice.body["text"]
    assert await titles(storage) == []


async def test_letters_beyond_the_limit_of_a_day_are_counted_and_never_read(
    storage, intake, source_id, address, clock
):
    for number in range(MOST_A_DAY):
        await intake.take(letter(address, subject=f"Letter {number}", number=number))
    reads, intake.read = intake.read, refuse_to_read
    assert await intake.take(letter(address, number=1000)) is True
    over = (await row_of(storage, source_id)).newsletter.dropped
    clock.turn(timedelta(days=1))
    intake.read = reads

    await intake.take(letter(address, subject="The next day", number=1001))

    assert over == 1
    assert "The next day" in await titles(storage)


async def note_nothing() -> None:
    pass


async def refuse_to_read(_: bytes) -> Any:
    raise AssertionError("read")


async def test_mails_of_strangers_to_a_leaked_address_are_bounded(
    storage, intake, source_id, address, counted
):
    await intake.take(letter(address))
    for number in range(MOST_SENDERS + 10):
        spam = letter(address, sender=f"s{number}@spam.example", number=number + 2)
        await intake.take(spam)

    row = await row_of(storage, source_id)
    assert len(row.waiting) == MOST_HELD
    assert row.newsletter.dropped == MOST_SENDERS + 10 - MOST_HELD
    assert counted.letters["dropped", "too_many_held"] == row.newsletter.dropped


async def test_a_letter_to_an_unfollowed_newsletter_is_dropped(
    storage, intake, chat_id, source_id, address, clock
):
    await own_feeds.unfollow_feed(storage, chat_id, source_id)

    assert await intake.take(letter(address)) is True
    assert await titles(storage) == []


@pytest.mark.parametrize(
    "to", [ADDRESSES.of("a" * 14), "news@dateline.example"], ids=["unknown token", "no token"]
)
async def test_a_letter_to_no_newsletter_is_dropped_or_left_to_the_reports(intake, to):
    assert await intake.take(letter(to)) is (True if "+" in to else None)


async def test_an_unreadable_letter_stays_for_the_operator(intake, address):
    async def fail(_: bytes) -> Any:
        raise Unreadable("It takes longer than 10 seconds.", "time_out")

    intake.read = fail

    assert await intake.take(letter(address)) is False


async def test_the_mailbox_serves_letters_and_reports(storage, source_id, address, tmp_path):
    mailbox, workers = FakeMailbox(), Workers(most=1)
    mailbox.put(letter(address))
    mailbox.put(notification("failed", "5.1.1", "550 no such user"))
    mailbox.put(letter("somebody@dateline.example", number=7))
    reports = list[bytes]()

    async def report(message: bytes) -> None:
        reports.append(message)

    intake = Newsletters(
        storage, RENDERER, ADDRESSES, NO_LINKS, letter_reader(workers, SERVER), USUAL
    )
    take = receiver(Bounces(storage, RENDERER, SIGNER, report), intake)
    try:
        async with serving_mailbox(mailbox):
            imap = Imap("127.0.0.1", mailbox.port, "news", "secret", connect=connect_without_tls)
            await collect_mails(imap, take, note_nothing)
    finally:
        await workers.close()

    assert await titles(storage) == ["Beans are dear"]
    assert mailbox.marked(r"\Deleted") == [1]
    assert mailbox.marked(r"\Seen") == [2, 3]
    assert TOKEN.encode() in reports[0]


async def test_a_letter_to_a_public_newsletter_alerts_a_subscriber(
    storage, intake, chat_id, sent, clock
):
    await subscribe(storage, chat_id, "beans", Mode.INSTANT)
    address = await newsletters.add_public(storage, "Our Cafe", ADDRESSES)
    intake.links = Links("https://dateline.example", SIGNER)
    clock.turn(timedelta(minutes=1))

    await intake.take(letter(address))
    await MatchStage(storage, "us").run_once()
    await Stages(storage).alerts()

    (article,) = await rows_of(storage, Article)
    (alert,) = await sent.rows()
    (row,) = await newsletters.list_public(storage)
    assert (article.title, article.scope_id) == ("Beans are dear", PUBLIC)
    assert "Beans are dear" in alert.body["text"]
    assert (row.source.title, len(row.accepted)) == ("Our Cafe", 1)
    async with storage.reading() as tx:
        shown = await article_of_letter(tx, row.source.id, url_hash(article.url))
    assert shown is not None


async def test_the_operator_decides_about_the_senders_of_public_newsletters(
    storage, intake, chat_id
):
    address = await newsletters.add_public(storage, "Our Cafe", ADDRESSES)
    await intake.take(letter(address))
    await intake.take(letter(address, sender=EVE, subject="Eve", number=2))
    await intake.take(letter(address, sender="Bob <bob@b.example>", number=3))
    (row,) = await newsletters.list_public(storage)
    async with storage.writing() as tx:
        await follow(tx, chat_id, row.source.id)
    eve, bob = row.waiting

    with pytest.raises(NoSuchSender):
        await newsletters.accept_sender(storage, chat_id, eve.id, limits=USUAL_LIMITS)
    await newsletters.accept_sender(storage, None, eve.id, limits=USUAL_LIMITS)
    await newsletters.refuse_sender(storage, None, bob.id)

    (row,) = await newsletters.list_public(storage)
    assert (len(row.accepted), row.waiting) == (2, [])
    assert await titles(storage) == ["Beans are dear", "Eve"]
    assert await newsletters.get_newsletter(storage, chat_id, row.source.id, ADDRESSES) is None


async def test_the_operator_does_not_decide_about_the_newsletters_of_chats(
    storage, intake, source_id, address
):
    await intake.take(letter(address))
    await intake.take(letter(address, sender=EVE, number=2))
    (eve,) = (await row_of(storage, source_id)).waiting

    with pytest.raises(NoSuchSender):
        await newsletters.accept_sender(storage, None, eve.id, limits=USUAL_LIMITS)
    with pytest.raises(NoSuchSource):
        await newsletters.remove_public(storage, source_id)
    assert await newsletters.list_public(storage) == []


async def test_letters_to_a_removed_public_newsletter_are_dropped(storage, intake, counted):
    address = await newsletters.add_public(storage, "Our Cafe", ADDRESSES)
    await intake.take(letter(address))
    (row,) = await newsletters.list_public(storage)

    assert await newsletters.remove_public(storage, row.source.id) == "Our Cafe"
    await intake.take(letter(address, subject="Too late", number=2))

    assert await titles(storage) == ["Beans are dear"]
    assert counted.letters["dropped", "no_newsletter"] == 1


async def test_an_address_counts_as_a_feed_and_needs_a_mailbox(storage, chat_id, arrive, source_id):
    row = await row_of(storage, source_id)

    assert row.token not in row.source.url
    with pytest.raises(NoNewsletters):
        await newsletters.follow_newsletter(storage, chat_id, None, limits=USUAL_LIMITS)
    with pytest.raises(TooManyFeeds):
        await newsletters.follow_newsletter(
            storage, chat_id, ADDRESSES, limits=replace(USUAL_LIMITS, feeds=1)
        )


async def test_a_chat_decides_only_about_its_own_newsletters(
    storage, intake, arrive, source_id, address
):
    await intake.take(letter(address))
    await intake.take(letter(address, sender=EVE, number=2))
    (eve,) = (await row_of(storage, source_id)).waiting
    other = await arrive(8)

    with pytest.raises(NoSuchSender):
        await newsletters.accept_sender(storage, other, eve.id, limits=USUAL_LIMITS)
    with pytest.raises(NoSuchSender):
        await newsletters.refuse_sender(storage, other, eve.id)
    assert await newsletters.get_newsletter(storage, other, source_id, ADDRESSES) is None
    assert len(await rows_of(storage, Source)) == 1
