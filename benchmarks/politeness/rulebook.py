"""All rules, in the order in which they are shown."""

from benchmarks.politeness import errors, hosts, intervals, redirects, requests, validators

RULES = (
    *validators.RULES,
    *intervals.RULES,
    *hosts.RULES,
    *errors.RULES,
    *redirects.RULES,
    *requests.RULES,
)
