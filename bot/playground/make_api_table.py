"""Writes `api_table.json` from the Bot API schema in aiogram's sdist.

    python -m bot.playground.make_api_table .butcher/schema/schema.json

Only facts are taken: names, types, which parameters are required, and limits. Shape:

    {"version": "10.3", "methods": {method: {parameter: fact}}, "types": {type: {field: fact}}}

A fact is `"Type"`, with a `!` behind it if required, or `["Type!", low, high, unit]`; the unit is
`number`, `items`, `bytes`, `characters` or `parsed` (characters once entities are taken out).
A type of several kinds is a list of their names; only types that a parameter can hold are kept.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("api_table.json")
PLAIN = {"Integer", "Float", "String", "Boolean", "True", "InputFile"}

_TEXT = re.compile(r"\b(\d+)-(\d+) (characters|bytes)( after)?", re.IGNORECASE)
_NUMBER = re.compile(r"(?:[;,]|between) (\d+)(?:-| and )(\d+)\b(?!, or)")
_ITEMS = re.compile(r"(?:list of|include|up to) (?:(\d+)-)?(\d+) ", re.IGNORECASE)

Fact = str | list[str | int]
Entry = dict[str, Any]


def limits(kind: str, prose: str) -> tuple[int, int, str] | None:
    """The lowest and highest value that *prose* names for such a parameter, and the unit."""
    if kind.startswith("Array of "):
        found = _ITEMS.search(prose)
        return (int(found[1] or 0), int(found[2]), "items") if found else None
    if kind == "String" and (found := _TEXT.search(prose)):
        return int(found[1]), int(found[2]), "parsed" if found[4] else found[3].lower()
    if kind in {"Integer", "Float"} and (found := _NUMBER.search(prose)):
        return int(found[1]), int(found[2]), "number"
    return None


def fact(annotation: Entry) -> Fact:
    name = annotation["type"] + ("!" if annotation["required"] else "")
    limit = limits(annotation["type"], annotation["description"])
    return [name, *limit] if limit else name


def parts(kind: str) -> list[str]:
    """The plain names in a type such as `Array of A, B and C` or `A or B`."""
    return re.split(r", | and | or ", kind.removeprefix("Array of ").removeprefix("Array of "))


def table(schema: Entry) -> Entry:
    entries = {entry["name"]: entry for item in schema["items"] for entry in item["children"]}
    methods = {name: facts(entry) for name, entry in entries.items() if name[0].islower()}
    types: Entry = {}
    wanted = [kind for method in methods.values() for kind in _named(method)]
    while wanted:
        name = wanted.pop()
        if name in types or name in PLAIN or name not in entries:
            continue
        kinds = _kinds(name, entries)
        types[name] = kinds or facts(entries[name])
        wanted += kinds or _named(types[name])
    return {
        "version": schema["api"]["version"],
        "methods": dict(sorted(methods.items())),
        "types": dict(sorted(types.items())),
    }


def facts(entry: Entry) -> dict[str, Fact]:
    return {annotation["name"]: fact(annotation) for annotation in entry["annotations"]}


def _named(entry: dict[str, Fact]) -> Iterator[str]:
    for found in entry.values():
        yield from parts((found if isinstance(found, str) else str(found[0])).rstrip("!"))


def _kinds(name: str, entries: Entry) -> list[str]:
    """An abstract type has no fields of its own; its kinds carry its name in front."""
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
    TABLE.write_text(",\n".join(lines) + "}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
