"""The page *Login and headers* of a source, for an admin."""

import pytest

from bot.sources.source_access import show_access
from storage.sources import add_source
from tests.chat.conftest import Talk, buttons
from tests.rows import source_row

SECRET = "swordfish-7Q"


@pytest.fixture
async def source_id(house) -> int:
    return await stored(house, "https://paper.example/feed")


async def stored(house, url: str) -> int:
    async with house.resources.storage.writing() as tx:
        source_id = await add_source(tx, source_row(url, public=True, title="Paper"))
    assert source_id is not None
    return source_id


async def login_page(admin: Talk):
    return await admin.says("/sources", "1", "Login and headers")


async def set_kinds(house, source_id: int) -> list[str]:
    resources = house.resources
    return [*(await show_access(resources.storage, resources.keyring, source_id)).kinds]


@pytest.mark.parametrize(
    ("button", "typed", "kinds", "shown"),
    [
        pytest.param("Set login", f"ann {SECRET}", ["login"], "login: set", id="login"),
        pytest.param("Set token", SECRET, ["token"], "token: set", id="token"),
        pytest.param("Set token", f"/{SECRET}", ["token"], "token: set", id="a token like a path"),
        pytest.param("Set token", "/swordfish7Q", ["token"], "token: set", id="one like a command"),
        pytest.param("Set cookie", f"sid={SECRET}", ["cookie"], "cookie: set", id="cookie"),
        pytest.param("Set headers", f"X-Key: {SECRET}", ["headers"], "headers: X-Key", id="header"),
        pytest.param(
            "Set proxy",
            f"socks5://me:{SECRET}@gate.example:1080",
            ["proxy"],
            "proxy: socks5://gate.example:1080",
            id="proxy",
        ),
    ],
)
async def test_an_admin_sets_and_clears_what_a_site_asks_for(
    house, admin, source_id, button, typed, kinds, shown
):
    question = await admin.presses(await login_page(admin), button)
    page = await admin.says(typed)

    assert "I delete your message" in question["text"]
    assert shown in page["text"]
    assert SECRET not in page["text"]
    assert await set_kinds(house, source_id) == kinds
    assert all(SECRET not in str(message) for message in everything_in(house, admin))
    assert all(typed not in str(message) for message in everything_in(house, admin))

    cleared = await admin.presses(page, button.replace("Set", "Clear"))

    assert "Nothing is set" in cleared["text"]
    assert await set_kinds(house, source_id) == []


def everything_in(house, talk: Talk):
    """Return the messages of the chat that are still there."""
    return house.playground.messages(talk.who, 0)


async def test_a_wrong_value_is_refused_and_its_message_deleted(house, admin, source_id):
    await admin.presses(await login_page(admin), "Set cookie")
    page = await admin.says(f"sid={SECRET}\nX: y")

    assert "Nothing was set." in page["text"]
    assert "line break" in page["text"]
    assert await set_kinds(house, source_id) == []
    assert all(SECRET not in str(message) for message in everything_in(house, admin))


async def test_a_message_that_cannot_be_deleted_is_pointed_out(
    house, admin, source_id, monkeypatch
):
    async def refuse(*_arguments: object) -> bool:
        return False

    monkeypatch.setattr("bot.chat.reply.Reply.delete_theirs", refuse)
    await admin.presses(await login_page(admin), "Set token")
    page = await admin.says(SECRET)

    assert "Delete it yourself" in page["text"]
    assert any(SECRET in str(message) for message in everything_in(house, admin))
    assert await set_kinds(house, source_id) == ["token"]


async def test_a_source_without_encryption_offers_no_secret(house, admin):
    await stored(house, "http://plain.example/feed")

    page = await login_page(admin)

    labels = {text for text, _data in buttons(page)}
    assert "takes a User-Agent and a proxy, and no secret" in page["text"]
    assert "Set proxy" in labels
    assert "Set login" not in labels
