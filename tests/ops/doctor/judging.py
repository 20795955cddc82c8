"""Tables of cases, and the findings that are not healthy."""

from collections.abc import Sequence
from typing import Any

import pytest

from bot.ops.doctor.findings import Finding, HealthLevel


def cases(names: str, rows: dict[str, Any]) -> pytest.MarkDecorator:
    """Run a test with each of the rows, whose keys are their ids."""
    return pytest.mark.parametrize(names, [*rows.values()], ids=[*rows])


def problems(findings: Sequence[Finding]) -> dict[str, str]:
    """Return the level of each finding that is not healthy, by its code; each needs a remedy."""
    bad = [finding for finding in findings if finding.health is not HealthLevel.HEALTHY]
    assert all(finding.remedy for finding in bad)
    return {finding.code: finding.health.value for finding in bad}
