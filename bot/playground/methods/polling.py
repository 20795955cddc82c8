"""How the bot gets its updates: it polls, or names a webhook that takes them."""

from typing import Any, Literal

from bot.playground.answers import bad_request
from bot.playground.call import Call
from bot.playground.hooks import MOST, Hook, check_hook


async def get_updates(call: Call) -> list[dict[str, Any]]:
    queue = call.world.updates
    if "allowed_updates" in call.params:
        queue.allowed = call.params["allowed_updates"]
    return await queue.poll(call.get("offset", 0), call.get("limit", 100), call.get("timeout", 0))


def set_webhook(call: Call) -> Literal[True]:
    """Set the webhook; without an address there is none any more."""
    if not call.get("url"):
        return delete_webhook(call)
    if "certificate" in call.params:
        raise bad_request("certificates are not implemented in this playground")
    secret, most = call.get("secret_token", ""), call.get("max_connections", MOST)
    hook = Hook(call.params["url"], call.token, secret, most)
    call.world.flood.charge_hook()
    check_hook(hook)
    queue = call.world.updates
    if "allowed_updates" in call.params:
        queue.allowed = call.params["allowed_updates"]
    _drop_if_asked(call)
    known = queue.hook
    if known is None or (hook.url, hook.secret, hook.most) != (known.url, known.secret, known.most):
        queue.set_hook(hook)
    return True


def delete_webhook(call: Call) -> Literal[True]:
    _drop_if_asked(call)
    call.world.updates.set_hook(None)
    return True


def _drop_if_asked(call: Call) -> None:
    if call.get("drop_pending_updates"):
        call.world.updates.drop_all()


def get_webhook_info(call: Call) -> dict[str, Any]:
    queue = call.world.updates
    info = {
        "url": queue.hook.url if queue.hook else "",
        "has_custom_certificate": False,
        "pending_update_count": len(queue),
    }
    info |= queue.hook.to_api() if queue.hook else {}
    return info | ({"allowed_updates": queue.allowed} if queue.allowed else {})


def leave(_call: Call) -> Literal[True]:
    """`close` and `logOut` have nothing to do here."""
    return True


METHODS = {
    "getUpdates": get_updates,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": get_webhook_info,
    "close": leave,
    "logOut": leave,
}
