"""The verbs of the control side, the same for HTTP and for tests in the process.

Chats are named by their number; answers are plain JSON. A wrong request raises a Refusal.
"""

from typing import Any

from bot.playground import acts
from bot.playground.answers import bad_request
from bot.playground.chats import Chat, ChatType, Person
from bot.playground.flood import FloodMode
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

    def chat(self, type: str, title: str, members: list[int] | None = None) -> Facts:  # noqa: A002 - the name on the wire
        """A group, supergroup or channel with the bot in it; the first member is its creator."""
        kind = ChatType(type)
        if kind is ChatType.PRIVATE:
            raise bad_request("a private chat comes with its person")
        roles = ["creator", *["member"] * len(members or [])]
        chat = self.world.add_chat(kind, title, dict(zip(members or [], roles, strict=False)))
        return {"chat_id": chat.id}

    def send(
        self,
        chat_id: int,
        text: str,
        from_id: int | None = None,
        entities: list[Facts] | None = None,
        reply_to_message_id: int | None = None,
    ) -> Facts:
        chat = self.world.chat(chat_id)
        message, update_id = acts.write(
            self.world,
            chat,
            text,
            sender=self._who(chat, from_id),
            entities=entities,
            reply_to=reply_to_message_id,
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
        acts.set_blocked(self.world, self.world.chat(chat_id), blocked=True)
        return {}

    def unblock(self, chat_id: int) -> Facts:
        acts.set_blocked(self.world, self.world.chat(chat_id), blocked=False)
        return {}

    def membership(self, chat_id: int, status: str) -> Facts:
        """The bot in a group: member, administrator, kicked or left."""
        acts.set_bot_status(self.world, self.world.chat(chat_id), status)
        return {}

    def topic(self, chat_id: int, thread_id: int, state: str = "open") -> Facts:
        """A forum topic that is open or closed."""
        self.world.chat(chat_id).threads[thread_id] = state
        return {}

    def migrate(self, chat_id: int) -> Facts:
        return {"new_chat_id": acts.migrate(self.world, self.world.chat(chat_id)).id}

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
                "bot_status": chat.bot_status,
                "migrated_to": chat.migrated_to,
                "language_code": chat.person.language_code if chat.person else None,
            }
            for chat in self.world.chats.values()
        ]

    def messages(self, chat_id: int | str, after: int = 0) -> list[Facts]:
        """Every message that changed after that version, deleted ones too, oldest first."""
        messages = self.world.chat(chat_id).messages.values()
        return [message.to_page() for message in messages if message.version > after]

    def bot(self, language: str = "") -> Facts:
        profile = self.world.profile
        return acts.BOT | {
            "commands": profile.commands_for(["all_private_chats", "default"], language),
            "description": profile.texts.get(("description", language))
            or profile.texts.get(("description", ""), ""),
        }
