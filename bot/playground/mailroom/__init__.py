"""The mailroom: a mail server that accepts every e-mail, and pages that show them.

It rejects recipients that begin with `refused` (550), and defers those that begin with `later`
(450).
"""
