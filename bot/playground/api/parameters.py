"""Reads the parameters of a call and checks them against the API table.

The query string and the body (url-encoded form, multipart form or JSON) may both hold parameters;
the body wins. Files are named by their form field. An unknown parameter or field is an error here,
unlike at Telegram, so that a typo does not go unnoticed.
"""

import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.playground.api.table import ApiTable, Fact, api_table
from bot.playground.errors import ApiError, bad_request
from bot.playground.state.chats import PlaygroundChat, bot_user
from bot.playground.state.files import Upload
from bot.playground.state.world import World
from bot.playground.text.entities import utf16_length


@dataclass(frozen=True, slots=True)
class Parameters:
    params: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Upload] = field(default_factory=dict)


async def read_parameters(request: web.Request) -> Parameters:
    """Return the parameters unchecked, as text or parsed JSON."""
    body = Parameters(dict(request.query))
    kind = request.content_type if request.can_read_body else ""
    try:
        if kind == "application/json":
            body.params.update(_object(await request.json()))
        elif kind in {"multipart/form-data", "application/x-www-form-urlencoded"}:
            for name, value in (await request.post()).items():
                if isinstance(value, web.FileField):
                    body.files[name] = Upload(value.filename, value.content_type, value.file.read())
                else:
                    body.params[name] = value if isinstance(value, str) else bytes(value).decode()
    except (LookupError, RecursionError, ValueError):  # unknown charset, invalid JSON or form
        raise bad_request("can't parse the body") from None
    return body


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise bad_request("the JSON body must be an Object")
    return {name: part for name, part in value.items() if part is not None}


# Errors about these have Telegram's own descriptions. For other parameters, ours give the name.
_MISSING = {
    "chat_id": "chat_id is empty",
    "text": "message text is empty",
    "message_id": "message identifier is not specified",
    "document": "there is no document in the request",
    "photo": "there is no photo in the request",
}
_BEYOND = {"callback_data": "BUTTON_DATA_INVALID", "command": "BOT_COMMAND_INVALID"}
_MAY_BE_EMPTY = {("setwebhook", "url")}  # an empty URL deletes the webhook
_LARGEST = 2**63
_SURROGATE = re.compile("[\ud800-\udfff]")
_TRUE = {"true", "yes", "1"}
_FALSE = {"false", "no", "0", ""}


def check_call(table: ApiTable, method: str, body: Parameters) -> dict[str, Any]:
    """Return the parameters of *method* (lower case) with their types."""
    facts = table.methods[method]
    given = body.params | {name: file for name, file in body.files.items() if name in facts}
    _check_known(table.names[method], facts, given)
    for name, fact in facts.items():
        if fact.required and given.get(name, "") == "" and (method, name) not in _MAY_BE_EMPTY:
            raise bad_request(_MISSING.get(name, f'parameter "{name}" is required'))
    checker = _Checker(table, body.files)
    try:
        return {
            name: checker.top(name, facts[name], value)
            for name, value in given.items()
            if value != ""
            or facts[name].kind == "String"  # otherwise an empty parameter counts as absent
        }
    except RecursionError:
        raise bad_request("the parameters are nested too deep") from None


def check_value(name: str, kind: str, value: Any) -> Any:
    """Return *value* as a *kind* of the API table, such as `Array of MessageEntity`."""
    return _Checker(api_table(), {}).kind(name, kind, value)


def _check_known(owner: str, facts: dict[str, Fact], given: dict[str, Any]) -> None:
    for name in given:
        if name not in facts:
            raise bad_request(f'unknown parameter "{name}" in {owner}')


