"""The composition root: settings, resources, roles, start and stop.

No other package wires parts together. Read in this order: `run` (start and stop), `deployment`
(Telegram or the playground), `resources` (for roles and commands), `roles` (the stages of each
role), `scheduler` (periodic stages), `peers` (other processes), then `chat`, `webhook`, `website`
and `mail`, which take more than a line to build.

Modules are imported when they are needed, because aiogram takes seconds, and commands that do not
talk to Telegram must not wait for it.
"""
