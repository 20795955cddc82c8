"""A finding: what was found, how bad it is, what to do. `docs/how-to/doctor.md` has the codes."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class HealthLevel(StrEnum):
    HEALTHY = "healthy"
    WARNING = "warning"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class Finding:
    """*code* is `<what was checked>.<what was found>`; *remedy* says what to do, if anything."""

    code: str
    health: HealthLevel
    sentence: str
    remedy: str = ""

    @property
    def name(self) -> str:
        """What was checked."""
        return self.code.partition(".")[0]


def healthy(code: str, sentence: str) -> Finding:
    return Finding(code, HealthLevel.HEALTHY, sentence)


def warning(code: str, sentence: str, remedy: str) -> Finding:
    return Finding(code, HealthLevel.WARNING, sentence, remedy)


def unhealthy(code: str, sentence: str, remedy: str) -> Finding:
    return Finding(code, HealthLevel.UNHEALTHY, sentence, remedy)


def is_any_unhealthy(findings: Iterable[Finding]) -> bool:
    return any(finding.health is HealthLevel.UNHEALTHY for finding in findings)
