"""Telegram: the Bot API server, the token, and how updates arrive."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from bot.ops.doctor.findings import Finding, healthy, unhealthy, warning

_OK, _NO_SUCH_TOKEN, _SERVER_ERROR = 200, (401, 404), 500


@dataclass(frozen=True, slots=True)
class BotApiAnswer:
    """The response of a Bot API server; *status* is None if none came, and *reason* says why.

    *ahead* is how far this machine's clock is ahead of the server's. *is_api* says whether the
    response has the form of the Bot API, which its errors have too.
    """

    status: int | None
    reason: str = ""
    result: Mapping[str, Any] | None = None
    ahead: timedelta | None = None
    is_api: bool = True


def judge_server(api: str, answer: BotApiAnswer) -> Finding:
    """Judge whether the Bot API server at *api* can be used at all."""
    if answer.status is None:
        remedy = "Check this machine's network, DNS and firewall, and BOT_API_URL."
        return unhealthy("telegram.unreachable", f"{api} does not answer: {answer.reason}.", remedy)
    if answer.status >= _SERVER_ERROR:
        remedy = "Telegram has to fix this. The bot waits and continues by itself."
        return warning("telegram.failing", f"{api} answers {answer.status}.", remedy)
    return healthy("telegram.reached", f"{api} answers.")


def judge_token(answer: BotApiAnswer) -> list[Finding]:
    """Judge the token by the response to getMe; return nothing if none came."""
    if answer.status is None or answer.status >= _SERVER_ERROR:
        return []
    if answer.status in _NO_SUCH_TOKEN and answer.is_api:
        remedy = "Copy the token again from @BotFather: /mybots, API Token. Put it in BOT_TOKEN."
        return [unhealthy("token.refused", "Telegram does not know this token.", remedy)]
    if answer.status != _OK or answer.result is None:
        remedy = "BOT_API_URL must name a Bot API server, such as https://api.telegram.org."
        sentence = f"The server at BOT_API_URL is no Bot API server: getMe returns {answer.status}."
        return [unhealthy("token.no-answer", sentence, remedy)]
    me = answer.result
    return [
        healthy("token.known", f"The token belongs to @{me.get('username', '?')}."),
        *_judge_switches(me),
    ]


def _judge_switches(me: Mapping[str, Any]) -> list[Finding]:
    findings = []
    if not me.get("supports_inline_queries"):
        remedy = "To let users search in any chat, send /setinline to @BotFather."
        findings.append(warning("token.inline-off", "Inline mode is off.", remedy))
    if me.get("can_read_all_group_messages"):
        remedy = "Send /setprivacy to @BotFather and choose Enable. The bot does not need them."
        sentence = "Privacy mode is off, so the bot gets every message of its groups."
        findings.append(warning("token.privacy-off", sentence, remedy))
    if me.get("can_join_groups") is False:
        remedy = "To let users add the bot to groups, send /setjoingroups to @BotFather."
        findings.append(warning("token.no-groups", "The bot cannot be added to groups.", remedy))
    return findings or [healthy("token.switches", "Inline mode and privacy mode are on.")]


def no_token() -> Finding:
    remedy = "To use Telegram, put the token from @BotFather into .env as BOT_TOKEN=…"
    return warning("token.none", "BOT_TOKEN is not set, so the bot runs in its playground.", remedy)


_WEBHOOK_HELP = "See docs/how-to/webhook.md."
_RECENT = timedelta(hours=1)
_MANY_UPDATES = 100  # pending


def judge_polling(info: Mapping[str, Any]) -> Finding:
    if info.get("url"):
        sentence = f"A webhook at {_host(info)} receives the updates, though UPDATES=polling."
        remedy = (
            f"Stop the program that sets it. The bot removes it when it starts. {_WEBHOOK_HELP}"
        )
        return unhealthy("updates.hooked", sentence, remedy)
    return healthy("updates.polled", f"Updates are polled; {_pending(info)}.")


def judge_webhook(info: Mapping[str, Any], own: str | None, now: datetime) -> Finding:
    """Judge the webhook in *info*; *own* is the URL that it should have, None if unknown."""
    if not info.get("url"):
        remedy = f"Start the bot, which sets the webhook. {_WEBHOOK_HELP}"
        return unhealthy("updates.unhooked", "No webhook is set, though UPDATES=webhook.", remedy)
    if info["url"] != own:
        sentence = f"The webhook at {_host(info)}, which receives the updates, is not this bot's."
        remedy = f"Stop the program that sets it, and restart the bot. {_WEBHOOK_HELP}"
        return unhealthy("updates.elsewhere", sentence, remedy)
    sentence = f"Telegram delivers updates to {_host(info)}; {_pending(info)}."
    failed_at = datetime.fromtimestamp(info.get("last_error_date", 0), UTC)
    if now - failed_at >= _RECENT:
        return healthy("updates.delivered", sentence)
    sentence += f" At {failed_at:%H:%M} UTC that failed: {info.get('last_error_message', '')}."
    remedy = f"Make the proxy pass /telegram/ on to a process with role chat. {_WEBHOOK_HELP}"
    if info.get("pending_update_count", 0) > _MANY_UPDATES:
        return unhealthy("updates.kept-away", sentence, remedy)
    return warning("updates.failing", sentence, remedy)


def _host(info: Mapping[str, Any]) -> str:
    return urlsplit(str(info["url"])).hostname or "an unreadable address"


def _pending(info: Mapping[str, Any]) -> str:
    count = info.get("pending_update_count", 0)
    return f"{count} are pending" if count else "none is pending"
