"""Structured logs, for a terminal or as JSON lines, without tokens, passwords or queries."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal

import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor

# A bot token: the bot's number, a colon, the secret. The playground's own token is shorter.
TOKEN = re.compile(r"\d{1,20}:[A-Za-z0-9_-]{8,64}")
_SECRET = re.compile(r"(\d{1,20}(?::|%(?:25)*3[Aa]))[A-Za-z0-9_-]{30,}")
# user:password@ in an address. A password may contain a raw @, and that of a database a raw slash,
# so everything up to the last @ counts as the password.
_CREDENTIALS = re.compile(
    r"(https?://[^/\s:]{0,512}:)[^/\s]{1,512}@|((?<!http)(?<!https)://[^/\s:]{0,512}:)\S{1,512}@"
)

# Addresses with a path or a query, because feeds have tokens in both.
_PATH = re.compile(r"(https?://[^\s/?#\"'<>\\]{1,512})[/?#][^\s\"'<>\\]*", re.IGNORECASE)
_QUERY = re.compile(r"(https?://[^\s?#\"'<>\\]{1,2048})[?#][^\s\"'<>\\]*", re.IGNORECASE)
# Values that may quote any address, even that of a private feed.
_QUOTING: Final = frozenset({"exception", "error", "reason"})

# Ids that lead from a line to rows of the database; in a terminal only errors show them.
_IDS: Final = frozenset({"step", "update", "source_id", "article", "delivery", "key", "mailbox"})

LogForm = Literal["auto", "console", "json"]

_CHATTY = ("aiogram", "aiohttp.access", "aiosqlite", "apscheduler", "alembic", "trafilatura")


def redact(text: str) -> str:
    """Return *text* without the secret part of any token or address in it."""
    return _CREDENTIALS.sub(r"\1\2…@", _SECRET.sub(r"\1…", text))


def _redact_event(_logger: object, _method: str, event: EventDict) -> EventDict:
    is_of_a_library = "_record" in event
    return {
        key: _shortened(redact(value), is_quoting=is_of_a_library or key in _QUOTING)
        if isinstance(value, str)
        else value
        for key, value in event.items()
    }


def _shortened(text: str, *, is_quoting: bool) -> str:
    """Cut addresses in *text* after their host if *is_quoting*, otherwise before their query.

    Our own lines name a source by `bot.sources.urls.logged_url`.
    """
    return _PATH.sub(r"\1/…", text) if is_quoting else _QUERY.sub(r"\1?…", text)


def redact_line(_logger: object, _method: str, line: str) -> str:
    return _shortened(redact(line), is_quoting=False)


@dataclass(frozen=True, slots=True)
class Failure:
    at: datetime
    text: str


class LastErrors:
    """The newest errors of this process, for admins who do not read its log."""

    def __init__(self, most: int = 20) -> None:
        self._errors: deque[Failure] = deque(maxlen=most)

    def newest(self) -> list[Failure]:
        return list(reversed(self._errors))

    def keep(self, _logger: object, _method: str, event: EventDict) -> EventDict:
        """Keep the event if it is an error; a processor of the log that runs after redaction."""
        if event.get("level") in {"error", "critical"}:
            last_line = str(event.get("exception", "")).strip().rpartition("\n")[2]
            parts = (event.get("event"), event.get("stage"), event.get("reason"), last_line)
            text = " · ".join(str(part) for part in parts if part)
            self._errors.append(Failure(datetime.fromisoformat(event["timestamp"]), redact(text)))
        return event


def one_line_if_malformed(record: logging.LogRecord) -> bool:
    """Shorten the record of a malformed request to one line; a filter of the server's log.

    Only the kind of the error is logged, because its text may hold the start of `Authorization`.
    """
    from aiohttp.http_exceptions import HttpProcessingError
    from aiohttp.web import RequestPayloadError

    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError | RequestPayloadError):
        record.msg, record.args = "a malformed request was refused: %s", (type(error).__name__,)
        record.levelno = min(record.levelno, logging.WARNING)
        record.levelname = logging.getLevelName(record.levelno)
        record.exc_info = record.exc_text = None
    return True


def writes_json(form: LogForm) -> bool:
    """Return whether logs are lines of JSON; with `auto` they are unless a terminal shows them."""
    return form == "json" or (form == "auto" and not sys.stderr.isatty())


def json_line(event: str) -> str:
    """Return one line like those of the log, for an *event* with a link that must stay whole."""
    at = datetime.now(UTC).isoformat()
    return json.dumps({"event": event, "level": "info", "timestamp": at}, ensure_ascii=False)


def _for_a_person(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Leave out what a reader of a terminal does not need, and shorten the time."""
    event.pop("logger", None)
    at = datetime.fromisoformat(event.pop("timestamp")).astimezone()
    if event.get("level") not in {"error", "critical"}:
        event = {key: value for key, value in event.items() if key not in _IDS}
    return {"timestamp": f"{at:%H:%M:%S}", **event}


def configure_logs(
    form: LogForm,
    level: str,
    errors: LastErrors | None = None,
    report: Processor | None = None,
) -> None:
    """Write our events and those of the standard library's loggers to stderr, in one form.

    *report* gets errors as objects, before they become text.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([report] if report else []),
        structlog.processors.format_exc_info,
        _redact_event,
    ]
    if errors:
        shared.append(errors.keep)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(form, shared))
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.getLogger("aiohttp.server").addFilter(
        one_line_if_malformed
    )  # adding it again has no effect
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _formatter(form: LogForm, shared: list[Processor]) -> structlog.stdlib.ProcessorFormatter:
    """Return what writes a line; events of the standard library's loggers pass *shared* first."""
    renderers: list[Processor] = (
        [structlog.processors.JSONRenderer(ensure_ascii=False)]
        if writes_json(form)
        else [
            _for_a_person,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0),
        ]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *renderers,
            # The whole line again, because a value may be an object whose text holds a token.
            redact_line,  # type: ignore[list-item]
        ],
    )
