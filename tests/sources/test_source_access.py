"""The access of sources: stored, used by polls and pages, lost, rotated."""

import pytest

from bot.sources.administration import check_source
from bot.sources.credentials import AccessKind, Credentials
from bot.sources.decide import SourceEntries
from bot.sources.discovery.add import AddOutcome, SourceAdder
from bot.sources.drafts import awaiting_pages
from bot.sources.feeds.model import Item
from bot.sources.fetch.problems import ProblemCode
from bot.sources.fulltext import PageStage
from bot.sources.poll import SourcePoller
from bot.sources.sealing import NO_KEYS, Keyring, NoKeyError, new_key, parse_keys
from bot.sources.source_access import (
    Sealed,
    change_access,
    judge_sealed,
    reseal_all,
    show_access,
)
from bot.subscribers.own_feeds import FeedAddition, follow_feed
from storage.access import audit_events
from storage.enums import FullText, SourceKind
from storage.feeds_followed import follow
from storage.source_rules import SourceAccess, sealed_sources
from storage.sources import AwaitedPage, Follow, Source, remove_source
from tests.fake_fetcher import FakeFetcher
from tests.resources import USUAL_LIMITS
from tests.sources.drafts_made import drafts, store_in
from tests.sources.feeds_made import item, rss
from tests.sources.polled import add_sources, only_source, rows_of
from tests.subscribers.conftest import arrive  # noqa: F401 - a fixture

FEED = "https://paper.example/feed"
SECRET = "swordfish-7Q"


def ring(*keys: str) -> Keyring:
    parsed = parse_keys(",".join(keys))
    return Keyring(lambda: parsed)


KEYS = ring(new_key())


def login(access: Credentials) -> Credentials:
    return access.with_login("ann", SECRET)


async def source_with_login(storage, *, public: bool = True, url: str = FEED) -> int:
    (source_id,) = await add_sources(storage, url, public=public)
    assert await change_access(storage, KEYS, source_id, login, by=None)
    return source_id


def polling(storage, web, reader, keys=KEYS) -> SourcePoller:
    return SourcePoller(storage, web, reader, owner="me", jitter=lambda: 0, keyring=keys)


async def test_a_poll_uses_the_login_of_its_source_alone(storage, reader):
    await source_with_login(storage)
    await add_sources(storage, "https://other.example/feed")
    web = FakeFetcher(otherwise=rss([item(1)]))

    await polling(storage, web, reader).poll_due()

    used = {request.url: request.access for request in web.requests}
    assert used["https://other.example/feed"] is None
    access = used[FEED]
    assert access is not None
    assert (access.user, access.password) == ("ann", SECRET)


async def test_the_database_holds_no_secret_in_plain(storage):
    await source_with_login(storage)

    (row,) = await rows_of(storage, SourceAccess)
    async with storage.reading() as tx:
        (event,) = await audit_events(tx)
    assert row.kinds == [AccessKind.LOGIN]
    assert SECRET.encode() not in row.sealed
    assert b"ann" not in row.sealed
    assert event.details == {"kinds": ["login"]}


async def test_a_source_whose_key_is_lost_says_so_and_is_not_asked(storage, reader):
    await source_with_login(storage)
    web = FakeFetcher(otherwise=rss([item(1)]))

    await polling(storage, web, reader, keys=ring(new_key())).poll_due()

    source = await only_source(storage)
    assert source.error == ProblemCode.LOGIN_UNREADABLE
    assert web.requests == []


async def test_a_check_says_what_is_set_and_whether_it_can_be_read(storage, reader):
    await source_with_login(storage)
    web = FakeFetcher(otherwise=rss([item(1)]))

    good = await check_source(storage, web, reader, FEED, KEYS)
    lost = await check_source(storage, web, reader, FEED, NO_KEYS)

    assert good.access.kinds == (AccessKind.LOGIN,)
    assert good.access.origin == "https://paper.example:443"
    assert good.result.problem is None
    assert not lost.access.is_readable
    assert lost.result.problem is not None
    assert lost.result.problem.code is ProblemCode.LOGIN_UNREADABLE
    assert [request.access is not None for request in web.requests] == [True]


