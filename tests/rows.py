"""Complete rows that tests store directly, except for the columns that a test is about."""

from typing import Any
from urllib.parse import urlsplit

from bot.sources.drafts import url_hash
from tests.conftest import MONDAY_NOON


def source_row(url: str = "https://news.example.org/feed.xml", **values: Any) -> dict[str, Any]:
    """Return the columns of an active, public source that is due; for `Source` or `add_source`."""
    return {
        "url": url,
        "url_hash": url_hash(url),
        "host": urlsplit(url).hostname or "",
        "created_at": MONDAY_NOON,
        "next_fetch_at": MONDAY_NOON,
        **values,
    }
