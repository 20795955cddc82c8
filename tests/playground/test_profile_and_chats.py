"""The bot's profile, and its view of chats."""

COMMANDS = [{"command": "start", "description": "Begin"}]


async def test_commands_are_kept_by_scope_and_language(call, pg):
    private = {"type": "all_private_chats"}
    await call("setMyCommands", commands=COMMANDS)
    await call("setMyCommands", commands=[], scope=private, language_code="de")

    assert (await call("getMyCommands"))["result"] == COMMANDS
    assert (await call("getMyCommands", scope=private, language_code="de"))["result"] == []
    assert pg.bot_profile("de")["commands"] == COMMANDS
    await call("deleteMyCommands")
    assert (await call("getMyCommands"))["result"] == []


async def test_a_chat_shows_the_commands_of_the_narrowest_scope(call, pg, ann):
    group = pg.chat("supergroup", "Newsroom", [ann])
    for scope, name in (
        ({"type": "all_private_chats"}, "private"),
        ({"type": "all_group_chats"}, "groups"),
        ({"type": "chat", "chat_id": ann.id}, "own"),
    ):
        commands = [{"command": name, "description": "Begin"}]
        await call("setMyCommands", commands=commands, scope=scope)

    shown = [pg.bot_profile("en", chat)["commands"] for chat in (0, group.id, ann.id)]

    assert [one["command"] for (one,) in shown] == ["private", "groups", "own"]


async def test_descriptions_are_kept_by_language(call):
    await call("setMyDescription", description="News for you")
    await call("setMyDescription", description="Neues", language_code="de")

    assert (await call("getMyDescription", language_code="fr"))["result"] == {
        "description": "News for you"
    }
    assert (await call("getMyDescription", language_code="de"))["result"] == {
        "description": "Neues"
    }


async def test_the_menu_button_is_kept_by_chat(call, ann):
    await call("setChatMenuButton", chat_id=ann.id, menu_button={"type": "commands"})

    assert (await call("getChatMenuButton", chat_id=ann.id))["result"] == {"type": "commands"}
    assert (await call("getChatMenuButton"))["result"] == {"type": "default"}


async def test_members_and_administrators_of_a_group(call, pg, ann):
    ben = pg.user("Ben")
    group = pg.chat("supergroup", "Friends", [ann, ben])

    async def status(user_id: int) -> str:
        member = await call("getChatMember", chat_id=group.id, user_id=user_id)
        return str(member["result"]["status"])

    admins = (await call("getChatAdministrators", chat_id=group.id))["result"]
    assert [admin["user"]["first_name"] for admin in admins] == ["Ann"]
    assert [await status(number) for number in (ann.id, ben.id, 1)] == [
        "creator",
        "member",
        "member",
    ]
    assert (await call("getChat", chat_id=group.id))["result"]["title"] == "Friends"
    assert (await call("getChatMemberCount", chat_id=group.id))["result"] == 3


async def test_a_private_chat_has_no_administrators(call, ann):
    body = await call("getChatAdministrators", chat_id=ann.id)

    assert body["description"] == ("Bad Request: there are no administrators in the private chat")


async def test_the_bot_leaves_a_group(call, pg, ann):
    group = pg.chat("group", "Friends", [ann])

    assert (await call("leaveChat", chat_id=group.id))["result"] is True
    assert (await call("sendMessage", chat_id=group.id, text="x"))["error_code"] == 403


async def test_an_unknown_action_is_rejected(call, ann):
    assert (await call("sendChatAction", chat_id=ann.id, action="typing"))["result"] is True
    assert (await call("sendChatAction", chat_id=ann.id, action="sulk"))["error_code"] == 400
