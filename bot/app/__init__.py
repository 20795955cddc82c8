"""The composition root: builds the parts of a process, starts, wakes, drains and stops them.

No other package wires parts together.

Nothing is imported before it is needed: aiogram takes seconds, and a command that does not talk to
Telegram must not wait for it.
"""
