"""The calls of the Telegram channel to the Bot API, and its translation of responses."""

import json
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest
from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.exceptions import TelegramNetworkError
from aiohttp import ClientConnectorError, ServerDisconnectedError
from aiohttp.client_reqrep import ConnectionKey

from bot.delivery import errors
from bot.delivery.errors import is_error_page, rejection
from bot.delivery.telegram import Telegram
from bot.rendering.messages import Button, Entity, Message
from bot.telegram import BOT_DEFAULTS

CHAT = 7
SENT = {"message_id": 5, "date": 1, "chat": {"id": 7, "type": "private"}, "text": "x"}
HOST = ConnectionKey("127.0.0.1", 9, is_ssl=False, ssl=True, proxy=None, proxy_auth=None,
                     proxy_headers_hash=None)  # fmt: skip


class FakeSession(BaseSession):
    """Replies to every call with *answer*, an HTTP status and body, or fails with *failure*."""

    def __init__(self) -> None:
        super().__init__()
        self.answer: tuple[int, str] = (200, json.dumps({"ok": True, "result": SENT}))
        self.failure: Exception | None = None
        self.asked: list[Any] = []

    async def make_request(self, bot, method, timeout=None):  # noqa: ARG002, ASYNC109 - aiogram's
        self.asked.append(method)
        if self.failure:
            raise TelegramNetworkError(method=method, message="failed") from self.failure
        status, content = self.answer
        return self.check_response(bot, method, status, content).result

    async def close(self) -> None: ...

    async def stream_content(self, *_: Any, **__: Any) -> AsyncGenerator[bytes, None]:
        yield b""


@pytest.fixture
def session():
    return FakeSession()


@pytest.fixture
def telegram(session):
    return Telegram(Bot("1:playground", session=session, default=BOT_DEFAULTS))


def refuses(code: int, description: str, **parameters: int) -> tuple[int, str]:
    answer = {"ok": False, "error_code": code, "description": description}
    return code, json.dumps(answer | ({"parameters": parameters} if parameters else {}))


async def test_a_message_goes_with_its_entities_and_without_a_preview(telegram, session):
    message = Message(
        "Taiwan", (Entity("bold", 0, 6),), ((Button("More", data="m"), Button("Open", url="u:x")),)
    )

    message_id = await telegram.send(7, message, thread_id=3)

    call = session.asked[0]
    assert message_id == 5
    assert (call.chat_id, call.message_thread_id, call.text) == (7, 3, "Taiwan")
    assert [(e.type, e.offset, e.length) for e in call.entities] == [("bold", 0, 6)]
    assert BOT_DEFAULTS[call.parse_mode.name] is None
    assert BOT_DEFAULTS[call.link_preview_options.name].is_disabled
    assert call.disable_notification is None
    assert [button.text for button in call.reply_markup.inline_keyboard[0]] == ["More", "Open"]


async def test_a_picture_is_shown_large_above_the_text(telegram, session):
    message = Message("Taiwan", preview="https://paper.example/a.jpg")

    await telegram.send(7, message)
    await telegram.edit(7, 5, message)

    for call in session.asked:
        shown = call.link_preview_options
        assert (shown.url, shown.is_disabled) == (message.preview, False)
        assert shown.show_above_text
        assert shown.prefer_large_media


def test_a_stored_body_keeps_its_picture():
    message = Message("Taiwan", preview="https://paper.example/a.jpg")

    assert Message.from_json(message.to_json()) == message
    assert message.plain().preview is None


async def test_a_silent_message_makes_no_sound(telegram, session):
    await telegram.send(CHAT, Message("again"), silent=True)

    assert session.asked[0].disable_notification is True


async def test_a_rich_message_goes_as_html_without_detection_of_entities(telegram, session):
    buttons = ((Button("More", data="m"),),)

    await telegram.send(7, Message("News", (), buttons, rich="<h2>News</h2>"), thread_id=3)

    call = session.asked[0]
    assert call.__api_method__ == "sendRichMessage"
    assert (call.chat_id, call.message_thread_id) == (7, 3)
    assert (call.rich_message.html, call.rich_message.skip_entity_detection) == (
        "<h2>News</h2>",
        True,
    )
    assert call.reply_markup.inline_keyboard[0][0].text == "More"


async def test_a_rich_message_has_its_picture_above_the_text(telegram, session):
    shown = "https://pictures.example/?a=1&b=2"

    await telegram.send(7, Message("News", rich="<h2>News</h2>", preview=shown))

    picture = '<img src="https://pictures.example/?a=1&amp;b=2"/>'
    assert session.asked[0].rich_message.html == f"{picture}<h2>News</h2>"


