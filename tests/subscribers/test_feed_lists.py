"""Lists of feeds: taken in turn by account, and no slow host holds up another feed."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from bot.budgets import USUAL
from bot.sources.discovery.add import Addition
from bot.sources.fetch.problems import ProblemCode
from bot.subscribers import feed_lists
from bot.subscribers.feed_lists import AT_ONCE, FeedListStage, ListProgress, Tried
from bot.subscribers.users import Sender
from storage.db.engine import Storage
from storage.enums import ChatKind
from storage.feeds_followed import ImportChat, ImportMessage, claim_import, start_import
from tests.resources import USUAL_LIMITS, OneFeed
from tests.subscribers.conftest import identify

GROUP = -1_000_000_000_007


@dataclass
class Hosts:
    """Adds feeds; those of a *slow* host time out at the first try."""

    feeds: OneFeed
    slow: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)

    async def for_account(self, url: str, /, *, room: int) -> Addition:
        self.asked.append(url)
        if url in self.slow and self.asked.count(url) == 1:
            raise TimeoutError
        return await self.feeds.for_account(url, room=room)


@dataclass
class Reports:
    finished: list[int] = field(default_factory=list)
    tried: list[tuple[int, int]] = field(default_factory=list)
    lines: list[Tried] = field(default_factory=list)

    async def report(self, chat: ImportChat, progress: ListProgress) -> None:
        self.tried.append((chat.chat_id, progress.tried))
        if progress.lines is not None:
            self.finished.append(chat.chat_id)
            self.lines += progress.lines


@dataclass
class Lists:
    storage: Storage
    hosts: Hosts
    reports: Reports

    async def send(self, chat_id: int, urls: Sequence[str]) -> None:
        """Let the stage add the list, also beside another one of the account."""
        list_id, _ = await feed_lists.keep_list(self.storage, chat_id, urls)
        async with self.storage.writing() as tx:
            assert await start_import(tx, chat_id, list_id, ImportMessage(7, 5))

    def stage(self, owner: str = "me") -> FeedListStage:
        report = self.reports.report
        return FeedListStage(self.storage, self.hosts, USUAL_LIMITS, report, owner)


@pytest.fixture
def lists(storage: Storage) -> Lists:
    return Lists(storage, Hosts(OneFeed(storage)), Reports())


def urls(name: str, number: int) -> list[str]:
    return [f"https://{name}{each}.example/feed" for each in range(number)]


async def test_lists_are_taken_in_turn(lists, arrive, clock):
    ann, bob = await arrive(1), await arrive(2)
    await lists.send(ann, urls("ann", 3 * AT_ONCE))
    stage = lists.stage()
    await stage.run_once()
    await lists.send(bob, urls("bob", 1))

    while await stage.run_once():
        clock.turn(feed_lists.LEASE / 100)

    assert lists.reports.finished == [bob, ann]
    assert [chat for chat, _ in lists.reports.tried[:3]] == [ann, bob, ann]


async def test_many_lists_of_one_account_do_not_go_before_one_of_another(lists, storage, arrive):
    threads = []
    for thread_id in range(1, 4):
        sender = Sender(7, GROUP, thread_id, ChatKind.SUPERGROUP, title="Newsroom")
        threads.append((await identify(storage, sender)).chat_id)
    bob = await arrive(2)
    for number, chat_id in enumerate(threads):
        await lists.send(chat_id, urls(f"group{number}x", 2))
    await lists.send(bob, urls("bob", 2))
    stage = lists.stage()

    await stage.run_once()
    await stage.run_once()

    assert [chat for chat, _ in lists.reports.tried] == [threads[0], bob]


async def test_one_list_of_an_account_is_claimed_at_a_time(lists, storage, arrive):
    ann, bob = await arrive(1), await arrive(2)
    for chat_id, name in ((ann, "a"), (ann, "b"), (bob, "c")):
        await lists.send(chat_id, urls(name, 1))

    claimed = []
    for owner in ("one", "two", "three"):
        async with storage.writing() as tx:
            claimed.append(await claim_import(tx, owner, feed_lists.LEASE))

    assert [one.chat_id if one else None for one in claimed] == [ann, bob, None]


async def test_slow_hosts_give_way_to_the_other_feeds_of_their_list(lists, arrive):
    slow, quick = urls("slow", AT_ONCE), urls("quick", 3)
    lists.hosts.slow = frozenset(slow)
    await lists.send(await arrive(1), [*slow, *quick])
    stage = lists.stage()

    while await stage.run_once():
        pass

    assert set(lists.hosts.asked[:AT_ONCE]) == set(slow)
    assert set(quick) < set(lists.hosts.asked[AT_ONCE : 2 * AT_ONCE])
    assert len(lists.reports.finished) == 1
    assert len(lists.hosts.asked) == 2 * AT_ONCE + 3


async def test_a_list_beyond_the_additions_of_a_day_says_so(lists, arrive):
    limits = replace(USUAL_LIMITS, budgets=replace(USUAL, additions=2))
    stage = replace(lists.stage(), limits=limits)
    await lists.send(await arrive(1), urls("paper", 4))

    while await stage.run_once():
        pass

    codes = [line.problem.code for line in lists.reports.lines if line.problem]
    assert codes == [ProblemCode.OVER_BUDGET] * 2
