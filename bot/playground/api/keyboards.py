"""Checks of keyboards beyond their shape, with Telegram's errors."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from bot.playground.errors import ApiError, bad_request
from bot.playground.text.entities import checked_url

MOST_BUTTONS = 100
MOST_BYTES = 10_000
_LABELS = {"text", "icon_custom_emoji_id", "style"}
_STYLES = {"danger", "success", "primary"}

Markup = dict[str, Any]


def check_markup(markup: Markup | None) -> Markup | None:
    """Return the keyboard as Telegram stores it; None if it is empty. Its shape must be valid."""
    if not markup:
        return None
    if "inline_keyboard" in markup:
        return _inline(markup)
    if "keyboard" in markup and not any(markup["keyboard"]):
        raise bad_request("keyboard is empty")
    return markup


def _inline(markup: Markup) -> Markup | None:
    rows = [[_button(button) for button in row] for row in markup["inline_keyboard"] if row]
    count = sum(map(len, rows))
    size = sum(len(str(value).encode()) for row in rows for b in row for value in b.values())
    if count > MOST_BUTTONS or size > MOST_BYTES:
        raise bad_request("reply markup is too long")
    return {"inline_keyboard": rows} if rows else None


def _button(button: Markup) -> Markup:
    if not button["text"].strip():
        raise bad_request("can't parse inline keyboard button: Text must be non-empty")
    if button.get("style", "primary") not in _STYLES:
        raise bad_request("can't parse inline keyboard button: invalid button style specified")
    actions = set(button) - _LABELS
    if not actions:
        raise bad_request(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
        )
    if len(actions) > 1:
        raise bad_request("BUTTON_TYPE_INVALID")
    if "url" in button:
        return button | {"url": _url(button["url"])}
    if "web_app" in button:
        check_app_url(button["web_app"]["url"], "inline keyboard button")
    return button


def check_app_url(url: str, owner: str) -> None:
    """Raise unless a Mini App can have this URL: https, or http on this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    on_this_machine = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost"}
    if not parts.hostname or not (parts.scheme == "https" or on_this_machine):
        raise bad_request(f"{owner} Web App URL '{url}' is invalid: Only HTTPS links are allowed")


def _url(text: str) -> str:
    try:
        return checked_url(text)
    except ApiError as error:
        problem = str(error).rpartition("is invalid: ")[2]
        raise bad_request(f"inline keyboard button URL '{text}' is invalid: {problem}") from None


def buttons(markup: Markup | None) -> Iterator[Markup]:
    """Yield every button of an inline keyboard."""
    for row in (markup or {}).get("inline_keyboard", []):
        yield from row
