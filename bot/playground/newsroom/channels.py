"""Invented Telegram channels, and the pages by which Telegram shows them.

The pages have the elements and classes that `docs/explanation/channel-pages.md` describes, with
invented posts and counters that change at each request.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from itertools import count
from typing import Any, Final, Self

from bot.playground.newsroom.content import FOLDER
from bot.playground.newsroom.pictures import picture_url

PAGE_LENGTH: Final = 20  # posts, as on Telegram
_FIRST_NUMBER: Final = 101


@dataclass(frozen=True, slots=True)
class SamplePost:
    """A post of a channel; `channels.toml` explains the fields."""

    number: int
    text: str = ""
    hours: float | None = None
    edit: str = ""
    author: str = ""
    forwarded: str = ""
    forwarded_from: str = ""
    reply: str = ""
    pictures: int = 0
    poll: str = ""
    options: Sequence[str] = ()
    file: str = ""
    link: str = ""
    link_title: str = ""
    service: bool = False


@dataclass(frozen=True, slots=True)
class SampleChannel:
    name: str
    title: str
    about: str
    has_preview: bool
    posts: Sequence[SamplePost]

    @classmethod
    def from_table(cls, name: str, table: Mapping[str, Any]) -> Self:
        posts = enumerate(table.get("post", ()), start=_FIRST_NUMBER)
        return cls(
            name,
            table["title"],
            table["about"],
            table["preview"],
            [SamplePost(number, **post) for number, post in posts],
        )


def read_channels() -> dict[str, SampleChannel]:
    tables = tomllib.loads((FOLDER / "channels.toml").read_text("utf-8"))
    return {name: SampleChannel.from_table(name, table) for name, table in tables.items()}


class ChannelRoom:
    """The channels while the playground runs, and which of their live posts are public."""

    def __init__(self, opened: datetime) -> None:
        self.channels = read_channels()
        self._opened = opened
        self._published: dict[tuple[str, int], datetime] = {}
        self._edited: set[tuple[str, int]] = set()
        self._views = count(1_000)

    def publish(self, now: datetime) -> None:
        """Apply the edits of the live posts, and publish the next live post of each channel."""
        self._edited |= self._published.keys()
        for channel in self.channels.values():
            waiting = (post for post in channel.posts if not self._time_of(channel, post))
            if post := next(waiting, None):
                self._published[channel.name, post.number] = now

    def write_preview(self, name: str, base: str, before: int | None = None) -> str | None:
        """Return the page of posts; None if the name has none."""
        channel = self.channels.get(name)
        if channel is None or not channel.has_preview:
            return None
        shown = [
            (post, time)
            for post in channel.posts
            if (time := self._time_of(channel, post)) and (not before or post.number < before)
        ]
        posts = "".join(
            write_post(channel.name, self._as_edited(channel, post), time, base, next(self._views))
            for post, time in shown[-PAGE_LENGTH:]
        )
        return write_channel_page(channel, base, posts)

    def write_contact(self, name: str) -> str:
        """Return the page about a name without its posts, or about a name that nobody uses."""
        channel = self.channels.get(name)
        if channel is None:
            body = '<div class="tgme_page_icon"><i class="tgme_icon_user"></i></div>'
        else:
            body = (
                f'<div class="tgme_page_title"><span>{escape(channel.title)}</span></div>'
                f'<div class="tgme_page_extra">1 204 subscribers</div>'
                f'<div class="tgme_page_description">{escape(channel.about)}</div>'
                f'<div class="tgme_page_action"><a class="tgme_action_button_new" '
                f'href="tg://resolve?domain={name}">View in Telegram</a></div>'
            )
        return f'<!DOCTYPE html><html><body><div class="tgme_page">{body}</div></body></html>'

    def _time_of(self, channel: SampleChannel, post: SamplePost) -> datetime | None:
        if post.hours is not None:
            return self._opened - timedelta(hours=post.hours)
        return self._published.get((channel.name, post.number))

    def _as_edited(self, channel: SampleChannel, post: SamplePost) -> SamplePost:
        if not post.edit or (channel.name, post.number) not in self._edited:
            return post
        return SamplePost(post.number, post.edit, post.hours, author=post.author)


def write_channel_page(channel: SampleChannel, base: str, posts: str) -> str:
    """Return the page of a channel around its written *posts*, the oldest first."""
    title, about = escape(channel.title), escape(channel.about)
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>{title}</title></head>'
        f'<body><main class="tgme_main" data-url="/{channel.name}">'
        f'<div class="tgme_channel_info"><div class="tgme_channel_info_header">'
        f'<i class="tgme_page_photo_image"><img src="{picture_url(channel.name)}"></i>'
        f'<div class="tgme_channel_info_header_title"><span dir="auto">{title}</span></div>'
        f'<div class="tgme_channel_info_header_username"><a href="{base}/{channel.name}">'
        f"@{channel.name}</a></div></div>"
        f'<div class="tgme_channel_info_description">{about}</div></div>'
        f'<section class="tgme_channel_history js-message_history">{posts}</section>'
        f"</main></body></html>"
    )


def write_post(name: str, post: SamplePost, time: datetime, base: str, views: int) -> str:
    """Return the element of a post with all that the page shows of it."""
    kind = " service_message" if post.service else ""
    parts = (
        _forwarded(post, base),
        _reply(post),
        "".join(_pictures(name, post)),
        _poll(post),
        _file(post),
        _text(post),
        _card(post),
    )
    author = f'<span class="tgme_widget_message_from_author">{escape(post.author)}</span>, '
    return (
        f'<div class="tgme_widget_message_wrap"><div class="tgme_widget_message{kind}" '
        f'data-post="{name}/{post.number}"><div class="tgme_widget_message_bubble">'
        f'{"".join(parts)}<div class="tgme_widget_message_footer">'
        f'<span class="tgme_widget_message_views">{views}</span>'
        f'<span class="copyonly"> views</span>'
        f'<span class="tgme_widget_message_meta">{author if post.author else ""}'
        f'<a class="tgme_widget_message_date" href="{base}/{name}/{post.number}">'
        f'<time datetime="{time.isoformat()}" class="time">{time:%H:%M}</time></a></span></div>'
        f'<div class="tgme_widget_message_reactions">👍 {views // 7}</div>'
        f"</div></div></div>"
    )


def _text(post: SamplePost) -> str:
    if not post.text:
        return ""
    lines = escape(post.text).replace("\n", "<br/>")
    return f'<div class="tgme_widget_message_text js-message_text" dir="auto">{lines}</div>'


def _forwarded(post: SamplePost, base: str) -> str:
    if not post.forwarded:
        return ""
    return (
        '<div class="tgme_widget_message_forwarded_from">Forwarded from '
        f'<a class="tgme_widget_message_forwarded_from_name" href="{base}/{post.forwarded_from}/1">'
        f"{escape(post.forwarded)}</a></div>"
    )


def _reply(post: SamplePost) -> str:
    if not post.reply:
        return ""
    return (
        '<a class="tgme_widget_message_reply" href="#"><div class="tgme_widget_message_text '
        f'js-message_reply_text">{escape(post.reply)}</div></a>'
    )


def _pictures(name: str, post: SamplePost) -> Iterable[str]:
    for number in range(post.pictures):
        url = picture_url(f"{name}-{post.number}-{number}")
        yield (
            '<a class="tgme_widget_message_photo_wrap grouped_media_wrap" '
            f'style="width:453px;background-image:url(\'{url}\')" href="#"></a>'
        )


def _poll(post: SamplePost) -> str:
    if not post.poll:
        return ""
    options = "".join(
        '<div class="tgme_widget_message_poll_option"><div '
        'class="tgme_widget_message_poll_option_percent">50%</div><div '
        f'class="tgme_widget_message_poll_option_text">{escape(option)}</div></div>'
        for option in post.options
    )
    return (
        f'<div class="tgme_widget_message_poll"><div class="tgme_widget_message_poll_question">'
        f'{escape(post.poll)}</div><div class="tgme_widget_message_poll_type">Anonymous Poll</div>'
        f"{options}</div>"
    )


def _file(post: SamplePost) -> str:
    if not post.file:
        return ""
    return (
        '<a class="tgme_widget_message_document_wrap" href="#">'
        f'<div class="tgme_widget_message_document_title">{escape(post.file)}</div>'
        '<div class="tgme_widget_message_document_extra">1.2 MB</div></a>'
    )


def _card(post: SamplePost) -> str:
    if not post.link:
        return ""
    return (
        f'<a class="tgme_widget_message_link_preview" href="{escape(post.link)}">'
        '<div class="link_preview_site_name">Example Wire</div>'
        f'<div class="link_preview_title">{escape(post.link_title)}</div></a>'
    )
