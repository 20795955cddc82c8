"""What cannot be read of the Bot API is one error, without a word of it."""

import traceback

import pytest
from aiogram.exceptions import ClientDecodeError
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.app.sessions import telegram_session


@pytest.mark.parametrize(
    ("status", "body"),
    [
        pytest.param(502, "<p>secret café</p>".encode("latin-1"), id="no text"),
        pytest.param(502, b"<p>secret</p>", id="no JSON"),
        pytest.param(500, b'{"ok": false}', id="no description"),
        pytest.param(200, b'{"ok": true, "result": {"id": "secret"}}', id="no user"),
    ],
)
async def test_an_unreadable_response_is_one_error_without_its_text(status: int, body: bytes):
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body, content_type="application/json")

    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    async with TestServer(app) as server, telegram_session("1:x", str(server.make_url(""))) as bot:
        with pytest.raises(ClientDecodeError) as failed:
            await bot.get_me()

    assert "secret" not in "".join(traceback.format_exception(failed.value))
