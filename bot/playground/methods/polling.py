"""How the bot gets its updates. Webhooks are accepted only to be taken away."""

from typing import Any, Literal

from bot.playground.call import Call


async def get_updates(call: Call) -> list[dict[str, Any]]:
    queue = call.world.updates
    if "allowed_updates" in call.params:
        queue.allowed = call.params["allowed_updates"]
    return await queue.poll(call.get("offset", 0), call.get("limit", 100), call.get("timeout", 0))


def delete_webhook(call: Call) -> Literal[True]:
    if call.get("drop_pending_updates"):
        call.world.updates.drop_all()
    return True


def get_webhook_info(call: Call) -> dict[str, Any]:
    queue = call.world.updates
    info = {"url": "", "has_custom_certificate": False, "pending_update_count": len(queue)}
    return info | ({"allowed_updates": queue.allowed} if queue.allowed else {})


def leave(_call: Call) -> Literal[True]:
    """`close` and `logOut` have nothing to do here."""
    return True


METHODS = {
    "getUpdates": get_updates,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": get_webhook_info,
    "close": leave,
    "logOut": leave,
}
