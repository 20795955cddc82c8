"""Sources and checkups for programs: JSON whose names stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.cli.source_words import sentence_for, sentence_of
from bot.sources.feeds.model import moment_of

if TYPE_CHECKING:
    from datetime import date

    from bot.sources.administration import Checkup
    from bot.sources.feeds.model import Document
    from bot.sources.fetch.problems import Problem
    from bot.sources.fetch.response import Response
    from storage.sources import Source

_SAME = (
    "url", "title", "host", "kind", "state", "public", "own_network", "folder", "full_text",
    "every_seconds", "fetches", "unchanged", "failures", "error", "error_detail",
    "last_error", "last_error_detail", "moved_to", "hub",
)  # fmt: skip
_MOMENTS = (
    "created_at", "fetched_at", "succeeded_at", "next_fetch_at", "newest_at", "error_since",
    "last_error_at", "pushed_until",
)  # fmt: skip
_NEWEST = 5


def source_json(source: Source) -> dict[str, Any]:
    """*source* as it stands; moments are ISO 8601, in UTC."""
    sentence = sentence_for(source.error, source.error_detail) if source.error else None
    share = round(source.unchanged / source.fetches, 3) if source.fetches else None
    return (
        {name: getattr(source, name) for name in _SAME}
        | {name: _moment(getattr(source, name)) for name in _MOMENTS}
        | {"unchanged_share": share, "problem": sentence}
    )


def checkup_json(checkup: Checkup) -> dict[str, Any]:
    result = checkup.result
    return {
        "url": checkup.url,
        "ok": result.problem is None,
        "problem": _problem(result.problem),
        "answer": _response(result.response) if result.response else None,
        "document": _document(result.document, checkup.charset) if result.document else None,
        "plan": {
            "next_fetch_at": _moment(checkup.next_fetch_at),
            "interval_seconds": round(checkup.interval.total_seconds()),
            "why": checkup.why,
        },
        "hub": checkup.hub or None,
        "own_network": result.own_network,
        "source": source_json(checkup.source) if checkup.source else None,
    }


def _problem(problem: Problem | None) -> dict[str, Any] | None:
    if problem is None:
        return None
    return {
        "error": problem.code,
        "error_detail": dict(problem.detail),
        "sentence": sentence_of(problem),
    }


def _response(response: Response) -> dict[str, Any]:
    return {
        "status": response.status,
        "url": response.url,
        "moved_permanently_to": response.moved_permanently_to,
        "bytes": len(response.body),
        "etag": response.etag,
        "last_modified": response.last_modified,
        "headers": dict(response.headers),
    }


def _document(document: Document, charset: str) -> dict[str, Any]:
    newest = sorted(document.items, key=moment_of, reverse=True)[:_NEWEST]
    return {
        "kind": document.kind,
        "title": document.title,
        "language": document.language,
        "charset": charset,
        "entries": len(document.items),
        "left_out": document.left_out,
        "dated": sum(item.published is not None for item in document.items),
        "newest": [
            {"title": item.title, "url": item.url, "published": _moment(item.published)}
            for item in newest
        ],
    }


def _moment(moment: date | None) -> str | None:
    return moment.isoformat() if moment else None
