"""Every response of the Bot API, to messages and edits: its end, and its line in the log.

They run on real aiogram and HTTP; the test turns the outbox's clock.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiogram import Bot
from structlog.testing import capture_logs

from bot.delivery.sender import Calls, SendStage
from bot.delivery.telegram import Telegram
from bot.rendering.messages import Message
from bot.telegram import BOT_DEFAULTS
from storage.chats import Chat
from storage.db.engine import Storage
from storage.enums import ChatState, DeliveryKind, DeliveryState
from storage.pace import chat_pace_key, pauses_by_key
from storage.suspension import restore_chat
from tests.bot_api import PlainSession
from tests.conftest import TurnedClock
from tests.delivery.conftest import PACE_KEY, Outbox, TurnedTimer, send_all, stage
from tests.delivery.matrix import ROWS, Fate, Row, page
from tests.local_playground import LocalPlayground

pytestmark = pytest.mark.slow

SECOND = timedelta(seconds=1)
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "delivery.md"
MESSAGES = (DeliveryKind.ALERT, DeliveryKind.EDITION)


def cases(kinds: tuple[DeliveryKind, ...]) -> list[Any]:
    return [
        pytest.param(row, kind, bare, id=f"{row.answer}-{kind}{'-bare' if bare else ''}")
        for row in ROWS
        for kind in kinds
        for bare in ((False, True) if row.bare else (False,))
        if not row.only_edits or kind is DeliveryKind.EDIT
    ]


@dataclass(frozen=True)
class Failed:
    """The state of the message after its call, the log, and the state of another chat's message."""

    then: DeliveryState
    events: list[str]
    others: DeliveryState


@dataclass
class Scene:
    """Ann, whose call fails and who has a message behind it, and Bob, whose messages may go."""

    sending: SendStage[Any]
    playground: LocalPlayground
    outbox: Outbox
    clock: TurnedClock
    storage: Storage
    session: PlainSession
    ann: int = 0
    ann_chat: int = 0
    bob_chat: int = 0

    async def people(self, *, in_group: bool) -> None:
        ann, bob = self.playground.user("Ann"), self.playground.user("Bob")
        group = self.playground.chat("group", "Readers", [ann]) if in_group else None
        self.ann = group.id if group else ann.id
        self.ann_chat = await self.outbox.chat(self.ann)
        self.bob_chat = await self.outbox.chat(bob.id)

    async def first_message(self, kind: DeliveryKind, *, bare: bool) -> int:
        fallback = None if bare else Message("the fallback").to_json()
        if kind is not DeliveryKind.EDIT:
            return await self.outbox.add(self.ann_chat, "news", kind, fallback=fallback)
        target = await self.outbox.add(self.ann_chat, "old news")
        await send_all(self.sending)
        self.clock.turn(4 * SECOND)
        facts = {"target_id": target, "version": 1, "fallback": fallback}
        return await self.outbox.add(self.ann_chat, "news", kind, **facts)

    async def order(self, row: Row, kind: DeliveryKind) -> None:
        method = "editMessageText" if kind is DeliveryKind.EDIT else "sendMessage"
        if row.upgrades:
            self.ann = self.playground.migrate(self.ann)
        elif row.order:
            self.playground.inject(**row.order, method=method, chat_id=self.ann)

    async def fail(self, row: Row, failing: int) -> Failed:
        """Let Ann's call fail, then send to Bob while the fault is still there."""
        async with AsyncExitStack() as stack:
            events = stack.enter_context(capture_logs())
            if row.order is None:
                await self.session.close()  # its connections, which would go on
                await stack.enter_async_context(self.playground.refusing())
            await self.sending.run_once()
            await self.sending.calls.all_done()
            (then,) = await self.outbox.states(failing)
            other = await self.outbox.add(self.bob_chat)
            await send_all(self.sending)
        (meanwhile,) = await self.outbox.states(other)
        return Failed(then, [line["event"] for line in events], meanwhile)

    async def settle(self, row: Row) -> None:
        """Let the pauses pass and the chats come back."""
        if row.chat_state is not ChatState.ACTIVE:
            async with self.storage.writing() as tx:
                await restore_chat(tx, self.ann_chat)
        self.clock.turn(row.pause_seconds * SECOND)
        for _ in range(5):
            await send_all(self.sending)
            self.clock.turn(4 * SECOND)

    async def chat_state(self) -> ChatState:
        async with self.storage.reading() as tx:
            return (await tx.get_one(Chat, self.ann_chat)).state

    async def pause(self) -> timedelta | None:
        async with self.storage.reading() as tx:
            until = await pauses_by_key(tx, [PACE_KEY, await chat_pace_key(tx, self.ann)])
            return max(until.values()) - tx.now if until else None

    def arrived(self, text: str) -> list[Any]:
        texts = [m for m in self.playground.messages(self.ann) if m.get("text") == text]
        return sorted(texts, key=lambda message: message["message_id"])


@pytest.fixture
async def scene(outbox, clock, storage, request) -> AsyncIterator[Scene]:
    order = request.node.callspec.params["row"].order or {}
    async with AsyncExitStack() as stack:
        playground = await stack.enter_async_context(LocalPlayground(flood="off"))
        session = PlainSession(playground.base_url)
        # Long, because on a busy machine no other case may time out.
        seconds = 2 if order.get("fault") == "time_out" else 30
        telegram = Telegram(
            Bot("1:playground", session=session, default=BOT_DEFAULTS), call_seconds=seconds
        )
        calls = await stack.enter_async_context(Calls(timer=TurnedTimer(clock)))
        sending = stage(storage, telegram, calls)
        yield Scene(sending, playground, outbox, clock, storage, session)
        await session.close()


@pytest.mark.parametrize(("row", "kind", "bare"), cases((*MESSAGES, DeliveryKind.EDIT)))
async def test_each_response_leads_to_its_end(
    scene: Scene, row: Row, kind: DeliveryKind, bare: bool
):
    fate = _fate(row, kind, bare=bare)
    await scene.people(in_group=row.upgrades)
    failing = await scene.first_message(kind, bare=bare)
    behind = await scene.outbox.add(scene.ann_chat, "behind")
    await scene.order(row, kind)

    failed = await scene.fail(row, failing)
    state, pause = await scene.chat_state(), await scene.pause()
    await scene.settle(row)

    assert failed.then is fate.then
    assert fate.says in failed.events
    assert state is row.chat_state
    asked = row.pause_seconds * SECOND  # a little of it passes while the other is sent to
    assert pause == (pytest.approx(asked, abs=SECOND / 10) if asked else None)
    assert failed.others is (DeliveryState.PENDING if row.holds_others else DeliveryState.SENT)
    assert await scene.outbox.states(failing, behind) == [fate.ends, DeliveryState.SENT]
    _check_arrivals(scene, row, fate)


def _fate(row: Row, kind: DeliveryKind, *, bare: bool) -> Fate:
    if bare and row.bare:
        return row.bare
    return row.edit if kind is DeliveryKind.EDIT else row.send


def _check_arrivals(scene: Scene, row: Row, fate: Fate) -> None:
    shown = "the fallback" if row.bare and fate.ends is DeliveryState.SENT else "news"
    arrived = scene.arrived(shown)
    if fate.ends is not DeliveryState.SENT or row.only_edits:
        assert arrived == []
        return
    assert len(arrived) == fate.copies
    assert bool(arrived[-1].get("silent")) is fate.silent


def test_the_reference_page_shows_the_tested_table():
    assert REFERENCE.read_text(encoding="utf-8") == page()
