"""Errors told elsewhere, where ERRORS_URL asks for it: to Sentry, or what speaks as it does.

Told is what the log tells as an error: which of our sentences it is, the kind of the error, the
lines of code that led there and the ids of what was in hand. What an error says is left out, since
it may quote an address, a title or somebody's words. The same is told once in ten minutes.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Final

from bot.app.stops import StopError
from bot.ops.logs import redact
from bot.ops.version import our_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sentry_sdk import Client
    from sentry_sdk.types import Event
    from structlog.typing import EventDict

AGAIN_SECONDS: Final = 600.0
MOST_AT_ONCE: Final = 20  # different ones, in such a time
END_SECONDS: Final = 2.0
IDS: Final = ("step", "source_id", "article", "story", "delivery", "update")
_ERRORS: Final = frozenset({"error", "critical"})
# What tells them must not be told of itself.
_TELLERS: Final = ("sentry_sdk", "urllib3", "opentelemetry")


@dataclass(eq=False)
class Reporting:
    """One of the processors of the log, before errors are made text of; it changes no event."""

    client: Client
    clock: Callable[[], float] = monotonic
    _told: dict[tuple[str, str, str], float] = field(default_factory=dict)
    _is_telling: bool = False

    def __call__(self, _logger: object, _method: str, event: EventDict) -> EventDict:
        of_itself = str(event.get("logger", "")).startswith(_TELLERS)
        if event.get("level") in _ERRORS and not of_itself and not self._is_telling:
            self._is_telling = True
            try:
                self._tell(event)
            except Exception:  # noqa: BLE001, S110 - whatever it is, the log itself must go on
                pass
            finally:
                self._is_telling = False
        return event

    def _tell(self, event: EventDict) -> None:
        error = _error_of(event)
        sentence = str(event["event"]) if "_record" not in event else "from a library"
        step = str(event.get("step", ""))
        if self._is_new((sentence, type(error).__name__, step)):
            self.client.capture_event(self._report(event, sentence, error))

    def _is_new(self, kind: tuple[str, str, str]) -> bool:
        now = self.clock()
        self._told = {one: at for one, at in self._told.items() if now - at < AGAIN_SECONDS}
        if kind in self._told or len(self._told) >= MOST_AT_ONCE:
            return False
        self._told[kind] = now
        return True

    def _report(self, event: EventDict, sentence: str, error: BaseException | None) -> Event:
        from sentry_sdk.utils import event_from_exception

        told: Event = {}
        if error:
            told, _ = event_from_exception(error, client_options=self.client.options)
            for one in told["exception"]["values"]:
                one["value"] = ""
        told["level"] = "error"
        told["logger"] = str(event.get("logger", ""))
        told["message"] = redact(sentence)
        told["tags"] = {name: str(event[name]) for name in IDS if event.get(name) is not None}
        return told


def _error_of(event: EventDict) -> BaseException | None:
    match event.get("exc_info"):
        case BaseException() as error:
            return error
        case (_, BaseException() as error, _):
            return error
        case None | False:
            return None
    return sys.exception()


@contextmanager
def reporting(dsn: str | None) -> Iterator[Reporting | None]:
    """Yield what tells errors to *dsn*; StopError if it cannot. Nothing waits for it."""
    if dsn is None:
        yield None
        return
    try:
        from sentry_sdk import Client
        from sentry_sdk.utils import BadDsn
    except ModuleNotFoundError as error:
        raise StopError(
            "ERRORS_URL needs what is not installed: pip install 'dateline[errors]'."
        ) from error
    try:
        client = Client(
            dsn=dsn,
            release=our_version(),
            default_integrations=False,
            auto_enabling_integrations=False,
            include_local_variables=False,
            max_breadcrumbs=0,
            server_name="",
            shutdown_timeout=END_SECONDS,
        )
    except BadDsn as error:
        raise StopError("ERRORS_URL is wrong: it is no DSN; copy it again, whole.") from error
    try:
        yield Reporting(client)
    finally:
        client.close(timeout=END_SECONDS)
