"""The methods that poll for updates and set the webhook.

The playground acts as a self-hosted server, so webhooks on this machine may use plain http on any
port. All others must meet the conditions of Telegram's servers.
"""

import re
from typing import Any, Literal
from urllib.parse import SplitResult, urlsplit

from bot.playground.api.parameters import Call
from bot.playground.errors import bad_request
from bot.playground.state.updates import MOST_CONNECTIONS, WebhookInfo

PORTS = {80, 88, 443, 8443}
_SECRET = re.compile(r"[A-Za-z0-9_-]*")
_LOCAL_HOSTS = {"127.0.0.1", "::1", "localhost"}


def check_webhook(webhook: WebhookInfo) -> None:
    """Raise Telegram's error if *webhook* cannot be set."""
    try:
        parts = urlsplit(webhook.url if "://" in webhook.url else f"https://{webhook.url}")
        port = parts.port
    except ValueError:
        raise bad_request("invalid webhook URL specified") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise bad_request("invalid webhook URL specified")
    if not _SECRET.fullmatch(webhook.secret):
        raise bad_request("secret token contains unallowed characters")
    if parts.hostname not in _LOCAL_HOSTS:
        _check_remote(parts, port)


def _check_remote(parts: SplitResult, port: int | None) -> None:
    if parts.scheme != "https":
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if (port or 443) not in PORTS:
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")


async def get_updates(call: Call) -> list[dict[str, Any]]:
    updates = call.world.updates
    if "allowed_updates" in call.params:
        updates.allowed = call.params["allowed_updates"]
    return await updates.poll(call.get("offset", 0), call.get("limit", 100), call.get("timeout", 0))


def set_webhook(call: Call) -> Literal[True]:
    """Set the webhook, or delete it if the URL is empty."""
    if not call.get("url"):
        return delete_webhook(call)
    if "certificate" in call.params:
        raise bad_request("certificates are not implemented in this playground")
    secret, most = call.get("secret_token", ""), call.get("max_connections", MOST_CONNECTIONS)
    webhook = WebhookInfo(call.params["url"], call.token, secret, most)
    call.world.flood.charge_webhook()
    check_webhook(webhook)
    updates = call.world.updates
    if "allowed_updates" in call.params:
        updates.allowed = call.params["allowed_updates"]
    _drop_pending_updates(call)
    current = updates.webhook
    if current is None or (webhook.url, webhook.secret, webhook.most) != (
        current.url,
        current.secret,
        current.most,
    ):
        updates.use_webhook(webhook)
    return True


def delete_webhook(call: Call) -> Literal[True]:
    _drop_pending_updates(call)
    call.world.updates.use_webhook(None)
    return True


def _drop_pending_updates(call: Call) -> None:
    if call.get("drop_pending_updates"):
        call.world.updates.drop_all()


def get_webhook_info(call: Call) -> dict[str, Any]:
    updates = call.world.updates
    info = {
        "url": updates.webhook.url if updates.webhook else "",
        "has_custom_certificate": False,
        "pending_update_count": len(updates),
    }
    info |= updates.webhook.to_api() if updates.webhook else {}
    return info | ({"allowed_updates": updates.allowed} if updates.allowed else {})


def do_nothing(_call: Call) -> Literal[True]:
    return True


METHODS = {
    "getUpdates": get_updates,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": get_webhook_info,
    "close": do_nothing,
    "logOut": do_nothing,
}
