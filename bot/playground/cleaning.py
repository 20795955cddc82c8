"""Cleans a text as Telegram does and moves its entities along.

1. Control characters become spaces; carriage returns, line separators, bidirectional overrides and
   a few combining lines vanish. An entity must begin and end between whole characters.
2. White space at both ends goes; an entity that begins in it keeps what it covers in front.
"""

from collections.abc import Iterable

from bot.playground.answers import Refusal, bad_request
from bot.playground.entities import Mark

_GONE = {"\r", "\u0333", "\u033f", "\u030a", *map(chr, range(0x2028, 0x202F))}
_BLANK = " \n"
_LAST_OF_ONE_UNIT = "\uffff"


def utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def clean(text: str, marks: list[Mark]) -> tuple[str, list[Mark]]:
    """*marks* must be in order; raises the refusal if one does not fit the text."""
    kept: list[str] = []
    moved = {0: 0}  # UTF-16 offset of every character's border: before, after
    before = after = 0
    for character in text:
        units = 2 if character > _LAST_OF_ONE_UNIT else 1
        before += units
        if character not in _GONE:
            kept.append(" " if character < " " and character != "\n" else character)
            after += units
        moved[before] = after
    _check_borders(text, marks, moved)
    inside = [mark.moved(moved[mark.offset], moved[mark.end]) for mark in marks]
    return "".join(kept), [mark for mark in inside if mark.length > 0]


def _check_borders(text: str, marks: list[Mark], borders: dict[int, int]) -> None:
    end = utf16_length(text)
    faults: list[tuple[int, int, Refusal]] = []
    for mark in marks:
        if mark.offset > end:
            faults.append((end + 1, mark.offset, _begins_behind(mark)))
        elif mark.offset not in borders:
            faults.append((mark.offset, 1, _begins_within(text, mark)))
        if mark.end > end >= mark.offset:
            faults.append((end + 2, -mark.offset, _ends_behind(mark)))
        elif mark.end < end and mark.end not in borders:
            faults.append((mark.end, 0, _ends_within(text, mark)))
    if faults:
        raise min(faults, key=lambda fault: fault[:2])[2]


def _byte_after(text: str, offset: int) -> int:
    """The byte at which the character that *offset* cuts in two ends."""
    units = text.encode("utf-16-le", "surrogatepass")[: (offset + 1) * 2]
    return len(units.decode("utf-16-le", "surrogatepass").encode("utf-8", "surrogatepass"))


def _begins_within(text: str, mark: Mark) -> Refusal:
    at = _byte_after(text, mark.offset)
    return bad_request(f"entity begins in a middle of a UTF-16 symbol at byte offset {at}")


def _ends_within(text: str, mark: Mark) -> Refusal:
    return bad_request(
        f"entity beginning at UTF-16 offset {mark.offset} ends in a middle of a UTF-16 symbol "
        f"at byte offset {_byte_after(text, mark.end)}"
    )


def _begins_behind(mark: Mark) -> Refusal:
    return bad_request(f"entity begins after the end of the text at UTF-16 offset {mark.offset}")


def _ends_behind(mark: Mark) -> Refusal:
    return bad_request(
        f"entity beginning at UTF-16 offset {mark.offset} ends after the end of the text "
        f"at UTF-16 offset {mark.end}"
    )


def trim(text: str, marks: Iterable[Mark]) -> tuple[str, list[Mark]]:
    whole = text.rstrip(_BLANK)
    end = utf16_length(whole)
    inside = [mark.moved(mark.offset, min(mark.end, end)) for mark in marks if mark.offset < end]
    first = min((mark.offset for mark in inside), default=end)
    blank = min(len(whole) - len(whole.lstrip(_BLANK)), first)  # blanks are one unit each
    return whole[blank:], [mark.moved(mark.offset - blank, mark.end - blank) for mark in inside]
