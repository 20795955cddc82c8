"""The e-mail channel: SMTP (RFC 5321) over connections that are kept while there is work.

Responses and failures are translated once:

- no connection, no TLS as configured, or a connection lost before the content is sent: never sent
- a connection lost, silent or garbled after that: unknown
- 421 before a mail is named: the server asks for a pause of all mails
- 421 to a mail, or any other 4xx: try this mail later, because a server may close the session for
  one sender or recipient and take the mails of all others
- 5xx to the login or to our address: rejected
- 5xx to the recipient, or with an enhanced status to the content: `status` decides. The mailbox may
  be closed, or the mail itself refused. A problem that may pass, or one about us, means try later;
  after two days it counts against the mailbox or is reported to the admins.
- any other 5xx to the content: refused

After a refusal the session is reset for the next mail, or closed if that fails.

Nothing here retries. A mail that may have arrived is sent once more with the same Message-ID, which
most mail programs show as one. A 5xx ends a confirmation at once, because a user waits for it.
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
    from ssl import SSLContext, SSLObject

    from bot.delivery.channel import CallResponse
    from bot.mail.bounces import Bounces
    from storage.db.engine import Transaction

TIMEOUT_SECONDS = 30
PAUSE_ON_REQUEST = timedelta(minutes=5)
PACE_KEY = "smtp"
# A call waits for several responses, each with its own time-out.
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
    """The server that takes our mail; *hello* is the name that we give in EHLO."""

    host: str
    port: int
    use_tls: bool = False  # from the first byte on
    start_tls: bool = True  # before the login; no TLS only for a server in the operator's network
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    hello: str = "localhost"
    tls: SSLContext | None = None  # None: the default of the system


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The server's *answer* to a mail that it took, and the encryption of the connection."""

    answer: str
    tls: SSLObject | None


@dataclass(eq=False)
class Smtp:
    """A pool of connections, one for each concurrent call; `close` ends them."""

    relay: Relay
    timeout_seconds: float = TIMEOUT_SECONDS
    _idle: deque[SMTP] = field(default_factory=deque)

    async def send(self, sender: str, recipient: str, content: bytes) -> Acceptance:
        """Hand a mail over; raise a DeliveryError unless the server accepts it."""
        client = await self._connected()
        with _closed_on_error(client):  # so that no mail meets a session in an unknown state
            result = await _hand_over(client, sender, recipient, content)
            if isinstance(result, Acceptance) or await _reset(client):
                self._idle.append(client)
        if isinstance(result, DeliveryError):
            raise result
        return result

    async def greet(self) -> None:
        """Connect and log in; raise a DeliveryError if that fails."""
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
                await client.noop()  # fails if the server has closed an idle connection
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
) -> DeliveryError | Acceptance:
    """Return the error if the server refuses the mail; raise if the session ended."""
    try:
        with _translated(lost=NeverSent):
            await client.mail(sender)
            await client.rcpt(recipient)
        with _translated(lost=Unknown):
            answer = await client.data(content)
    except FloodWait as closing:
        raise TryLater(str(closing)) from closing
    except (NeverSent, Unknown):
        raise
    except DeliveryError as refusal:
        return refusal
    return Acceptance(
        one_line(f"{answer.code} {answer.message}"), client.get_transport_info("ssl_object")
    )


async def _reset(client: SMTP) -> bool:
    """Reset the session after a refused mail; if that fails, close it and return False."""
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
    """Translate the client's errors; a lost connection or a garbled response becomes *lost*."""
    try:
        yield
    except SMTPResponseException as error:
        words = one_line(f"{error.code} {error.message}")
        if _LATER <= error.code < _NO_CODE:
            raise _rejection(error, words) from error
        raise lost(words) from error
    except (SMTPException, OSError) as error:
        raise lost(str(error) or type(error).__name__) from error


def _rejection(error: SMTPResponseException, words: str) -> DeliveryError:
    if error.code == _CLOSING:
        return FloodWait(words, PAUSE_ON_REQUEST)
    if error.code < _PERMANENT:
        return TryLater(words)
    if isinstance(error, SMTPAuthenticationError | SMTPSenderRefused):
        return TokenRejected(words)
    if isinstance(error, SMTPRecipientRefused) or has_status(words):
        return _BY_BLAME[failure_of(words).blame](words)
    return Refused(words)


_BY_BLAME: Final[dict[Blame, type[DeliveryError]]] = {
    Blame.CLOSED: MailboxRefused,
    Blame.PASSING: RefusedForNow,
    Blame.SENDER: PolicyRefused,
    Blame.MAIL: Refused,
}


@dataclass(frozen=True, slots=True)
class MailChannel:
    """Sends mails; *return_path* returns the address for the bounces of a mailbox, by its id."""

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
            # All mails go through one server, so each pause applies to all of them.
            if duration := outcome.chat_pause or outcome.token_pause:
                await pause(tx, pace_key, tx.now + duration)
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
        """Do nothing, because responses of mail servers are about mailboxes, not deliveries."""
