"""Work in the background: its order, its errors and its end."""

import asyncio

from structlog.testing import capture_logs

from bot.tasks import BackgroundTasks


async def test_work_with_the_same_key_runs_in_order():
    done: list[str] = []
    first_may_end, tasks = asyncio.Event(), BackgroundTasks()

    async def first() -> None:
        await first_may_end.wait()
        done.append("first")

    async def second() -> None:
        done.append("second")

    tasks.start(first(), "menu")
    tasks.start(second(), "menu")
    await asyncio.sleep(0)
    first_may_end.set()
    await tasks.wait()

    assert done == ["first", "second"]


async def test_an_error_is_logged_and_later_work_still_runs():
    done: list[str] = []
    tasks = BackgroundTasks()

    async def fail() -> None:
        raise LookupError("made up")

    async def succeed() -> None:
        done.append("later")

    with capture_logs() as logged:
        tasks.start(fail(), "menu")
        tasks.start(succeed(), "menu")
        await tasks.wait()

    assert [line["event"] for line in logged] == ["work in the background failed"]
    assert done == ["later"]


async def test_closing_cancels_work_that_takes_too_long(monkeypatch):
    monkeypatch.setattr("bot.tasks.CLOSE_SECONDS", 0.0)
    tasks, never = BackgroundTasks(), asyncio.Event()
    tasks.start(never.wait(), "endless")
    tasks.start(never.wait(), "endless")

    await tasks.close()

    assert not tasks.is_running("endless")
    assert len(asyncio.all_tasks()) == 1
