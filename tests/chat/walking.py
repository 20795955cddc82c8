"""Walks over commands and buttons in two languages, and collects faults."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from aiogram.types import Update
from structlog.testing import capture_logs

from tests.chat.conftest import House
from tests.chat.pressings import Kept
from tests.leftovers import english, untidy

Call = dict[str, Any]

_SAYS = {"sendMessage", "sendRichMessage", "editMessageText", "editMessageReplyMarkup"}
_SAYS |= {"sendDocument", "sendPhoto", "deleteMessage"}
# Presses that change nothing, and presses that the playground did not create.
_HARMLESS = (
    "message is not modified",
    "query ID is invalid",
    "message to delete not found",
    "message to edit not found",
    "chat not found",  # of a channel that the playground does not have
)


@dataclass
class Walk:
    """A walk; *data* has texts without translation, such as names of topics."""

    house: House
    kept: Kept
    data: tuple[str, ...]
    faults: list[str] = field(default_factory=list)

    async def step(self, name: str, update: Callable[[str], Update]) -> None:
        """Feed the update in English and, from the same state, in Arabic; collect faults."""
        in_english = await self._calls(f"{name} (en)", update("en"))
        in_arabic = await self._calls(f"{name} (ar)", update("ar"))
        same = english(paragraphs(in_arabic), set(paragraphs(in_english)), self.data)
        self.faults += [f"{name}: {one}" for one in same]

    async def _calls(self, name: str, update: Update) -> list[Call]:
        self.kept.put_back()
        with capture_logs() as logged:
            calls = await self.house.feed(update)
            # An open transaction would block the next `put_back`, and with it all tasks.
            await self.house.resources.background.wait()
        warnings = [f"{line['event']} {line.get('exc_info')!r}" for line in logged if is_bad(line)]
        self.faults += [f"{name}: {fault}" for fault in (*warnings, *_faults(calls, update))]
        return calls


def is_bad(line: Any) -> bool:
    return line["log_level"] in {"warning", "error", "critical"}


def _faults(calls: list[Call], update: Update) -> Iterator[str]:
    for call in calls:
        if not call["ok"] and not any(one in call["description"] for one in _HARMLESS):
            yield f"{call['method']} was refused: {call['description']}"
    answers = [call for call in calls if call["method"] == "answerCallbackQuery"]
    if update.callback_query and len(answers) != 1:
        yield f"the press was answered {len(answers)} times"
    if not any(_is_answer(call) for call in calls):
        yield "nobody is answered"
    yield from untidy(paragraphs(calls))


def _is_answer(call: Call) -> bool:
    """Return whether a user sees a message, a toast, or the chat that a press opens."""
    params = call["params"]
    return call["method"] in _SAYS or bool(params.get("text") or params.get("url"))


def paragraphs(calls: Iterable[Call]) -> list[str]:
    """Return all lines that users read: texts, captions, buttons and toasts, without code."""
    lines: list[str] = []
    for call in calls:
        params = {key: _read(value) for key, value in call["params"].items()}
        lines += _without_code(params.get("text", ""), params.get("entities", []))
        lines += _without_code(params.get("caption", ""), params.get("caption_entities", []))
        lines += [row["text"] for row in _labels(params.get("reply_markup") or {})]
        if rich := params.get("rich_message"):
            lines += re.sub(r"<[^>]*>", "\n", str(rich.get("html", ""))).splitlines()
    return [line.strip() for line in lines if line.strip()]


def _read(value: Any) -> Any:
    """Parse the value if it is JSON, as nested parameters are."""
    if isinstance(value, str) and value[:1] in {"[", "{"}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _without_code(text: Any, entities: list[dict[str, Any]]) -> list[str]:
    units = str(text).encode("utf-16-le")
    for one in entities:
        if one["type"] in {"code", "pre"}:
            begin, end = 2 * one["offset"], 2 * (one["offset"] + one["length"])
            units = units[:begin] + "·".encode("utf-16-le") * one["length"] + units[end:]
    return units.decode("utf-16-le", "replace").splitlines()


def _labels(markup: dict[str, Any]) -> list[dict[str, Any]]:
    return [button for row in markup.get("inline_keyboard", ()) for button in row]
