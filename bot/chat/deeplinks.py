"""Links into the chat with the bot: `t.me/<bot>?start=…`, with words to look up behind it."""

from bot.subscribers.starting import LONGEST_START, LinkedWords, read_start, start_for

LONGEST = LONGEST_START


def payload_of(words: str) -> str | None:
    """Return what brings *words* along; None where they are too long for it."""
    return start_for(LinkedWords(words)) if words else None


def words_in(payload: str) -> str:
    """Return the words that *payload* brings along; "" where it brings none that can be read."""
    linked = read_start(payload)
    return linked.typed if isinstance(linked, LinkedWords) else ""


def link_to_words(username: str, words: str) -> str:
    """Return the link to the bot's chat with a card of *words*; without it if they are too long."""
    payload = payload_of(words)
    return f"https://t.me/{username}" + (f"?start={payload}" if payload else "")
