"""Callback queries: pressed, waiting for their answer, too old."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from bot.playground.answers import query_too_old

LIFETIME = 60.0  # seconds in which the bot may answer
KEPT = 10_000


@dataclass(slots=True)
class Pressed:
    id: str
    at: float
    chat_id: int
    person_id: int
    answer: dict[str, object] | None = None


class Callbacks:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pressed: OrderedDict[str, Pressed] = OrderedDict()
        self._last_id = 700_000_000

    def press(self, chat_id: int, person_id: int) -> Pressed:
        self._last_id += 1
        pressed = Pressed(str(self._last_id), self._clock(), chat_id, person_id)
        self._pressed[pressed.id] = pressed
        if len(self._pressed) > KEPT:
            self._pressed.popitem(last=False)
        return pressed

    def find(self, query_id: str) -> Pressed:
        """The query to answer; raises Telegram's refusal once it is too old or unknown."""
        pressed = self._pressed.get(query_id)
        if pressed is None or self._clock() - pressed.at > LIFETIME:
            raise query_too_old()
        return pressed
