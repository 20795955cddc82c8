"""A finding: what is seen, how bad that is, what to do. Each code is in `docs/how-to/doctor.md`."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    HEALTHY = "healthy"
    WARNING = "warning"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class Finding:
    """*code* is `<what was looked at>.<what was seen>`; *remedy* says what to do, if anything."""

    code: str
    health: Health
    sentence: str
    remedy: str = ""

    @property
    def name(self) -> str:
        """What was looked at."""
        return self.code.partition(".")[0]


def healthy(code: str, sentence: str) -> Finding:
    return Finding(code, Health.HEALTHY, sentence)


def warning(code: str, sentence: str, remedy: str) -> Finding:
    return Finding(code, Health.WARNING, sentence, remedy)


def unhealthy(code: str, sentence: str, remedy: str) -> Finding:
    return Finding(code, Health.UNHEALTHY, sentence, remedy)


def is_any_unhealthy(findings: Iterable[Finding]) -> bool:
    return any(finding.health is Health.UNHEALTHY for finding in findings)
