"""The doctor finds what an operator can get wrong, and names a remedy for each problem.

`checks` collect facts, some of them with `probes`. Pure functions judge the facts, one module a
subject, and return findings.
"""
