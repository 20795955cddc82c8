"""Variable envelope return paths: a bounce comes back to an address that says whose it is.

`bounce+<token>@example.org`, the token sealed. It is in lower case throughout, since mail servers
may fold the case of a local part. Mails that ask to be unsubscribed carry the same token.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from urllib.parse import unquote

from bot.rendering.seals import BadTokenError, Purpose, Seal

_TOKEN = re.compile(r"(?<![\w.])\d{1,19}\.0\.[a-z2-7]{26}(?![\w.])")
_MOST = 20  # that are tried; an honest report has ours in the address that it came to


def token_of(mailbox_id: int, seal: Seal) -> str:
    return seal.put(Purpose.BOUNCE, mailbox_id)


def tokens_in(text: str) -> tuple[str, ...]:
    """Return what may be tokens in *text*, in their order, each once; they may stand in URLs."""
    found = dict.fromkeys(_TOKEN.findall(unquote(text).lower()))
    return tuple(islice(found, _MOST))


def mailbox_of(tokens: Iterable[str], seal: Seal, now: datetime) -> int | None:
    """Return the mailbox of the first of the *tokens* that is ours."""
    for token in tokens:
        try:
            (mailbox_id,) = seal.read(Purpose.BOUNCE, token, now)
        except BadTokenError:
            continue
        return int(mailbox_id)
    return None


def return_path(address: str, token: str) -> str:
    """Return *address* with the *token* behind a plus."""
    local, _, domain = address.rpartition("@")
    return f"{local}+{token}@{domain}"
