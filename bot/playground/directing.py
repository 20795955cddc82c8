"""The verbs of the control side, the same for HTTP and for tests in the process.

Chats are named by their number; answers are plain JSON. A wrong request raises a Refusal.
"""

from typing import Any

from bot.playground import acts, joining, sharing, threads
from bot.playground.answers import bad_request
from bot.playground.chats import Chat, ChatType, Person, Thread
from bot.playground.flood import FloodMode
from bot.playground.launching import launch_data
from bot.playground.members import member_as
from bot.playground.world import World

Facts = dict[str, Any]


class Directing:
    def __init__(self, world: World) -> None:
        self.world = world

    def person(
        self,
        first_name: str,
        language_code: str | None = None,
        username: str | None = None,
        id: int | None = None,  # noqa: A002 - the name on the wire
        *,
        started: bool = True,
    ) -> Facts:
        """A person whom the bot may write to; with *started* false only once they wrote first."""
        number = self.world.next_person_id() if id is None else id
        if number <= 0 or number in self.world.chats:
            raise bad_request("the id must be positive and free")
        person = Person(number, first_name, username, language_code)
        chat = self.world.add_person(person, started=started)
        return {"id": person.id, "chat_id": chat.id}

    def chat(
        self,
        type: str,  # noqa: A002 - the name on the wire
        title: str,
        members: list[int] | None = None,
        bot: str | None = None,
    ) -> Facts:
        """A group, supergroup or channel; the first member is its creator.

        The bot is in it already, unless *bot* is "left"; as a channel's administrator.
        """
        kind = ChatType(type)
        if kind is ChatType.PRIVATE:
            raise bad_request("a private chat comes with its person")
        creator, *others = members or [0]
        roles = {creator: member_as("creator")} | dict.fromkeys(others, member_as("member"))
        chat = self.world.add_chat(kind, title, roles if members else {})
        if bot is not None:
            chat.own = member_as(bot)
        return {"chat_id": chat.id}

    def send(
        self,
        chat_id: int,
        text: str,
        from_id: int | None = None,
        entities: list[Facts] | None = None,
        reply_to_message_id: int | None = None,
        message_thread_id: int | None = None,
    ) -> Facts:
        chat = self.world.chat(chat_id)
        message, update_id = acts.write(
            self.world,
            chat,
            text,
            sender=self._who(chat, from_id),
            entities=entities,
            reply_to=reply_to_message_id,
            thread_id=message_thread_id,
        )
        return {"message_id": message.message_id, "update_id": update_id}

    def forward(self, chat_id: int, text: str, from_id: int | None = None, **facts: Any) -> Facts:
        """A post by somebody else; *facts*: origin, entities, as_caption."""
        chat = self.world.chat(chat_id)
        sender = self._who(chat, from_id)
        message, update_id = sharing.forward(self.world, chat, text, sender=sender, **facts)
        return {"message_id": message.message_id, "update_id": update_id}

    def upload(
        self,
        chat_id: int,
        name: str,
        content: str,
        mime: str = "application/octet-stream",
        caption: str = "",
        from_id: int | None = None,
    ) -> Facts:
        """A file; *content* is base64."""
        chat = self.world.chat(chat_id)
        sender, data = self._who(chat, from_id), sharing.decoded(content)
        message, update_id = sharing.upload(
            self.world, chat, name, data, sender=sender, mime=mime, caption=caption
        )
        return {"message_id": message.message_id, "update_id": update_id}

    def inline(self, person_id: int, text: str, offset: str = "") -> Facts:
        """What somebody types behind the bot's name, in whatever chat."""
        if person_id not in self.world.people:
            raise bad_request("no such person")
        person = self.world.people[person_id]
        return {"inline_query_id": sharing.ask_inline(self.world, person, text, offset)}

    def inline_answer(self, inline_query_id: str) -> Facts:
        """What the bot has answered; nothing yet if it has not."""
        asked = self.world.inline.find(inline_query_id)
        return {"answer": asked.answer if asked else None}

    def choose(
        self, inline_query_id: str, result_id: str, chat_id: int, from_id: int | None = None
    ) -> Facts:
        chat = self.world.chat(chat_id)
        sender = self._who(chat, from_id)
        message, update_id = sharing.choose(
            self.world, chat, inline_query_id, result_id, sender=sender
        )
        return {"message_id": message.message_id, "update_id": update_id}

    def press(self, chat_id: int, message_id: int, data: str, from_id: int | None = None) -> Facts:
        chat = self.world.chat(chat_id)
        message = self.world.message(chat, message_id, "no such message")
        query_id = acts.press(self.world, message, data, self._who(chat, from_id))
        return {"callback_query_id": query_id}

    def _who(self, chat: Chat, from_id: int | None) -> Person:
        """Who acts: the one named, the person of a private chat, or a group's first member."""
        if from_id is None and chat.person is not None:
            return chat.person
        known = [from_id] if from_id is not None else [*chat.members]
        for number in known:
            if number in self.world.people:
                return self.world.people[number]
        raise bad_request("no such person")

    def block(self, chat_id: int) -> Facts:
        joining.set_blocked(self.world, self.world.chat(chat_id), blocked=True)
        return {}

    def unblock(self, chat_id: int) -> Facts:
        joining.set_blocked(self.world, self.world.chat(chat_id), blocked=False)
        return {}

    def membership(
        self,
        chat_id: int,
        status: str,
        rights: list[str] | None = None,
        from_id: int | None = None,
    ) -> Facts:
        """The bot in a group: member, administrator, restricted, kicked or left; by *from_id*."""
        chat = self.world.chat(chat_id)
        who = self._who(chat, from_id) if from_id else None
        joining.set_own(self.world, chat, member_as(status, rights), who)
        return {}

    def member(
        self,
        chat_id: int,
        user_id: int,
        status: str,
        rights: list[str] | None = None,
        *,
        is_anonymous: bool = False,
        from_id: int | None = None,
    ) -> Facts:
        """A person in a group: any status, with the rights of an administrator (default: all)."""
        chat = self.world.chat(chat_id)
        part = member_as(status, rights, is_anonymous=is_anonymous)
        who = self._who(chat, from_id) if from_id else None
        joining.set_member(self.world, chat, self._who(chat, user_id), part, who)
        return {}

    def topic(
        self,
        chat_id: int,
        thread_id: int | None = None,
        state: str = "open",
        name: str = "Topic",
        from_id: int | None = None,
    ) -> Facts:
        """A new forum topic; or one that is closed, opened or deleted."""
        chat = self.world.chat(chat_id)
        sender = acts.sender_of(chat, self._who(chat, from_id))
        if thread_id is None:
            return {"thread_id": threads.create(self.world, chat, name, sender).message_id}
        if thread_id in chat.threads:
            threads.turn(self.world, chat, thread_id, state, sender)
        else:
            chat.is_forum, chat.threads[thread_id] = True, Thread(name, state)
        return {"thread_id": thread_id}

    def migrate(self, chat_id: int) -> Facts:
        return {"new_chat_id": acts.migrate(self.world, self.world.chat(chat_id)).id}

    def update(self, **told: Any) -> Facts:
        """An update as it stands here, by its kind, be it one that no library can read."""
        return {"update_id": self.world.updates.bring(told)}

    def inject(self, fault: str, **facts: Any) -> Facts:
        return {"id": self.world.faults.inject(fault, **facts)}

    def clear(self) -> Facts:
        """Forget the ordered faults."""
        self.world.faults.clear()
        return {}

    def flood(self, mode: str) -> Facts:
        self.world.flood.mode = FloodMode(mode)
        return {}

    def chats(self) -> list[Facts]:
        return [
            chat.to_api()
            | {
                "blocked": chat.blocked,
                "started": chat.started,
                "bot_status": chat.own.status,
                "bot_rights": sorted(chat.own.rights),
                "members": self._members(chat),
                "threads": [
                    {"id": number, "name": thread.name, "state": thread.state}
                    for number, thread in chat.threads.items()
                ],
                "migrated_to": chat.migrated_to,
                "language_code": chat.person.language_code if chat.person else None,
            }
            for chat in self.world.chats.values()
        ]

    def _members(self, chat: Chat) -> list[Facts]:
        return [
            {
                "id": number,
                "first_name": self.world.people[number].first_name,
                "status": member.status,
                "is_anonymous": member.is_anonymous,
            }
            for number, member in chat.members.items()
            if number in self.world.people
        ]

    def messages(self, chat_id: int | str, after: int = 0) -> list[Facts]:
        """Every message that changed after that version, deleted ones too, oldest first."""
        messages = self.world.chat(chat_id).messages.values()
        return [message.to_page() for message in messages if message.version > after]

    def launch(self, chat_id: int) -> Facts:
        """What a Mini App is told of whoever opens it from their private chat, signed."""
        person = self.world.chat(chat_id).person
        if person is None:
            raise bad_request("a Mini App opens in a private chat")
        return {"data": launch_data(self.world.token, person, self.world.now())}

    def _scopes(self, chat_id: int) -> list[str]:
        """Whose commands a person sees in a chat, the nearest first."""
        chat = self.world.chats.get(chat_id)
        is_private = chat is None or chat.type is ChatType.PRIVATE
        return [
            f"chat:{chat_id}",
            "all_private_chats" if is_private else "all_group_chats",
            "default",
        ]

    def bot(self, language: str = "", chat_id: int = 0) -> Facts:
        profile = self.world.profile
        return acts.BOT | {
            "menu_button": profile.menu_button_of(chat_id),
            "commands": profile.commands_for(self._scopes(chat_id), language),
            "description": profile.texts.get(("description", language))
            or profile.texts.get(("description", ""), ""),
        }