async def test_a_picture_has_the_text_as_its_caption(telegram, session):
    await telegram.send(CHAT, Message("Week", (Entity("bold", 0, 4),), photo="cG5n"), silent=True)

    call = session.asked[0]
    assert call.__api_method__ == "sendPhoto"
    assert (call.photo.data, call.caption) == (b"png", "Week")
    assert [(e.type, e.length) for e in call.caption_entities] == [("bold", 4)]
    assert call.disable_notification is True


async def test_an_edit_names_its_message(telegram, session):
    assert await telegram.edit(CHAT, 5, Message("now")) == 5

    assert (session.asked[0].chat_id, session.asked[0].message_id) == (7, 5)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(refuses(403, "Forbidden: bot was blocked"), errors.ChatBlocked, id="403"),
        pytest.param(
            refuses(404, "Not Found: method not found"), errors.Refused, id="404 of an old server"
        ),
        pytest.param(
            refuses(400, "Bad Request: not enough rights to send photos to the chat"),
            errors.Refused,
            id="no right to send pictures, but text",
        ),
        pytest.param(refuses(413, "Too Large"), errors.TooLong, id="413, no network error"),
        pytest.param(refuses(500, "Internal Server Error"), errors.ServerError, id="500"),
        pytest.param((502, "<html>Bad Gateway</html>"), errors.GatewayFailed, id="502 in HTML"),
        pytest.param(refuses(502, "Bad Gateway"), errors.GatewayFailed, id="502 in JSON"),
        pytest.param(refuses(504, "Gateway Timeout"), errors.GatewayFailed, id="504 in JSON"),
        pytest.param((200, '{"ok": tr'), errors.Unknown, id="JSON cut off"),
        pytest.param(
            (200, '{"ok": true, "result": 1}'), errors.Unknown, id="JSON of another shape"
        ),
        pytest.param(refuses(429, "Too Many Requests"), errors.FloodWait, id="429 without a time"),
    ],
)
async def test_each_response_becomes_its_error(telegram, session, answer, error):
    session.answer = answer

    with pytest.raises(errors.DeliveryError) as raised:
        await telegram.send(CHAT, Message("x"))

    assert type(raised.value) is error


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        pytest.param(ClientConnectorError(HOST, OSError()), errors.NeverSent, id="no connection"),
        pytest.param(TimeoutError(), errors.Unknown, id="no answer in time"),
        pytest.param(ServerDisconnectedError(), errors.Unknown, id="reset after it left"),
        pytest.param(ConnectionResetError(), errors.Unknown, id="reset"),
    ],
)
async def test_the_error_of_a_broken_connection_tells_whether_the_message_may_have_arrived(
    telegram, session, failure, error
):
    session.failure = failure

    with pytest.raises(errors.DeliveryError) as raised:
        await telegram.send(CHAT, Message("x"))

    assert type(raised.value) is error


async def test_a_flood_wait_says_how_long(telegram, session):
    session.answer = refuses(429, "Too Many Requests: retry after 600", retry_after=600)

    with pytest.raises(errors.FloodWait) as raised:
        await telegram.send(CHAT, Message("x"))

    assert raised.value.pause == timedelta(seconds=600)


async def test_a_migration_says_where_to(telegram, session):
    session.answer = refuses(400, "upgraded", migrate_to_chat_id=-1007)

    with pytest.raises(errors.ChatMigrated) as raised:
        await telegram.send(CHAT, Message("x"))

    assert raised.value.new_id == -1007


@pytest.mark.parametrize(
    ("answer", "answers"),
    [
        pytest.param((200, '{"ok":true,"result":{"id":1,"is_bot":true,"first_name":"D"}}'), True,
                     id="it answers"),
        pytest.param(refuses(429, "slow", retry_after=9), True, id="it refuses, so it is there"),
        pytest.param((502, "<html>"), False, id="a gateway answers for it"),
    ],
)  # fmt: skip
async def test_telegram_responds_unless_a_gateway_does_so_for_it(
    telegram, session, answer, answers
):
    session.answer = answer

    assert await telegram.responds() is answers


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
    ],
)
def test_each_description_becomes_its_error(code, description, error):
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
def test_a_gateways_page_is_told_from_a_broken_response(answer, is_page):
    assert is_error_page(answer) is is_page
