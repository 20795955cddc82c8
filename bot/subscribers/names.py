"""What topics are called."""

from bot.subscribers.limits import LONGEST_NAME
from bot.subscribers.lines import one_line


def name_for(words: str) -> str:
    """Return *words* on one line, as many as a name may have; "" where nothing is to be seen."""
    line = one_line(words)
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1]}…"
