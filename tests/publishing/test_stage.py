"""The frame of all stages."""

from bot.publishing.stage import in_pages


async def test_pages_run_one_after_another_until_the_last(storage):
    begun = []

    async def page(_tx, after: int) -> int | None:
        begun.append(after)
        return after + 10 if after < 20 else None

    await in_pages(storage, page, 0)

    assert begun == [0, 10, 20]
