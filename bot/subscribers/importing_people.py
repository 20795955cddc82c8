"""Importing people: what the file has joins what is there. Nothing of that changes or goes.

1. A chat that is there keeps the settings that it has chosen; a new one gets those of the file.
2. A topic, feed, mute or mailbox that is there stays as it is, also where the file differs.
3. Limits hold. What is one too many is counted with its reason, and so is what cannot be read.
4. Of another bot: chats sleep until somebody comes, since this one may not write to them.
5. A chat that the database refuses takes nobody with it.

Many are taken at once: what they have is asked for together, what each adds is decided without the
database, and the rows of all are put in together. Taken one by one they would come to the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from sqlmodel import SQLModel

from bot.subscribers.allowing import limits_said
from bot.subscribers.limits import USUAL_LIMITS, Limits
from bot.subscribers.people import Wished
from bot.subscribers.people_joining import Here, Joining, Wanted
from bot.subscribers.people_tally import Outcome, Part, Reason, Tally
from storage.chats import Chat, ChatAddress, DigestTime, OpenedChats, Quota, open_chats
from storage.db.engine import DatabaseError, Storage, Transaction, is_transient, is_unavailable
from storage.db.leases import lock_claims
from storage.enums import ChatKind, ChatState
from storage.mailboxes import Mailbox
from storage.mutes import Mute
from storage.queries import Query
from storage.sources import Follow, Source, sources_known
from storage.subscriptions import Subscription
from storage.suspension import ban
from storage.topics import Topic, topics_named
from storage.users import KnownUsers, add_users, known_users

# The tables that an import fills.
IMPORTED: Final[tuple[type[SQLModel], ...]] = (
    Chat,
    DigestTime,
    Topic,
    Query,
    Subscription,
    Source,
    Follow,
    Mute,
    Mailbox,
)

# Who watches the same at the same moment may be met in the database, and then once more.
_TRIES = 3


class _TakenBack(Exception):  # noqa: N818 - nothing went wrong
    """Ends a transaction that is not to be committed."""


@dataclass(frozen=True, slots=True)
class ImportingPeople:
    """*asleep*: the chats are another bot's; with *dry_run* all is done and then taken back."""

    storage: Storage
    limits: Limits = USUAL_LIMITS
    asleep: bool = False
    dry_run: bool = False

    async def take(self, people: Sequence[Wished]) -> Tally:
        """Take in some, in one transaction; `DatabaseError` if that has to wait, and none is."""
        return await self._take([Wanted.of(wished) for wished in people])

    async def _take(self, people: Sequence[Wanted], tries: int = _TRIES) -> Tally:
        try:
            return await self._in_one_unit(people)
        except DatabaseError as error:
            if is_transient(error):
                if is_unavailable(error) or tries == 1:
                    raise  # nobody is refused for it
                return await self._take(people, tries - 1)
            if len(people) > 1:
                return await self._by_halves(people)
            tally = Tally()
            tally.refuse(Part.CHATS, Reason.NOT_STORED, people[0].wished.line)
            return tally

    async def _by_halves(self, people: Sequence[Wanted]) -> Tally:
        """Find which of them are refused."""
        half = len(people) // 2
        tally = await self._take(people[:half])
        tally.add(await self._take(people[half:]))
        return tally

    async def _in_one_unit(self, people: Sequence[Wanted]) -> Tally:
        tally = Tally()
        with suppress(_TakenBack):
            async with self.storage.writing() as tx:
                # Another import may have the same chats and feeds in another order.
                await lock_claims(tx, Chat)
                for some in _in_turn(people):
                    await self._join(tx, some, tally)
                if self.dry_run:
                    raise _TakenBack
        return tally

    async def _join(self, tx: Transaction, people: Sequence[Wanted], tally: Tally) -> None:
        opened = await open_chats(tx, [self._row(one.wished) for one in people])
        there = [chat.id for chat, is_new in opened.values() if not is_new]
        known = await known_users(tx, there)
        hashes = {hashed for one in people for hashed in (*one.feeds, *one.mutes)}
        here = Here(
            tx.now,
            catalogue=await topics_named(tx, {slug for one in people for slug in one.slugs}),
            sources={one.url_hash: one.is_inside for one in await sources_known(tx, hashes)},
            tally=tally,
        )
        for one in people:
            self._chat(here, one, opened[one.wished.place], known)
        await tx.session.flush()
        await add_users(tx, here.added, there)
        for one in people:
            if one.wished.is_banned and opened[one.wished.place].is_new:
                await ban(tx, one.wished.telegram_id)

    def _chat(
        self, here: Here, wanted: Wanted, opened: OpenedChats, known: Mapping[int, KnownUsers]
    ) -> None:
        chat, is_new = opened
        wished = wanted.wished
        here.tally.note(Part.CHATS, Outcome.ADDED if is_new else Outcome.THERE)
        has = KnownUsers() if is_new else known[chat.id]
        if is_new:
            _let_in(here, chat, has, wished)
        joining = Joining(here, chat, has, wished.line)
        joining.settings(wished, is_new=is_new)
        joining.all(wanted, limits_said(has.allowance or Quota(chat_id=0), self.limits))

    def _row(self, wished: Wished) -> dict[str, Any]:
        facts = dict(wished.facts)
        if facts["state"] is ChatState.BANNED:
            facts["state"] = ChatState.ACTIVE  # `ban` knows what else there is to a ban
        if self.asleep and facts["state"] is ChatState.ACTIVE:
            is_person = facts["kind"] is ChatKind.PRIVATE
            facts["state"] = ChatState.BLOCKED if is_person else ChatState.KICKED
        return facts | {"telegram_id": wished.telegram_id, "thread_id": wished.thread_id}


def _in_turn(people: Sequence[Wanted]) -> Iterator[Sequence[Wanted]]:
    """Yield them parted, so that each chat meets what those before it made of the same one.

    A ban goes for all threads that are there by then.
    """
    start = 0
    places: set[ChatAddress] = set()
    banned: set[int] = set()
    for number, one in enumerate(people):
        place = one.wished.place
        if place in places or one.wished.telegram_id in banned:
            yield people[start:number]
            start = number
            places.clear()
            banned.clear()
        places.add(place)
        if one.wished.is_banned:
            banned.add(one.wished.telegram_id)
    if people:
        yield people[start:]


def _let_in(here: Here, chat: Chat, has: KnownUsers, wished: Wished) -> None:
    if wished.limits:
        has.allowance = Quota(chat_id=chat.id, **wished.limits)
        here.added.allowances.append(has.allowance)
    if wished.is_admitted:
        here.added.admitted.append(wished.telegram_id)