class _Checker:
    def __init__(self, table: ApiTable, files: dict[str, Upload]) -> None:
        self.table = table
        self.files = files

    def top(self, name: str, fact: Fact, value: Any) -> Any:
        """Check a parameter of the call itself; numbers, Booleans and JSON may come as text."""
        if isinstance(value, str) and not fact.kind.startswith("String"):
            value = _from_text(name, fact.kind, value)
        return self.value(name, fact, value)

    def value(self, name: str, fact: Fact, value: Any) -> Any:
        checked = self.kind(name, fact.kind, value)
        if not _within(fact, checked):
            raise bad_request(_BEYOND.get(name, _limit_words(name, fact)))
        return checked

    def kind(self, name: str, kind: str, value: Any) -> Any:
        if kind.startswith("Array of "):
            if not isinstance(value, list):
                raise bad_request(f'parameter "{name}" must be an Array')
            inner = kind.removeprefix("Array of ")
            return [self.kind(name, inner, item) for item in value]
        if " or " in kind or " and " in kind:
            names = kind.replace(", ", " or ").replace(" and ", " or ").split(" or ")
            return self.one_of(name, names, value)
        if kind in self.table.kinds:
            return self.one_of(name, self.table.kinds[kind], value)
        if kind in self.table.types:
            return self.record(name, kind, value)
        if kind == "InputFile":
            return self.file(name, value)
        return _plain(name, kind, value)

    def one_of(self, name: str, kinds: list[str], value: Any) -> Any:
        """Return the value as the first kind that it fits; the error names the most similar one."""
        nearest, *others = sorted(kinds, key=lambda kind: self.count_unknown(kind, value))
        try:
            return self.kind(name, nearest, value)
        except ApiError:
            for kind in others:
                with suppress(ApiError):
                    return self.kind(name, kind, value)
            raise

    def count_unknown(self, kind: str, value: Any) -> int:
        """Return how many fields of *value* the type lacks; 0 if *value* is no Object."""
        known = self.table.types.get(kind, {})
        return len(set(value) - set(known)) if isinstance(value, dict) else 0

    def record(self, name: str, kind: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise bad_request(f'parameter "{name}" must be {kind}, an Object')
        facts = self.table.types[kind]
        if facts:
            _check_known(kind, facts, value)
        for key, fact in facts.items():
            if fact.required and value.get(key) is None:
                raise bad_request(f'field "{key}" of {kind} is required')
        return {
            key: self.value(key, facts[key], part) if key in facts else part
            for key, part in value.items()
            if part is not None
        }

    def file(self, name: str, value: Any) -> Upload:
        if isinstance(value, Upload):
            return value
        attached = self.files.get(str(value).removeprefix("attach://"))
        if attached is None:
            raise bad_request(f'there is no file in the parameter "{name}"')
        return attached


def _from_text(name: str, kind: str, value: str) -> Any:
    if kind in {"Integer or String", "InputFile or String"}:
        return value
    if kind in {"Boolean", "True"}:
        if value.lower() not in _TRUE | _FALSE:
            raise bad_request(f'parameter "{name}" must be a Boolean')
        return value.lower() in _TRUE
    try:
        return json.loads(value)
    except (RecursionError, ValueError):
        raise bad_request(f"can't parse {name} JSON object") from None


def _plain(name: str, kind: str, value: Any) -> Any:
    fits = {
        "Integer": isinstance(value, int) and not isinstance(value, bool),
        "Float": isinstance(value, int | float) and not isinstance(value, bool),
        "String": isinstance(value, str),
        "Boolean": isinstance(value, bool),
        "True": value is True,
    }
    if not fits[kind]:
        raise bad_request(f'parameter "{name}" must be of type {kind}')
    if kind in {"Integer", "Float"} and not abs(value) < _LARGEST:  # rejects NaN too
        raise bad_request(f'parameter "{name}" is out of range')
    if kind == "String" and _SURROGATE.search(value):
        raise bad_request("strings must be encoded in UTF-8")
    return value


def _within(fact: Fact, value: Any) -> bool:
    if fact.high is None or fact.unit == "parsed":
        return True
    return bool(fact.low <= _size(fact.unit, value) <= fact.high)


def _size(unit: str, value: Any) -> float:
    match unit:
        case "number":
            return float(value)
        case "bytes":
            return len(value.encode("utf-8", "surrogatepass"))
        case "characters":
            return utf16_length(value)
        case _:
            return len(value)


def _limit_words(name: str, fact: Fact) -> str:
    unit = "" if fact.unit == "number" else f" {fact.unit}"
    return f'parameter "{name}" must have {fact.low}-{fact.high}{unit}'


@dataclass(frozen=True, slots=True)
class Call:
    """*method* is in lower case; *params* are checked and converted to their types."""

    world: World
    token: str
    method: str
    params: dict[str, Any]

    @property
    def bot(self) -> dict[str, Any]:
        return bot_user(self.token)

    @property
    def chat(self) -> PlaygroundChat:
        return self.world.chat(self.params["chat_id"])

    def get(self, name: str, default: Any = None) -> Any:
        return self.params.get(name, default)
