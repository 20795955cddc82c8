"""Texts that a language model made: a cache, with one row per story and language.

A row is inserted when a digest that is due soon may list the story, and filled by the stage of
`bot.model`. Only what has passed the checks is stored. Rows go with their story.

`ModelDay` counts the tokens of each day (UTC). A call reserves its upper bound before it is made,
so that no number of processes exceeds the budget together.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    CTE,
    JSON,
    BigInteger,
    ColumnElement,
    UniqueConstraint,
    and_,
    bindparam,
    case,
    delete,
    func,
    or_,
    update,
)
from sqlmodel import Field, SQLModel, col, select

from storage.articles import PUBLIC, Article
from storage.chats import Chat, effective_language
from storage.db.engine import Transaction
from storage.db.leases import claim, release
from storage.db.sql import CLUSTERED, NUMBERED, ROW_ID, Leased, among, insert_new
from storage.editions import Edition
from storage.enums import SENT_NOTHING, Mode
from storage.matches import Match
from storage.subscriptions import Subscription
from storage.topics import Topic

_KEPT_FOR: Final = timedelta(days=90)
_LONGEST_REACH: Final = timedelta(days=8)
_FIRST_REACH: Final = timedelta(hours=24)


class ModelText(Leased, table=True):
    """A model's texts about one story in one language; *made_at* is None until it answered.

    *translations* maps the id of an article to its headline and lead, either of which may be "".
    *summary* has pairs of a sentence and the publishers that it comes from. *dropped* has pairs of
    the kind of a text (headline, lead, summary) and the reason why it was dropped.
    """

    __tablename__ = "model_text"
    __table_args__ = (UniqueConstraint("story_id", "language"), NUMBERED)

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    story_id: int = Field(foreign_key="story.id", ondelete="CASCADE", sa_type=ROW_ID)
    language: str = Field(max_length=16)  # a code of the bot's languages
    wanted_at: datetime = Field(index=True)  # when a digest last wanted it
    readers: int = 0  # of the digests that wanted it
    try_at: datetime  # not before then, because the last call failed
    failures: int = 0  # since the last answer
    made_at: datetime | None = None
    input_hash: str = Field(default="", max_length=32)
    translations: dict[str, list[str]] = Field(default_factory=dict, sa_type=JSON)
    summary: list[tuple[str, list[str]]] = Field(default_factory=list, sa_type=JSON)
    dropped: list[tuple[str, str]] = Field(default_factory=list, sa_type=JSON)
    tokens: int = 0  # of the call
    model: str = ""


class ModelDay(SQLModel, table=True):
    """The tokens of one day: *used* by calls that ended, *reserved* by others."""

    __tablename__ = "model_day"
    __table_args__ = (CLUSTERED,)

    day: date = Field(primary_key=True)
    used: int = Field(default=0, sa_type=BigInteger)
    reserved: int = Field(default=0, sa_type=BigInteger)
    calls: int = 0
    failures: int = 0
    kept: int = 0  # texts that passed the checks
    dropped: int = 0  # texts that did not


# Stories that digests will list


class Wanted(NamedTuple):
    """A story that digests may list soon. *translators*: readers who want it translated."""

    story_id: int
    tag: str  # of the language
    readers: int
    translators: int


def _last_made_at() -> ColumnElement[datetime]:
    return (
        select(Edition.made_at)
        .where(col(Edition.chat_id) == col(Chat.id))
        .order_by(col(Edition.local_date).desc(), col(Edition.schedule_number).desc())
        .limit(1)
        .correlate(Chat)
        .scalar_subquery()
    )


async def stories_wanted(tx: Transaction, within: timedelta, limit: int) -> list[Wanted]:
    """Return the public stories that digests due *within* this time may list, the most read first.

    Only for chats that want texts of a model. Chats are grouped by query and language first, so
    that the matches of a query are read once for all of its readers.
    """
    due = _due_queries(tx, within)
    found = (
        select(  # type: ignore[call-overload]
            due.c.query_id,
            due.c.tag,
            col(Article.story_id),
            func.max(due.c.readers).label("readers"),
            func.max(due.c.translators).label("translators"),
        )
        .join(Match, col(Match.query_id) == due.c.query_id)
        .join(Article, col(Article.id) == Match.article_id)
        .where(
            col(Match.news_at) > due.c.since,
            col(Match.news_at) > tx.now - _LONGEST_REACH,
            col(Match.news_at) <= tx.now,
            col(Article.scope_id) == PUBLIC,
        )
        .group_by(due.c.query_id, due.c.tag, col(Article.story_id))
        .subquery()
    )
    readers = func.sum(found.c.readers)
    rows = await tx.rows(
        select(found.c.story_id, found.c.tag, readers, func.sum(found.c.translators))
        .group_by(found.c.story_id, found.c.tag)
        .order_by(readers.desc(), found.c.story_id.desc())
        .limit(limit)
    )
    return [Wanted(story, tag, int(count), int(some)) for story, tag, count, some in rows]


def _due_queries(tx: Transaction, within: timedelta) -> CTE:
    """Build the queries of digests due *within* this time, with the number of their readers."""
    since = func.coalesce(_last_made_at(), bindparam("first_reach", tx.now - _FIRST_REACH))
    due: CTE = (
        select(  # type: ignore[call-overload]
            Topic.query_id,
            effective_language().label("tag"),
            func.count().label("readers"),
            func.sum(case((col(Subscription.keeps_original), 0), else_=1)).label("translators"),
            func.min(since).label("since"),
        )
        .join(Subscription, col(Subscription.topic_id) == Topic.id)
        .join(Chat, col(Chat.id) == Subscription.chat_id)
        .where(
            col(Chat.next_digest_at) <= tx.now + within,
            col(Chat.state).not_in(SENT_NOTHING),
            col(Chat.uses_model),
            col(Subscription.mode).in_([mode for mode in Mode if mode.digests]),
        )
        .group_by(col(Topic.query_id), effective_language())
        .cte("due")
    )
    return due


class PublicReport(NamedTuple):
    """A public article of a story, as a model may read it."""

    story_id: int
    article_id: int
    language: str
    title: str
    summary: str
    text: str
    news_at: datetime
    changed_at: datetime  # when its newest version was stored


async def reports_of(
    tx: Transaction, story_ids: Collection[int], *, texts: bool = True
) -> dict[int, list[PublicReport]]:
    """Return the public articles of each story, the earliest first.

    Articles of private sources are left out, so that none of their words ever leaves the machine.
    """
    changed_at = func.coalesce(col(Article.revised_at), col(Article.stored_at))
    rows = await tx.rows(
        select(  # type: ignore[call-overload]
            Article.story_id,
            Article.id,
            Article.language,
            Article.title,
            Article.summary if texts else func.substr(col(Article.summary), 1, 0),
            Article.text if texts else func.substr(col(Article.text), 1, 0),
            Article.news_at,
            changed_at,
        )
        .where(among(col(Article.story_id), story_ids), col(Article.scope_id) == PUBLIC)
        .order_by(col(Article.story_id), col(Article.id))
    )
    found: defaultdict[int, list[PublicReport]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(PublicReport(*row))
    return found


async def want(tx: Transaction, wanted: Sequence[tuple[int, str, int, datetime]]) -> None:
    """Have texts made of stories, each with a language, its readers, and its last change.

    A text that is newer than the last change of its story is left as it is.
    """
    rows = [
        {"story_id": story, "language": code, "wanted_at": tx.now, "readers": readers,
         "try_at": tx.now}
        for story, code, readers, _ in wanted
    ]  # fmt: skip
    new = await insert_new(tx, ModelText, rows, returning=ModelText.id)
    if len(new) == len(rows):
        return
    changes = [
        {"of_story": story, "in_language": code, "count": readers, "changed_at": changed_at,
         "now": tx.now}
        for story, code, readers, changed_at in wanted
    ]  # fmt: skip
    await tx.change(_WANT_AGAIN, changes)


_table: Final = SQLModel.metadata.tables["model_text"]

_WANT_AGAIN: Final = (
    update(_table)
    .where(
        _table.c.story_id == bindparam("of_story"),
        _table.c.language == bindparam("in_language"),
        or_(_table.c.made_at.is_(None), _table.c.made_at < bindparam("changed_at")),
    )
    .values(wanted_at=bindparam("now"), readers=bindparam("count"))
)


_WAITS: Final = or_(
    col(ModelText.made_at).is_(None), col(ModelText.made_at) < col(ModelText.wanted_at)
)


async def claim_wanted(
    tx: Transaction, *, owner: str, limit: int, lease: timedelta, lately: timedelta
) -> list[ModelText]:
    """Lease the texts that digests wanted *lately*, those with the most readers first."""
    due = and_(_WAITS, col(ModelText.wanted_at) > tx.now - lately, col(ModelText.try_at) <= tx.now)
    order = (col(ModelText.readers).desc(), col(ModelText.id))
    return await claim(tx, ModelText, due, order=order, limit=limit, owner=owner, lease=lease)


async def store_text(tx: Transaction, text_id: int, owner: str, values: Mapping[str, Any]) -> bool:
    """Store what was made, and free the row; return False if *owner* no longer leases it."""
    made = {"made_at": tx.now, "failures": 0, **values}
    return bool(await release(tx, ModelText, [text_id], owner, **made))


async def postpone_text(
    tx: Transaction, text_id: int, owner: str, failures: int, pause: timedelta
) -> None:
    """Free the row, and try it again after the *pause*."""
    values = {"try_at": tx.now + pause, "failures": failures}
    await release(tx, ModelText, [text_id], owner, **values)


async def free_texts(tx: Transaction, text_ids: Collection[int], owner: str) -> None:
    """Free rows for which no call was made."""
    await release(tx, ModelText, text_ids, owner)


# Reading what is there.


async def model_texts_of(
    tx: Transaction, story_ids: Collection[int], language: str
) -> dict[int, ModelText]:
    """Return the texts in *language* that have been made, by story."""
    if not story_ids:
        return {}
    rows: Sequence[ModelText] = await tx.rows(_MADE, stories=story_ids, code=language)
    return {row.story_id: row for row in rows}


_MADE: Final = select(ModelText).where(
    among(col(ModelText.story_id), bindparam("stories")),
    col(ModelText.language) == bindparam("code"),
    col(ModelText.made_at).is_not(None),
)


async def texts_of_story(tx: Transaction, story_id: int) -> list[ModelText]:
    """Return the texts of a story in all languages, those that were not made yet too."""
    of_story = select(ModelText).where(col(ModelText.story_id) == story_id)
    return list(await tx.rows(of_story.order_by(col(ModelText.language))))


# The budget of a day.


async def reserve_tokens(tx: Transaction, tokens: int, budget: int) -> date | None:
    """Reserve *tokens* of today's budget; return the day, or None if too few are left.

    One statement compares and adds, so that processes cannot exceed the budget together.
    """
    day = tx.now.date()
    if await insert_new(tx, ModelDay, [{"day": day}], returning=ModelDay.day):
        await tx.change(delete(ModelDay).where(col(ModelDay.day) < (tx.now - _KEPT_FOR).date()))
    spoken_for = col(ModelDay.used) + col(ModelDay.reserved)
    reserved = await tx.change(
        update(ModelDay)
        .where(col(ModelDay.day) == day, spoken_for + tokens <= budget)
        .values(reserved=col(ModelDay.reserved) + tokens, calls=col(ModelDay.calls) + 1)
    )
    return day if reserved else None


async def settle_tokens(
    tx: Transaction,
    day: date,
    *,
    reserved: int,
    used: int,
    failed: bool = False,
    kept: int = 0,
    dropped: int = 0,
) -> None:
    """Replace a reservation by the tokens that the call *used*."""
    await tx.change(
        update(ModelDay)
        .where(col(ModelDay.day) == day)
        .values(
            reserved=col(ModelDay.reserved) - reserved,
            used=col(ModelDay.used) + used,
            failures=col(ModelDay.failures) + int(failed),
            kept=col(ModelDay.kept) + kept,
            dropped=col(ModelDay.dropped) + dropped,
        )
    )


async def model_day(tx: Transaction, day: date) -> ModelDay:
    """Return the counts of a day; all are 0 if no call was made."""
    found: ModelDay | None = await tx.first(select(ModelDay).where(col(ModelDay.day) == day))
    return found or ModelDay(day=day)
