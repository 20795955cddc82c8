"""The e-mail channel: SMTP (RFC 5321) over a few connections, kept for as long as there is work.

Each answer is read once:
- no connection, none as safe as asked for, or one lost before the content goes: never sent
- a connection that is lost, silent or garbled from then on: unknown
- 421, at any time: the server wants a pause
- 4xx: later
- 5xx to our name and password, or to our address: rejected
- 5xx to the recipient, or with an enhanced status to the content: `status` says whether the mailbox
  refuses, whether that may pass or is about us (later, and if it lasts for two days it counts
  against the mailbox or is reported to the admins), or whether the mail itself is refused
- any other 5xx to the content: refused
After a refusal the session is reset and serves the next mail; one that cannot be reset ends.

It never retries. A mail that may have arrived is sent once more with the same Message-ID, which
most mail programs show as one. A user waits for a confirmation, so a 5xx ends it at once.
"""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from bot.delivery.channel import SendLimits
from bot.delivery.errors import (
    DeliveryError,
    FloodWait,
    MailboxRefused,
    NeverSent,
    PolicyRefused,
    Refused,
    RefusedForNow,
    TokenRejected,
    TryLater,
    Unknown,
)
from bot.mail.compose import Mail, message_bytes
from bot.mail.status import Blame, failure_of, has_status
from bot.subscribers.text import one_line
from storage.enums import DeliveryKind, DeliveryState, Medium
from storage.outbox import ClaimedMail, claim_mails
from storage.pace import pause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from ssl import SSLContext

    from bot.delivery.channel import CallResponse
    from bot.mail.bounces import Bounces
    from storage.db.engine import Transaction

TIMEOUT_SECONDS = 30
ASKED_TO_PAUSE = timedelta(minutes=5)
PACE_KEY = "smtp"
# A call waits for several answers, each with its own time-out.
LIMITS = SendLimits(
    Medium.EMAIL,
    claim_lease=timedelta(minutes=1),
    call_lease=timedelta(minutes=5),
    response_seconds=120,
    horizon=timedelta(seconds=1),
    ask_again=timedelta(seconds=30),
)
_CLOSING = 421
_LATER, _PERMANENT, _NO_CODE = 400, 500, 600


@dataclass(frozen=True, slots=True)
class Relay:
    """The server that takes our mail; *hello* is how we introduce ourselves."""

    host: str
    port: int
    use_tls: bool = False  # from the first byte on
    start_tls: bool = True  # before anything is said; neither: for a server in your own network
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    hello: str = "localhost"
    tls: SSLContext | None = None  # None: the system's


@dataclass(eq=False)
class Smtp:
    """`async with` it for as long as the process mails; as many connections as calls at once."""

    relay: Relay
    timeout_seconds: float = TIMEOUT_SECONDS
    _idle: deque[SMTP] = field(default_factory=deque)

    async def send(self, sender: str, recipient: str, content: bytes) -> None:
        """Hand it over; return for a yes, raise a DeliveryError for all else."""
        client = await self._connected()
        with _closed_on_error(client):  # whatever state it is in, the next mail must not meet it
            refusal = await _hand_over(client, sender, recipient, content)
            if refusal is None or await _is_reset(client):
                self._idle.append(client)
        if refusal:
            raise refusal

    async def greet(self) -> None:
        """Connect and log in, or raise what prevents it."""
        self._idle.append(await self._connected())

    async def close(self) -> None:
        try:
            for client in self._idle:
                with suppress(SMTPException, OSError):
                    await client.quit()
        finally:
            while self._idle:
                self._idle.pop().close()

    async def _connected(self) -> SMTP:
        while self._idle:
            client = self._idle.pop()
            with suppress(SMTPException, OSError), _closed_on_error(client):
                await client.noop()  # servers close what is idle
                return client
        relay = self.relay
        client = SMTP(
            hostname=relay.host,
            port=relay.port,
            local_hostname=relay.hello,
            use_tls=relay.use_tls,
            start_tls=relay.start_tls,
            tls_context=relay.tls,
            timeout=self.timeout_seconds,
        )
        with _closed_on_error(client), _translated(lost=NeverSent):
            await client.connect()
            if relay.user is not None:
                await _log_in(client, relay.user, relay.password or "")
        return client


async def _log_in(client: SMTP, user: str, password: str) -> None:
    try:
        await client.login(user, password)
    except SMTPResponseException:
        await _say_goodbye(client)
        raise


