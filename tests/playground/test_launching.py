"""The launch data of a Mini App, and the URLs that it may have."""

import hmac
import json
from hashlib import sha256
from urllib.parse import parse_qsl

import pytest

APP = {"type": "web_app", "text": "Topics", "web_app": {"url": "https://news.example.org/app"}}
HERE = "http://127.0.0.1:8080/app"


def signed(data: dict[str, str], token: str) -> str:
    """Compute the hash as the Bot API's manual says."""
    lines = "\n".join(f"{key}={value}" for key, value in sorted(data.items()) if key != "hash")
    secret = hmac.digest(b"WebAppData", token.encode(), sha256)
    return hmac.digest(secret, lines.encode(), sha256).hex()


async def test_the_launch_data_is_signed_with_the_token_in_use(call, pg, unix_time):
    mei = pg.user("美玲 & Co", language_code="zh-hant")
    await call("getMe", token="42:secret")

    data = dict(parse_qsl(pg.launch(mei)))

    assert data["hash"] == signed(data, "42:secret")
    assert data["auth_date"] == str(int(unix_time()))
    user = {"id": mei.id, "first_name": "美玲 & Co", "language_code": "zh-hant"}
    assert json.loads(data["user"]) == user


async def test_an_app_opens_in_private_chats_only(pg, http, ann):
    group = pg.chat("group", "Team", [ann])

    async with http.post(f"{pg.base_url}/control/launch", json={"chat_id": group.id}) as response:
        assert response.status == 400


async def test_a_chats_own_menu_button_overrides_the_default(call, pg, ann):
    await call("setChatMenuButton", menu_button=APP)
    assert pg.bot_profile("", ann.id)["menu_button"] == APP

    await call("setChatMenuButton", chat_id=ann.id, menu_button={"type": "commands"})
    assert pg.bot_profile("", ann.id)["menu_button"] == {"type": "commands"}

    await call("setChatMenuButton", chat_id=ann.id, menu_button={"type": "default"})
    assert pg.bot_profile("", ann.id)["menu_button"] == APP


@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        pytest.param("https://news.example.org/app", True, id="https"),
        pytest.param(HERE, True, id="this machine, without"),
        pytest.param("http://news.example.org/app", False, id="another, without"),
        pytest.param("https:///app", False, id="nowhere"),
        pytest.param("javascript:alert(1)", False, id="no page"),
    ],
)
async def test_an_app_needs_https_except_on_this_machine(call, ann, url, is_taken):
    button = {"text": "Open", "web_app": {"url": url}}

    menu = await call("setChatMenuButton", menu_button={"type": "web_app", **button})
    inline = await call(
        "sendMessage", chat_id=ann.id, text="Here", reply_markup={"inline_keyboard": [[button]]}
    )

    assert (menu["ok"], inline["ok"]) == (is_taken, is_taken)
