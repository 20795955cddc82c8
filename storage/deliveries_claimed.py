"""Deliveries in hand: claimed, begun, answered.

Of one address only the first delivery that is on its way can be claimed (see `deliveries_next`),
so that they arrive in the order of their creation, one at a time.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, case, delete, update
from sqlmodel import SQLModel, col, select

from storage.deliveries import Delivery
from storage.deliveries_edits import messages_to_answer, messages_to_edit
from storage.deliveries_next import (
    MOST_ROUNDS,
    ROUNDS,
    Candidate,
    candidates,
    let_next_go,
    lock_lines,
    put_off,
)
from storage.words import IN_THE_WAY, ChatKind, DeliveryKind, DeliveryState, Hint, Medium

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence
    from datetime import datetime

    from storage.engine import Unit
    from storage.mailboxes import Mailbox

_table = SQLModel.metadata.tables["delivery"]
_NONE = timedelta()
_BEING_SENT = (DeliveryState.CLAIMED, DeliveryState.SENDING, DeliveryState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery in hand, where it goes, and the message that it changes or replies to."""

    delivery: Delivery
    telegram_id: int
    thread_id: int
    chat_kind: ChatKind
    target_message_id: int | None = None
    reply_message_id: int | None = None

    @property
    def id(self) -> int:
        assert self.delivery.id is not None  # noqa: S101 - it was read from the database
        return self.delivery.id

    @property
    def is_edit(self) -> bool:
        return self.delivery.kind is DeliveryKind.EDIT


async def claim_deliveries(
    unit: Unit,
    owner: str,
    *,
    limit: int,
    lease: timedelta,
    medium: Medium = Medium.TELEGRAM,
    groups_ahead: timedelta = _NONE,
) -> list[Claimed]:
    """Claim up to *limit* due deliveries for *owner*, the most urgent kinds first.

    Left out are suspended chats, chats whose pace says later (of a group more than *groups_ahead*),
    and whatever stands behind another delivery of its address. Of one Telegram chat with several
    threads one delivery is claimed. Edits that came too late are dropped on the way. They are fewer
    than could go where much stands behind others that is not marked yet; where that leaves none, a
    hint says there may be more.
    """
    await lock_lines(unit)
    claimed: list[Claimed] = []
    rounds = 0
    while (wanted := limit - len(claimed)) > 0 and rounds < (ROUNDS if claimed else MOST_ROUNDS):
        rounds += 1
        found = await candidates(unit, medium, wanted, groups_ahead)
        kept = [each for each in found if not each.may_go(medium)]
        free = [each for each in found if each.may_go(medium)]
        going = _one_for_each_chat(free, {each.telegram_id for each in claimed})
        await put_off(unit, medium, kept)
        claimed += await _claim(unit, going, owner, unit.now + lease)
        if len(found) < wanted or not (going or kept):
            break
    if rounds == MOST_ROUNDS:
        unit.hints.add(Hint.DELIVERIES)
    return await _with_replies(unit, await _without_late_edits(unit, claimed))


def _one_for_each_chat(free: Iterable[Candidate], taken: Container[int]) -> list[Candidate]:
    first: dict[int, Candidate] = {}
    for each in free:
        if each.telegram_id not in taken:
            first.setdefault(each.telegram_id, each)
    return list(first.values())


async def _claim(
    unit: Unit, going: Sequence[Candidate], owner: str, lease_until: datetime
) -> list[Claimed]:
    if not going:
        return []
    statement = (
        update(Delivery)
        .where(col(Delivery.id).in_([each.id for each in going]))
        .values(state=DeliveryState.CLAIMED, owner=owner, lease_until=lease_until)
        .returning(Delivery)
    )
    options = {"synchronize_session": False, "populate_existing": True}
    rows = (await unit.session.exec(statement, execution_options=options)).scalars()
    by_id = {row.id: row for row in rows}
    return [
        Claimed(by_id[each.id], each.telegram_id, each.thread_id, each.chat_kind) for each in going
    ]


async def _without_late_edits(unit: Unit, claimed: Sequence[Claimed]) -> list[Claimed]:
    """Give edits the message they change; drop those that a newer one overtook or that have none.

    The target's turn came before the edit's, so it is sent by now or never will be.
    """
    edits = {each.id for each in claimed if each.is_edit}
    if not edits:
        return list(claimed)
    targets = await messages_to_edit(unit, edits)
    late = [each for each in claimed if each.id in edits - targets.keys()]
    await change_state(unit, [each.id for each in late], state=DeliveryState.DROPPED)
    for each in late:
        await let_next_go(unit, [each.delivery.chat_id], each.delivery.medium)
    return [
        replace(each, target_message_id=targets.get(each.id))
        for each in claimed
        if not each.is_edit or each.id in targets
    ]


