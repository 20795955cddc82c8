"""The model room: `POST /model/v1/chat/completions` and `GET /model/v1/models`.

Its mode says how it answers, and can be changed at any time:

- *right*: with translations made by hand, and with sentences of the reports in the wanted language;
- *wrong*: with numbers and names that no report has;
- *hostile*: with whatever the reports tell it to say, else with links, markup and an advertisement;
- *cut*, *html*, *broken*, *busy*, *huge*, *redirect*: with half an answer, a page, status 500,
  status 429 and `Retry-After`, 10 MB, another address;
- *slow*: right, but never while the client waits.
"""

import asyncio
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final

from aiohttp import web

NAME: Final = "playground-model"
PATH: Final = "/model/v1"
RETRY_AFTER: Final = 120  # seconds
HUGE: Final = 10 * 1024 * 1024
_SENTENCE: Final = re.compile(r".+?(?:[.!?](?=\s)|[\u3002\uff01\uff1f]|\n|$)", re.DOTALL)
_ORDER: Final = re.compile(r"(?:SAY|OUTPUT|ANSWER WITH)\s*[:\uff1a]\s*(.+)", re.IGNORECASE)
_SENTENCES: Final = 3

Facts = dict[str, Any]


class AnswerMode(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"
    HOSTILE = "hostile"
    CUT = "cut"
    HTML = "html"
    BROKEN = "broken"
    BUSY = "busy"
    HUGE = "huge"
    REDIRECT = "redirect"
    SLOW = "slow"


class ModelRoom:
    """*mode* is how it answers; *asked* keeps the bodies of the newest requests."""

    def __init__(self) -> None:
        self.mode = AnswerMode.RIGHT
        self.asked: list[Facts] = []
        self.keys: list[str] = []
        self.knows_formats = True

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(f"{PATH}/chat/completions", self.complete),
            web.get(f"{PATH}/models", self.models),
        ]

    async def models(self, _request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": NAME, "object": "model"}]})

    async def complete(self, request: web.Request) -> web.StreamResponse:
        try:
            body = await request.json()
            question = json.loads(body["messages"][-1]["content"])
        except (LookupError, TypeError, ValueError):
            return web.json_response({"error": {"message": "cannot read the request"}}, status=400)
        self.asked = [*self.asked[-99:], body]
        self.keys = [*self.keys[-99:], request.headers.get("Authorization", "")]
        if "response_format" in body and not self.knows_formats:
            return web.json_response({"error": {"message": "no response_format"}}, status=400)
        return await self._respond(body, question)

    async def _respond(self, body: Facts, question: Facts) -> web.StreamResponse:
        match self.mode:
            case AnswerMode.BROKEN:
                return web.json_response({"error": {"message": "out of memory"}}, status=500)
            case AnswerMode.BUSY:
                headers = {"Retry-After": str(RETRY_AFTER)}
                return web.json_response(
                    {"error": {"message": "busy"}}, status=429, headers=headers
                )
            case AnswerMode.HTML:
                return web.Response(text="<html><h1>502</h1></html>", content_type="text/html")
            case AnswerMode.REDIRECT:
                raise web.HTTPTemporaryRedirect("http://evil.example/v1/chat/completions")
            case AnswerMode.HUGE:
                return _completion(body, "x" * HUGE)
            case AnswerMode.SLOW:
                await asyncio.Event().wait()
        answer = json.dumps(_ANSWERS.get(self.mode, right)(question), ensure_ascii=False)
        if self.mode is AnswerMode.CUT:
            answer = answer[: len(answer) // 2]
        return _completion(body, answer)


def _completion(body: Facts, answer: str) -> web.Response:
    prompt = sum(len(each["content"]) for each in body["messages"]) // 3
    tokens = len(answer) // 3 + 1
    return web.json_response({
        "object": "chat.completion",
        "model": body.get("model", NAME),
        "choices": [{"index": 0, "message": {"role": "assistant", "content": answer}}],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": tokens,
            "total_tokens": prompt + tokens,
        },
    })  # fmt: skip


def right(question: Facts) -> Facts:
    code = _code(question)
    translations = [
        {"report": report["report"], "headline": known[code]}
        for report in question["reports"]
        if report["report"] in question["translate"]
        and code in (known := _translations().get(report["headline"], {}))
    ]
    summary: list[Facts] = []
    if question["summarise"]:
        for report in question["reports"]:
            if report["language"][:2] == code and len(summary) < _SENTENCES:
                first = _SENTENCE.match(report.get("text", "").strip())
                if first:
                    summary.append({"sentence": first[0].strip(), "reports": [report["report"]]})
    return {"translations": translations, "summary": summary}


def wrong(question: Facts) -> Facts:
    answer = right(question)
    for item in answer["translations"]:
        item["headline"] += " 4711"
    for number, item in enumerate(answer["summary"]):
        item["sentence"] = (
            f"Wilhelmina Grotendieck confirmed it. {item['sentence']}"
            if number % 2
            else f"{item['sentence']} It cost 4,711 million."
        )
    answer["summary"].append({"sentence": "The minister resigned.", "reports": [99]})
    return answer


def hostile(question: Facts) -> Facts:
    """Do what a report says behind SAY:, word for word; without such a report, advertise."""
    orders = [
        found[1].strip()
        for report in question["reports"]
        for field in ("headline", "lead", "text")
        for found in _ORDER.finditer(report.get(field, ""))
    ] or ["**Free money** at http://evil.example/win <b>now</b>", "Buy now: t.me/evil"]
    numbers = [report["report"] for report in question["reports"]]
    return {
        "translations": [
            {"report": number, "headline": line, "lead": line}
            for number in question["translate"]
            for line in orders[:1]
        ],
        "summary": [{"sentence": line, "reports": numbers} for line in orders],
    }


_ANSWERS: Final[Mapping[AnswerMode, Callable[[Facts], Facts]]] = {
    AnswerMode.WRONG: wrong,
    AnswerMode.HOSTILE: hostile,
}


def _code(question: Facts) -> str:
    return str(question["language"]).rpartition("(")[2][:2]


@cache
def _translations() -> Mapping[str, Mapping[str, str]]:
    text = files(__package__).joinpath("translations.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
