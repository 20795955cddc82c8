from datetime import UTC, datetime, timedelta

import pytest

from bot.ops.doctor.telegram import (
    BotApiAnswer,
    judge_polling,
    judge_server,
    judge_token,
    judge_webhook,
)
from tests.ops.doctor.judging import cases, problems

ME = {"username": "dateline_bot", "supports_inline_queries": True, "can_join_groups": True}


@cases(
    "answer, expected",
    {
        "all is well": (BotApiAnswer(200, result=ME), {}),
        "no response": (BotApiAnswer(None, "no route"), {"telegram.unreachable": "unhealthy"}),
        "a server error": (BotApiAnswer(502), {"telegram.failing": "warning"}),
        "a revoked token": (BotApiAnswer(401), {"token.refused": "unhealthy"}),
        "an unknown token": (BotApiAnswer(404), {"token.refused": "unhealthy"}),
        "a 404 of another server": (
            BotApiAnswer(404, is_api=False),
            {"token.no-answer": "unhealthy"},
        ),
        "a proxy that wants a password": (
            BotApiAnswer(401, is_api=False),
            {"token.no-answer": "unhealthy"},
        ),
        "a page instead of an API": (BotApiAnswer(200), {"token.no-answer": "unhealthy"}),
        "switches changed at BotFather": (
            BotApiAnswer(200, result={"username": "a", "can_read_all_group_messages": True}),
            {"token.inline-off": "warning", "token.privacy-off": "warning"},
        ),
        "no groups": (
            BotApiAnswer(200, result=ME | {"can_join_groups": False}),
            {"token.no-groups": "warning"},
        ),
    },
)
def test_the_response_to_getme_is_judged(answer, expected):
    found = [judge_server("https://api.telegram.org", answer), *judge_token(answer)]

    assert problems(found) == expected


OWN = "https://news.example.org/telegram/secret-path"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def webhook_info(
    url: str = "", waiting: int = 0, failed: timedelta | None = None
) -> dict[str, object]:
    info: dict[str, object] = {"url": url, "pending_update_count": waiting}
    if failed is None:
        return info
    failed_at = int((NOW - failed).timestamp())
    return info | {"last_error_date": failed_at, "last_error_message": "Connection refused"}


JUST_NOW, LONG_AGO = timedelta(minutes=5), timedelta(hours=5)


@cases(
    "info, code, words",
    {
        "all is well": (webhook_info(OWN), "updates.delivered", "none is pending"),
        "failed long ago": (webhook_info(OWN, 3, LONG_AGO), "updates.delivered", "3 are pending"),
        "it fails": (webhook_info(OWN, 3, JUST_NOW), "updates.failing", "11:55 UTC"),
        "for long": (webhook_info(OWN, 500, JUST_NOW), "updates.kept-away", "refused"),
        "there is none": (webhook_info(), "updates.unhooked", "No webhook"),
        "other": (
            webhook_info("https://other.example/secret-path"),
            "updates.elsewhere",
            "other.example",
        ),
    },
)
def test_the_state_of_the_webhook_is_judged_without_its_secret(info, code, words):
    found = judge_webhook(info, OWN, NOW)

    assert found.code == code
    assert words in found.sentence
    assert "secret-path" not in found.sentence + found.remedy


@pytest.mark.parametrize(
    ("info", "code"),
    [
        pytest.param(webhook_info("", 2), "updates.polled", id="none"),
        pytest.param(webhook_info(OWN), "updates.hooked", id="a webhook"),
    ],
)
def test_a_webhook_is_unhealthy_while_the_bot_polls(info, code):
    assert judge_polling(info).code == code
