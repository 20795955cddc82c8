"""Hostile texts, and the checks on how the bot handles them."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from aiogram.types import Update
from structlog.testing import capture_logs

from tests.chat.conftest import House

EVE = 666
# Characters that change the direction of the following text, or end such a change.
TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
HOSTILE = [
    pytest.param("<b>bold</b> & <a href='tg://user?id=1'>co</a> &lt;i&gt;", id="HTML"),
    pytest.param("{{ 7 * 7 }} {% raw %} %(count)s {0} %s", id="templates"),
    pytest.param("\u202etaiwan\u202d news", id="an override"),
    pytest.param("\u2067taiwan \u2066 news", id="isolates that are left open"),
    pytest.param("tai\u200bwan\ufeff\u2060 news", id="zero width"),
    pytest.param("\u200b\u202e\u2066", id="nothing to be seen"),
    pytest.param(" \t\n\u3000\u00a0", id="white space"),
    pytest.param("a" + "\u0301" * 3000, id="marks by the thousand"),
    pytest.param("x" * 4096, id="one word of 4,096 characters"),
    pytest.param("taiwan OR " * 409, id="4,090 characters of words"),
    pytest.param("(" * 4096, id="brackets"),
    pytest.param("\ud83d taiwan \udc00", id="halves of characters"),
    pytest.param("tai\x00wan\x01\x1b[31m", id="controls"),
    pytest.param("\U0001f468\u200d\U0001f469\u200d", id="an emoji that is cut"),
    pytest.param("\U0001f1ef", id="half a flag"),
    pytest.param("'; DROP TABLE chat; --", id="SQL"),
]


def errors_in(logged: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [line for line in logged if line["log_level"] in {"error", "critical"}]


def texts_of(calls: Iterable[Mapping[str, Any]]) -> list[str]:
    return [str(call["text"]) for call in calls if "text" in call]


async def feed_hostile(house: House, update: Update) -> list[dict[str, Any]]:
    """Feed *update*; return the parameters of the calls to Telegram.

    Fails if an error is logged, if the user gets an apology for one, or if a reply contains a
    direction override; notices to the operator quote text as it is.
    """
    with capture_logs() as logged:
        calls = [call["params"] for call in await house.feed(update)]
    text = " ".join(texts_of(calls))
    assert errors_in(logged) == []
    assert "Something went wrong" not in text
    assert not set(TURNING) & set(text) or "operator" in text
    return calls
