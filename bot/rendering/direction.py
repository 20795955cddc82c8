"""Text of a language that runs from right to left, among names and titles that do not.

1. Telegram draws a line to the side that its first letter asks for, so one that begins with Latin
   gets a mark of the right in front.
2. Titles, names and times inside a line are set apart (UAX 9, isolates): else they would take the
   signs and numbers beside them into their own order.
3. What is in a box of code is left as it is, since people copy it; but a line of signs alone, such
   as the one that points at a mistake in the line above, has no direction and gets that of Latin.
Marks stand outside of the entities that they belong to, so that what is bold or code stays what it
was; those of a quotation stand in it, which begins and ends with its lines. In languages that run
from left to right there are none.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from unicodedata import bidirectional

from markupsafe import Markup

from bot.rendering.blocks import Block
from bot.rendering.messages import Entity
from bot.rendering.utf16 import cut, index_of, units

RTL = "rtl"
FROM_THE_LEFT, FROM_THE_RIGHT = "\u200e", "\u200f"
APART, END_OF_APART = "\u2068", "\u2069"

_ADDRESS = re.compile(r"\s*[a-z]+://\S+\s*")
_LEFT, _RIGHT = "L", frozenset({"R", "AL"})
_OVERRIDES = re.compile("[\u202a-\u202e]")
_ISOLATES = re.compile("[\u2066-\u2069]")
_SET_APART = frozenset({"text_link", "bold", "code"})
_QUOTES = frozenset({"blockquote", "expandable_blockquote"})


def without_overrides(text: str) -> str:
    return text if text.isascii() else _OVERRIDES.sub("", text)


def unturned(text: str) -> str:
    """Leave out what turns the direction of text, or ends what another began."""
    text = without_overrides(text)
    return text if _is_balanced(text) else _ISOLATES.sub("", text)


def _is_balanced(text: str) -> bool:
    depth = 0
    for mark in _ISOLATES.findall(text):
        depth += -1 if mark == END_OF_APART else 1
        if depth < 0:
            return False
    return depth == 0


def needs_apart(text: str) -> bool:
    return any(bidirectional(character) == _LEFT for character in text)


def apart(text: str) -> str:
    """Set *text*, which is none of ours, apart from what runs from right to left around it."""
    if isinstance(text, Markup):
        return Markup("\u2068{}\u2069").format(text)
    plain = unturned(text)
    return f"{APART}{plain}{END_OF_APART}" if needs_apart(plain) else plain


def filled_apart(sentence: str, values: Mapping[str, object]) -> dict[str, object]:
    """Set what is filled into a *sentence* apart, but for what is a link or bold there anyway."""
    return {
        name: apart(value) if type(value) is str and f">%({name})s<" not in sentence else value
        for name, value in values.items()
    }


def begins_left(line: str) -> bool:
    """Whether the first letter of *line* runs from left to right."""
    kinds = map(bidirectional, line)
    return next((kind == _LEFT for kind in kinds if kind == _LEFT or kind in _RIGHT), False)


def lines_from_the_right(text: str) -> str:
    """Mark the lines of a plain text; an address alone on its line stays as it can be copied."""
    return "\n".join(
        FROM_THE_RIGHT + line if begins_left(line) and not _ADDRESS.fullmatch(line) else line
        for line in text.split("\n")
    )


def turned(block: Block) -> Block:
    """Return the block as it is shown from right to left."""
    marks = _marks_of(block)
    if not marks:
        return block
    pieces, done = [], 0
    for at in sorted(marks):
        index = index_of(block.text, at)
        pieces += [block.text[done:index], marks[at].text]
        done = index
    entities = tuple(_moved(entity, marks) for entity in block.entities)
    return replace(block, text="".join((*pieces, block.text[done:])), entities=entities)


@dataclass(slots=True)
class _Marks:
    """What stands at one place: ends of what comes before it, then beginnings of what follows."""

    ends: str = ""
    line: str = ""
    begins: str = ""

    @property
    def text(self) -> str:
        return self.ends + self.line + self.begins


@dataclass(slots=True)
class _Places:
    by_offset: dict[int, _Marks] = field(default_factory=dict)

    def at(self, offset: int) -> _Marks:
        return self.by_offset.setdefault(offset, _Marks())


def _marks_of(block: Block) -> dict[int, _Marks]:
    """Return the marks by the UTF-16 offset at which they are put in."""
    places = _Places()
    boxes = [entity for entity in block.entities if entity.type == "pre"]
    for entity in _outermost(block.entities):
        inside = cut(block.text, entity.offset, entity.length)
        if _is_apart(block.text, entity) or "\n" in inside:
            continue
        if entity.type == "date_time" or needs_apart(inside):
            places.at(entity.offset).begins = APART
            places.at(entity.end).ends = END_OF_APART
    for offset, line in _lines(block.text):
        if mark := _mark_of(line, in_a_box=any(box.offset <= offset < box.end for box in boxes)):
            places.at(offset).line = mark
    return places.by_offset


def _mark_of(line: str, *, in_a_box: bool) -> str:
    if in_a_box:
        return FROM_THE_LEFT if line.strip() and not _has_letters(line) else ""
    return FROM_THE_RIGHT if begins_left(line) else ""


def _has_letters(line: str) -> bool:
    return any(bidirectional(character) in _RIGHT | {_LEFT} for character in line)


def _is_apart(text: str, entity: Entity) -> bool:
    """Whether the sentence sets it apart itself."""
    return bool(_ISOLATES.match(cut(text, max(entity.offset - 1, 0), 1)))


def _outermost(entities: Iterable[Entity]) -> Iterator[Entity]:
    """Yield those to be set apart that stand in no other such; outer ones come first."""
    done = 0
    for entity in entities:
        if entity.type in _SET_APART | {"date_time"} and entity.offset >= done:
            done = entity.end
            yield entity


def _lines(text: str) -> Iterator[tuple[int, str]]:
    offset = 0
    for line in text.split("\n"):
        yield offset, line
        offset += units(line) + 1


def _moved(entity: Entity, marks: dict[int, _Marks]) -> Entity:
    is_quote = entity.type in _QUOTES
    before = sum(len(mark.text) for at, mark in marks.items() if at < entity.offset)
    inside = sum(len(mark.text) for at, mark in marks.items() if entity.offset < at < entity.end)
    first, last = marks.get(entity.offset), marks.get(entity.end)
    if is_quote:
        before += len(first.ends) if first else 0
        inside += len(first.line + first.begins) if first else 0
        inside += len(last.ends) if last else 0
    else:
        before += len(first.text) if first else 0
    return entity._replace(offset=entity.offset + before, length=entity.length + inside)
