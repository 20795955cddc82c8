"""All rules, in the order in which they are shown."""

from benchmarks.politeness import errors, hosts, intervals, manners, moves, validators

RULES = (
    *validators.RULES,
    *intervals.RULES,
    *hosts.RULES,
    *errors.RULES,
    *moves.RULES,
    *manners.RULES,
)
