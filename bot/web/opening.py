"""Opening an address: what its signed token names, or why it opens nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aiohttp import web

from bot.rendering.links import ExpiredError, ForgedError, Purpose, Signer

if TYPE_CHECKING:
    from collections.abc import Callable


class Gone(web.HTTPGone):
    """What there was is no more: expired, revoked, erased."""

    def __init__(self, purpose: Purpose) -> None:
        super().__init__()
        self.purpose = purpose


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Opening:
    signer: Signer
    clock: Callable[[], datetime] = now

    def read(self, purpose: Purpose, token: str) -> tuple[str, ...]:
        """Return what the token names; a page that is not found, or gone, where it opens nothing.

        Only who had the address once is told that it expired.
        """
        try:
            return self.signer.verify(purpose, token, self.clock())
        except ForgedError:
            raise web.HTTPNotFound from None
        except ExpiredError:
            raise Gone(purpose) from None
