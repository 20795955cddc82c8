"""Settings that are each valid but do not fit together, and misspelt names of settings."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.ops.doctor.findings import Finding, healthy, unhealthy, warning
from bot.settings import Origin, UnknownName, WrongSetting

TELEGRAM_API = "https://api.telegram.org"
_FREE_PER_SECOND = 30  # messages a second that are free
_USUAL_LIMIT = 100  # topics or feeds of a chat

# The first does nothing, or fails, without the second.
_HALVES = (
    ("SMTP_FROM", "SMTP_HOST"),
    ("SMTP_USER", "SMTP_HOST"),
    ("SMTP_USER", "SMTP_PASSWORD"),
    ("SMTP_PASSWORD", "SMTP_USER"),
    ("DKIM_KEY_FILE", "SMTP_HOST"),
    ("DKIM_KEY_FILE", "DKIM_SELECTOR"),
    ("SMTP_BOUNCES", "IMAP_HOST"),
    ("IMAP_HOST", "IMAP_USER"),
    ("IMAP_USER", "IMAP_PASSWORD"),
    ("NEWSLETTER_ADDRESS", "IMAP_HOST"),
)


@dataclass(frozen=True, slots=True)
class SettingsFacts:
    """The settings that are compared; an address is "" if it is not set."""

    has_token: bool
    api: str
    send_per_second: float
    public_url: str
    has_admins: bool
    is_open: bool
    allows_nobody: bool  # except the admins
    topics_per_chat: int
    feeds_per_chat: int
    is_sqlite: bool
    missing_roles: tuple[str, ...]  # that this process lacks
    has_mail: bool
    mail_is_plain: bool  # without encryption, to another machine


def judge_settings(facts: SettingsFacts) -> list[Finding]:
    findings = [
        *_judge_access(facts),
        *_judge_pace(facts),
        *_judge_https(facts),
        *_judge_roles(facts),
    ]
    return findings or [healthy("settings.agree", "The settings are consistent.")]


def judge_names(unknown: Iterable[UnknownName]) -> list[Finding]:
    """Report misspelt settings."""
    remedy = "docs/reference/settings.md lists all settings."
    return [
        warning("settings.unknown", name.sentence, f"{name.hint} {remedy}".strip())
        for name in unknown
    ]


def judge_wrong(wrong: WrongSetting, origin: Origin | None) -> Finding:
    """Report a setting with which the bot does not start."""
    if origin is None:
        remedy = "Correct that line, or chown and chmod the file for the user of the bot."
    elif origin.kind in {"file", "credential"}:
        remedy = f"Check the content of {origin.place}, and that the user of the bot may read it."
    elif origin.kind == "default":
        remedy = f"Set {wrong.name}, or remove the setting that needs it."
    else:
        remedy = f"Correct {wrong.name} ({origin})."
    return unhealthy("settings.wrong", wrong.sentence, remedy)


def judge_halves(given: Iterable[str]) -> list[Finding]:
    """Report settings of mail that have no effect without another, among the *given* names."""
    names = set(given)
    return [
        unhealthy(
            "settings.mail-half",
            f"{one} is set without {needed}.",
            f"Set {needed}, or remove {one}: docs/how-to/send-email.md.",
        )
        for one, needed in _HALVES
        if one in names and needed not in names
    ]


def judge_driver(module: str, *, is_installed: bool) -> list[Finding]:
    """Report a database whose driver is missing; *module* is the driver's."""
    if is_installed:
        return []
    sentence = f"DATABASE_URL needs the package {module}, which is not installed."
    return [unhealthy("settings.driver", sentence, f"pip install {module}")]


def _judge_access(facts: SettingsFacts) -> Iterator[Finding]:
    if not facts.has_token:
        return
    if not facts.has_admins:
        remedy = (
            "Open the link that the bot prints when it starts, or set ADMIN_IDS to your user id, "
            "which the bot shows to unauthorized users."
        )
        sentence = "There is no admin, so nobody is notified of problems."
        yield warning("settings.no-admins", sentence, remedy)
        if facts.allows_nobody:
            remedy = "Set ADMIN_IDS, ALLOWED_IDS, or ACCESS=invite."
            yield unhealthy("settings.nobody", "The list of allowed users is empty.", remedy)
    if facts.is_open and max(facts.topics_per_chat, facts.feeds_per_chat) > _USUAL_LIMIT:
        sentence = (
            f"ACCESS=open allows everybody, and a chat may have over {_USUAL_LIMIT} topics or "
            "feeds."
        )
        remedy = f"Set TOPICS_PER_CHAT and FEEDS_PER_CHAT to {_USUAL_LIMIT} or less."
        yield warning("settings.open-unlimited", sentence, remedy)


def _judge_pace(facts: SettingsFacts) -> Iterator[Finding]:
    if facts.send_per_second > _FREE_PER_SECOND and facts.api == TELEGRAM_API:
        sentence = (
            f"SEND_PER_SECOND is {facts.send_per_second:g}, but Telegram accepts 30 for free."
        )
        remedy = "Set it to 27, unless you pay for more at @BotFather (paid broadcasts)."
        yield warning("settings.too-fast", sentence, remedy)


def _judge_https(facts: SettingsFacts) -> Iterator[Finding]:
    if facts.public_url.startswith("http:"):
        sentence = (
            "PUBLIC_URL is http, so there is no Mini App and no unsubscribing with one click."
        )
        yield warning("settings.no-https", sentence, "Put a proxy with https in front of the bot.")
    if facts.has_mail and not facts.public_url:
        sentence = "E-mails are sent, but without PUBLIC_URL nobody can unsubscribe with one click."
        yield warning("settings.mail-no-pages", sentence, "Set PUBLIC_URL: docs/how-to/web.md.")
    if facts.mail_is_plain:
        sentence = "SMTP_TLS=none sends the password and e-mails unencrypted."
        yield warning("settings.mail-plain", sentence, "Set SMTP_TLS to starttls or tls.")


def _judge_roles(facts: SettingsFacts) -> Iterator[Finding]:
    if facts.is_sqlite and facts.missing_roles:
        sentence = (
            f"ROLES leaves out {', '.join(facts.missing_roles)}, and there is no other process."
        )
        remedy = "An SQLite file has one process: leave ROLES empty, or move to PostgreSQL."
        yield unhealthy("settings.roles-left", sentence, remedy)
