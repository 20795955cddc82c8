"""Each error of Telegram is read as what it means for the delivery."""

import pytest

from bot.delivery import errors
from bot.delivery.errors import is_error_page, rejection


@pytest.mark.parametrize(
    ("code", "description", "error"),
    [
        (400, "Bad Request: message is not modified: the same", errors.NotModified),
        (400, "Bad Request: message to edit not found", errors.EditTargetGone),
        (400, "Bad Request: message can't be edited", errors.EditTargetGone),
        (400, "Bad Request: message is too long", errors.TooLong),
        (400, "Bad Request: TOPIC_CLOSED", errors.TopicClosed),
        (400, "Bad Request: message thread not found", errors.TopicClosed),
        (400, "Bad Request: chat not found", errors.ChatGone),
        (
            400,
            "Bad Request: not enough rights to send text messages",
            errors.ChatBlocked,
        ),
        (400, "Bad Request: can't parse entities: unclosed tag", errors.BadMarkup),
        (400, "Bad Request: BUTTON_URL_INVALID", errors.BadMarkup),
        (400, "Bad Request: something new", errors.Refused),
        (401, "Unauthorized", errors.TokenRejected),
        (403, "Forbidden: bot was blocked by the user", errors.ChatBlocked),
        (403, "Forbidden: user is deactivated", errors.ChatGone),
        (403, "Forbidden: bot was kicked from the supergroup chat", errors.ChatKicked),
        (403, "Forbidden: bot is not a member of the channel chat", errors.ChatKicked),
        (404, "Not Found", errors.TokenRejected),
        (413, "Request Entity Too Large", errors.TooLong),
        (500, "Internal Server Error", errors.ServerError),
        (502, "Bad Gateway", errors.ServerError),
    ],
)
def test_a_refusal_is_read(code, description, error):
    assert type(rejection(code, description)) is error


@pytest.mark.parametrize(
    ("answer", "is_page"),
    [
        pytest.param("<html><h1>502 Bad Gateway</h1></html>", True, id="a gateway's page"),
        pytest.param("", True, id="nothing"),
        pytest.param('{"ok": true, "resu', False, id="JSON cut off: the call had its effect"),
        pytest.param({"ok": True}, False, id="JSON of another shape"),
    ],
)
def test_a_gateways_page_is_told_from_a_broken_answer(answer, is_page):
    assert is_error_page(answer) is is_page
