"""Mails that tests compose and enqueue, and the subjects that arrive."""

from dataclasses import dataclass

from bot.delivery.sender import SendStage
from bot.mail.bounces import Bounces
from bot.mail.compose import Mail
from bot.mail.smtp import Smtp
from storage.db.engine import Storage, Transaction
from storage.enums import ChatState, DeliveryKind, MailboxState, Medium
from storage.mailboxes import Mailbox
from storage.outbox import ClaimedMail
from tests.delivery.conftest import Outbox
from tests.mail.relay import FakeRelay

PER_HOUR = 3600
MAIL = Mail(
    to="ann@example.org",
    subject="2 stories: Fees fall",
    text="Fees fall\nEnvoy flies in\n",
    html="<p>Fees fall</p>\n",
    headers=(
        ("From", "Dateline <news@dateline.example>"),
        ("To", "ann@example.org"),
        ("Date", "Tue, 17 Nov 2026 23:00:00 +0000"),
        ("Message-ID", "<edition.1.email.1@dateline.example>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ),
)


@dataclass
class MailOutbox:
    """Mailboxes, and deliveries to them."""

    outbox: Outbox
    storage: Storage

    async def mailbox(
        self,
        number: int = 1,
        state: MailboxState = MailboxState.ACTIVE,
        chat_state: ChatState = ChatState.ACTIVE,
    ) -> Mailbox:
        chat_id = await self.outbox.chat(number, state=chat_state)
        async with self.storage.writing() as tx:
            mailbox = Mailbox(
                chat_id=chat_id,
                address=f"reader{number}@example.org",
                state=state,
                state_since=tx.now,
                created_at=tx.now,
                asked_at=tx.now,
            )
            await tx.add(mailbox)
        return mailbox

    async def put(
        self, mailbox: Mailbox, text: str = "news", kind: DeliveryKind = DeliveryKind.EDITION
    ) -> int:
        key = f"{mailbox.id}.{text}"
        headers = (("Message-ID", f"<{key}@dateline.example>"), ("To", mailbox.address))
        return await self.outbox.add(
            mailbox.chat_id,
            kind=kind,
            medium=Medium.EMAIL,
            mailbox_id=mailbox.id,
            body=Mail(mailbox.address, text, text, f"<p>{text}</p>", headers).to_json(),
        )


class FakeBounces(Bounces):
    """Records the bounces that the channel reports."""

    def __init__(self) -> None:
        self.noted_refused: list[tuple[int, str]] = []
        self.noted_given_up: list[tuple[int, str]] = []

    async def refused(self, _tx: Transaction, mailbox_id: int, reason: str) -> None:
        self.noted_refused.append((mailbox_id, reason))

    async def gave_up(self, _tx: Transaction, mailbox_id: int, reason: str) -> None:
        self.noted_given_up.append((mailbox_id, reason))


@dataclass(eq=False)
class CountedSmtp(Smtp):
    asked: int = 0

    async def greet(self) -> None:
        self.asked += 1
        await super().greet()


async def mail_all(mailing: SendStage[ClaimedMail]) -> None:
    while await mailing.run_once():
        await mailing.calls.all_done()


def subjects(server: FakeRelay) -> list[str]:
    return [str(mail.message["Subject"]) for mail in server.mails]
