"""Articles whose event is known.

`invented`: a line of a file is `hours | publisher | title | summary`; `== name` starts an event,
and each line under `== singles` is an event of its own. `collected`: rows of articles, and lists of
those that report the same event; pairs inside an ambiguous group do not count.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

_HERE = Path(__file__).parent
SINGLES = "singles"
HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Piece:
    number: int
    at: float  # seconds
    publisher: str
    title: str
    summary: str
    event: str  # its own number if no other article reports it


@dataclass(frozen=True, slots=True)
class Labelled:
    name: str
    pieces: tuple[Piece, ...]  # in order of time
    unsure: frozenset[tuple[int, int]] = frozenset()

    def without_unsure(self) -> "Labelled":
        """Leave out articles that may report the event of another one."""
        doubted = {number for pair in self.unsure for number in pair}
        events = [piece.event for piece in self.pieces]
        kept = (p for p in self.pieces if p.number not in doubted or events.count(p.event) > 1)
        return replace(self, name=f"{self.name}, sure", pieces=tuple(kept))


def invented() -> list[Labelled]:
    return [_read(path) for path in sorted(_HERE.glob("*.txt"))]


def together(sets: Iterable[Labelled]) -> Labelled:
    """Return all sets as one stream, which begin at the same time."""
    pieces: list[Piece] = []
    unsure: set[tuple[int, int]] = set()
    for part in sets:
        start, first = part.pieces[0].at, len(pieces)
        numbers = {piece.number: first + at for at, piece in enumerate(part.pieces)}
        pieces += [
            replace(
                piece,
                number=numbers[piece.number],
                at=piece.at - start,
                event=f"{part.name} {piece.event}",
            )
            for piece in part.pieces
        ]
        unsure |= {pair(numbers[one], numbers[other]) for one, other in part.unsure}
    return Labelled("together", _in_time(pieces), frozenset(unsure))


def pair(one: int, other: int) -> tuple[int, int]:
    return (one, other) if one < other else (other, one)


def _read(path: Path) -> Labelled:
    pieces: list[Piece] = []
    event = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("=="):
            event = line.removeprefix("==").strip()
        elif line and not line.startswith("#"):
            hours, publisher, title, summary = (part.strip() for part in line.split("|"))
            number = len(pieces)
            own = str(number) if event == SINGLES else event
            pieces.append(Piece(number, float(hours) * HOUR, publisher, title, summary, own))
    return Labelled(path.stem.replace("_", " "), _in_time(pieces))


def collected(path: Path) -> Labelled:
    data = json.loads(path.read_text(encoding="utf-8"))
    events = {
        number: f"event {at}" for at, event in enumerate(data["same_event"]) for number in event
    }
    pieces = (
        Piece(
            row["id"],
            datetime.fromisoformat(row["date"]).replace(tzinfo=UTC).timestamp(),
            row["outlet"],
            row["title"],
            row["summary"] or "",
            events.get(row["id"], str(row["id"])),
        )
        for row in data["rows"]
    )
    return Labelled(
        path.stem.replace("_", " "),
        _in_time(pieces),
        frozenset(_unsure(data["ambiguous_groups"], events)),
    )


def _unsure(groups: Iterable[list[int]], events: dict[int, str]) -> Iterator[tuple[int, int]]:
    for group in groups:
        for one, other in combinations(sorted(group), 2):
            if one not in events or events[one] != events.get(other):
                yield one, other


def _in_time(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    return tuple(sorted(pieces, key=lambda piece: (piece.at, piece.number)))
