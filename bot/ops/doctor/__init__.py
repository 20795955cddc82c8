"""The doctor finds what an operator can get wrong, and names a remedy for each problem.

`checks` collect facts, some of them with `probes`. Pure functions, in one module per subject, judge
the facts and return findings.
"""
