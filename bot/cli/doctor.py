"""`dateline doctor`: what an operator can get wrong, and what to do. `dateline health`: for probes.

Exit 0: nothing is worse than a warning; 1: something is unhealthy; 2: the settings cannot be read.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.output import AsJson, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.ops.doctor.findings import Finding
    from bot.settings import Settings

_SIGNS = {"healthy": "✓", "warning": "?", "unhealthy": "✗"}
PATIENCE_SECONDS = 5.0
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where such a process is reached


def doctor(
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="Use no network: leave out Telegram, mail and pages.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check token, database, machine, sources, mail and pages.

    Changes nothing. Exit 1 if something is unhealthy. Each finding: docs/how-to/doctor.md.
    """
    from bot.ops.doctor.findings import is_any_unhealthy
    from bot.settings import load_settings

    findings = asyncio.run(_found(load_settings(), quick=quick))
    if as_json:
        for finding in findings:
            print_json(asdict(finding))
    else:
        _print(findings)
    if is_any_unhealthy(findings):
        raise typer.Exit(1)


async def _found(settings: Settings, *, quick: bool) -> Sequence[Finding]:
    from bot.ops.doctor.checks import make_checks, run_checks

    return await run_checks(make_checks(settings, quick=quick))


def _print(findings: Sequence[Finding]) -> None:
    width = max((len(finding.name) for finding in findings), default=0)
    for finding in findings:
        typer.echo(f"{_SIGNS[finding.health]} {finding.name:<{width}}  {finding.sentence}")
        if finding.remedy:
            typer.echo(f"{'':<{width + 4}}{finding.remedy} [{finding.code}]")
    count = Counter(str(finding.health) for finding in findings)
    counts = [f"{count[health]} {health}" for health in _SIGNS if count[health]]
    typer.echo(f"\n{', '.join(counts)}.")


def health() -> None:
    """Ask /healthz at WEB_HOST:WEB_PORT, as a container or a script does. Exit 1 if unhealthy."""
    import http.client
    import json

    from bot.settings import load_settings

    settings = load_settings()
    host = _LOOPBACK.get(settings.web_host, settings.web_host)
    connection = http.client.HTTPConnection(host, settings.web_port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        status = str(json.load(response)["status"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        typer.echo(f"no healthy answer from {host}:{settings.web_port} ({error})", err=True)
        raise typer.Exit(1) from None
    finally:
        connection.close()
    typer.echo(status)
    if response.status != http.client.OK:
        raise typer.Exit(1)
