"""The playground through the client that the bot uses."""

import asyncio
from typing import Any

import pytest
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllPrivateChats,
    BufferedInputFile,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    MessageEntity,
    ReplyParameters,
)

GO = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Go", callback_data="go")]])


def _plain(objects) -> list[dict[str, Any]]:
    """Dump the objects, because aiogram's objects from a bot never equal those without one."""
    return [each.model_dump(exclude_none=True) for each in objects]


async def test_a_message_with_entities_arrives_as_sent(bot, pg, ann):
    entities = [
        MessageEntity(type="bold", offset=0, length=4),
        MessageEntity(type="text_link", offset=5, length=4, url="http://a.example/x"),
        MessageEntity(
            type="date_time", offset=10, length=4, unix_time=1_700_000_000, date_time_format="wDT"
        ),
    ]

    sent = await bot.send_message(
        ann.id,
        "bold link time",
        entities=entities,
        reply_markup=GO,
        link_preview_options=LinkPreviewOptions(is_disabled=True),
        disable_notification=True,
    )

    assert _plain(sent.entities) == _plain(entities)
    assert _plain([sent.reply_markup]) == _plain([GO])
    (shown,) = pg.messages(ann)
    assert shown["silent"] is True
    assert shown["entities"][2]["date_time_format"] == "wDT"


async def test_a_pressed_button_is_answered_and_its_message_edited(bot, pg, ann):
    sent = await bot.send_message(ann.id, "press", reply_markup=GO)
    query_id = pg.press(ann, sent.message_id, "go")

    (update,) = await bot.get_updates()
    await update.callback_query.answer("Done").as_(bot)
    await update.callback_query.message.edit_text("pressed").as_(bot)

    assert (await pg.wait_for_answer(query_id))["text"] == "Done"
    edited = await pg.wait_for_message(ann, lambda message: message["edited"])
    assert edited["text"] == "pressed"


async def test_a_flood_wait_names_its_seconds(bot, pg, ann):
    pg.inject("429", retry_after=7)

    with pytest.raises(TelegramRetryAfter) as error:
        await bot.send_message(ann.id, "x")

    assert error.value.retry_after == 7


async def test_a_migration_names_the_new_chat(bot, pg, ann):
    group = pg.chat("group", "Friends", [ann])
    new_id = pg.migrate(group)

    with pytest.raises(TelegramMigrateToChat) as error:
        await bot.send_message(group.id, "x")

    assert error.value.migrate_to_chat_id == new_id


async def test_the_older_poller_gets_the_conflict_through_aiogram(bot, pg, ann, until):
    older = asyncio.get_running_loop().create_task(bot.get_updates(timeout=50))
    await until(lambda: pg.world.updates._poller)

    await bot.get_updates()

    with pytest.raises(TelegramConflictError):
        await older


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("400", TelegramBadRequest),
        ("403", TelegramForbiddenError),
        ("502_html", ClientDecodeError),
        ("reset", TelegramNetworkError),
    ],
)
async def test_faults_raise_the_matching_errors_of_the_client(bot, pg, ann, fault, error):
    pg.inject(fault, method="sendMessage")

    with pytest.raises(error):
        await bot.send_message(ann.id, "x")


async def test_a_missing_response_is_a_network_error(bot, pg, ann):
    pg.inject("time_out", method="sendMessage", when="after")

    with pytest.raises(TelegramNetworkError):
        await bot.send_message(ann.id, "x", request_timeout=3)

    assert len(pg.messages(ann)) == 1


async def test_a_wrong_token_is_unauthorized(bot, pg):
    pg.api.token = "5:secret"

    with pytest.raises(TelegramUnauthorizedError):
        await bot.get_me()


async def test_a_document_is_downloaded_as_it_was_sent(bot, pg, ann):
    file = BufferedInputFile(b"title,url\n", "topics.csv")

    sent = await bot.send_document(ann.id, file, caption="<b>Yours</b>", parse_mode="HTML")

    assert (sent.document.file_name, sent.caption) == ("topics.csv", "Yours")
    assert sent.caption_entities[0].type == "bold"
    assert pg.journal()[-1]["params"]["document"] == {"name": "topics.csv", "bytes": 10}
    stored = await bot.get_file(sent.document.file_id)
    assert (await bot.download_file(stored.file_path)).read() == b"title,url\n"


async def test_a_forced_reply_holds_the_question(bot, pg, ann):
    await bot.send_message(ann.id, "When?", reply_markup=ForceReply(selective=True))
    question = pg.messages(ann)[0]
    pg.send(ann, "08:00", reply_to_message_id=question["message_id"])

    (update,) = await bot.get_updates()

    assert update.message.reply_to_message.text == "When?"
    answer = await update.message.answer(
        "Noted", reply_parameters=ReplyParameters(message_id=update.message.message_id)
    ).as_(bot)
    assert answer.reply_to_message.text == "08:00"


async def test_commands_are_set(bot, pg):
    commands = [BotCommand(command="start", description="Begin")]
    scope = BotCommandScopeAllPrivateChats()

    await bot.set_my_commands(commands, scope=scope, language_code="ja")

    kept = await bot.get_my_commands(scope=scope, language_code="ja")
    assert _plain(kept) == _plain(commands)
    assert pg.bot_profile("ja")["commands"][0]["command"] == "start"
