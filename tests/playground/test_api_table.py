"""The table of the Bot API and how it is made from a schema."""

from typing import Any

import pytest

from bot.playground.api.server import METHODS
from bot.playground.api.table import api_table, limits, table


def test_every_method_here_is_one_of_the_bot_api():
    assert set(METHODS) <= set(api_table().methods)


def test_the_table_knows_what_the_tests_rely_on():
    known = api_table()

    assert known.methods["sendmessage"]["text"].required
    assert known.types["InlineKeyboardButton"]["callback_data"].high == 64
    assert "BotCommandScopeChat" in known.kinds["BotCommandScope"]


@pytest.mark.parametrize(
    ("kind", "prose", "found"),
    [
        ("String", "Label, 1-64 bytes", (1, 64, "bytes")),
        ("String", "Label; 0-16 characters, no emoji", (0, 16, "characters")),
        ("String", "Label, 1-4096 characters after entities parsing", (1, 4096, "parsed")),
        ("Integer", "How many; 1-100. Defaults to 100.", (1, 100, "number")),
        ("Integer", "Must be between 1 and 360 if specified.", (1, 360, "number")),
        ("Integer", "must be between 60 and 86400, or 0x7FFFFFFF", None),
        ("Array of Integer", "A list of 1-100 identifiers", (1, 100, "items")),
        ("Array of String", "A list of names, each with 1-5 letters", None),
        ("Boolean", "Up to 1000 a second", None),
    ],
)
def test_limits_are_found_in_prose(kind, prose, found):
    assert limits(kind, prose) == found


def _entry(name: str, category: str, *annotations: tuple[object, ...]) -> dict[str, Any]:
    names = ("name", "type", "required", "description")
    return {
        "name": name,
        "category": category,
        "annotations": [dict(zip(names, one, strict=True)) for one in annotations],
    }


def test_a_schema_becomes_methods_and_the_types_that_they_need():
    schema = {
        "api": {"version": "1.2"},
        "items": [
            {
                "children": [
                    _entry(
                        "send",
                        "methods",
                        ("id", "Integer", True, "Identifier"),
                        ("to", "Array of Place", False, "A list of 1-3 places"),
                    ),
                    _entry("Place", "types"),
                    _entry("PlaceHome", "types", ("name", "String", False, "0-9 characters")),
                    _entry("Placement", "types"),
                    _entry("Unused", "types"),
                ]
            }
        ],
    }

    assert table(schema) == {
        "version": "1.2",
        "methods": {"send": {"id": "Integer!", "to": ["Array of Place", 1, 3, "items"]}},
        "types": {"Place": ["PlaceHome"], "PlaceHome": {"name": ["String", 0, 9, "characters"]}},
    }
