"""The readers of a round: what is known of each before its news is, read for all at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.mail.compose import Recipient
from bot.publishing.calendar import Plan
from storage.chats import Chat, schedules_of
from storage.db.engine import Transaction
from storage.editions import DigestTopic, LastEditions, digest_topics_of_each, last_editions_of_each
from storage.enums import MuteKind
from storage.mailboxes import mailboxes_in_use
from storage.mutes import subjects_muted_of_each
from storage.search import chats_with_own_sources

# How far a topic's first digest reaches back, and how far any, after however long a pause: a weekly
# one that was missed is merged into the next.
FIRST_REACH = timedelta(hours=24)
LONGEST_REACH = timedelta(days=15)


@dataclass(frozen=True, slots=True)
class Reader:
    """A chat with its plan, and the topics of its digest that it has not muted.

    *recipient*: its mailbox, where that is in use. *follows*: sources of its own reach it.
    *mutes*: it has muted anything.
    """

    chat: Chat
    plan: Plan
    last: LastEditions
    topics: Sequence[DigestTopic]
    follows: bool = False
    mutes: bool = False
    recipient: Recipient | None = None

    @property
    def id(self) -> int:
        return self.chat.id

    @property
    def queries(self) -> set[int]:
        return {topic.query_id for topic in self.topics}

    @property
    def is_apart(self) -> bool:
        """Whether it is told other things than everybody of the same query."""
        return self.follows or self.mutes

    def since(self, now: datetime) -> datetime:
        """Return from when on its next edition tells."""
        last = self.last.made_at
        return max(last, now - LONGEST_REACH) if last else now - FIRST_REACH


async def reader_of(tx: Transaction, chat: Chat) -> Reader:
    (reader,) = await readers_of(tx, [chat])
    return reader


async def readers_of(tx: Transaction, chats: Sequence[Chat]) -> list[Reader]:
    """Return the readers that *chats* are, in their order."""
    ids = [chat.id for chat in chats]
    slots = await schedules_of(tx, ids)
    last = await last_editions_of_each(tx, ids)
    topics = await digest_topics_of_each(tx, ids)
    muted = await subjects_muted_of_each(tx, ids)
    following = await chats_with_own_sources(tx, ids)
    recipients = await _recipients(tx, chats)
    return [
        Reader(
            chat,
            Plan(chat.zone, slots[chat_id]),
            last[chat_id],
            [
                topic
                for topic in topics.get(chat_id, ())
                if (MuteKind.TOPIC, topic.id) not in muted.get(chat_id, ())
            ],
            follows=chat_id in following,
            mutes=chat_id in muted,
            recipient=recipients.get(chat_id),
        )
        for chat_id, chat in zip(ids, chats, strict=True)
    ]


async def _recipients(tx: Transaction, chats: Sequence[Chat]) -> Mapping[int, Recipient]:
    mailed = {chat.id: chat.speaks for chat in chats if chat.digest_by.mails}
    return {
        mailbox.chat_id: Recipient(
            mailbox.id, mailbox.address, mailbox.chat_id, mailed[mailbox.chat_id]
        )
        for mailbox in (await mailboxes_in_use(tx, mailed.keys()) if mailed else ())
    }
