"""A finding: a sentence, how bad it is, and a remedy. `docs/how-to/doctor.md` lists the codes."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class HealthLevel(StrEnum):
    HEALTHY = "healthy"
    WARNING = "warning"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class Finding:
    """*code* is `<subject>.<finding>`; *remedy* says what to do, and is "" for a healthy one."""

    code: str
    health: HealthLevel
    sentence: str
    remedy: str = ""

    @property
    def subject(self) -> str:
        return self.code.partition(".")[0]


def healthy(code: str, sentence: str) -> Finding:
    return Finding(code, HealthLevel.HEALTHY, sentence)


def warning(code: str, sentence: str, remedy: str) -> Finding:
    return Finding(code, HealthLevel.WARNING, sentence, remedy)


def unhealthy(code: str, sentence: str, remedy: str) -> Finding:
    return Finding(code, HealthLevel.UNHEALTHY, sentence, remedy)


def is_any_unhealthy(findings: Iterable[Finding]) -> bool:
    return any(finding.health is HealthLevel.UNHEALTHY for finding in findings)
