"""How updates come to the bot, by what Telegram answered to getWebhookInfo.

The path of a webhook is a secret, and stands in no sentence.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from bot.ops.doctor.findings import Finding, healthy, unhealthy, warning

_HOW = "See docs/how-to/webhook.md."
_RECENT = timedelta(hours=1)
_MANY = 100  # updates that wait


def judge_polling(info: Mapping[str, Any]) -> Finding:
    if info.get("url"):
        sentence = f"A webhook at {_host(info)} has the updates, though UPDATES=polling."
        remedy = f"Stop who sets it; the bot takes it away when it starts. {_HOW}"
        return unhealthy("updates.hooked", sentence, remedy)
    return healthy("updates.polled", f"They are polled; {_waiting(info)}.")


def judge_webhook(info: Mapping[str, Any], own: str | None, now: datetime) -> Finding:
    """Judge *info*; *own* is the address that it should name, None while nobody knows it."""
    if not info.get("url"):
        remedy = f"Start the bot: it sets the webhook. {_HOW}"
        return unhealthy("updates.unhooked", "No webhook is set, though UPDATES=webhook.", remedy)
    if info["url"] != own:
        sentence = f"A webhook at {_host(info)} has the updates, and it is not this bot's."
        remedy = f"Stop who sets it, and start the bot again. {_HOW}"
        return unhealthy("updates.elsewhere", sentence, remedy)
    sentence = f"Telegram brings them to {_host(info)}; {_waiting(info)}."
    failed_at = datetime.fromtimestamp(info.get("last_error_date", 0), UTC)
    if now - failed_at >= _RECENT:
        return healthy("updates.brought", sentence)
    sentence += f" At {failed_at:%H:%M} UTC it could not: {info.get('last_error_message', '')}."
    remedy = f"Does the proxy pass /telegram/ on to a process of role chat? {_HOW}"
    if info.get("pending_update_count", 0) > _MANY:
        return unhealthy("updates.kept-away", sentence, remedy)
    return warning("updates.failing", sentence, remedy)


def _host(info: Mapping[str, Any]) -> str:
    return urlsplit(str(info["url"])).hostname or "an address that cannot be read"


def _waiting(info: Mapping[str, Any]) -> str:
    count = info.get("pending_update_count", 0)
    return f"{count} wait" if count else "none waits"
