"""The Bot API as data: methods, parameters, types and limits, read once from `api_table.json`."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("api_table.json")


@dataclass(frozen=True, slots=True)
class Fact:
    """What is known of one parameter or field; *unit* says what *low* and *high* count."""

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
