"""`dateline doctor`: what stands in the way of mail and pages, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.delivery.reputation import Finding
    from bot.settings import Settings

_SIGNS = {"good": "✓", "doubtful": "?", "bad": "✗"}


def doctor() -> None:
    """Look at mail (server, SPF, DKIM, DMARC, PTR of its sender) and at pages. Exit 1 if ill."""
    import asyncio

    from bot.settings import load_settings

    settings = load_settings()
    findings = asyncio.run(_examine(settings))
    for finding in findings:
        typer.echo(f"{_SIGNS[finding.health]} {finding.name}: {finding.sentence}")
        if finding.remedy:
            typer.echo(f"    {finding.remedy}")
    if any(finding.health == "bad" for finding in findings):
        raise typer.Exit(1)


async def _examine(settings: Settings) -> Sequence[Finding]:
    from bot.app.reach import examine_reach

    return [*await _examine_mail(settings), *await examine_reach(settings)]


async def _examine_mail(settings: Settings) -> Sequence[Finding]:
    from bot.app.mails import make_doctor
    from bot.delivery.reputation import Finding, Health

    mail = make_doctor(settings)
    if mail is None:
        remedy = "Set SMTP_HOST and SMTP_FROM to have digests mailed: docs/how-to/email.md."
        return [Finding("SMTP", Health.DOUBTFUL, "No mail server is set, so none is sent.", remedy)]
    return await mail.examine()
