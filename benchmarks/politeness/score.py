"""The score as a table for people."""

from collections import Counter
from collections.abc import Iterable, Iterator

from benchmarks.politeness.rules import Mark, Verdict

SHOWN_COMPLAINTS = 3


def as_text(verdicts: Iterable[Verdict]) -> str:
    verdicts = list(verdicts)
    lines = [line for verdict in verdicts for line in _lines(verdict)]
    marks = Counter(verdict.mark for verdict in verdicts)
    requests = sum(verdict.requests for verdict in verdicts)
    told = ", ".join(f"{marks[mark]} {mark}" for mark in Mark if marks[mark])
    return "\n".join([*lines, "", f"{told}; {requests} requests", ""])


def _lines(verdict: Verdict) -> Iterator[str]:
    rule = verdict.rule
    yield f"{verdict.mark:<13} {verdict.requests:>5}  {rule.name:<21} {rule.says}"
    for complaint in verdict.complaints[:SHOWN_COMPLAINTS]:
        yield f"{'':21}- {complaint}"
    if (more := len(verdict.complaints) - SHOWN_COMPLAINTS) > 0:
        yield f"{'':21}- and {more} more"
