"""Links into the chat with the bot: `t.me/<bot>?start=…`, with words to look up behind it."""

from bot.subscribers.share_links import LinkedQuery, start_for


def payload_of(words: str) -> str | None:
    """Return what brings *words* along; None where they are too long for it."""
    return start_for(LinkedQuery(words)) if words else None


def link_to_words(username: str, words: str) -> str:
    """Return the link to the bot's chat with a card of *words*; without it if they are too long."""
    payload = payload_of(words)
    return f"https://t.me/{username}" + (f"?start={payload}" if payload else "")
