"""Samples: every template rendered with made-up news, all of whose text is our own."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from bot.mail.compose import FromAddress, Mail, Mailer, Occasion, Recipient
from bot.publishing import pages
from bot.publishing.calendar import Plan
from bot.publishing.excerpts import LENGTHS, excerpt
from bot.publishing.leads import StoryLead
from bot.publishing.mails import alert_mail, edition_mail
from bot.publishing.pages import Bundled, EditionPage, Picture
from bot.publishing.selection import (
    CAPS,
    FOLD_FROM,
    Caps,
    Hit,
    LinkedReport,
    SelectedStory,
    SelectedTopic,
    choose,
)
from bot.publishing.trends import Trend, chart_of
from bot.rendering.links import Links, Signer
from bot.rendering.messages import Message
from bot.rendering.operator_templates import Sample
from bot.rendering.renderer import Renderer
from bot.text.snippets import Snippet
from storage.enums import Layout, Style
from storage.schedules import ScheduleTime

_SAMPLE_KEY = b"made up for samples, opens none."
_PARTS = tuple(  # of a digest
    f"edition/{name}.html"
    for name in ("opening", "top", "topic_news", "topic", "story", "headline", "ending")
)
_READER = Recipient(1, "you@example.org", 1)
_SENDER = FromAddress("news@dateline.example")

NOW = datetime(2026, 11, 17, 23, 0, tzinfo=UTC)
PLAN = Plan("Asia/Tokyo")
WEEKLY = Plan("Asia/Tokyo", (ScheduleTime(weekdays=0b0000100),))  # Wednesdays
TIES = SelectedTopic(1, "Cross-strait ties", is_public=True)
CONSUL = SelectedTopic(2, "Consul-general", is_public=False)
TAIWAN = SelectedTopic(3, "台湾", is_public=False)
QUERIES = {TIES.id: 'taiwan OR envoy OR "travel advice"', CONSUL.id: '"consul-general"'}

# The last day of the first trend matches the stories of the daily digest, and the last week of the
# second those of the weekly one.
_TREND = Trend((1, 0, 2, 1, 0, 1, 2, 1, 0, 2, 1, 3, 3, 4))
_WEEKLY_TREND = Trend((1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0))

_WIRE, _TIMES, _DAILY = "Example Wire", "Example Times", "Daily Sample"


@dataclass(frozen=True, slots=True)
class _Sample:
    title: str
    text: str
    publishers: tuple[str, ...]
    hours_ago: int
    topics: tuple[SelectedTopic, ...] = (TIES,)
    alerted: bool = False
    lead: str = ""


_SAMPLES = (
    _Sample(
        title="Envoy flies in for talks on disputed remark",
        text="The envoy is expected to say that the position on Taiwan has not changed. "
        "Talks begin in the afternoon and may last two days. "
        "Both sides called off a round in October after a minister told parliament that a "
        "blockade would be a matter of survival. Markets barely moved.",
        publishers=(_WIRE, _TIMES, _DAILY),
        hours_ago=5,
    ),
    _Sample(
        title="Airlines waive fees after travel advice",
        text="Three carriers are letting passengers change their flights free of charge. "
        "The travel advice, issued on Friday, covers the whole holiday season. "
        "Agencies say half a million seats are booked on the routes concerned, most of them by "
        "tour groups. A fourth carrier has cut its flights by a third and says it may cut more. "
        "Hotels have asked for help.",
        publishers=(_WIRE,),
        hours_ago=9,
        lead="Three carriers are letting passengers change their flights free of charge.",
    ),
    _Sample(
        title="Harbour town cancels a concert of its Taiwan partner city",
        text="The concert had sold out. Tickets for the Taiwan evening will be refunded. "
        "The culture office gave no reason, and the orchestra learned of the decision from a "
        "newspaper. A spokesman said the two towns would remain partners and that a visit planned "
        "for spring would go ahead.",
        publishers=(_DAILY,),
        hours_ago=11,
    ),
    _Sample(
        title="New consuls-general named for three cities",
        text="Each of the three cities will have a consul-general again from April; one of them is "
        "a former envoy to Taiwan. Deputies have run the offices for a year. Two of the cities "
        "lost their consulates in a round of cuts ten years ago and have lobbied for them since.",
        publishers=(_TIMES,),
        hours_ago=14,
        topics=(TIES, CONSUL),
    ),
    _Sample(
        title="Ministry asks consul-general to explain post",
        text="The consul-general in the western city was summoned on Monday over a post that "
        "lawmakers from three parties had called a threat. The post was deleted by the evening. "
        "The ministry said it expected an explanation within the week.",
        publishers=(_WIRE, _TIMES, _DAILY),
        hours_ago=20,
        topics=(CONSUL,),
        alerted=True,
    ),
)
ALERTED = len(_SAMPLES) - 1


def sample_story(number: int) -> SelectedStory:
    sample = _SAMPLES[number]
    return SelectedStory(
        id=number,
        article_id=number,
        title=sample.title,
        url=f"https://news.example.org/{number + 1}",
        publishers=sample.publishers,
        news_at=NOW - timedelta(hours=sample.hours_ago),
        hits=tuple(Hit(topic.id, frozenset({topic.name})) for topic in sample.topics),
        alerted=sample.alerted,
        reports=tuple(
            LinkedReport(
                name, f"https://news.example.org/{number + 1}{'' if place == 0 else place}"
            )
            for place, name in enumerate(sample.publishers)
        ),
    )


def sample_snippet(number: int, style: Style = Style.STANDARD) -> Snippet:
    sample, length = _SAMPLES[number], LENGTHS[style]
    queries = tuple(QUERIES[topic.id] for topic in sample.topics)
    return excerpt(sample.title, sample.text if length.characters else "", queries, length)


def sample_lead(number: int) -> StoryLead | None:
    sample, story = _SAMPLES[number], sample_story(number)
    return StoryLead(sample.lead, number, story.url, story.publisher) if sample.lead else None


def sample_bundled() -> list[Bundled]:
    return [
        Bundled(sample_story(number), _SAMPLES[number].topics, sample_snippet(number))
        for number in range(4)
    ]


def sample_edition(style: Style = Style.STANDARD, *, weekly: bool = False) -> EditionPage:
    """Return the digest of Wednesday, 18 November, in Tokyo, or that of the week before it."""
    stories = [sample_story(number) for number in range(len(_SAMPLES))]
    if weekly:
        stories = [replace(story, news_at=NOW - 7 * (NOW - story.news_at)) for story in stories]
    return EditionPage(
        choice=choose([TIES, CONSUL], stories, CAPS[style]),
        snippets={story.id: sample_snippet(story.id, style) for story in stories},
        leads={story.id: lead for story in stories if (lead := sample_lead(story.id))},
        plan=WEEKLY if weekly else PLAN,
        topics=2,
        subscribed=(TIES, CONSUL),
        since=NOW - timedelta(days=7 if weekly else 1),
        now=NOW,
        day=date(2026, 11, 18),
        style=style,
        is_weekly=weekly,
        next_at=NOW + timedelta(days=7 if weekly else 1),
        trends={TIES.id: _WEEKLY_TREND if weekly else _TREND},
    )


def sample_alert(renderer: Renderer, number: int = ALERTED, *, is_chapter: bool = False) -> Message:
    story, zone = replace(sample_story(number), is_chapter=is_chapter), PLAN.zone
    snippet = sample_snippet(number)
    return pages.alert_page(renderer, story, [CONSUL], snippet, zone=zone, now=story.news_at)


def sample_bundle(renderer: Renderer, *, is_quiet: bool = True) -> list[Message]:
    stories, zone = sample_bundled(), PLAN.zone
    return pages.bundle_page(renderer, stories, zone=zone, now=NOW, is_quiet=is_quiet)


def sample_mail(
    renderer: Renderer,
    edition: EditionPage,
    sender: FromAddress = _SENDER,
    to: str = _READER.address,
) -> Mail:
    """Return *edition* as a mail to a made-up reader, or from *sender* to *to*."""
    mailer, reader = replace(_mailer(renderer), sender=sender), replace(_READER, address=to)
    day = edition.day or edition.today
    url = mailer.links.edition(1, day, edition.schedule_number, edition.now)
    return edition_mail(mailer, reader, replace(edition, url=url))


def sample_alert_mail(
    renderer: Renderer, number: int = ALERTED, *, is_chapter: bool = False
) -> Mail:
    story, zone = replace(sample_story(number), is_chapter=is_chapter), PLAN.zone
    first = Occasion("alert:1:email", story.news_at) if is_chapter else None
    occasion = Occasion("alert:2:email", story.news_at, follows=first)
    topics, snippet = [CONSUL], sample_snippet(number)
    return alert_mail(_mailer(renderer), _READER, occasion, story, topics, snippet, zone=zone)


def _mailer(renderer: Renderer) -> Mailer:
    links = Links("https://dateline.example", Signer(_SAMPLE_KEY))
    return Mailer(renderer, _SENDER, links)


def _mail_of(name: str) -> tuple[str, ...]:
    return f"email/{name}.html", f"email/{name}.txt", f"email/{name}.subject.txt"


def template_samples() -> Iterator[Sample]:
    """Yield samples of each template, one for every shape that its values may have."""
    telegram, empty_page = ("edition/telegram.html", *_PARTS), ("edition/empty.html",)
    for edition in _editions():
        rich, so_far = replace(edition, layout=Layout.RICH), replace(edition, day=None)
        yield Sample(telegram, partial(pages.edition_page, edition=edition))
        yield Sample(("edition/rich.html",), partial(pages.edition_page, edition=rich))
        yield Sample(telegram, partial(pages.edition_page, edition=so_far))
        yield Sample(_mail_of("digest"), partial(sample_mail, edition=edition))
    empty = replace(sample_edition(), choice=choose([], []))
    for nothing in (empty, *(replace(empty, day=None, topics=count) for count in (0, 2))):
        yield Sample(empty_page, partial(pages.edition_page, edition=nothing))
    yield Sample(_mail_of("digest"), partial(sample_mail, edition=empty))
    for topic_id in (TIES.id, 0):
        section = partial(pages.section_page, edition=sample_edition(), topic_id=topic_id)
        yield Sample(("edition/section.html",), section)
    for is_quiet in (False, True):
        yield Sample(("alert/bundle.html",), partial(sample_bundle, is_quiet=is_quiet))
    for number in (0, ALERTED):
        for is_chapter in (False, True):
            shape: dict[str, Any] = {"number": number, "is_chapter": is_chapter}
            yield Sample(("alert/telegram.html",), partial(sample_alert, **shape))
            yield Sample(_mail_of("alert"), partial(sample_alert_mail, **shape))


def _editions() -> Iterator[EditionPage]:
    edition = sample_edition()
    yield edition
    yield replace(sample_edition(Style.BRIEF), late=timedelta(hours=2), next_at=None)
    yield sample_edition(Style.FULL)
    yield replace(sample_edition(weekly=True), url="https://news.example.org/e/1", trends={})
    yield replace(sample_edition(weekly=True), picture=_picture(edition))
    stories = edition.choice.all_stories
    yield replace(edition, choice=choose([TIES, CONSUL], stories, Caps(per_topic=1, in_all=1)))
    new = [replace(story, alerted=False) for story in stories]
    yield replace(edition, choice=choose([TIES, CONSUL], new))
    alerted = [story for story in stories if story.alerted]
    yield replace(edition, choice=choose([CONSUL], alerted))
    yield replace(edition, choice=choose([CONSUL], alerted * FOLD_FROM))


def _picture(edition: EditionPage) -> Picture:
    trend = edition.trends[TIES.id]
    chart = chart_of([(TIES, trend), (TAIWAN, trend)], edition.now, str.isascii)
    if chart is None:
        raise ValueError("a chart of two topics has something to draw")
    return Picture(b"no picture", "What it shows, in words.", chart)
