"""The playground's language model: its modes, and that only this machine may ask it."""

import json

import aiohttp
import pytest

from bot.playground.modelroom.server import NAME, AnswerMode
from tests.local_playground import LocalPlayground

REPORT = {
    "report": 1,
    "publisher": "Example Wire",
    "language": "de",
    "headline": "Schweizer Gletscher verlieren weniger Eis als in den Vorjahren",
}
QUESTION = {"language": "English (en)", "translate": [1], "summarise": False, "reports": [REPORT]}
BODY = {
    "model": NAME,
    "messages": [{"role": "user", "content": json.dumps(QUESTION, ensure_ascii=False)}],
}


async def asked(playground: LocalPlayground, **headers: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as http:
        url = f"{playground.model_url}/chat/completions"
        async with http.post(url, json=BODY, headers=headers) as response:
            return response.status, await response.text()


async def test_the_right_answer_is_a_translation_made_by_hand():
    async with LocalPlayground() as playground:
        status, text = await asked(playground)

    answer = json.loads(json.loads(text)["choices"][0]["message"]["content"])
    assert status == 200
    assert answer["translations"] == [
        {"report": 1, "headline": "Swiss glaciers lose less ice than in the years before"}
    ]


@pytest.mark.parametrize(
    ("mode", "status", "part"),
    [
        ("wrong", 200, "4711"),
        ("hostile", 200, "evil.example"),
        ("html", 200, "<html>"),
        ("broken", 500, "out of memory"),
        ("busy", 429, "busy"),
    ],
)
async def test_the_mode_decides_how_it_answers(mode, status, part):
    async with LocalPlayground() as playground:
        assert playground.model(mode) == AnswerMode(mode)
        answered = await asked(playground)

    assert answered[0] == status
    assert part in answered[1]


async def test_other_sites_may_not_ask_it():
    async with LocalPlayground() as playground:
        status, _ = await asked(playground, Origin="http://evil.example")

    assert status == 403
