"""What the editors wrote: outlets, languages and articles as they lie in the package's files."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta, timezone
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from bot.playground.newsroom.dates import Tongue

ROOM = files(__package__)


@dataclass(frozen=True, slots=True)
class Outlet:
    """One invented paper. *place* is the pattern of a dateline, *end* its end mark."""

    code: str
    name: str
    tongue: Tongue
    date_line: Tongue
    zone: timezone
    layout: str
    place: str
    end: str
    box: str
    full_text: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """An article whose dates are still open.

    *age* is how long before the start a back issue was published (zero for a
    fresh one), *turn* the place of a fresh one in the order of publication.
    """

    slug: str
    outlet: Outlet
    title: str
    city: str
    category: str
    paragraphs: tuple[str, ...]
    story: str | None
    age: timedelta
    turn: int


def read_outlets() -> dict[str, Outlet]:
    tongues = {code: Tongue.from_table(code, table) for code, table in _tables("languages")}
    return {code: _outlet(code, table, tongues) for code, table in _tables("outlets")}


def read_archive(outlets: Mapping[str, Outlet]) -> list[Draft]:
    """Every back issue, the oldest first."""
    drafts = _read_folder(ROOM / "archive", outlets)
    return sorted(drafts, key=lambda draft: draft.age, reverse=True)


def read_live(outlets: Mapping[str, Outlet]) -> list[Draft]:
    """Everything still to be published, the first one first."""
    return sorted(_read_folder(ROOM / "live", outlets), key=lambda draft: draft.turn)


def _tables(name: str) -> Iterable[tuple[str, dict[str, Any]]]:
    return _read_toml(ROOM / f"{name}.toml").items()


def _read_toml(file: Traversable) -> dict[str, Any]:
    return tomllib.loads(file.read_text("utf-8"))


def _read_folder(folder: Traversable, outlets: Mapping[str, Outlet]) -> list[Draft]:
    # Sorted, because the order of a folder differs between file systems.
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".toml"))
    tables = (table for name in names for table in _read_toml(folder / name)["article"])
    return [_draft(table, outlets) for table in tables]


def _outlet(code: str, table: dict[str, Any], tongues: Mapping[str, Tongue]) -> Outlet:
    return Outlet(
        code=code,
        name=table["name"],
        tongue=tongues[table["language"]],
        date_line=tongues[table["date_line"]],
        zone=timezone(timedelta(hours=table["hours"]), table["zone"]),
        layout=table["layout"],
        place=table["place"],
        end=table["end"],
        box=table["box"],
        full_text=table["full_text"],
    )


def _draft(table: dict[str, Any], outlets: Mapping[str, Outlet]) -> Draft:
    return Draft(
        slug=table["slug"],
        outlet=outlets[table["outlet"]],
        title=table["title"],
        city=table["city"],
        category=table["category"],
        paragraphs=tuple(table["text"].strip().split("\n\n")),
        story=table.get("story"),
        age=timedelta(hours=table.get("hours_ago", 0)),
        turn=table.get("turn", 0),
    )