async def _with_replies(unit: Unit, claimed: Sequence[Claimed]) -> list[Claimed]:
    """Give replies the message that they answer; one whose message is not there goes alone."""
    replies = {each.id for each in claimed if each.delivery.reply_to_id is not None}
    answered = await messages_to_answer(unit, replies) if replies else {}
    return [replace(each, reply_message_id=answered.get(each.id)) for each in claimed]


async def give_back(unit: Unit, ids: Iterable[int], owner: str) -> None:
    """Let go of what *owner* has made no call for: it is due again.

    The intent may be written down all the same: the answer of its commit was lost, or its slot
    missed. It counts as no attempt.
    """
    is_begun = col(Delivery.state) == DeliveryState.SENDING
    attempts = case((is_begun, col(Delivery.attempts) - 1), else_=col(Delivery.attempts))
    await unit.session.exec(
        update(Delivery)
        .where(
            col(Delivery.id).in_(ids),
            col(Delivery.owner) == owner,
            col(Delivery.state).in_((DeliveryState.CLAIMED, DeliveryState.SENDING)),
        )
        .values(state=DeliveryState.PENDING, owner=None, lease_until=None, attempts=attempts)
        .execution_options(synchronize_session=False)
    )


async def begin_sending(unit: Unit, ids: Iterable[int], owner: str, lease: timedelta) -> set[int]:
    """Write down that the calls for *ids* begin; return those that are still *owner*'s to send."""
    statement = (
        update(Delivery)
        .where(
            col(Delivery.id).in_(ids),
            col(Delivery.owner) == owner,
            col(Delivery.state) == DeliveryState.CLAIMED,
        )
        .values(
            state=DeliveryState.SENDING,
            attempts=col(Delivery.attempts) + 1,
            lease_until=unit.now + lease,
        )
        .returning(col(Delivery.id))
        .execution_options(synchronize_session=False)
    )
    return set((await unit.session.exec(statement)).scalars())


async def finish_sending(unit: Unit, delivery_id: int, owner: str, **changes: Any) -> bool:
    """Write down what one call of *owner* came to; False if it is no longer *owner*'s."""
    return bool(await finish_calls(unit, owner, {delivery_id: changes}))


async def finish_calls(
    unit: Unit, owner: str, changes: Mapping[int, Mapping[str, Any]]
) -> set[int]:
    """Write down what the calls of *owner* came to; return those that were still *owner*'s."""
    mine = (col(Delivery.owner) == owner, col(Delivery.state) == DeliveryState.SENDING)
    statement = (
        select(col(Delivery.id), col(Delivery.chat_id), col(Delivery.medium))
        .where(col(Delivery.id).in_(changes), *mine)
        .with_for_update()
    )
    rows = [(row, chat, Medium(by)) for row, chat, by in await unit.session.exec(statement)]
    await _write(unit, {row: changes[row] for row, _, _ in rows})
    for medium in {by for _, _, by in rows}:
        gone = [chat for row, chat, by in rows if by is medium and _is_gone(changes[row])]
        await let_next_go(unit, gone, medium)
    return {row for row, _, _ in rows}


def _is_gone(changes: Mapping[str, Any]) -> bool:
    return changes["state"] not in IN_THE_WAY


async def _write(unit: Unit, changes: Mapping[int, Mapping[str, Any]]) -> None:
    """Change each row; those whose same columns change with one statement."""
    alike: defaultdict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row, values in sorted(changes.items()):
        alike[tuple(sorted(values))].append({"row": row} | {f"new_{k}": values[k] for k in values})
    connection = await unit.session.connection()
    for names, rows in alike.items():
        values = {name: bindparam(f"new_{name}") for name in names}
        done = update(_table).where(_table.c.id == bindparam("row"))
        await connection.execute(done.values(owner=None, lease_until=None, **values), rows)


async def change_state(unit: Unit, ids: Iterable[int], **changes: Any) -> None:
    wanted = list(ids)
    if wanted:
        values = {"owner": None, "lease_until": None, **changes}
        await unit.session.exec(
            update(Delivery)
            .where(col(Delivery.id).in_(wanted))
            .values(**values)
            .execution_options(synchronize_session=False)
        )


async def drop_confirmations(unit: Unit, mailbox: Mailbox) -> None:
    """Keep no older code: neither on its way, where it would be wrong, nor once it is sent."""
    await unit.session.exec(
        delete(Delivery).where(
            col(Delivery.mailbox_id) == mailbox.id,
            col(Delivery.kind) == DeliveryKind.NOTICE,
            col(Delivery.state).not_in(_BEING_SENT),
        )
    )
