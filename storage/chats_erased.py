"""Chats being erased: whose they were is gone at once, what they had goes a few rows at a time.

1. `shut_chat` takes from our row all that says whose it was, and with it all that the chat had
   chosen, and what names it elsewhere. From then on nothing is sent to it, and whoever comes back
   gets a new row.
2. `empty_some`, again and again: what it has been sent may be more than one unit should delete.
3. `erase_shut` takes the row itself.
4. `erase_words`, again and again: queries that nobody asks for any more have words, and matches.

The row says how far it is: whoever finds one that is shut goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import String, cast, delete, literal, text, tuple_, update
from sqlmodel import col, select

from storage.acts import forget_who
from storage.alerts import Alert
from storage.bundles import Bundle
from storage.chats import Chat, columns_naming_a_chat
from storage.deliveries import Delivery
from storage.editions import Edition, EditionStory
from storage.feedback import Feedback, notices_of_feedback
from storage.mailboxes import Mailbox
from storage.matches import Match
from storage.pace import forget_pace
from storage.queries import Query
from storage.words import (
    ChatState,
    DeliveryState,
    MailboxState,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from storage.engine import Unit

AT_ONCE: Final = 500
# What may be too many rows for one unit, those that hang on others first; and how they are told
# apart within a chat. A mailbox is only one, but its mails hang on it.
_MANY: Final[tuple[tuple[Any, Any], ...]] = (
    (EditionStory, EditionStory.story_id),
    (Delivery, Delivery.id),
    (Edition, Edition.id),
    (Alert, Alert.id),
    (Bundle, Bundle.id),
    (Mailbox, Mailbox.id),
)
_IN_HAND: Final = (DeliveryState.CLAIMED, DeliveryState.SENDING)
_NOBODY: Final = -(2**62)  # Telegram's ids have 52 bits
_SHUT: Final = "state = 'erased'"


async def shut_chat(unit: Unit, chat_id: int) -> None:
    """Let nothing be sent to our row *chat_id* any more, nor tell whose it was."""
    locked = select(Chat.telegram_id).where(col(Chat.id) == chat_id).with_for_update()
    number = (await unit.session.exec(locked)).first()
    if number is None:
        return
    await _take_back_feedback(unit, chat_id)
    many = {table.__tablename__ for table, _ in _MANY}
    for column in reversed(columns_naming_a_chat()):
        goes_too = all(key.ondelete == "CASCADE" for key in column.foreign_keys)
        if goes_too and column.table.name not in many:
            await _apply(unit, delete(column.table).where(column == chat_id))
    # What is claimed and not begun is stopped so; what waits, by the state of the chat.
    in_hand = (col(Delivery.chat_id) == chat_id, col(Delivery.state).in_(_IN_HAND))
    await _apply(unit, delete(Delivery).where(*in_hand))
    mailbox = update(Mailbox).where(col(Mailbox.chat_id) == chat_id)
    await _apply(unit, mailbox.values(**_no_mailbox()))
    chat = update(Chat).where(col(Chat.id) == chat_id)
    await _apply(unit, chat.values(**_no_chat(unit, chat_id)))
    # A forum's topics have rows of their own, and one number.
    others = select(Chat.id).where(col(Chat.telegram_id) == number).limit(1)
    if (await unit.session.exec(others)).first() is None:
        await forget_pace(unit, number)
        await forget_who(unit, number)


async def shut_chats(unit: Unit, limit: int) -> list[int]:
    """Return chats that are shut and not gone yet."""
    wanted = select(Chat.id).where(text(f"chat.{_SHUT}")).order_by(col(Chat.id)).limit(limit)
    return list(await unit.session.exec(wanted))


async def empty_some(unit: Unit, chat_id: int) -> bool:
    """Delete some of what a chat that is shut has been sent; return whether there was any."""
    for table, key in _MANY:
        theirs = select(col(key)).where(col(table.chat_id) == chat_id).limit(AT_ONCE)
        # Another process may be at it as well.
        keys = (await unit.session.exec(theirs.with_for_update(skip_locked=True))).all()
        if keys:
            these = (col(table.chat_id) == chat_id, col(key).in_(keys))
            await _apply(unit, delete(table).where(*these))
            return True
    return False


async def erase_shut(unit: Unit, chat_id: int) -> None:
    """Delete our row *chat_id*; whatever names it still goes with it."""
    await _apply(unit, delete(Chat).where(col(Chat.id) == chat_id, text(_SHUT)))


async def words_of_nobody(unit: Unit) -> Sequence[int]:
    """Return some queries that nobody asks for any more and whose words are still there."""
    left = (~col(Query.live), col(Query.canonical) != "")
    found = await unit.session.exec(select(Query.id).where(*left).limit(AT_ONCE))
    return list(found)


async def erase_words(unit: Unit, query_ids: Collection[int]) -> bool:
    """Erase some matches of these queries, in the end their words; return whether any are left.

    Their rows stay, for by their changes the indexes of all processes learn that they are gone.
    """
    these = select(Query.id).where(col(Query.id).in_(query_ids), ~col(Query.live))
    ids = (await unit.session.exec(these.order_by(col(Query.id)).with_for_update())).all()
    matched = select(Match.article_id, Match.query_id).where(col(Match.query_id).in_(ids))
    keys = (await unit.session.exec(matched.limit(AT_ONCE))).all()
    if keys:
        key = tuple_(col(Match.article_id), col(Match.query_id))
        await _apply(unit, delete(Match).where(key.in_(keys)))
        return True
    hashed = literal("erased:").concat(cast(col(Query.id), String))
    words = update(Query).where(col(Query.id).in_(ids))
    await _apply(unit, words.values(canonical="", canonical_hash=hashed))
    return False


async def _take_back_feedback(unit: Unit, chat_id: int) -> None:
    """Delete what those who run the bot were sent of the chat's feedback: it has name and words."""
    written = select(Feedback.id).where(col(Feedback.chat_id) == chat_id)
    numbers = set(await unit.session.exec(written))
    if not numbers:
        return
    told = await notices_of_feedback(unit)
    ids = [delivery_id for delivery_id, number in told.items() if number in numbers]
    await _apply(unit, delete(Delivery).where(col(Delivery.id).in_(ids)))


def _no_chat(unit: Unit, chat_id: int) -> dict[str, Any]:
    blank = Chat(telegram_id=_NOBODY - chat_id, state_since=unit.now, created_at=unit.now)
    blank.state = ChatState.ERASED
    return blank.model_dump(exclude={"id"})


def _no_mailbox() -> dict[str, Any]:
    return {
        "address": "",
        "state": MailboxState.UNSUBSCRIBED,
        "trouble_text": None,
        "code_hash": None,
        "token_hash": None,
    }


async def _apply(unit: Unit, statement: Any) -> None:
    await unit.session.exec(statement.execution_options(synchronize_session=False))
