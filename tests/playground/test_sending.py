"""Sending, editing and deleting messages, with Telegram's own errors."""

from datetime import timedelta
from typing import Any

import pytest

from bot.playground.errors import ApiError
from bot.playground.users import views


def _error(body: dict[str, Any]) -> tuple[int, str]:
    return body["error_code"], body["description"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", "message text is empty", id="empty"),
        pytest.param(" \n\t ", "text must be non-empty", id="white space"),
        pytest.param("x" * 4097, "message is too long", id="4097 characters"),
        pytest.param("\N{GRINNING FACE}" * 2049, "message is too long", id="4098 units"),
        pytest.param("x" * 40_000, "text is too long", id="beyond all bounds"),
    ],
)
async def test_an_invalid_text_is_rejected(call, ann, text, reason):
    body = await call("sendMessage", chat_id=ann.id, text=text)

    assert _error(body) == (400, f"Bad Request: {reason}")


async def test_a_text_may_have_4096_units(call, ann):
    assert (await call("sendMessage", chat_id=ann.id, text="x" * 4096))["ok"]


async def test_blocking_the_bot_stops_messages_and_sends_an_update(call, pg, ann):
    pg.block(ann)

    body = await call("sendMessage", chat_id=ann.id, text="hello")

    assert _error(body) == (403, "Forbidden: bot was blocked by the user")
    (update,) = (await call("getUpdates"))["result"]
    assert update["my_chat_member"]["new_chat_member"]["status"] == "kicked"
    pg.unblock(ann)
    assert (await call("sendMessage", chat_id=ann.id, text="hello"))["ok"]


async def test_a_user_must_write_first(call, pg):
    ben = pg.user("Ben", started=False)

    refused = await call("sendMessage", chat_id=ben.id, text="hello")
    pg.send(ben, "/start")

    assert _error(refused) == (403, "Forbidden: bot can't initiate conversation with a user")
    assert (await call("sendMessage", chat_id=ben.id, text="hello"))["ok"]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("kicked", "bot was kicked from the group chat"),
        ("left", "bot is not a member of the group chat"),
    ],
)
async def test_a_group_without_the_bot_is_forbidden(call, pg, ann, status, reason):
    group = pg.chat("group", "Friends", [ann])
    pg.membership(group.id, status)

    body = await call("sendMessage", chat_id=group.id, text="hello")

    assert _error(body) == (403, f"Forbidden: {reason}")


async def test_an_upgraded_group_names_its_supergroup(call, pg, ann):
    group = pg.chat("group", "Friends", [ann])
    new_id = pg.migrate(group)

    body = await call("sendMessage", chat_id=group.id, text="hello")

    assert _error(body) == (400, "Bad Request: group chat was upgraded to a supergroup chat")
    assert body["parameters"] == {"migrate_to_chat_id": new_id}
    assert (await call("sendMessage", chat_id=new_id, text="hello"))["ok"]
    notices = [update["message"] for update in (await call("getUpdates"))["result"]]
    assert [n.get("migrate_to_chat_id", n.get("migrate_from_chat_id")) for n in notices] == [
        new_id,
        group.id,
    ]


@pytest.mark.parametrize(
    ("button", "reason"),
    [
        pytest.param({"callback_data": "x" * 65}, "BUTTON_DATA_INVALID", id="65 bytes"),
        pytest.param({"callback_data": "é" * 33}, "BUTTON_DATA_INVALID", id="66 bytes"),
        pytest.param({"callback_data": ""}, "BUTTON_DATA_INVALID", id="no data"),
        pytest.param(
            {},
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
            id="text only",
        ),
        pytest.param({"url": "a", "callback_data": "b"}, "BUTTON_TYPE_INVALID", id="two acts"),
        pytest.param(
            {"url": "http://localhost/x"},
            "inline keyboard button URL 'http://localhost/x' is invalid: Wrong HTTP URL",
            id="a host without a dot",
        ),
        pytest.param(
            {"colour": "red"}, 'unknown parameter "colour" in InlineKeyboardButton', id="unknown"
        ),
    ],
)
async def test_an_invalid_button_is_rejected(call, ann, button, reason):
    markup = {"inline_keyboard": [[{"text": "Go"} | button]]}

    body = await call("sendMessage", chat_id=ann.id, text="x", reply_markup=markup)

    assert _error(body) == (400, f"Bad Request: {reason}")


@pytest.mark.parametrize(
    "markup",
    [
        {"force_reply": True, "input_field_placeholder": "08:00"},
        {"keyboard": [["Yes"], [{"text": "No"}]][1:], "resize_keyboard": True},
        {"remove_keyboard": True},
    ],
)
async def test_other_keyboards_reach_the_user(call, pg, ann, markup):
    await call("sendMessage", chat_id=ann.id, text="x", reply_markup=markup)

    assert pg.messages(ann)[0]["reply_markup"] == markup


