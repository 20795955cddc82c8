"""The direction of text in a language that runs from right to left (Unicode's UAX 9).

1. Telegram aligns a line by its first letter, so a line that begins with a Latin letter gets a
   right-to-left mark in front.
2. Titles, names and times inside a line are isolated, because they would reorder the punctuation
   and numbers beside them.
3. A command gets a left-to-right mark in front, because its slash would otherwise end up behind it:
   `settings/`.
4. Code gets no marks, because users copy it. The exception is a line of code without letters, such
   as one that points at an error in the line above, which gets a left-to-right mark.

Marks are placed outside of the entities that they belong to, so that bold text or code does not
change. The marks of a quotation are inside it, because it consists of whole lines. Text in
left-to-right languages gets no marks.

Marks are inserted at two places only: here, where HTML becomes text and entities, and where gettext
fills a value into a sentence. Templates isolate by hand (`|isolated`) only text between tags
without an entity. Lengths are counted with the marks, before a message is packed.
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
_COMMAND = re.compile(r"(?<![\w/.])/[a-z_]{2,32}\b")
_LEFT = "L"
_LETTERS = frozenset({_LEFT, "R", "AL"})
_OVERRIDES = re.compile("[\u202a-\u202e]")
_ISOLATES = re.compile("[\u2066-\u2069]")
_ISOLATED = frozenset({"text_link", "bold", "code", "date_time"})
_QUOTES = frozenset({"blockquote", "expandable_blockquote"})


def without_overrides(text: str) -> str:
    return text if text.isascii() else _OVERRIDES.sub("", text)


def without_controls(text: str) -> str:
    """Return *text* without direction overrides, and without isolates that are not balanced."""
    text = without_overrides(text)
    depth = 0
    for mark in _ISOLATES.findall(text):
        depth += -1 if mark == PDI else 1
        if depth < 0:
            break
    return text if depth == 0 else _ISOLATES.sub("", text)


def needs_isolation(text: str) -> bool:
    return any(bidirectional(character) == _LEFT for character in text)


def isolate(text: str) -> str:
    """Isolate *text* of sources or users if it has left-to-right letters."""
    if isinstance(text, Markup):
        return Markup("\u2068{}\u2069").format(text)
    plain = without_controls(text)
    return f"{FSI}{plain}{PDI}" if needs_isolation(plain) else plain


def isolate_values(sentence: str, values: Mapping[str, object]) -> dict[str, object]:
    """Isolate the values of a *sentence*, except a value that is the whole content of a tag."""
    return {
        name: isolate(value) if type(value) is str and f">%({name})s<" not in sentence else value
        for name, value in values.items()
    }


def starts_ltr(line: str) -> bool:
    """Return whether the first letter of *line* runs from left to right."""
    return next((kind == _LEFT for kind in map(bidirectional, line) if kind in _LETTERS), False)


def mark_rtl_lines(text: str) -> str:
    """Mark the lines of a plain text, except URLs alone on their line, which users copy."""
    return "\n".join(
        RLM + line if starts_ltr(line) and not _ADDRESS.fullmatch(line) else line
        for line in text.split("\n")
    )


def with_marks(block: Block) -> Block:
    """Return *block* with the marks of right-to-left text."""
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
    """The marks at one offset: end of an isolate, mark of the line, start of an isolate.

    The mark of a command is a `start` too.
    """

    end: str = ""
    line: str = ""
    start: str = ""

    @property
    def text(self) -> str:
        return self.end + self.line + self.start


def _marks(block: Block) -> dict[int, _Marks]:
    """Return the marks by the UTF-16 offset at which they are inserted."""
    marks: defaultdict[int, _Marks] = defaultdict(_Marks)
    for entity in _outermost(block.entities):
        inside = cut_units(block.text, entity.offset, entity.length)
        before = cut_units(block.text, max(entity.offset - 1, 0), 1)
        if _ISOLATES.match(before) or "\n" in inside:  # gettext has isolated it
            continue
        if entity.type == "date_time" or needs_isolation(inside):
            marks[entity.offset].start = FSI
            marks[entity.end].end = PDI
    for at in _commands(block):
        marks[at].start = LRM
    boxes = [entity for entity in block.entities if entity.type == "pre"]
    offset = 0
    for line in block.text.split("\n"):
        if not any(box.offset <= offset < box.end for box in boxes):
            mark = RLM if starts_ltr(line) else ""
        else:
            mark = (
                LRM if line.strip() and not _LETTERS.intersection(map(bidirectional, line)) else ""
            )
        if mark:
            marks[offset].line = mark
        offset += units(line) + 1
    return marks


def _commands(block: Block) -> Iterator[int]:
    """Yield the offsets of commands that nothing else isolates."""
    isolated = [entity for entity in block.entities if entity.type in _ISOLATED | {"pre"}]
    for command in _COMMAND.finditer(block.text):
        at = units(block.text[: command.start()])
        if not any(entity.offset <= at < entity.end for entity in isolated):
            yield at


def _outermost(entities: Iterable[Entity]) -> Iterator[Entity]:
    """Yield the entities to isolate that are not inside another one."""
    done = 0
    for entity in entities:
        if entity.type in _ISOLATED and entity.offset >= done:
            done = entity.end
            yield entity


def _shift(entity: Entity, marks: Mapping[int, _Marks]) -> Entity:
    before = sum(len(mark.text) for at, mark in marks.items() if at < entity.offset)
    inside = sum(len(mark.text) for at, mark in marks.items() if entity.offset < at < entity.end)
    none = _Marks()
    first, last = marks.get(entity.offset, none), marks.get(entity.end, none)
    if entity.type in _QUOTES:
        before += len(first.end)
        inside += len(first.line + first.start + last.end)
    else:
        before += len(first.text)
    return entity._replace(offset=entity.offset + before, length=entity.length + inside)