async def test_pages_of_the_same_host_are_read_with_the_login_and_others_without(storage, reader):
    source_id = await source_with_login(storage)
    own, other = "https://paper.example/1", "https://elsewhere.example/1"
    items = [Item(url=url, title=url, text="A taste.") for url in (own, other)]
    async with storage.writing() as tx:
        marked = awaiting_pages(drafts(items, tx.now), FullText.AUTO, SourceKind.FEED, None)
        entries = SourceEntries(source_id, marked, inside=False, has_settings=True)
        await store_in(tx, entries)
    web = FakeFetcher(otherwise=404)

    await PageStage(storage, web, reader, owner="me", keyring=KEYS).complete_due()

    used = {request.url: request.access is not None for request in web.requests}
    assert used == {own: True, other: False}
    assert await rows_of(storage, AwaitedPage) == []


async def test_clearing_the_last_part_leaves_no_row(storage):
    source_id = await source_with_login(storage)

    await change_access(storage, KEYS, source_id, lambda a: a.without(AccessKind.LOGIN), by=None)

    source = await only_source(storage)
    assert not source.has_access
    assert await rows_of(storage, SourceAccess) == []


async def test_a_removed_source_takes_its_login_along(storage):
    await source_with_login(storage)

    async with storage.writing() as tx:
        assert await remove_source(tx, (await only_source(storage)).url_hash)

    async with storage.reading() as tx:
        assert await sealed_sources(tx) == []


async def test_a_login_that_cannot_be_read_is_set_again(storage):
    source_id = await source_with_login(storage)
    others = ring(new_key())

    await change_access(storage, others, source_id, lambda a: a.with_token("new"), by=7)

    shown = await show_access(storage, others, source_id)
    assert shown.kinds == (AccessKind.TOKEN,)
    assert shown.is_readable


async def test_a_source_that_moved_to_another_host_keeps_nothing_at_the_next_change(storage):
    source_id = await source_with_login(storage)
    async with storage.writing() as tx:
        (await tx.get(Source, source_id)).url = "https://moved.example/feed"

    await change_access(storage, KEYS, source_id, lambda a: a.with_user_agent("Me/1"), by=None)

    shown = await show_access(storage, KEYS, source_id)
    assert shown.kinds == (AccessKind.USER_AGENT,)
    assert shown.origin == "https://moved.example:443"


async def test_without_a_key_nothing_is_stored(storage):
    (source_id,) = await add_sources(storage, FEED)

    with pytest.raises(NoKeyError):
        await change_access(storage, NO_KEYS, source_id, login, by=None)

    assert await rows_of(storage, SourceAccess) == []


async def test_logins_are_sealed_anew_with_the_newest_key(storage):
    old, new = new_key(), new_key()
    (source_id,) = await add_sources(storage, FEED)
    await change_access(storage, ring(old), source_id, login, by=None)

    done = await reseal_all(storage, ring(new, old))
    again = await reseal_all(storage, ring(new, old))

    assert (done, again) == (Sealed(1, 0, 1), Sealed(1, 0, 0))
    assert (await show_access(storage, ring(new), source_id)).is_readable
    async with storage.reading() as tx:
        found = await sealed_sources(tx)
    assert judge_sealed(found, ring(old)) == Sealed(1, 1, 0)


async def test_no_other_chat_can_follow_a_private_source_with_a_login(
    storage,
    reader,
    arrive,  # noqa: F811
):
    source_id = await source_with_login(storage, public=False)
    mine, theirs = await arrive(1), await arrive(2)
    async with storage.writing() as tx:
        await follow(tx, mine, source_id)
    adder = SourceAdder(storage, FakeFetcher(), reader, public=False)

    again = await follow_feed(storage, mine, FEED, adder=adder, limits=USUAL_LIMITS)
    refused = await follow_feed(storage, theirs, FEED, adder=adder, limits=USUAL_LIMITS)

    assert again.outcome is FeedAddition.THERE
    assert refused.outcome is FeedAddition.REFUSED
    assert refused.problem is not None
    assert refused.problem.code is ProblemCode.LOGIN_REQUIRED
    assert len(await rows_of(storage, Follow)) == 1


async def test_an_addition_with_a_login_finds_the_source_there(storage, reader):
    await source_with_login(storage)

    added = await SourceAdder(storage, FakeFetcher(), reader, public=True).add(FEED)

    assert added.outcome is AddOutcome.THERE
