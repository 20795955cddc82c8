"""The composition root: builds the rooms, starts, wakes, drains and stops them. Only here is wired.

Nothing is imported before it is needed: aiogram takes seconds, and a command that does not talk to
Telegram must not wait for it.
"""
