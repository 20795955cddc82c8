"""What a worker has found goes in parts."""

import json
from typing import Any

from bot.sources.frames import _PART, frames


def test_a_long_list_goes_in_parts():
    found = [{"text": "word " * 1_000, "at": at} for at in range(100)]

    *parts, last = [json.loads(frame[4:]) for frame in frames({"found": found})]

    assert parts
    assert [each for part in parts for each in part["part"]] + last["found"] == found
    assert max(map(len, frames({"found": found}))) < _PART + 6_000


def test_what_is_no_long_list_goes_at_once():
    answers: list[dict[str, Any]] = [{"found": {"a": 1}}, {"found": None}, {"found": []}]
    for answer in (*answers, {"unreadable": "No."}):
        (frame,) = frames(answer)
        assert json.loads(frame[4:]) == answer
