"""The mailroom: a mail server that takes everything, and pages that show what it took.

An address that begins with `refused` is refused (550), one with `later` is put off (450).
"""
