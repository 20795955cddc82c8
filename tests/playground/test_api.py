"""Reading and checking the calls of the Bot API."""

import json
from typing import Any

import pytest
from aiohttp import ClientOSError, FormData

from bot.playground.api.server import METHODS
from bot.playground.api.table import api_table, limits, table


async def test_a_method_is_found_whatever_its_case(call):
    assert (await call("GETme"))["result"]["id"] == 1


async def test_the_bot_has_the_number_of_its_token(call):
    assert (await call("getMe", token="77:other"))["result"]["id"] == 77


async def test_an_unknown_method_is_not_found(call):
    assert await call("sendPigeon") == {"ok": False, "error_code": 404, "description": "Not Found"}


@pytest.mark.parametrize("token", ["nonsense", "1:", "x:y"])
async def test_a_token_of_the_wrong_shape_is_unauthorized(call, token):
    body = await call("getMe", token=token)

    assert (body["error_code"], body["description"]) == (401, "Unauthorized")


async def test_a_method_that_is_not_implemented_is_named(call, ann):
    body = await call("sendDice", chat_id=ann.id)

    assert body["description"] == (
        "Bad Request: method sendDice is not implemented in this playground"
    )


KEYBOARD = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}


def _query(params) -> dict[str, Any]:
    return {"params": {name: _as_text(value) for name, value in params.items()}}


def _multipart(params) -> dict[str, Any]:
    form = FormData()
    for name, value in params.items():
        form.add_field(name, _as_text(value), content_type="text/plain")
    form.add_field("spare", b"x", filename="spare.txt")
    return {"data": form}


def _as_text(value) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@pytest.mark.parametrize(
    ("verb", "send"),
    [
        pytest.param("GET", _query, id="GET with a query string"),
        pytest.param("POST", lambda p: {"data": _query(p)["params"]}, id="url-encoded"),
        pytest.param("POST", _multipart, id="multipart"),
        pytest.param("POST", lambda p: {"json": p}, id="JSON"),
        pytest.param("POST", lambda p: {"json": _query(p)["params"]}, id="JSON in JSON strings"),
    ],
)
async def test_parameters_are_read_from_any_encoding(pg, http, ann, verb, send):
    params = {
        "chat_id": ann.id,
        "text": "bold & more",
        "entities": [{"type": "bold", "offset": 0, "length": 4}],
        "reply_markup": KEYBOARD,
        "disable_notification": True,
    }

    url = f"{pg.base_url}/bot1:playground/sendMessage"
    async with http.request(verb, url, **send(params)) as response:
        body = await response.json()

    assert body["result"]["text"] == "bold & more"
    assert body["result"]["entities"] == [{"type": "bold", "offset": 0, "length": 4}]
    assert body["result"]["reply_markup"] == KEYBOARD
    assert pg.messages(ann)[0]["silent"] is True


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        pytest.param({"text": "x"}, "chat_id is empty", id="no chat"),
        pytest.param({"chat_id": 5}, "message text is empty", id="no text"),
        pytest.param(
            {"chat_id": 5, "text": "x", "colour": 1},
            'unknown parameter "colour" in sendMessage',
            id="unknown parameter",
        ),
        pytest.param(
            {"chat_id": 5, "text": 7}, 'parameter "text" must be of type String', id="type"
        ),
        pytest.param(
            {"chat_id": 5, "text": "x", "disable_notification": "perhaps"},
            'parameter "disable_notification" must be a Boolean',
            id="no truth",
        ),
        pytest.param(
            {"chat_id": 5, "text": "x", "entities": "[{"},
            "can't parse entities JSON object",
            id="broken JSON",
        ),
        pytest.param(
            {"chat_id": 5, "text": "x", "entities": [{"type": "bold", "offset": 0}]},
            'field "length" of MessageEntity is required',
            id="missing field",
        ),
        pytest.param(
            {"chat_id": 5, "text": "x", "link_preview_options": {"off": True}},
            'unknown parameter "off" in LinkPreviewOptions',
            id="unknown field",
        ),
        pytest.param({"chat_id": 5, "text": "x"}, "chat not found", id="unknown chat"),
    ],
)
async def test_an_invalid_call_is_explained(call, params, reason):
    body = await call("sendMessage", **params)

    assert (body["error_code"], body["description"]) == (400, f"Bad Request: {reason}")


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("getUpdates", {"limit": 101}),
        ("getUpdates", {"limit": 0}),
        ("answerCallbackQuery", {"callback_query_id": "1", "text": "x" * 201}),
        ("setMyShortDescription", {"short_description": "x" * 121}),
        ("setMyCommands", {"commands": [{"command": "a", "description": ""}]}),
        ("setMyCommands", {"commands": [{"command": "Ä", "description": "b"}]}),
        ("deleteMessages", {"chat_id": 5, "message_ids": []}),
    ],
)
async def test_limits_of_the_table_hold(call, method, params):
    assert (await call(method, **params))["error_code"] == 400


async def test_a_fixed_token_is_the_only_one_accepted(call, pg):
    pg.api.token = "5:secret"

    assert (await call("getMe"))["error_code"] == 401
    assert (await call("getMe", token="5:secret"))["ok"]


async def test_the_journal_holds_every_call_and_its_effect(call, pg, ann):
    await call("sendMessage", chat_id=ann.id, text="one", disable_notification=True)
    await call("sendmessage", chat_id=ann.id, text="")
    pg.inject("reset", when="after", method="sendMessage")
    with pytest.raises(ClientOSError):
        await call("sendMessage", chat_id=ann.id, text="two")

    entries = [
        (entry["n"], entry["method"], entry["chat_id"], entry["status"], entry["applied"])
        for entry in pg.journal("sendMessage")
    ]
    assert entries == [
        (1, "sendMessage", ann.id, 200, True),
        (2, "sendMessage", ann.id, 400, False),
        (3, "sendMessage", ann.id, 0, True),
    ]
    assert pg.journal()[0]["params"]["disable_notification"] is True
    assert pg.journal(after=2)[0]["message_id"] == 2


def test_every_method_is_part_of_the_bot_api():
    assert set(METHODS) <= set(api_table().methods)


def test_the_table_has_required_fields_limits_and_kinds():
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
