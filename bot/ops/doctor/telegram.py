"""What Telegram's answer to getMe says of the token, of the bot's switches and of our clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.ops.doctor.findings import Finding, healthy, unhealthy, warning

_OK, _NO_SUCH_TOKEN, _SERVER_ERROR = 200, (401, 404), 500


@dataclass(frozen=True, slots=True)
class Answer:
    """What a Bot API server answered: *status* is None where nothing came, for a *reason*.

    *result* is what it sent as such; *ahead* how far this machine's clock is before the server's.
    """

    status: int | None
    reason: str = ""
    result: Mapping[str, Any] | None = None
    ahead: timedelta | None = None


def judge_server(api: str, answer: Answer) -> Finding:
    """Judge whether the Bot API server at *api* can be used at all."""
    if answer.status is None:
        remedy = "Look at this machine's network, its DNS and firewall, and at BOT_API_URL."
        return unhealthy("telegram.unreachable", f"{api} does not answer: {answer.reason}.", remedy)
    if answer.status >= _SERVER_ERROR:
        remedy = "It is for Telegram to mend; the bot waits and goes on by itself."
        return warning("telegram.failing", f"{api} answers {answer.status}.", remedy)
    return healthy("telegram.reached", f"{api} answers.")


def judge_token(answer: Answer) -> list[Finding]:
    """Judge the token by what getMe answered, where anything came."""
    if answer.status is None or answer.status >= _SERVER_ERROR:
        return []
    if answer.status in _NO_SUCH_TOKEN:
        remedy = "Copy the token anew from @BotFather: /mybots, API Token. Put it in BOT_TOKEN."
        return [unhealthy("token.refused", "Telegram does not know this token.", remedy)]
    if answer.status != _OK or answer.result is None:
        remedy = "BOT_API_URL must name a Bot API server, such as https://api.telegram.org."
        return [unhealthy("token.no-answer", f"getMe was answered with {answer.status}.", remedy)]
    me = answer.result
    return [healthy("token.known", f"It is that of @{me.get('username', '?')}."), *_switches(me)]


def _switches(me: Mapping[str, Any]) -> list[Finding]:
    found = []
    if not me.get("supports_inline_queries"):
        remedy = "To let people use the bot in any chat, send /setinline to @BotFather."
        found.append(warning("token.inline-off", "Inline mode is off.", remedy))
    if me.get("can_read_all_group_messages"):
        remedy = "Send /setprivacy to @BotFather and choose Enable: the bot has no use for it."
        sentence = "Privacy mode is off, so the bot gets every message of its groups."
        found.append(warning("token.privacy-off", sentence, remedy))
    if me.get("can_join_groups") is False:
        remedy = "To let people bring it into groups, send /setjoingroups to @BotFather."
        found.append(warning("token.no-groups", "The bot cannot be brought into groups.", remedy))
    return found or [healthy("token.switches", "Inline mode and privacy mode are on.")]


def no_token() -> Finding:
    remedy = "For Telegram put @BotFather's token into .env as BOT_TOKEN=…"
    return warning("token.none", "There is none, so the bot lives in its playground.", remedy)
