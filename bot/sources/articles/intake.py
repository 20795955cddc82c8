"""What an item becomes when it is first seen: an article, whether it is news, and since when.

What makes it the same again stands in `identity`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bot.sources.formats.records import Item
from bot.sources.hashes import digest
from bot.sources.pages.trim import end_trimmed
from bot.sources.urls import canonical_url

OLD = timedelta(hours=48)
FUTURE = timedelta(hours=24)
LONGEST_TITLE = 300
_NOON = time(12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Identity:
    """The hashes by which an entry is known in its source, and its article everywhere."""

    guid_hash: str
    url_hash: str


@dataclass(frozen=True, slots=True)
class Dating:
    """When something was published, as far as that is told, and from when on it is news."""

    published_at: datetime | None
    published_on: date | None
    news_at: datetime
    quiet: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """An article before it is stored. `quiet`: it alerts nobody.

    `is_taste`: its page has the text; `awaits_page`: and is to be read.
    """

    item: Item
    guid_hash: str
    url_hash: str
    content_hash: str
    url: str
    title: str
    text: str
    published_at: datetime | None
    published_on: date | None
    news_at: datetime
    quiet: bool
    is_taste: bool = False
    awaits_page: bool = False


def url_hash(url: str) -> str:
    return digest(canonical_url(url))


def content_hash(item: Item) -> str:
    return digest(f"{item.title}\n{item.summary}\n{item.text}")


def draft(
    item: Item, identity: Identity, *, source_url: str, now: datetime, backlog: bool
) -> Draft:
    dating = dated(item.published, now, backlog=backlog)
    return Draft(
        item=item,
        guid_hash=identity.guid_hash,
        url_hash=identity.url_hash,
        content_hash=content_hash(item),
        url=item.url or source_url,
        title=_title(item),
        text=_article_text(item),
        published_at=dating.published_at,
        published_on=dating.published_on,
        news_at=dating.news_at,
        quiet=dating.quiet,
    )


def dated(published: datetime | date | None, seen: datetime, *, backlog: bool) -> Dating:
    """*seen*: when it was seen first."""
    published_at, published_on = _published(published, seen)
    moment = published_at
    if published_on is not None:
        moment = datetime.combine(published_on, _NOON)
    quiet = backlog or (moment is not None and moment < seen - OLD)
    news_at = min(moment or seen, seen) if quiet else seen
    return Dating(published_at, published_on, news_at, quiet)


def newest_of(items: Iterable[Item], now: datetime) -> datetime | None:
    return max(moments_of(items, now), default=None)


def moments_of(items: Iterable[Item], now: datetime) -> list[datetime]:
    """Return when the items were published, as far as a time of day is told and is past."""
    moments = (item.published for item in items)
    return [each for each in moments if isinstance(each, datetime) and each <= now]


def _published(
    published: datetime | date | None, now: datetime
) -> tuple[datetime | None, date | None]:
    """Nothing is published in the future: such a date is a mistake, and first seen is as good."""
    if isinstance(published, datetime):
        return (now if published > now + FUTURE else published.astimezone(UTC)), None
    if published is not None and published > (now + FUTURE).date():
        return now, None
    return None, published


def _article_text(item: Item) -> str:
    """Feeds too carry end marks and boxes behind them; what stands there must not match."""
    return "\n\n".join(end_trimmed(item.text.split("\n\n")))


def _title(item: Item) -> str:
    title = item.title or item.summary.partition("\n")[0] or item.text.partition("\n")[0]
    return title[:LONGEST_TITLE] or item.url
