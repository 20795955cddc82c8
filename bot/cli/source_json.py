"""Sources and checkups for programs: JSON whose names stay."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bot.sources.formats.sitemaps import moment_of

if TYPE_CHECKING:
    from datetime import date

    from bot.sources.checking import Checkup
    from bot.sources.formats.records import Document
    from bot.sources.getting.answers import Answer
    from storage.sources import Source

_SAME = (
    "url", "title", "host", "kind", "state", "public", "own_network", "folder", "full_text",
    "every_seconds", "fetches", "unchanged", "failures", "trouble", "trouble_text",
    "last_trouble_text", "moved_to", "hub",
)  # fmt: skip
_MOMENTS = (
    "created_at", "fetched_at", "succeeded_at", "next_fetch_at", "newest_at", "trouble_since",
    "last_trouble_at", "pushed_until",
)  # fmt: skip
_NEWEST = 5


def source_json(source: Source) -> dict[str, Any]:
    """*source* as it stands; moments are ISO 8601, in UTC."""
    share = round(source.unchanged / source.fetches, 3) if source.fetches else None
    return (
        {name: getattr(source, name) for name in _SAME}
        | {name: _moment(getattr(source, name)) for name in _MOMENTS}
        | {"unchanged_share": share}
    )


def checkup_json(checkup: Checkup) -> dict[str, Any]:
    visited, plan = checkup.visited, checkup.plan
    return {
        "url": checkup.url,
        "ok": visited.problem is None,
        "problem": asdict(visited.problem) if visited.problem else None,
        "answer": _answer(visited.answer) if visited.answer else None,
        "document": _document(visited.document, checkup.charset) if visited.document else None,
        "plan": {
            "next_fetch_at": _moment(plan.next_fetch_at),
            "interval_seconds": round(plan.interval.total_seconds()),
            "why": plan.why,
        },
        "hub": checkup.hub or None,
        "robots": checkup.robots or None,
        "own_network": visited.own_network,
        "source": source_json(checkup.source) if checkup.source else None,
    }


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "status": answer.status,
        "url": answer.url,
        "moved_permanently_to": answer.moved_permanently_to,
        "bytes": len(answer.body),
        "etag": answer.etag,
        "last_modified": answer.last_modified,
        "headers": dict(answer.headers),
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
