"""Links into the chat with the bot: `t.me/<bot>?start=…`, with words to look up behind it.

Telegram lets 64 letters, digits, - and _ through.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64

WORDS = "q_"
LONGEST = 64  # characters of what stands behind `start=`


def payload_of(words: str) -> str | None:
    """Return what brings *words* along; None where they are too long for it."""
    packed = WORDS + urlsafe_b64encode(words.encode("utf-8", "replace")).decode().rstrip("=")
    return packed if words and len(packed) <= LONGEST else None


def words_in(payload: str) -> str:
    """Return the words that *payload* brings along; "" where it brings none that can be read."""
    packed = payload.removeprefix(WORDS)
    if packed == payload:
        return ""
    try:
        return urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).decode()
    except (NotBase64, UnicodeDecodeError, ValueError):
        return ""


def link_to_words(username: str, words: str) -> str:
    """Return the link to the bot's chat with a card of *words*; without it if they are too long."""
    payload = payload_of(words)
    return f"https://t.me/{username}" + (f"?start={payload}" if payload else "")
