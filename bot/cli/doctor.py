"""`dateline doctor`: what an operator can get wrong, and what to do about it.

Exit 0: nothing is worse than a warning; 1: something is unhealthy; 2: the settings cannot be read.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.doctor.findings import Finding
    from bot.settings import Settings

_SIGNS = {"healthy": "✓", "warning": "?", "unhealthy": "✗"}


def doctor(
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out Telegram, mail and pages: no network.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Look at all that can be wrong with token, database, machine, sources, mail and pages.

    Nothing is changed. Exit 1 if something is unhealthy. Each finding: docs/how-to/doctor.md.
    """
    import asyncio

    from bot.doctor.findings import is_any_unhealthy
    from bot.settings import load_settings

    settings = load_settings()
    findings = asyncio.run(_found(settings, quick=quick))
    if as_json:
        for finding in findings:
            typer.echo(json.dumps(asdict(finding), ensure_ascii=False))
    else:
        _print(findings)
    if is_any_unhealthy(findings):
        raise typer.Exit(1)


async def _found(settings: Settings, *, quick: bool) -> Sequence[Finding]:
    from bot.app.checks import make_checks
    from bot.doctor.examining import examine

    return await examine(make_checks(settings, quick=quick))


def _print(findings: Sequence[Finding]) -> None:
    width = max((len(finding.name) for finding in findings), default=0)
    for finding in findings:
        typer.echo(f"{_SIGNS[finding.health]} {finding.name:<{width}}  {finding.sentence}")
        if finding.remedy:
            typer.echo(f"{'':<{width + 4}}{finding.remedy} [{finding.code}]")
    count = Counter(str(finding.health) for finding in findings)
    told = [f"{count[health]} {health}" for health in _SIGNS if count[health]]
    typer.echo(f"\n{', '.join(told)}.")
