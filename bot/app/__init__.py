"""The composition root: settings, resources, roles, start and stop.

No other package wires parts together. Read in this order: `run` (start and stop), `deployment`
(Telegram or the playground), `resources` (what roles and commands work with), `roles` (which stages
a role consists of), `scheduler` (periodic stages), `peers` (other processes), then `chat`,
`webhook`, `website` and `mail`, the four that need more than a line to be made.

Nothing is imported before it is needed: aiogram takes seconds, and a command that does not talk to
Telegram must not wait for it.
"""
