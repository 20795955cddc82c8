"""What comes back from a mailbox: refusals, bounces, complaints.

A permanent refusal or a complaint suspends at once; passing ones only when five have come within
two weeks. The chat is told, and its digests come by Telegram until it confirms an address.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.delivery.verp import mailbox_in
from bot.subscribers.mailnotices import mailbox_notice, put_out
from storage.mailboxes import mailbox_to_change
from storage.mailboxes_suspended import suspend_mailbox
from storage.words import MailboxState, MailTrouble

if TYPE_CHECKING:
    from bot.rendering.renderer import Renderer
    from bot.rendering.seals import Seal
    from storage.engine import Storage, Unit
    from storage.mailboxes import Mailbox

SOFT_WINDOW = timedelta(days=14)
MOST_SOFT = 5
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Returns:
    storage: Storage
    renderer: Renderer
    seal: Seal

    async def refused(self, unit: Unit, mailbox_id: int, reason: str) -> None:
        """Its server takes no mail for it, *reason* in that server's words; within *unit*."""
        found = await mailbox_to_change(unit, mailbox_id)
        if found:
            await self._stop(unit, found[0], MailTrouble.REFUSED, reason)

    async def complained_by(self, token: str) -> bool:
        """A complaint quotes a mail with *token* in it; False if it is none of ours."""
        async with self.storage.reading() as unit:
            mailbox_id = mailbox_in(token, self.seal, unit.now)
        return mailbox_id is not None and await self.complained(mailbox_id)

    async def complained(self, mailbox_id: int) -> bool:
        """Its reader called a mail unwanted; False: no such mailbox."""
        async with self.storage.writing() as unit:
            found = await mailbox_to_change(unit, mailbox_id)
            if found:
                await self._stop(unit, found[0], MailTrouble.COMPLAINED, "")
            return found is not None

    async def bounced(self, token: str, *, is_permanent: bool, reason: str) -> bool:
        """Count what came back to the return path with *token*; False if it is none of ours."""
        async with self.storage.writing() as unit:
            mailbox_id = mailbox_in(token, self.seal, unit.now)
            found = await mailbox_to_change(unit, mailbox_id) if mailbox_id is not None else None
            if found is None:
                return False
            mailbox, _chat = found
            if is_permanent or _soft_ones(unit, mailbox) >= MOST_SOFT:
                await self._stop(unit, mailbox, MailTrouble.BOUNCED, reason)
            return True

    async def _stop(self, unit: Unit, mailbox: Mailbox, trouble: MailTrouble, reason: str) -> None:
        if await suspend_mailbox(unit, mailbox, trouble, reason[:_LONGEST_REASON]):
            await put_out(unit, mailbox_notice(unit, self.renderer, mailbox))


def _soft_ones(unit: Unit, mailbox: Mailbox) -> int:
    """Count one more; an unconfirmed or ended mailbox only counts."""
    if mailbox.soft_since is None or unit.now - mailbox.soft_since > SOFT_WINDOW:
        mailbox.soft_since, mailbox.soft_bounces = unit.now, 0
    mailbox.soft_bounces += 1
    unit.session.add(mailbox)
    return mailbox.soft_bounces if mailbox.state is MailboxState.ACTIVE else 0
