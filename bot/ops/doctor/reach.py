"""Whether the world reaches our pages, asked as the world would ask; and where relays post to."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from bot.ops.doctor.findings import Finding, healthy, unhealthy, warning

if TYPE_CHECKING:
    from bot.settings import Settings

_PATIENCE_SECONDS = 10
_HOW = "See docs/how-to/web.md."
_OK, _STARTING = 200, 503


async def examine_reach(settings: Settings) -> list[Finding]:
    if settings.public_url is None:
        sentence = "The world does not reach this bot, so there are no pages and no feeds."
        return [warning("pages.none", sentence, f"Set PUBLIC_URL. {_HOW}")]
    base = str(settings.public_url).rstrip("/")
    found = [judged(base, *await _asked(base))]
    if settings.smtp_host and (address := await _returns_address(settings, base)):
        sentence = f"A mail relay may post returned mails to {address}"
        found.append(healthy("returns.address", sentence))
    return found


def judged(base: str, status: int | None, reason: str) -> Finding:
    """Judge what `/readyz` under *base* answered: a status, or None and the *reason* for that."""
    if status is None:
        remedy = f"Is the bot running, and does the proxy pass requests on to WEB_PORT? {_HOW}"
        return unhealthy("pages.unreachable", f"{base} does not answer: {reason}.", remedy)
    if status == _STARTING:
        remedy = "It is starting, or waits for Telegram. Look again in a minute."
        return warning("pages.starting", f"{base} answers that it is not ready.", remedy)
    if status != _OK:
        remedy = f"The proxy must take the path of PUBLIC_URL away, and pass on the rest. {_HOW}"
        return unhealthy("pages.elsewhere", f"{base}/readyz answers {status}.", remedy)
    if not base.startswith("https:"):
        remedy = "Let the proxy speak https: mail services unsubscribe by nothing else."
        return warning("pages.plain", f"{base} answers, without encryption.", remedy)
    return healthy("pages.reached", f"{base} answers.")


async def _asked(base: str) -> tuple[int | None, str]:
    import aiohttp

    patience = aiohttp.ClientTimeout(total=_PATIENCE_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=patience) as session,
            session.get(f"{base}/readyz", allow_redirects=False) as answer,
        ):
            return answer.status, ""
    except TimeoutError:
        return None, f"nothing came within {_PATIENCE_SECONDS} seconds"
    except (aiohttp.ClientError, OSError) as error:
        return None, str(error)


async def _returns_address(settings: Settings, base: str) -> str | None:
    """Return where returned mails may be posted; None while there is no key to sign it with."""
    from bot.app.resources import database_of
    from bot.rendering.links import Links, Signer
    from storage.access import existing_signing_key
    from storage.db.engine import DatabaseError

    storage = database_of(settings).open()
    try:
        with suppress(DatabaseError, OSError):
            async with storage.reading() as tx:
                key = await existing_signing_key(tx)
            return Links(base, Signer(key)).bounce() if key else None
    finally:
        await storage.close()
    return None
