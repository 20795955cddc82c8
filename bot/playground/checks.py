"""Checks the parameters of a call against the API table and turns them into their types.

An unknown parameter or field is refused too: Telegram overlooks it, here a mistake shows.
"""

import json
from contextlib import suppress
from typing import Any

from bot.playground.answers import Refusal, bad_request
from bot.playground.api_table import ApiTable, Fact
from bot.playground.bodies import Body, Upload
from bot.playground.cleaning import utf16_length

# Telegram has words of its own for these; the rest get words that name the parameter.
_MISSING = {
    "chat_id": "chat_id is empty",
    "text": "message text is empty",
    "message_id": "message identifier is not specified",
    "document": "there is no document in the request",
    "photo": "there is no photo in the request",
}
_BEYOND = {
    "callback_data": "BUTTON_DATA_INVALID",
    "command": "BOT_COMMAND_INVALID",
}
_MAY_BE_EMPTY = {("setwebhook", "url")}  # for none
_TRUE = {"true", "yes", "1"}
_FALSE = {"false", "no", "0", ""}


def check_call(table: ApiTable, method: str, body: Body) -> dict[str, Any]:
    """The parameters of *method* (lower case) with their types; raises the Refusal it earns."""
    facts = table.methods[method]
    given = body.params | {name: file for name, file in body.files.items() if name in facts}
    _known(table.names[method], facts, given)
    for name, fact in facts.items():
        if fact.required and given.get(name, "") == "" and (method, name) not in _MAY_BE_EMPTY:
            raise bad_request(_MISSING.get(name, f'parameter "{name}" is required'))
    checker = _Checker(table, body.files)
    return {
        name: checker.top(name, facts[name], value)
        for name, value in given.items()
        if value != "" or facts[name].kind == "String"  # an empty parameter is none
    }


def _known(owner: str, facts: dict[str, Fact], given: dict[str, Any]) -> None:
    for name in given:
        if name not in facts:
            raise bad_request(f'unknown parameter "{name}" in {owner}')


class _Checker:
    def __init__(self, table: ApiTable, files: dict[str, Upload]) -> None:
        self.table = table
        self.files = files

    def top(self, name: str, fact: Fact, value: Any) -> Any:
        """A parameter of the call itself: text may stand for a number, a truth or JSON."""
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
        """The value as the first kind that it fits; refused as the kind that it resembles most."""
        nearest, *others = sorted(kinds, key=lambda kind: self.foreign(kind, value))
        try:
            return self.kind(name, nearest, value)
        except Refusal:
            for kind in others:
                with suppress(Refusal):
                    return self.kind(name, kind, value)
            raise

    def foreign(self, kind: str, value: Any) -> int:
        """How many fields of *value* a type does not have; 0 for what is no Object."""
        known = self.table.types.get(kind, {})
        return len(set(value) - set(known)) if isinstance(value, dict) else 0

    def record(self, name: str, kind: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise bad_request(f'parameter "{name}" must be {kind}, an Object')
        facts = self.table.types[kind]
        if facts:
            _known(kind, facts, value)
        for field, fact in facts.items():
            if fact.required and value.get(field) is None:
                raise bad_request(f'field "{field}" of {kind} is required')
        return {
            field: self.value(field, facts[field], part) if field in facts else part
            for field, part in value.items()
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
        return _truth(name, value)
    try:
        return json.loads(value)
    except ValueError:
        raise bad_request(f"can't parse {name} JSON object") from None


def _truth(name: str, value: str) -> bool:
    if value.lower() not in _TRUE | _FALSE:
        raise bad_request(f'parameter "{name}" must be a Boolean')
    return value.lower() in _TRUE


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
