"""Keys: what is decided twice is stored once, and what comes twice is done once."""

from dataclasses import dataclass

from storage.words.deliveries import Medium


@dataclass(frozen=True, slots=True)
class Once:
    """An update of Telegram's, which may come twice. Its id is the bot's own."""

    bot_id: int
    update_id: int


NOTICE_OF_FEEDBACK = "feedback"  # what those who run the bot are sent of it


def alert_key(alert_id: int, medium: Medium) -> str:
    return f"alert:{alert_id}:{medium}"


def bundle_key(bundle_id: int, medium: Medium, part: int) -> str:
    return f"bundle:{bundle_id}:{medium}:{part}"


def edition_key(edition_id: int, medium: Medium, part: int) -> str:
    return f"edition:{edition_id}:{medium}:{part}"


def edit_key(delivery_id: int, version: int) -> str:
    return f"edit:{delivery_id}:{version}"


def notice_key(chat_id: int, kind: str, subject: str) -> str:
    return f"notice:{chat_id}:{kind}:{subject}"


def broadcast_key(broadcast_id: int, chat_id: int) -> str:
    return f"broadcast:{broadcast_id}:{chat_id}"
