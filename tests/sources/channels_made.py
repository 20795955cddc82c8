"""Pages of invented Telegram channels, as the playground writes them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.playground.newsroom.channels import (
    SampleChannel,
    SamplePost,
    write_channel_page,
    write_post,
)

ORIGIN = "https://t.me"
NAME = "sample_quay"
URL = f"{ORIGIN}/s/{NAME}"
START = datetime(2026, 3, 2, 6, tzinfo=UTC)
CHANNEL = SampleChannel(NAME, "Quay News", "Invented.", has_preview=True, posts=())
TEXT = "Ferry {number} to Kinmen is late. Its passengers wait on the quay of Tainan."


def post(number: int, views: int = 10, origin: str = ORIGIN, **parts: Any) -> str:
    """Return the element of a post, a minute after the one before it."""
    parts = parts or {"text": TEXT.format(number=number)}
    time = START + timedelta(minutes=number)
    return write_post(NAME, SamplePost(number, **parts), time, origin, views)


def page(*posts: str, about: str = CHANNEL.about) -> str:
    return write_channel_page(replace(CHANNEL, about=about), ORIGIN, "".join(posts))


def page_of(*numbers: int, views: int = 10) -> str:
    return page(*(post(number, views) for number in numbers))


def contact(title: str = "", extra: str = "", button: str = "") -> str:
    """Return a page about a name, without posts."""
    named = f'<div class="tgme_page_title"><span>{title}</span></div>' if title else ""
    return (
        f'<html><body><div class="tgme_page">{named}<div class="tgme_page_extra">{extra}</div>'
        f'<a class="tgme_action_button_new">{button}</a></div></body></html>'
    )
