"""A webhook as `setWebhook` asks for it, and what a Bot API server refuses.

The playground plays a server of one's own, which lets hooks on this machine speak plain http at
any port; all others must be as Telegram's servers want them.
"""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from bot.playground.answers import bad_request

MOST = 40  # connections, unless asked otherwise
PORTS = {80, 88, 443, 8443}
_SECRET = re.compile(r"[A-Za-z0-9_-]*")
_HERE = {"127.0.0.1", "::1", "localhost"}


@dataclass(slots=True)
class Hook:
    """*most*: calls at a time; *failed_at* in Unix seconds, 0 for never."""

    url: str
    token: str
    secret: str = ""
    most: int = MOST
    failed_at: int = 0
    failure: str = ""

    def to_api(self) -> dict[str, Any]:
        info: dict[str, Any] = {"max_connections": self.most, "ip_address": "127.0.0.1"}
        if self.failed_at:
            info |= {"last_error_date": self.failed_at, "last_error_message": self.failure}
        return info


def check_hook(hook: Hook) -> None:
    """Raise the Refusal that *hook* earns."""
    try:
        parts = urlsplit(hook.url if "://" in hook.url else f"https://{hook.url}")
        port = parts.port
    except ValueError:
        raise bad_request("invalid webhook URL specified") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise bad_request("invalid webhook URL specified")
    if not _SECRET.fullmatch(hook.secret):
        raise bad_request("secret token contains unallowed characters")
    if parts.hostname not in _HERE:
        _check_far(parts, port)


def _check_far(parts: SplitResult, port: int | None) -> None:
    if parts.scheme != "https":
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if (port or 443) not in PORTS:
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
