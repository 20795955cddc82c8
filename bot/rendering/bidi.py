"""The direction of text in a language that runs from right to left (Unicode's UAX 9).

1. Telegram aligns a line by its first letter, so a line that begins with a Latin letter gets a
   right-to-left mark in front.
2. Titles, names and times inside a line are isolated: else they would reorder the signs and numbers
   beside them.
3. Code is left as it is, since users copy it; but a line of signs alone, such as the one that
   points at a mistake in the line above, gets the direction of Latin.
Marks stand outside of the entities that they belong to, so that bold text or code stays what it
was; those of a quotation stand inside, since it begins and ends with its lines. Text in languages
that run from left to right gets no marks.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from unicodedata import bidirectional

from markupsafe import Markup

from bot.rendering.messages import Entity, cut_units, index_of, units
from bot.rendering.packing import Block

RTL = "rtl"
LRM, RLM = "\u200e", "\u200f"
FSI, PDI = "\u2068", "\u2069"

_ADDRESS = re.compile(r"\s*[a-z]+://\S+\s*")
_LEFT, _RIGHT = "L", frozenset({"R", "AL"})
_OVERRIDES = re.compile("[\u202a-\u202e]")
_ISOLATES = re.compile("[\u2066-\u2069]")
_ISOLATED = frozenset({"text_link", "bold", "code", "date_time"})
_QUOTES = frozenset({"blockquote", "expandable_blockquote"})


def without_overrides(text: str) -> str:
    return text if text.isascii() else _OVERRIDES.sub("", text)


def without_controls(text: str) -> str:
    """Return *text* without direction overrides, and without isolates that are not balanced."""
    text = without_overrides(text)
    return text if _is_balanced(text) else _ISOLATES.sub("", text)


def _is_balanced(text: str) -> bool:
    depth = 0
    for mark in _ISOLATES.findall(text):
        depth += -1 if mark == PDI else 1
        if depth < 0:
            return False
    return depth == 0


def needs_isolation(text: str) -> bool:
    return any(bidirectional(character) == _LEFT for character in text)


def isolate(text: str) -> str:
    """Isolate *text*, which is not ours, if it holds letters that run from left to right."""
    if isinstance(text, Markup):
        return Markup("\u2068{}\u2069").format(text)
    plain = without_controls(text)
    return f"{FSI}{plain}{PDI}" if needs_isolation(plain) else plain


def isolate_values(sentence: str, values: Mapping[str, object]) -> dict[str, object]:
    """Isolate the values of a *sentence*, except those that its tags isolate anyway."""
    return {
        name: isolate(value) if type(value) is str and f">%({name})s<" not in sentence else value
        for name, value in values.items()
    }


def starts_ltr(line: str) -> bool:
    """Return whether the first letter of *line* runs from left to right."""
    kinds = map(bidirectional, line)
    return next((kind == _LEFT for kind in kinds if kind == _LEFT or kind in _RIGHT), False)


def mark_rtl_lines(text: str) -> str:
    """Mark the lines of a plain text, but not an address alone on its line, which users copy."""
    return "\n".join(
        RLM + line if starts_ltr(line) and not _ADDRESS.fullmatch(line) else line
        for line in text.split("\n")
    )


def with_marks(block: Block) -> Block:
    """Return the block as it is shown from right to left."""
    marks = _marks(block)
    if not marks:
        return block
    pieces, done = [], 0
    for at in sorted(marks):
        index = index_of(block.text, at)
        pieces += [block.text[done:index], marks[at].text]
        done = index
    entities = tuple(_shift(entity, marks) for entity in block.entities)
    return replace(block, text="".join((*pieces, block.text[done:])), entities=entities)


@dataclass(slots=True)
class _Marks:
    """The marks at one offset: the end of an isolate, that of the line, the start of an isolate."""

    end: str = ""
    line: str = ""
    start: str = ""

    @property
    def text(self) -> str:
        return self.end + self.line + self.start


def _marks(block: Block) -> dict[int, _Marks]:
    """Return the marks by the UTF-16 offset at which they are inserted."""
    marks: defaultdict[int, _Marks] = defaultdict(_Marks)
    boxes = [entity for entity in block.entities if entity.type == "pre"]
    for entity in _outermost(block.entities):
        inside = cut_units(block.text, entity.offset, entity.length)
        if _is_isolated(block.text, entity) or "\n" in inside:
            continue
        if entity.type == "date_time" or needs_isolation(inside):
            marks[entity.offset].start = FSI
            marks[entity.end].end = PDI
    for offset, line in _lines(block.text):
        if mark := _mark_of(line, is_code=any(box.offset <= offset < box.end for box in boxes)):
            marks[offset].line = mark
    return marks


def _mark_of(line: str, *, is_code: bool) -> str:
    if is_code:
        return LRM if line.strip() and not _has_letters(line) else ""
    return RLM if starts_ltr(line) else ""


def _has_letters(line: str) -> bool:
    return any(bidirectional(character) in _RIGHT | {_LEFT} for character in line)


def _is_isolated(text: str, entity: Entity) -> bool:
    """Return whether the sentence itself isolates the entity."""
    return bool(_ISOLATES.match(cut_units(text, max(entity.offset - 1, 0), 1)))


def _outermost(entities: Iterable[Entity]) -> Iterator[Entity]:
    """Yield the entities to isolate that are in no other such; outer ones come first."""
    done = 0
    for entity in entities:
        if entity.type in _ISOLATED and entity.offset >= done:
            done = entity.end
            yield entity


def _lines(text: str) -> Iterator[tuple[int, str]]:
    offset = 0
    for line in text.split("\n"):
        yield offset, line
        offset += units(line) + 1


def _shift(entity: Entity, marks: dict[int, _Marks]) -> Entity:
    is_quote = entity.type in _QUOTES
    before = sum(len(mark.text) for at, mark in marks.items() if at < entity.offset)
    inside = sum(len(mark.text) for at, mark in marks.items() if entity.offset < at < entity.end)
    first, last = marks.get(entity.offset), marks.get(entity.end)
    if is_quote:
        before += len(first.end) if first else 0
        inside += len(first.line + first.start) if first else 0
        inside += len(last.end) if last else 0
    else:
        before += len(first.text) if first else 0
    return entity._replace(offset=entity.offset + before, length=entity.length + inside)
