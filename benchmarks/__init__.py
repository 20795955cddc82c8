"""Programs that measure the bot, and programs that break what it depends on.

`docs/explanation/measured.md` has the figures, each with its command. Every program prints its
options with `--help`.
"""
