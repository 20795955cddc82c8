"""Settings that are each allowed, and do not go together."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.ops.doctor.findings import Finding, healthy, unhealthy, warning

TELEGRAMS_OWN = "https://api.telegram.org"
TELEGRAMS_MOST = 30  # messages a second that are free
USUAL_MOST = 100  # topics or feeds of a chat


@dataclass(frozen=True, slots=True)
class Choices:
    """What the operator has set; an address is "" where there is none."""

    has_token: bool
    api: str
    send_per_second: float
    public_url: str
    has_admins: bool
    is_open: bool
    lets_nobody_in: bool  # but the admins
    topics_per_chat: int
    feeds_per_chat: int
    is_sqlite: bool
    roles_left: tuple[str, ...]  # that this process does not do
    has_mail: bool
    mail_is_plain: bool  # without encryption, to another machine


def judge_choices(chosen: Choices) -> list[Finding]:
    found = [*_people(chosen), *_pace(chosen), *_pages(chosen), *_roles(chosen)]
    return found or [healthy("settings.agree", "They go together.")]


def _people(chosen: Choices) -> Iterator[Finding]:
    if not chosen.has_token:
        return
    if not chosen.has_admins:
        remedy = (
            "Open the link that the bot prints when it starts, or set ADMIN_IDS to your user id, "
            "which the bot tells unauthorized users."
        )
        sentence = "There is no admin, so nobody is notified of problems."
        yield warning("settings.no-admins", sentence, remedy)
        if chosen.lets_nobody_in:
            remedy = "Set ADMIN_IDS, ALLOWED_IDS, or ACCESS=invite."
            yield unhealthy(
                "settings.nobody", "ACCESS lets in those of a list that is empty.", remedy
            )
    if chosen.is_open and max(chosen.topics_per_chat, chosen.feeds_per_chat) > USUAL_MOST:
        sentence = "ACCESS=open lets everybody in, and each may have very many topics or feeds."
        remedy = f"Set TOPICS_PER_CHAT and FEEDS_PER_CHAT to {USUAL_MOST} or less."
        yield warning("settings.open-unlimited", sentence, remedy)


def _pace(chosen: Choices) -> Iterator[Finding]:
    if chosen.send_per_second > TELEGRAMS_MOST and chosen.api == TELEGRAMS_OWN:
        sentence = f"SEND_PER_SECOND is {chosen.send_per_second:g}, and Telegram takes 30 for free."
        remedy = "Set it to 27, unless you pay for more at @BotFather (paid broadcasts)."
        yield warning("settings.too-fast", sentence, remedy)


def _pages(chosen: Choices) -> Iterator[Finding]:
    if chosen.public_url.startswith("http:"):
        sentence = "PUBLIC_URL is http: no Mini App, and mail services do not unsubscribe by it."
        yield warning("settings.no-https", sentence, "Let a proxy speak https, and write it so.")
    if chosen.has_mail and not chosen.public_url:
        sentence = "Mails are sent, but without PUBLIC_URL nobody unsubscribes with one click."
        yield warning("settings.mail-no-pages", sentence, "Set PUBLIC_URL: docs/how-to/web.md.")
    if chosen.mail_is_plain:
        sentence = "SMTP_TLS=none sends password and mails readable by all on their way."
        yield warning("settings.mail-plain", sentence, "Set SMTP_TLS to starttls or tls.")


def _roles(chosen: Choices) -> Iterator[Finding]:
    if chosen.is_sqlite and chosen.roles_left:
        sentence = f"ROLES leaves out {', '.join(chosen.roles_left)}, and nobody else can do it."
        remedy = "An SQLite file has one process: leave ROLES empty, or move to PostgreSQL."
        yield unhealthy("settings.roles-left", sentence, remedy)
