"""The processes of the bot: which run, whether they work, their ports, and their pages."""

import errno
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.ops.doctor.findings import Finding, healthy, unhealthy, warning


def judge_running(holders: Sequence[str], *, on_file: bool) -> Finding:
    """Judge the holders of a file's lock (process numbers), or of leases (owners)."""
    if not holders:
        remedy = "Start the bot with `dateline run`. Its log says why it ended."
        return warning("process.none", "No bot runs on this database.", remedy)
    if on_file:
        return healthy("process.running", f"The bot runs, as process {holders[0]}.")
    owners = f"{len(holders)} processes hold" if len(holders) > 1 else "One process holds"
    return healthy("process.running", f"{owners} leases on this database.")


_LATE: Final = timedelta(minutes=5)
_PASSING: Final = frozenset({"start", "index", "stop"})


def judge_readiness(waits: Sequence[str]) -> list[Finding]:
    """Judge the reasons why the bot on this machine is not ready (`docs/how-to/monitoring.md`)."""
    if not waits:
        return []
    judge = warning if _PASSING.issuperset(waits) else unhealthy
    sentence = f"The bot on this machine is not ready: {', '.join(waits)}."
    remedy = "Look for the reason in its log. docs/how-to/monitoring.md explains each word."
    return [judge("process.not-ready", sentence, remedy)]


def judge_lags(lags: Mapping[str, timedelta]) -> list[Finding]:
    """Judge how long the oldest work of each stage has waited, while the bot runs."""
    remedy = "Check that a process has its role, and look for errors of that stage in the log."
    return [
        unhealthy(
            "process.late",
            f"The oldest work of stage {stage} has waited {lag // timedelta(minutes=1)} min.",
            remedy,
        )
        for stage, lag in lags.items()
        if lag > _LATE
    ]


def judge_maintenance(until: datetime) -> Finding:
    """Report the maintenance that is going on; *until* is in the zone of this machine."""
    sentence = f"Maintenance mode is on until {until:%Y-%m-%d %H:%M %Z}, so nothing is sent."
    remedy = "`dateline maintenance off` ends it earlier."
    return warning("process.maintenance", sentence, remedy)


@dataclass(frozen=True, slots=True)
class PortFacts:
    """*error* says why the port cannot be opened now; *is_ours* if a Dateline bot answers there."""

    setting: str
    host: str
    number: int
    error: OSError | None = None
    is_ours: bool = False


def judge_port(port: PortFacts, *, is_running: bool) -> list[Finding]:
    """Judge a port that the bot opens; *is_running* if the bot of this database runs."""
    place = f"{port.host}:{port.number}"
    if port.error is None:
        return [healthy("port.free", f"{port.setting}: {place} is free.")]
    if port.error.errno != errno.EADDRINUSE:
        sentence = f"{port.setting}: nobody can listen at {place} ({port.error.strerror})."
        remedy = "Use an address of this machine, and a port above 1023."
        return [unhealthy("port.unusable", sentence, remedy)]
    if port.is_ours and is_running:
        return [healthy("port.used", f"{port.setting}: the bot listens at {place}.")]
    program = "the bot of another database" if port.is_ours else "another program"
    sentence = f"{port.setting}: {program} listens at {place}."
    remedy = f"Stop that program, or set {port.setting} to another port."
    return [unhealthy("port.taken", sentence, remedy)]


_WEB_HELP = "See docs/how-to/web.md."
_HTTP_OK, _NOT_READY = 200, 503


def judge_pages(base: str, status: int | None, reason: str) -> Finding:
    """Judge the status of `/readyz` under *base*; None if nothing answered, for a *reason*."""
    if status is None:
        remedy = f"Check that the bot runs, and that the proxy passes on to WEB_PORT. {_WEB_HELP}"
        return unhealthy("pages.unreachable", f"{base} does not answer: {reason}.", remedy)
    if status == _NOT_READY:
        remedy = "The bot is starting, or waits for Telegram. Check again in a minute."
        return warning("pages.starting", f"{base} answers that it is not ready.", remedy)
    if status != _HTTP_OK:
        remedy = f"Make the proxy remove the path of PUBLIC_URL and pass on the rest. {_WEB_HELP}"
        return unhealthy("pages.elsewhere", f"{base}/readyz answers {status}.", remedy)
    if not base.startswith("https:"):
        remedy = "Make the proxy speak https. Mail services unsubscribe by nothing else."
        return warning("pages.plain", f"{base} answers, but without encryption.", remedy)
    return healthy("pages.reached", f"{base} answers.")
