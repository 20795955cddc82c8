"""Languages, publishers, drafts and articles of the newsroom, read from TOML files.

A draft has placeholders for dates: `{day}`, `{day+2}`, `{date-1}`. They count from the date of the
article's story in the westernmost zone of any publisher, so that all reports of a story name the
same day, and none names a future one. The dateline and the date line under the title have the date
in the publisher's own zone.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cache
from importlib.resources import files
from typing import Any, Self

from bot.playground.newsroom.pictures import picture_url

FOLDER = files(__package__)
WESTERNMOST = timezone(timedelta(hours=-5))
_PLACEHOLDER = re.compile(r"\{(?P<pattern>day|date)(?P<shift>[+-]\d+)?\}")


@dataclass(frozen=True, slots=True)
class DateLanguage:
    """The date formats of a language; `languages.toml` explains the patterns."""

    code: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    months_short: tuple[str, ...]
    day_pattern: str
    date_pattern: str
    date_line_pattern: str
    republished: str
    first_published: str
    sample_title: str
    sample_text: str

    @classmethod
    def from_table(cls, code: str, table: dict[str, Any]) -> Self:
        return cls(
            code=code,
            weekdays=tuple(table["weekdays"]),
            months=tuple(table["months"]),
            months_short=tuple(table.get("months_short", table["months"])),
            day_pattern=table["day"],
            date_pattern=table["date"],
            date_line_pattern=table["date_line"],
            republished=table["republished"],
            first_published=table["first_published"],
            sample_title=table["sample_title"],
            sample_text=table["sample_text"],
        )

    @property
    def direction(self) -> str:
        return "rtl" if self.code == "ar" else "ltr"

    def format(self, pattern: str, when: date, **more: str) -> str:
        """Fill a date, and *more*, into one of the patterns."""
        return pattern.format(
            weekday=self.weekdays[when.weekday()],
            day=when.day,
            month=self.months[when.month - 1],
            month_short=self.months_short[when.month - 1],
            year=when.year,
            **more,
        )

    def fill(self, text: str, today: date) -> str:
        """Replace the placeholders for dates, counted from *today*."""
        patterns = {"day": self.day_pattern, "date": self.date_pattern}

        def written(found: re.Match[str]) -> str:
            when = today + timedelta(days=int(found["shift"] or 0))
            return self.format(patterns[found["pattern"]], when)

        return _PLACEHOLDER.sub(written, text)


@dataclass(frozen=True, slots=True)
class SamplePublisher:
    """An invented publisher; `publishers.toml` explains the fields."""

    code: str
    name: str
    language: DateLanguage
    zone: timezone
    layout: str
    dateline: str
    end: str
    box_title: str
    has_full_text: bool
    has_pictures: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """An article before it is published.

    *age*: how long before the start an archived article was published; *date_line*: the language
    of the date under the title; *box*: the slugs of the articles in its box, if they are fixed.
    """

    slug: str
    publisher: SamplePublisher
    title: str
    city: str
    category: str
    paragraphs: tuple[str, ...]
    story: str | None
    age: timedelta
    date_line: DateLanguage
    box: tuple[str, ...]

    def publish(
        self,
        published_at: datetime,
        story_date: date,
        number: int = 1,
        first: "SampleArticle | None" = None,
    ) -> "SampleArticle":
        """Fill the dates; *first* is the first publication, if this is a repeated one."""
        language, published = self.publisher.language, published_at.astimezone(self.publisher.zone)
        summary, *others = (language.fill(text, story_date) for text in self.paragraphs)
        dateline = language.format(
            self.publisher.dateline, published, city=self.city, publisher=self.publisher.name
        )
        title = self.title
        if first:
            title = language.republished.format(title=title)
            others.append(language.format(language.first_published, first.published))
        return SampleArticle(
            slug=f"{self.slug}-{number}" if first else self.slug,
            draft=self,
            title=title,
            summary=summary,
            paragraphs=(dateline + summary, *others),
            published=published.replace(microsecond=0),
        )


@dataclass(frozen=True, slots=True)
class SampleArticle:
    """A published article.

    *summary* has no dateline, *paragraphs* have it but no end mark; *published* is in the
    publisher's zone.
    """

    slug: str
    draft: Draft
    title: str
    summary: str
    paragraphs: tuple[str, ...]
    published: datetime

    @property
    def publisher(self) -> SamplePublisher:
        return self.draft.publisher

    @property
    def story(self) -> str | None:
        return self.draft.story

    @property
    def path(self) -> str:
        return f"/news/{self.slug}"

    @property
    def picture(self) -> str:
        """The address of its lead picture, which the pages of the newsroom draw."""
        return picture_url(self.draft.slug)

    @property
    def has_picture(self) -> bool:
        return self.publisher.has_pictures

    @property
    def date_line(self) -> str:
        language = self.draft.date_line
        return language.format(language.date_line_pattern, self.published)

    @property
    def marked_paragraphs(self) -> tuple[str, ...]:
        return (*self.paragraphs[:-1], f"{self.paragraphs[-1]} {self.publisher.end}")

    def describe(self) -> dict[str, str]:
        return {
            "slug": self.slug,
            "title": self.title,
            "url": self.path,
            "publisher": self.publisher.name,
            "language": self.publisher.language.code,
            "published": self.published.isoformat(),
        }


def write_draft(publisher: SamplePublisher, words: Sequence[str], number: int) -> Draft:
    """Return an article about *words*, which differs from others by its *number*."""
    facts = {"words": ", ".join(words), "number": number}
    return Draft(
        slug=f"sample-report-{number}",
        publisher=publisher,
        title=publisher.language.sample_title.format_map(facts),
        city="Sampleton",
        category="Samples",
        paragraphs=(publisher.language.sample_text.format_map(facts),),
        story=None,
        age=timedelta(0),
        date_line=publisher.language,
        box=(),
    )


def read_languages() -> dict[str, DateLanguage]:
    tables = _read_toml("languages.toml").items()
    return {code: DateLanguage.from_table(code, table) for code, table in tables}


def read_publishers() -> dict[str, SamplePublisher]:
    languages = read_languages()
    return {
        code: SamplePublisher(
            code=code,
            name=table["name"],
            language=languages[table["language"]],
            zone=timezone(timedelta(hours=table["hours"]), table["zone"]),
            layout=table["layout"],
            dateline=table["dateline"],
            end=table["end"],
            box_title=table["box_title"],
            has_full_text=table["full_text"],
            has_pictures=table["pictures"],
        )
        for code, table in _read_toml("publishers.toml").items()
    }


def read_archive(publishers: Mapping[str, SamplePublisher]) -> list[Draft]:
    """Return every archived article, the oldest first."""
    drafts = _read_drafts("archive", publishers)
    return sorted(drafts, key=lambda draft: draft.age, reverse=True)


def read_live(publishers: Mapping[str, SamplePublisher]) -> list[Draft]:
    """Return every article to be published, in the order of the files and of their tables."""
    return _read_drafts("live", publishers)


def _read_drafts(folder: str, publishers: Mapping[str, SamplePublisher]) -> list[Draft]:
    # Sorted, because the order of a folder differs between file systems.
    names = sorted(file.name for file in (FOLDER / folder).iterdir())
    tables = [
        table
        for name in names
        if name.endswith(".toml")
        for table in _read_toml(f"{folder}/{name}")["article"]
    ]
    languages = read_languages()
    return [_draft(table, publishers, languages) for table in tables]


def _draft(
    table: dict[str, Any],
    publishers: Mapping[str, SamplePublisher],
    languages: Mapping[str, DateLanguage],
) -> Draft:
    publisher = publishers[table["publisher"]]
    return Draft(
        slug=table["slug"],
        publisher=publisher,
        title=table["title"],
        city=table["city"],
        category=table["category"],
        paragraphs=tuple(table["text"].strip().split("\n\n")),
        story=table.get("story"),
        age=timedelta(hours=table.get("hours_ago", 0)),
        date_line=languages[table.get("date_line", publisher.language.code)],
        box=tuple(table.get("box", ())),
    )


@cache  # because a test run opens many newsrooms
def _read_toml(path: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / path).read_text("utf-8"))
