"""Writing text and entities side by side, white space collapsed as a browser does."""

import re
from dataclasses import dataclass, field
from typing import Any

from bot.rendering.messages import Entity
from bot.rendering.utf16 import units

# HTML's white space; a no-break space is none of it.
_SPACE = re.compile(r"[ \t\r\n\f]+")


@dataclass(slots=True)
class _Opened:
    entity: dict[str, Any] | None
    start: int | None = None  # known once something is written inside


@dataclass(slots=True)
class Writer:
    _pieces: list[str] = field(default_factory=list)
    _length: int = 0
    _opened: list[_Opened] = field(default_factory=list)
    _entities: list[Entity] = field(default_factory=list)
    _line_breaks: int = 0  # owed before the next text
    _space: bool = False  # owed before the next text

    def write_verbatim(self, text: str) -> None:
        """Write *text* as it stands; line breaks at its ends only count if text stands beyond."""
        inner = text.strip("\n")
        if not inner:
            self._line_breaks += len(text)
            return
        self._line_breaks += len(text) - len(text.lstrip("\n"))
        self._put(inner)
        self._line_breaks += len(text) - len(text.rstrip("\n"))

    def write(self, text: str) -> None:
        collapsed = _SPACE.sub(" ", text)
        words = collapsed.strip(" ")
        self._space = self._space or collapsed.startswith(" ")
        if words:
            self._put(words)
            self._space = collapsed.endswith(" ")

    def open(self, entity: dict[str, Any] | None) -> None:
        """Begin *entity* (None: something that leaves no trace) at the next text."""
        kinds = [opened.entity["type"] for opened in self._opened if opened.entity]
        nested = entity is not None and entity["type"] in kinds
        self._opened.append(_Opened(None if nested else entity))

    def close(self) -> None:
        """End what was opened last; one without text inside leaves nothing."""
        opened = self._opened.pop()
        if opened.entity is not None and opened.start is not None:
            length = self._length - opened.start
            self._entities.append(Entity(offset=opened.start, length=length, **opened.entity))

    def break_line(self) -> None:
        self._space = False
        self._line_breaks += 1

    def end_line(self, *, empty: bool = False) -> None:
        """Let the next text begin a new line, after an *empty* one if asked."""
        if self._pieces:
            self._line_breaks = max(self._line_breaks, 2 if empty else 1)
        self._space = False

    def take(self) -> tuple[str, tuple[Entity, ...]]:
        """Return what was written so far and begin anew; outer entities stand first."""
        text = "".join(self._pieces)
        entities = sorted(self._entities, key=lambda entity: (entity.offset, -entity.length))
        self._pieces, self._entities = [], []
        self._length = self._line_breaks = 0
        self._space = False
        return text, tuple(entities)

    def _put(self, text: str) -> None:
        if not text:
            return
        if self._pieces:
            owed = "\n" * self._line_breaks or " " * self._space
            if not self._pieces[-1].endswith((" ", "\n")) or self._line_breaks:
                self._append(owed)
        self._line_breaks, self._space = 0, False
        for opened in self._opened:
            if opened.start is None:
                opened.start = self._length
        self._append(text)

    def _append(self, text: str) -> None:
        if text:
            self._pieces.append(text)
            self._length += units(text)
