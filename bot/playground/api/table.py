"""The Bot API as data, read from `table.json`.

This command makes the file from the schema in aiogram's sdist:

    python -m bot.playground.api.table .butcher/schema/schema.json

The table holds names, types, which parameters are required, and limits:

    {"version": "10.3", "methods": {method: {parameter: fact}}, "types": {type: {field: fact}}}

A fact is `"Type"`, followed by `!` if required, or `["Type!", low, high, unit]`; the unit is
`number`, `items`, `bytes`, `characters` or `parsed` (characters after entities parsing).
A type of several kinds is a list of their names; only types that a parameter can hold are kept.
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("table.json")


@dataclass(frozen=True, slots=True)
class Fact:
    """One parameter or field; *unit* is the unit of *low* and *high*."""

    kind: str
    required: bool
    low: int = 0
    high: int | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class ApiTable:
    """`methods` are keyed by their lower-case name; `kinds` are the shapes of an abstract type."""

    version: str
    names: dict[str, str]
    methods: dict[str, dict[str, Fact]]
    types: dict[str, dict[str, Fact]]
    kinds: dict[str, list[str]]


def _fact(raw: str | list[str | int]) -> Fact:
    if isinstance(raw, str):
        return Fact(raw.rstrip("!"), raw.endswith("!"))
    kind, low, high, unit = raw
    return Fact(str(kind).rstrip("!"), str(kind).endswith("!"), int(low), int(high), str(unit))


def _facts(entry: dict[str, str | list[str | int]]) -> dict[str, Fact]:
    return {name: _fact(raw) for name, raw in entry.items()}


@cache
def api_table() -> ApiTable:
    raw = json.loads(_FILE.read_text(encoding="utf-8"))
    methods, types = raw["methods"], raw["types"]
    return ApiTable(
        version=raw["version"],
        names={name.lower(): name for name in methods},
        methods={name.lower(): _facts(entry) for name, entry in methods.items()},
        types={name: _facts(entry) for name, entry in types.items() if isinstance(entry, dict)},
        kinds={name: entry for name, entry in types.items() if isinstance(entry, list)},
    )


PLAIN = {"Integer", "Float", "String", "Boolean", "True", "InputFile"}

_TEXT_LIMIT = re.compile(r"\b(\d+)-(\d+) (characters|bytes)( after)?", re.IGNORECASE)
_NUMBER_LIMIT = re.compile(r"(?:[;,]|between) (\d+)(?:-| and )(\d+)\b(?!, or)")
_ITEMS_LIMIT = re.compile(r"(?:list of|include|up to) (?:(\d+)-)?(\d+) ", re.IGNORECASE)

RawFact = str | list[str | int]
Entry = dict[str, Any]


def limits(kind: str, prose: str) -> tuple[int, int, str] | None:
    """Return the limits that *prose* names for a parameter of this type, and their unit."""
    if kind.startswith("Array of "):
        found = _ITEMS_LIMIT.search(prose)
        return (int(found[1] or 0), int(found[2]), "items") if found else None
    if kind == "String" and (found := _TEXT_LIMIT.search(prose)):
        return int(found[1]), int(found[2]), "parsed" if found[4] else found[3].lower()
    if kind in {"Integer", "Float"} and (found := _NUMBER_LIMIT.search(prose)):
        return int(found[1]), int(found[2]), "number"
    return None


def _raw_fact(annotation: Entry) -> RawFact:
    name = annotation["type"] + ("!" if annotation["required"] else "")
    limit = limits(annotation["type"], annotation["description"])
    return [name, *limit] if limit else name


def parts(kind: str) -> list[str]:
    """Return the plain names in a type such as `Array of A, B and C` or `A or B`."""
    return re.split(r", | and | or ", kind.removeprefix("Array of ").removeprefix("Array of "))


def table(schema: Entry) -> Entry:
    entries = {entry["name"]: entry for item in schema["items"] for entry in item["children"]}
    methods = {name: _raw_facts(entry) for name, entry in entries.items() if name[0].islower()}
    types: Entry = {}
    wanted = [kind for method in methods.values() for kind in _named(method)]
    while wanted:
        name = wanted.pop()
        if name in types or name in PLAIN or name not in entries:
            continue
        kinds = _kinds(name, entries)
        types[name] = kinds or _raw_facts(entries[name])
        wanted += kinds or _named(types[name])
    return {
        "version": schema["api"]["version"],
        "methods": dict(sorted(methods.items())),
        "types": dict(sorted(types.items())),
    }


def _raw_facts(entry: Entry) -> dict[str, RawFact]:
    return {annotation["name"]: _raw_fact(annotation) for annotation in entry["annotations"]}


def _named(entry: dict[str, RawFact]) -> Iterator[str]:
    for found in entry.values():
        yield from parts((found if isinstance(found, str) else str(found[0])).rstrip("!"))


def _kinds(name: str, entries: Entry) -> list[str]:
    """Return the kinds of an abstract type, whose names begin with its name; none for others."""
    if entries[name]["annotations"]:
        return []
    return [
        other
        for other, entry in entries.items()
        if other != name and entry["category"] == "types" and _is_kind(other, name)
    ]


def _is_kind(other: str, name: str) -> bool:
    if name == "InputMessageContent":
        return other.startswith("Input") and other.endswith("MessageContent")
    return other.startswith(name) and other[len(name)].isupper()


def main(schema: str) -> None:
    made = table(json.loads(Path(schema).read_text(encoding="utf-8")))
    lines = [f'{{"version": {json.dumps(made["version"])}']
    for group in ("methods", "types"):
        rows = ",\n".join(
            f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in made[group].items()
        )
        lines.append(f'"{group}": {{\n{rows}\n}}')
    _FILE.write_text(",\n".join(lines) + "}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
