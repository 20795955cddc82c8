import asyncio

import pytest

from bot import slices
from bot.matching.evaluate import article_folded
from bot.matching.index import QueryIndex
from bot.matching.query import parse
from bot.slices import Slices, finished, in_turns

MEGABYTES = "Envoy of Taiwan's spoke, and the consul-general in Zürich left. " * 32_000


def count(many: int) -> Slices[int]:
    for _ in range(many):
        yield
    return many


def matching(index: QueryIndex, title: str, text: str) -> Slices[set[int]]:
    article = yield from article_folded(title, text)
    return (yield from index.matching(article))


def yields(work: Slices[object]) -> int:
    return sum(1 for _ in work)


def test_work_in_slices_ends_with_what_it_found():
    assert finished(count(3)) == 3


@pytest.mark.parametrize("many", [0, 1, 9])
async def test_others_have_their_turn_between_slices(monkeypatch: pytest.MonkeyPatch, many: int):
    monkeypatch.setattr(slices, "_TURN", -1.0)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with asyncio.TaskGroup() as group:
        task = group.create_task(other())
        assert await in_turns(count(many)) == many
        task.cancel()

    assert turns >= many


async def test_work_that_fails_is_closed():
    closed = []

    def failing() -> Slices[None]:
        try:
            yield
            raise ValueError("of the work")
        finally:
            closed.append(True)

    with pytest.raises(ValueError, match="of the work"):
        await in_turns(failing())

    assert closed


def test_an_article_of_2_mb_takes_many_slices_and_matches_all_the_same():
    index = QueryIndex()
    typed = ["taiwan", '"consul general"', "taiwan NEAR/2 spoke", '"Taiwan\'s"c', "zur*", "rain"]
    for number, query in enumerate(typed):
        index.add(number, parse(query))

    assert yields(matching(index, "", MEGABYTES)) > len(MEGABYTES) / 4_096
    assert index.match("", MEGABYTES) == {0, 1, 2, 3, 4}


def test_many_queries_that_only_a_tree_decides_take_many_slices():
    index = QueryIndex()
    for number in range(300):
        index.add(number, parse(f'"envoy of the w{number}" OR envoy NEAR/2 "of taiwan"'))

    assert yields(matching(index, "Envoy of Taiwan", "")) > 300
    assert len(index.match("Envoy of Taiwan", "")) == 300
