"""How an operator wants one source to be read, and when: rules, pause, priority, interval.

Only operators and admins set these, because a source may be followed by many chats, and its rules
hold for all of them. A chat that wants less of a source has its queries and mutes.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bot.matching.query import parse
from bot.matching.query.fields import CODES, MEANT_CODES
from bot.sources.decide import names_of
from bot.sources.drafts import url_hash
from bot.sources.entry_rules import EntryRules, RuleSubject
from bot.sources.feeds.model import Item
from bot.sources.fetch.schedule import MIN_OPERATOR_INTERVAL, parse_duration
from bot.sources.limits import MOST_DROPPED_SELECTORS
from bot.sources.pages.selectors import (
    InvalidSelectorError,
    check_selector,
)
from bot.sources.urls import as_typed
from bot.subscribers.errors import (
    InvalidSelector,
    MarkupInRule,
    NoSuchPublicSource,
    NotALanguageCode,
    NotAnInterval,
    NotAPause,
    NotAZoneName,
    TooManySelectors,
)
from bot.subscribers.timezones import is_zone, zone_named
from bot.text.folding import folded_labels
from storage import source_rules
from storage.access import record_event
from storage.enums import AuditAction, SourcePriority, SourceState
from storage.source_rules import DroppedCount, SourceRules, StoredWording
from storage.sources import Source, change_source, forget_validators, lock_source, source_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from storage.db.engine import Storage, Transaction

LONGEST_SOURCE_PAUSE: Final = timedelta(days=366)
FOR_GOOD: Final = "ever"  # as the end of a pause
LONGEST_INTERVAL: Final = timedelta(days=30)
PREVIEWED: Final = 100  # stored articles of a preview
_EXAMPLES: Final = 5
_WEEK: Final = timedelta(days=7)
_TAG: Final = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
_QUERIES: Final = {"keep": "keep_query", "drop": "drop_query"}
_LONGEST_INPUT: Final = 80  # characters of a language, a zone or a time


class SourceSetting(StrEnum):
    """A setting whose change can be undone: a field of `SourceChanges`, or the pause."""

    ARTICLE = "article"
    DROPPED = "dropped"
    KEEP = "keep"
    DROP = "drop"
    LANGUAGE = "language"
    ZONE = "zone"
    PRIORITY = "priority"
    EVERY = "every"
    PAUSE = "pause"


class SourceChange(NamedTuple):
    """The change of one setting. *before*, *after*: its value as text, see `setting_undo`."""

    setting: SourceSetting
    before: str
    after: str
    is_undone: bool  # the change undoes a former one


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """A source, its rules, and how many of its entries they dropped in the last week.

    *now*: the database's time. *change*: the change that these settings are the result of.
    """

    source: Source
    rules: SourceRules
    week: DroppedCount
    now: datetime
    change: SourceChange | None = None


@dataclass(frozen=True, slots=True)
class SourceChanges:
    """The changes, as typed. None leaves a setting as it is, "" and () clear it."""

    article: str | None = None
    dropped: Sequence[str] | None = None
    keep: str | None = None
    drop: str | None = None
    language: str | None = None
    zone: str | None = None
    priority: SourcePriority | None = None
    every: str | None = None

    @property
    def names(self) -> list[str]:
        return [name for name in self.__slots__ if getattr(self, name) is not None]


@dataclass(frozen=True, slots=True)
class RulesPreview:
    """The effect of rules on the last stored articles of a source, with a few of their titles."""

    stored: int
    dropped_count: int
    dropped: Sequence[str] = ()
    kept: Sequence[str] = ()


def read_selector(typed: str) -> str:
    """Return the selector; raise InvalidSelector."""
    try:
        return check_selector(typed)
    except InvalidSelectorError as error:
        raise InvalidSelector(error) from None


def read_rule(typed: str) -> str:
    """Return the query of a rule in one line; raise QueryError or MarkupInRule. "" stays ""."""
    query = " ".join(typed.split())
    if tag := _TAG.search(query):
        raise MarkupInRule(tag[0])
    if query:
        parse(query)
    return query


def read_language(typed: str) -> str:
    """Return the two-letter code of a language given by code or name; raise NotALanguageCode."""
    word = typed.strip().lower()
    code = word if word in CODES else MEANT_CODES.get(word, "")
    if word and not code:
        raise NotALanguageCode(typed)
    return code


def read_zone(typed: str) -> str:
    """Return the IANA name of a time zone; raise NotAZoneName."""
    name = typed.strip()
    if not name or is_zone(name):
        return name
    found = zone_named(name) if len(name) <= _LONGEST_INPUT else None
    if found is None:
        raise NotAZoneName(typed)
    return found


def read_pause(typed: str, now: datetime) -> datetime:
    """Return when a pause ends: a duration such as `3d`, or a date or time (UTC, ISO 8601).

    Raises NotAPause unless that is in the future, and within a year.
    """
    text = typed.strip()
    until = _end_of_pause(text, now) if len(text) <= _LONGEST_INPUT else None
    if until is None or not now < until <= now + LONGEST_SOURCE_PAUSE:
        raise NotAPause(typed)
    return until


def _end_of_pause(text: str, now: datetime) -> datetime | None:
    try:
        return now + parse_duration(text)
    except OverflowError:
        return None
    except ValueError:
        pass
    try:
        until = datetime.fromisoformat(text)
        return until.replace(tzinfo=UTC) if until.tzinfo is None else until.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def read_interval(typed: str, source: Source) -> int | None:
    """Return the seconds between two reads; None: as the source suggests. Raises NotAnInterval."""
    if not typed.strip():
        return None
    try:
        every = parse_duration(typed.strip())
    except (ValueError, OverflowError):
        raise NotAnInterval from None
    if every > LONGEST_INTERVAL or (every < MIN_OPERATOR_INTERVAL and not source.own_network):
        raise NotAnInterval
    return round(every.total_seconds())


async def source_at(storage: Storage, url: str) -> Source:
    """Return the source at the typed *url*; raise NoSuchPublicSource."""
    async with storage.reading() as tx:
        source = await source_of(tx, url_hash(as_typed(url)))
    if source is None:
        raise NoSuchPublicSource
    return source


async def get_settings(storage: Storage, source_id: int) -> SourceSettings:
    """Return the settings of the source; raise NoSuchPublicSource."""
    async with storage.reading() as tx:
        return await settings_of(tx, await _source(tx, source_id))


async def find_settings(storage: Storage, source_id: int) -> SourceSettings | None:
    """Return the settings of the source; None if it was removed."""
    with suppress(NoSuchPublicSource):
        return await get_settings(storage, source_id)
    return None


async def settings_of(tx: Transaction, source: Source) -> SourceSettings:
    stored = await source_rules.rules_of(tx, [source.id])
    rules = stored.get(source.id) or SourceRules(source_id=source.id)
    week = DroppedCount(0, 0)
    if rules.keep_query or rules.drop_query:
        week = await source_rules.count_dropped(tx, source.id, tx.now - _WEEK)
    return SourceSettings(source, rules, week, tx.now)


async def _source(tx: Transaction, source_id: int, *, locks: bool = False) -> Source:
    source = await (lock_source(tx, source_id) if locks else tx.get(Source, source_id))
    if source is None:
        raise NoSuchPublicSource
    return source


def value_of(settings: SourceSettings, setting: SourceSetting) -> str:
    """Return the value of the *setting* as text, see `setting_undo`."""
    source, rules = settings.source, settings.rules
    match setting:
        case SourceSetting.PAUSE if source.state is SourceState.PAUSED:
            end = source.paused_until
            return str(int(end.timestamp())) if end else FOR_GOOD
        case SourceSetting.PAUSE:
            return "" if source.state is SourceState.ACTIVE else source.state
        case SourceSetting.PRIORITY:
            return source.priority
        case SourceSetting.EVERY:
            return f"{source.every_seconds}s" if source.every_seconds else ""
        case SourceSetting.DROPPED:
            return "\n".join(rules.dropped)
        case _:
            return str(getattr(rules, _QUERIES.get(setting, setting)))


async def change(
    storage: Storage,
    source_id: int,
    setting: SourceSetting,
    apply: Callable[[Transaction, SourceSettings], Awaitable[None]],
    *,
    is_undone: bool = False,
) -> SourceSettings:
    """Change a *setting* of the source by *apply*, which gets the source locked."""
    async with storage.writing() as tx:
        settings = await settings_of(tx, await _source(tx, source_id, locks=True))
        before = value_of(settings, setting)
        await apply(tx, settings)
        changed = await settings_of(tx, await _source(tx, source_id, locks=True))
        made = SourceChange(setting, before, value_of(changed, setting), is_undone)
    return replace(await get_settings(storage, source_id), change=made)


async def change_settings(
    storage: Storage, source_id: int, changes: SourceChanges, *, by: int | None
) -> SourceSettings:
    """Apply the changes and record them; *by*: the admin's id, None on the command line.

    They affect what comes after: stored articles stay, and dropped entries stay dropped. Raises
    QueryError, or a UserError of this module.
    """
    async with storage.writing() as tx:
        settings = await settings_of(tx, await _source(tx, source_id, locks=True))
        await apply_changes(tx, settings, changes=changes, by=by)
    return await get_settings(storage, source_id)


async def change_setting(
    storage: Storage, source_id: int, setting: SourceSetting, value: Any, *, by: int | None
) -> SourceSettings:
    """Apply the change of one setting, as `change_settings` does, so that it can be undone."""
    changes = SourceChanges(**{setting.value: value})
    apply = partial(apply_changes, changes=changes, by=by)
    return await change(storage, source_id, setting, apply)


async def apply_changes(
    tx: Transaction, settings: SourceSettings, *, changes: SourceChanges, by: int | None
) -> None:
    source, rules = settings.source, settings.rules
    columns: dict[str, Any] = {}
    if changes.priority is not None:
        columns["priority"] = changes.priority
    if changes.every is not None:
        columns["every_seconds"] = read_interval(changes.every, source)
    changed = _changed_rules(rules, changes)
    differs = any(getattr(source, name) != value for name, value in columns.items())
    if differs:
        await change_source(tx, source.id, columns)
    if changed != rules.model_dump():
        differs = True
        await source_rules.set_rules(tx, SourceRules(**changed))
        await forget_validators(tx, [source.id])
    if differs:
        named = {name: _shown_in_log(changes, name) for name in changes.names}
        await record_event(tx, by, AuditAction.SOURCE_SET, source.url, **named)


def _shown_in_log(changes: SourceChanges, name: str) -> str:
    value = getattr(changes, name)
    return str(value) if isinstance(value, str) else ", ".join(map(str, value))


def _changed_rules(rules: SourceRules, changes: SourceChanges) -> dict[str, Any]:
    values = rules.model_dump()
    if changes.article is not None:
        values["article"] = read_selector(changes.article) if changes.article.strip() else ""
    if changes.dropped is not None:
        chosen = list(dict.fromkeys(map(read_selector, filter(str.strip, changes.dropped))))
        if len(chosen) > MOST_DROPPED_SELECTORS:
            raise TooManySelectors
        values["dropped"] = chosen
    if changes.keep is not None:
        values["keep_query"] = read_rule(changes.keep)
    if changes.drop is not None:
        values["drop_query"] = read_rule(changes.drop)
    if changes.language is not None:
        values["language"] = read_language(changes.language)
    if changes.zone is not None:
        values["zone"] = read_zone(changes.zone)
    return values


async def pause_source(
    storage: Storage, source_id: int, until: datetime | None, *, by: int | None
) -> SourceSettings:
    """Stop reading the source until *until*; None: until it is resumed.

    A fetch that is running still ends and is stored. A source that is gone or retired stays so.
    """
    apply = partial(apply_pause, until=until, by=by)
    return await change(storage, source_id, SourceSetting.PAUSE, apply)


async def apply_pause(
    tx: Transaction, settings: SourceSettings, *, until: datetime | None, by: int | None
) -> None:
    source = settings.source
    is_so = source.state is SourceState.PAUSED and source.paused_until == until
    if source.state in {SourceState.ACTIVE, SourceState.PAUSED} and not is_so:
        paused = {"state": SourceState.PAUSED, "paused_until": until}
        await change_source(tx, source.id, paused)
        end = until.isoformat() if until else ""
        await record_event(tx, by, AuditAction.SOURCE_PAUSED, source.url, until=end)


async def read_end(storage: Storage, typed: str) -> datetime | None:
    """Return the *typed* end of a pause, by the database's clock; None: for good.

    Raises NotAPause.
    """
    if typed.strip().lower() == FOR_GOOD:
        return None
    async with storage.reading() as tx:
        return read_pause(typed, tx.now)


async def resume_source(storage: Storage, source_id: int, *, by: int | None) -> SourceSettings:
    """End the pause of the source, which is read at once; nothing if it is not paused."""
    return await change(storage, source_id, SourceSetting.PAUSE, partial(end_pause, by=by))


async def end_pause(tx: Transaction, settings: SourceSettings, *, by: int | None) -> None:
    source = settings.source
    if source.state is SourceState.PAUSED:
        resumed = {"state": SourceState.ACTIVE, "paused_until": None, "next_fetch_at": tx.now}
        await change_source(tx, source.id, resumed)
        await record_event(tx, by, AuditAction.SOURCE_RESUMED, source.url)


async def preview_rules(
    storage: Storage, source_id: int, *, keep: str | None = None, drop: str | None = None
) -> RulesPreview:
    """Return what the rules would do to the last stored articles; None: the stored rule.

    Raises QueryError.
    """
    async with storage.reading() as tx:
        settings = await settings_of(tx, await _source(tx, source_id))
        texts = await source_rules.newest_texts(tx, source_id, PREVIEWED)
    rules = EntryRules(
        settings.rules.keep_query if keep is None else read_rule(keep),
        settings.rules.drop_query if drop is None else read_rule(drop),
    )
    return await asyncio.to_thread(_previewed, settings.source, rules, texts)


def _subject(article: StoredWording, names: tuple[str, ...]) -> RuleSubject:
    labels = folded_labels(article.author, article.categories.splitlines())
    return RuleSubject(article.title, article.text, names, article.language, labels)


def _previewed(source: Source, rules: EntryRules, texts: Sequence[StoredWording]) -> RulesPreview:
    names = names_of(source, Item())
    dropped = [each for each in texts if rules.drops(_subject(each, names))]
    ids = {each.article_id for each in dropped}
    kept = [each.title for each in texts if each.article_id not in ids]
    titles = [each.title for each in dropped]
    return RulesPreview(len(texts), len(dropped), titles[:_EXAMPLES], kept[:_EXAMPLES])
