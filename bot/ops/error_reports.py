"""Reports of errors to Sentry, or to a service with the same protocol, at ERRORS_URL.

A report has the log event, the type of the error, its traceback and the ids of the work. The
message of the error is left out, because it may quote an address, a title or a user's text. The
same error is reported at most once in ten minutes.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Final

from bot.app.stops import StopError
from bot.ops import installed_version
from bot.ops.instrumentation import IDS
from bot.ops.logs import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sentry_sdk import Client
    from sentry_sdk.types import Event
    from structlog.typing import EventDict

REPEAT_SECONDS: Final = 600.0
MOST_DIFFERENT: Final = 20  # errors in REPEAT_SECONDS
FLUSH_SECONDS: Final = 2.0
_ERRORS: Final = frozenset({"error", "critical"})
# Errors of the code that sends reports are not reported.
_SENDERS: Final = ("sentry_sdk", "urllib3", "opentelemetry")


@dataclass(eq=False)
class ErrorReporter:
    """A processor of the log that reports errors, before they become text, and changes no event."""

    client: Client
    clock: Callable[[], float] = monotonic
    _reported: dict[tuple[str, str, str], float] = field(default_factory=dict)
    _is_reporting: bool = False

    def __call__(self, _logger: object, _method: str, event: EventDict) -> EventDict:
        is_own = str(event.get("logger", "")).startswith(_SENDERS)
        if event.get("level") in _ERRORS and not is_own and not self._is_reporting:
            self._is_reporting = True
            try:
                self._report(event)
            except Exception:  # noqa: BLE001, S110 - the log must go on
                pass
            finally:
                self._is_reporting = False
        return event

    def _report(self, event: EventDict) -> None:
        error = _error_of(event)
        sentence = str(event["event"]) if "_record" not in event else "from a library"
        stage = str(event.get("stage", ""))
        if self._is_new((sentence, type(error).__name__, stage)):
            self.client.capture_event(self._compose(event, sentence, error))

    def _is_new(self, kind: tuple[str, str, str]) -> bool:
        now = self.clock()
        self._reported = {
            known: reported_at
            for known, reported_at in self._reported.items()
            if now - reported_at < REPEAT_SECONDS
        }
        if kind in self._reported or len(self._reported) >= MOST_DIFFERENT:
            return False
        self._reported[kind] = now
        return True

    def _compose(self, event: EventDict, sentence: str, error: BaseException | None) -> Event:
        from sentry_sdk.utils import event_from_exception

        report: Event = {}
        if error:
            report, _ = event_from_exception(error, client_options=self.client.options)
            for exception in report["exception"]["values"]:
                exception["value"] = ""
        report["level"] = "error"
        report["logger"] = str(event.get("logger", ""))
        report["message"] = redact(sentence)
        report["tags"] = {name: str(event[name]) for name in IDS if event.get(name) is not None}
        return report


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
def error_reports(dsn: str | None) -> Iterator[ErrorReporter | None]:
    """Yield a reporter to *dsn*, or None without a *dsn*. Raises StopError if it cannot be made."""
    if dsn is None:
        yield None
        return
    try:
        from sentry_sdk import Client
        from sentry_sdk.utils import BadDsn
    except ModuleNotFoundError as error:
        raise StopError(
            "ERRORS_URL needs a library that is not installed: pip install 'dateline[errors]', "
            "or an image with EXTRAS=1."
        ) from error
    try:
        client = Client(
            dsn=dsn,
            release=installed_version(),
            default_integrations=False,
            auto_enabling_integrations=False,
            include_local_variables=False,
            max_breadcrumbs=0,
            server_name="",
            shutdown_timeout=FLUSH_SECONDS,
        )
    except BadDsn as error:
        raise StopError("ERRORS_URL is no DSN. Copy the whole DSN again.") from error
    try:
        yield ErrorReporter(client)
    finally:
        client.close(timeout=FLUSH_SECONDS)
