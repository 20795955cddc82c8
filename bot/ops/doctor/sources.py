"""How the sources are, all in all; `dateline sources list --unhealthy` names those that fail."""

from dataclasses import dataclass
from datetime import timedelta

from bot.ops.doctor.findings import Finding, healthy, unhealthy, warning

SILENT = timedelta(hours=1)
MANY = 0.5  # of all, unhealthy


@dataclass(frozen=True, slots=True)
class Reading:
    """*since*: how long ago any source was read well, None: never."""

    sources: int
    unhealthy: int
    since: timedelta | None
    is_running: bool


def judge_sources(seen: Reading) -> list[Finding]:
    if not seen.sources:
        remedy = "`dateline sources add --starter` adds some well-known ones."
        return [warning("sources.none", "There are none, so there is no news.", remedy)]
    return [_trouble(seen), _silence(seen)]


def _trouble(seen: Reading) -> Finding:
    if not seen.unhealthy:
        return healthy("sources.well", f"None of {seen.sources} is unhealthy.")
    sentence = f"{seen.unhealthy} of {seen.sources} are unhealthy."
    remedy = "`dateline sources list --unhealthy` says which; most come back by themselves."
    if seen.unhealthy > seen.sources * MANY:
        more = "So many at once: look at this machine's network and DNS first."
        return unhealthy("sources.many-unhealthy", sentence, f"{more} {remedy}")
    return warning("sources.some-unhealthy", sentence, remedy)


def _silence(seen: Reading) -> Finding:
    if seen.since is not None and seen.since <= SILENT:
        return healthy(
            "sources.read", f"One was read {seen.since // timedelta(minutes=1)} min ago."
        )
    minutes = None if seen.since is None else seen.since // timedelta(minutes=1)
    ever = "None has ever been read." if minutes is None else f"None was read for {minutes} min."
    if seen.is_running:
        remedy = "Does a process have the role poll? Look into its log, and at the network."
        return unhealthy("sources.silent", ever, remedy)
    return warning("sources.silent", ever, "They are read when the bot runs: `dateline run`.")


def unknown(reason: str) -> Finding:
    sentence = f"What they are like cannot be told: {reason}."
    return warning("sources.unknown", sentence, "Mend the database first.")