async def test_a_reply_holds_the_original_message(call, pg, ann):
    question = pg.send(ann, "question")["message_id"]

    good = await call(
        "sendMessage", chat_id=ann.id, text="x", reply_parameters={"message_id": question}
    )
    bad = await call("sendMessage", chat_id=ann.id, text="x", reply_parameters={"message_id": 99})

    assert good["result"]["reply_to_message"]["text"] == "question"
    assert _error(bad) == (400, "Bad Request: message to be replied not found")


async def test_an_edit_changes_the_message_in_place(call, pg, ann):
    sent = (await call("sendMessage", chat_id=ann.id, text="one"))["result"]["message_id"]
    before = pg.messages(ann)[0]["version"]

    edited = await call("editMessageText", chat_id=ann.id, message_id=sent, text="two")

    (message,) = pg.messages(ann, after=before)
    assert edited["result"]["text"] == message["text"] == "two"
    assert message["edited"] is True


async def test_invalid_edits_are_rejected(call, pg, ann):
    theirs = pg.send(ann, "hers")["message_id"]
    own = (await call("sendMessage", chat_id=ann.id, text="same"))["result"]["message_id"]

    async def edit(message_id: int) -> tuple[int, str]:
        return _error(
            await call("editMessageText", chat_id=ann.id, message_id=message_id, text="same")
        )

    assert await edit(own) == (
        400,
        (
            "Bad Request: message is not modified: specified new message content and reply markup "
            "are exactly the same as a current content and reply markup of the message"
        ),
    )
    assert await edit(99) == (400, "Bad Request: message to edit not found")
    assert await edit(theirs) == (400, "Bad Request: message can't be edited")


async def test_a_deleted_message_is_gone(call, pg, ann):
    sent = (await call("sendMessage", chat_id=ann.id, text="one"))["result"]["message_id"]

    assert (await call("deleteMessage", chat_id=ann.id, message_id=sent))["result"] is True

    again = await call("deleteMessage", chat_id=ann.id, message_id=sent)
    assert _error(again) == (400, "Bad Request: message to delete not found")
    assert pg.messages(ann) == []
    assert views.messages(pg.world, ann.id)[0]["deleted"] is True


async def test_a_message_older_than_two_days_stays(call, pg, clock, ann):
    sent = (await call("sendMessage", chat_id=ann.id, text="one"))["result"]["message_id"]
    clock.turn(timedelta(days=2, seconds=1))

    body = await call("deleteMessage", chat_id=ann.id, message_id=sent)

    assert _error(body) == (400, "Bad Request: message can't be deleted")


async def test_copies_and_forwards_carry_the_content(call, pg, ann):
    ben = pg.user("Ben")
    sent = (await call("sendMessage", chat_id=ann.id, text="one"))["result"]["message_id"]

    await call("copyMessage", chat_id=ben.id, from_chat_id=ann.id, message_id=sent)
    await call("forwardMessage", chat_id=ben.id, from_chat_id=ann.id, message_id=sent)

    copied, forwarded = pg.messages(ben)
    assert copied["text"] == forwarded["text"] == "one"
    assert "forward_origin" in forwarded
    assert "forward_origin" not in copied


async def test_link_previews_and_protection_are_part_of_the_message(call, ann):
    body = await call(
        "sendMessage",
        chat_id=ann.id,
        text="x",
        link_preview_options={"is_disabled": True},
        protect_content=True,
    )

    assert body["result"]["link_preview_options"] == {"is_disabled": True}
    assert body["result"]["has_protected_content"] is True


@pytest.mark.parametrize("origin", ["channel", "chat", "user", "hidden_user"])
async def test_a_forwarded_post_carries_its_origin(pg, origin):
    ann = pg.user("Ann")

    pg.forward(ann, "News", origin=origin)

    (message,) = pg.messages(ann)
    assert message["text"] == "News"
    assert message["forward_origin"]["type"] == origin


async def test_a_forwarded_picture_has_its_text_as_caption(pg):
    ann = pg.user("Ann")
    link = {"type": "text_link", "offset": 0, "length": 4, "url": "https://example.org/"}

    pg.forward(ann, "News", as_caption=True, entities=[link])

    (message,) = pg.messages(ann)
    assert (message["caption"], message["caption_entities"]) == ("News", [link])
    assert message["photo"][0]["width"] == 1


async def test_an_unknown_origin_is_rejected(pg):
    with pytest.raises(ApiError, match="no such kind of origin"):
        pg.forward(pg.user("Ann"), "News", origin="moon")


async def test_a_file_can_be_downloaded_by_the_bot(pg, call, http):
    ann = pg.user("Ann")

    pg.upload(ann, "list.opml", b"<opml/>", mime="text/x-opml", caption="My feeds")

    (message,) = pg.messages(ann)
    document = message["document"]
    assert (document["file_name"], document["file_size"]) == ("list.opml", 7)
    assert message["caption"] == "My feeds"
    path = (await call("getFile", file_id=document["file_id"]))["result"]["file_path"]
    async with http.get(f"{pg.base_url}/file/bot1:playground/{path}") as response:
        assert await response.read() == b"<opml/>"


async def test_an_empty_file_is_rejected(pg):
    with pytest.raises(ApiError, match="non-empty"):
        pg.upload(pg.user("Ann"), "list.opml", b"")
