"""The mailroom: a mail server that accepts every e-mail, and pages that show them.

Its form sends newsletters to the bot, which reads them as if its mailbox had received them.

It rejects recipients that begin with `refused` (550), and defers those that begin with `later`
(450).
"""
