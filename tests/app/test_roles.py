from bot.app.roles import TICK_SECONDS, WOKEN
from storage.words import Hint


def test_every_hint_wakes_a_loop():
    assert set(WOKEN) == set(Hint)
    assert set(WOKEN.values()) <= set(TICK_SECONDS)
