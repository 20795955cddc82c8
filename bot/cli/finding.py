"""`dateline sources find`: what was found at a site, for people or as JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from bot.cli.source_words import sentence_of

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from bot.sources.discovery.discover import DiscoveryResult


def looking(url: str) -> AbstractContextManager[object]:
    """Say what is going on, in a terminal: a site that is asked politely takes its time."""
    from rich.console import Console
    from rich.text import Text

    return Console(stderr=True).status(Text(f"Looking for feeds at {url}"))


def show_found(found: DiscoveryResult, *, as_json: bool) -> bool:
    """Print it; return whether there is anything to pick."""
    if as_json:
        told = [find.to_json() for find in found.feeds]
        for each in (*told, *(link.to_json() for link in found.unread)):
            typer.echo(json.dumps(each, ensure_ascii=False))
    elif found.feeds or found.unread:
        _show_table(found)
    if not found.feeds and not found.unread:
        typer.secho(_why_nothing(found), err=True, fg="red")
    return bool(found.feeds)


def _show_table(found: DiscoveryResult) -> None:
    from rich.console import Console

    from bot.cli.found_tables import HOW_TO_ADD, choice

    Console().print(choice(found.feeds, found.unread, datetime.now(UTC)), HOW_TO_ADD)


def _why_nothing(found: DiscoveryResult) -> str:
    if found.result.problem and not found.is_page:
        return f"It {sentence_of(found.result.problem)}."
    if found.is_page:
        return "This site has no feed: none is named, none is in the usual places."
    return "This is no site: it is neither a feed nor a page."
