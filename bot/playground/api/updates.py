"""The updates that wait for the bot, and the one poller or webhook that may take them.

The playground acts as a self-hosted server, which lets webhooks on this machine use plain http on
any port; all others must meet the conditions of Telegram's servers.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import SplitResult, urlsplit

from bot.playground.api.errors import (
    ApiError,
    bad_request,
    conflict,
    webhook_is_active,
    webhook_was_set,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.playground.api.server import Call


MOST_CONNECTIONS = 40  # calls at a time, unless the bot asks otherwise
PORTS = {80, 88, 443, 8443}
_SECRET = re.compile(r"[A-Za-z0-9_-]*")
_HERE = {"127.0.0.1", "::1", "localhost"}
Update = dict[str, Any]
ONLY_WHEN_ASKED = {"chat_member", "message_reaction", "message_reaction_count"}
LONGEST_WAIT = 50  # seconds, whatever the poller asks


@dataclass(slots=True)
class WebhookInfo:
    """*most*: calls at a time; *failed_at* in Unix seconds, 0 for never."""

    url: str
    token: str
    secret: str = ""
    most: int = MOST_CONNECTIONS
    failed_at: int = 0
    failure: str = ""

    def to_api(self) -> dict[str, Any]:
        info: dict[str, Any] = {"max_connections": self.most, "ip_address": "127.0.0.1"}
        if self.failed_at:
            info |= {"last_error_date": self.failed_at, "last_error_message": self.failure}
        return info


def check_webhook(webhook: WebhookInfo) -> None:
    """Raise the ApiError that *webhook* earns."""
    try:
        parts = urlsplit(webhook.url if "://" in webhook.url else f"https://{webhook.url}")
        port = parts.port
    except ValueError:
        raise bad_request("invalid webhook URL specified") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise bad_request("invalid webhook URL specified")
    if not _SECRET.fullmatch(webhook.secret):
        raise bad_request("secret token contains unallowed characters")
    if parts.hostname not in _HERE:
        _check_far(parts, port)


def _check_far(parts: SplitResult, port: int | None) -> None:
    if parts.scheme != "https":
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if (port or 443) not in PORTS:
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")


class PendingUpdates:
    """An update goes when a poller confirms it with a higher offset, or the webhook took it.

    Above *size* the oldest go. While a *webhook* is set nobody polls; `changed` is called for each
    new update, and `webhook_changed` when the webhook was set or deleted.
    """

    def __init__(self, size: int) -> None:
        self._waiting: dict[int, Update] = {}
        self._size = size
        self._poller: asyncio.Future[None] | None = None
        self._last_id = 100_000
        self.allowed: list[str] = []
        self.webhook: WebhookInfo | None = None
        self.changed: Callable[[Update], None] = lambda _update: None
        self.webhook_changed: Callable[[], None] = lambda: None

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[Update]:
        return iter(tuple(self._waiting.values()))

    def add(self, kind: str, payload: dict[str, Any]) -> int | None:
        """Queue an update; None if the bot does not allow its kind now."""
        if not (kind in self.allowed if self.allowed else kind not in ONLY_WHEN_ASKED):
            return None
        return self.queue({kind: payload})

    def queue(self, given: dict[str, Any]) -> int:
        """Queue an update as it is given: another server may send what this one would not."""
        self._last_id += 1
        update = self._waiting[self._last_id] = given | {"update_id": self._last_id}
        if len(self._waiting) > self._size:
            del self._waiting[next(iter(self._waiting))]
        self._wake()
        self.changed(update)
        return self._last_id

    def find(self, update_id: int) -> Update | None:
        return self._waiting.get(update_id)

    def forget(self, update_id: int) -> None:
        self._waiting.pop(update_id, None)

    def drop_all(self) -> None:
        self._waiting.clear()

    def use_webhook(self, webhook: WebhookInfo | None) -> None:
        """Bring updates to *webhook* from now on, ending a poll; None: they can be polled again."""
        self.webhook = webhook
        if webhook is not None:
            self._wake(webhook_was_set())
        self.webhook_changed()

    async def poll(self, offset: int, limit: int, seconds: int) -> list[Update]:
        """Return updates from *offset* on, waiting for the first; an older poller gets the 409."""
        if self.webhook is not None:
            raise webhook_is_active()
        self._wake(conflict())
        self._confirm(offset)
        if not self._waiting and seconds > 0:
            self._poller = asyncio.get_running_loop().create_future()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._poller, min(seconds, LONGEST_WAIT))
        return list(islice(self._waiting.values(), limit))

    def _wake(self, error: ApiError | None = None) -> None:
        """End the wait of the poller, if there is one, with what has come or with *error*."""
        poller, self._poller = self._poller, None
        if poller is None or poller.done():
            return
        if error is None:
            poller.set_result(None)
        else:
            poller.set_exception(error)

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            confirmed = list(self._waiting)[:offset]
        else:
            confirmed = [each for each in self._waiting if each < offset]
        for each in confirmed:
            del self._waiting[each]


async def get_updates(call: Call) -> list[dict[str, Any]]:
    updates = call.world.updates
    if "allowed_updates" in call.params:
        updates.allowed = call.params["allowed_updates"]
    return await updates.poll(call.get("offset", 0), call.get("limit", 100), call.get("timeout", 0))


def set_webhook(call: Call) -> Literal[True]:
    """Set the webhook; without an address delete it."""
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
    _drop_if_asked(call)
    known = updates.webhook
    if known is None or (webhook.url, webhook.secret, webhook.most) != (
        known.url,
        known.secret,
        known.most,
    ):
        updates.use_webhook(webhook)
    return True


def delete_webhook(call: Call) -> Literal[True]:
    _drop_if_asked(call)
    call.world.updates.use_webhook(None)
    return True


def _drop_if_asked(call: Call) -> None:
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
