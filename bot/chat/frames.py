"""What is shown in a private chat for a channel or group that is managed from there.

Each message says for which place it is, and each of its buttons carries that place, so that an old
one acts for the place it was made for, whatever is managed meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.chat.callbacks import SubscribeQuery, TryWords, Widen
from bot.rendering.messages import MAX_UNITS, units

if TYPE_CHECKING:
    from bot.rendering.messages import Button, Keyboard, Message

MARK = "@"
_MOST_BYTES = 64
_GAP = "\n\n"
_WORDY = (SubscribeQuery, TryWords, Widen)


@dataclass(frozen=True, slots=True)
class Frame:
    """*banner*: the line above, and the button below that leads back."""

    chat_id: int
    banner: Message

    def around(self, message: Message) -> Message:
        if units(self.banner.text) + units(message.text) + len(_GAP) > MAX_UNITS:
            return replace(message, keyboard=self.keyboard(message.keyboard))
        moved = units(self.banner.text) + len(_GAP)
        entities = tuple(mark._replace(offset=mark.offset + moved) for mark in message.entities)
        return replace(
            message,
            text=self.banner.text + _GAP + message.text,
            entities=self.banner.entities + entities,
            keyboard=self.keyboard(message.keyboard),
        )

    def keyboard(self, keyboard: Keyboard) -> Keyboard:
        rows = (tuple(filter(None, map(self._button, row))) for row in keyboard)
        return (*(row for row in rows if row), *self.banner.keyboard)

    def _button(self, button: Button) -> Button | None:
        """Return the button carrying its place; None where there is no room for that."""
        if button.data is None:
            return button
        for data in (button.data, _without_words(button.data)):
            carried = f"{MARK}{self.chat_id}|{data}"
            if data and len(carried.encode()) <= _MOST_BYTES:
                return button._replace(data=carried)
        return None


def carried(data: str | None) -> tuple[int, str] | None:
    """Return the place that a button carries, and its own data; None where it carries none."""
    if not data or not data.startswith(MARK):
        return None
    number, _, inner = data[len(MARK) :].partition("|")
    is_number = number.isascii() and number.isdigit() and int(number) < 2**63
    return (int(number), inner) if is_number else None


def _without_words(data: str) -> str | None:
    """Return what says the same where the message shows the words."""
    for kind in _WORDY:
        if data.startswith(f"{kind.__prefix__}{kind.__separator__}"):
            return kind.unpack(data).model_copy(update={"words": ""}).pack()
    return None
