"""The frame of a stage: pages follow each other, and a row that fails rests."""

from bot.publishing.stage import in_pages


async def test_pages_follow_each_other_until_there_is_none(storage):
    begun = []

    async def page(_tx, after: int) -> int | None:
        begun.append(after)
        return after + 10 if after < 20 else None

    await in_pages(storage, page, 0)

    assert begun == [0, 10, 20]