async def _hand_over(
    client: SMTP, sender: str, recipient: str, content: bytes
) -> DeliveryError | None:
    """Return why the server refuses the mail; None if it takes it. Raise if the session is over."""
    try:
        with _translated(lost=NeverSent):
            await client.mail(sender)
            await client.rcpt(recipient)
        with _translated(lost=Unknown):
            await client.data(content)
    except (NeverSent, Unknown, FloodWait):
        raise
    except DeliveryError as refusal:
        return refusal
    return None


async def _is_reset(client: SMTP) -> bool:
    """Let the server forget a refused mail, so that it takes the next; end the session if not."""
    try:
        await client.rset()
    except SMTPResponseException:
        await _say_goodbye(client)
    except (SMTPException, OSError):
        client.close()
    else:
        return True
    return False


async def _say_goodbye(client: SMTP) -> None:
    with suppress(SMTPException, OSError):
        await client.quit()
    client.close()


@contextmanager
def _closed_on_error(client: SMTP) -> Iterator[None]:
    try:
        yield
    except BaseException:
        client.close()
        raise


@contextmanager
def _translated(lost: type[DeliveryError]) -> Iterator[None]:
    """Raise our error for one of the client's: *lost* where the connection is, or an answer."""
    try:
        yield
    except SMTPResponseException as error:
        said = one_line(f"{error.code} {error.message}")
        if _LATER <= error.code < _NO_CODE:
            raise _rejection(error, said) from error
        raise lost(said) from error
    except (SMTPException, OSError) as error:
        raise lost(str(error) or type(error).__name__) from error


def _rejection(error: SMTPResponseException, said: str) -> DeliveryError:
    if error.code == _CLOSING:
        return FloodWait(said, ASKED_TO_PAUSE)
    if error.code < _PERMANENT:
        return TryLater(said)
    if isinstance(error, SMTPAuthenticationError | SMTPSenderRefused):
        return TokenRejected(said)
    if isinstance(error, SMTPRecipientRefused) or has_status(said):
        return _BY_BLAME[failure_of(said).blame](said)
    return Refused(said)


_BY_BLAME: Final[dict[Blame, type[DeliveryError]]] = {
    Blame.CLOSED: MailboxRefused,
    Blame.PASSING: RefusedForNow,
    Blame.SENDER: PolicyRefused,
    Blame.MAIL: Refused,
}


@dataclass(frozen=True, slots=True)
class MailChannel:
    """*return_path*: from the mailbox's row to the address that its bounces go to."""

    smtp: Smtp
    return_path: Callable[[int], str]
    bounces: Bounces
    sign: Callable[[bytes], bytes] = bytes
    limits: SendLimits = LIMITS

    async def claim(
        self, tx: Transaction, owner: str, permits: Sequence[datetime]
    ) -> list[ClaimedMail]:
        return await claim_mails(tx, owner, limit=len(permits), lease=self.limits.claim_lease)

    def paused_by(self, _claimed: ClaimedMail) -> str:
        return PACE_KEY

    async def call(self, claimed: ClaimedMail) -> None:
        try:
            content = message_bytes(Mail.from_json(claimed.delivery.body))
        except (KeyError, TypeError, ValueError) as error:
            raise Refused("the stored body cannot be read") from error
        sender = self.return_path(claimed.mailbox_id)
        try:
            await self.smtp.send(sender, claimed.address, self.sign(content))
        except (RefusedForNow, Refused) as error:
            if claimed.delivery.kind is DeliveryKind.NOTICE:  # a user waits for the code
                raise MailboxRefused(str(error)) from error
            raise

    async def responds(self) -> bool:
        try:
            await self.smtp.greet()
        except DeliveryError:
            return False
        return True

    async def before_responses(
        self, tx: Transaction, pace_key: str, responses: Sequence[CallResponse[ClaimedMail]]
    ) -> None:
        for response in responses:
            outcome, error = response.outcome, response.error
            mailbox_id = response.claimed.mailbox_id
            if pausing := outcome.chat_pause or outcome.token_pause:  # there is one server for all
                await pause(tx, pace_key, tx.now + pausing)
            if isinstance(error, MailboxRefused):
                await self.bounces.refused(tx, mailbox_id, str(error))
            if isinstance(error, TryLater) and outcome.state is DeliveryState.HELD:
                await self.bounces.gave_up(tx, mailbox_id, str(error))

    async def after_responses(
        self,
        tx: Transaction,
        pace_key: str,
        responses: Sequence[CallResponse[ClaimedMail]],
        ours: set[int],
    ) -> None:
        """Nothing follows: what mail servers say is about mailboxes, not about deliveries."""
