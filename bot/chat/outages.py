"""The database away while people write: told to whoever runs the bot, in one line."""

from __future__ import annotations

import structlog

log = structlog.get_logger(__name__)


def log_outage(event: str, error: Exception, **facts: object) -> None:
    """Log the *event* with the reason alone: statements and their values are nobody's business."""
    log.error(event, reason=str(error).partition("\n")[0], **facts)
