"""Settings that are each valid but do not fit together, and misspelt names of settings."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from bot.ops.doctor.findings import Finding, healthy, unhealthy, warning

TELEGRAM_API = "https://api.telegram.org"
_FREE_PER_SECOND = 30  # messages a second that are free
_USUAL_LIMIT = 100  # topics or feeds of a chat


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


# Kubernetes and Docker set these in each container, for services of any name.
_SERVICE_VARIABLE: Final = re.compile(r"_SERVICE_(HOST|PORT)|_PORT_\d+_")
_SIMILARITY: Final = 0.8  # of two names that differ by a swapped letter
_PREFIX: Final = "DATELINE_"


def judge_names(names: Collection[str], known: Collection[str]) -> list[Finding]:
    """Find misspelt settings among the variables of the environment and of `.env`.

    *known* are the names of the settings. Other programs' variables are not reported, unless they
    share a prefix with several settings.
    """
    taken = {*known, *(f"{name}_FILE" for name in known)}
    prefixes = _shared_prefixes(known)
    findings = []
    for name in sorted(set(names) - taken):
        bare = name.removeprefix(_PREFIX)
        similar = get_close_matches(bare, taken, n=1, cutoff=_SIMILARITY)
        if _SERVICE_VARIABLE.search(name) or not (similar or bare.startswith(prefixes)):
            continue
        hint = f" Did you mean {similar[0]}?" if similar else ""
        sentence = f"{name} is no setting, so it has no effect."
        remedy = f"{hint} docs/reference/settings.md lists all settings.".strip()
        findings.append(warning("settings.unknown", sentence, remedy))
    return findings


def _shared_prefixes(names: Collection[str]) -> tuple[str, ...]:
    """Return the prefixes that several of *names* share, such as `SMTP_`."""
    heads = [name.partition("_")[0] for name in names if "_" in name]
    return tuple(sorted({f"{head}_" for head in heads if heads.count(head) > 1}))


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
