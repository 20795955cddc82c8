from bot.app.wiring import TICK_SECONDS, WAKES, WOKEN, wire
from bot.loops import Loop
from storage.enums import Notification


def test_every_hint_wakes_a_loop():
    assert set(WOKEN) == set(Notification)
    assert set(WOKEN.values()) <= set(TICK_SECONDS)


def test_what_is_woken_has_ticks_too():
    assert {name for woken in WAKES.values() for name in woken} | set(WAKES) <= set(TICK_SECONDS)


async def test_a_step_wakes_those_that_go_on_with_its_work_as_far_as_they_are_here():
    poll, pages = _loop("poll"), [_loop("page"), _loop("page")]
    group, send = _loop("group"), _loop("send")

    wire([poll, *pages, group, send])

    assert poll.wakes == (*pages, group)
    assert group.wakes == ()
    assert send.wakes == ()


def _loop(name: str) -> Loop:
    async def step() -> int:
        return 0

    return Loop(name, step)
