"""Samples of alerts, digests and mails, each in every shape it may have, to try templates with."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

from bot.mail.compose import Mail, Occasion, Post, Recipient, Sender
from bot.publishing import samples
from bot.publishing.bundles import bundle_page
from bot.publishing.charts import chart_of
from bot.publishing.mails import alert_mail, edition_mail
from bot.publishing.pages import (
    Edition,
    Picture,
    alert_page,
    edition_page,
    now_page,
    section_page,
)
from bot.publishing.samples import sample_edition, sample_snippet, sample_story
from bot.publishing.selection import choose
from bot.rendering.links import Links, Signer
from bot.rendering.messages import Message
from bot.rendering.operator_templates import Sample
from bot.rendering.renderer import Renderer
from storage.enums import Layout, Style

_SAMPLE_KEY = b"made up for samples, opens none."
_PARTS = ("edition/topic.html", "edition/story.html", "edition/why.html")  # which they ask for
_READER = Recipient(1, "you@example.org", 1)


def specimens() -> Iterator[Sample]:
    """Yield each template with each of the shapes that its values may have."""
    for edition in _editions():
        rich = replace(edition, layout=Layout.RICH)
        yield Sample(("edition/telegram.html", *_PARTS), partial(edition_page, edition=edition))
        yield Sample(("edition/rich.html",), partial(edition_page, edition=rich))
        yield Sample(("edition/now.html", *_PARTS), partial(now_page, edition=edition))
        yield Sample(_mail_of("digest"), partial(sample_mail, edition=edition))
    empty = replace(sample_edition(), choice=choose([], []))
    yield Sample(("edition/empty.html",), partial(edition_page, edition=empty))
    yield Sample(("edition/now_empty.html",), partial(now_page, edition=empty))
    yield Sample(_mail_of("digest"), partial(sample_mail, edition=empty))
    section = partial(section_page, edition=sample_edition(), topic_id=samples.TIES.id)
    yield Sample(("edition/section.html",), section)
    for is_quiet in (False, True):
        yield Sample(("alert/bundle.html",), partial(sample_bundle, is_quiet=is_quiet))
    for number in (0, samples.ALERTED):
        yield Sample(("alert/telegram.html",), partial(sample_alert, number=number))
        chapter = partial(sample_alert, number=number, is_chapter=True)
        yield Sample(("alert/telegram.html",), chapter)
        for is_chapter in (False, True):
            mailed = partial(sample_alert_mail, number=number, is_chapter=is_chapter)
            yield Sample(_mail_of("alert"), mailed)


def sample_alert(
    renderer: Renderer, number: int = samples.ALERTED, *, is_chapter: bool = False
) -> Message:
    story, zone = replace(sample_story(number), is_chapter=is_chapter), samples.PLAN.zone
    snippet = sample_snippet(number)
    return alert_page(renderer, story, [samples.CONSUL], snippet, zone=zone, now=story.news_at)


def sample_bundle(renderer: Renderer, *, is_quiet: bool = True) -> list[Message]:
    stories, zone = samples.sample_bundle(), samples.PLAN.zone
    return bundle_page(renderer, stories, zone=zone, now=samples.NOW, is_quiet=is_quiet)


def sample_mail(renderer: Renderer, edition: Edition) -> Mail:
    """Return the *edition* as it would be mailed to somebody made up."""
    post = _post(renderer)
    day = edition.day or edition.today
    url = post.links.edition(1, day, edition.slot, edition.now)
    return edition_mail(post, _READER, replace(edition, url=url))


def sample_alert_mail(
    renderer: Renderer, number: int = samples.ALERTED, *, is_chapter: bool = False
) -> Mail:
    story, zone = replace(sample_story(number), is_chapter=is_chapter), samples.PLAN.zone
    first = Occasion("alert:1:email", story.news_at) if is_chapter else None
    occasion = Occasion("alert:2:email", story.news_at, follows=first)
    topics, snippet = [samples.CONSUL], sample_snippet(number)
    return alert_mail(_post(renderer), _READER, occasion, story, topics, snippet, zone=zone)


def _post(renderer: Renderer) -> Post:
    links = Links("https://dateline.example", Signer(_SAMPLE_KEY))
    return Post(renderer, Sender("news@dateline.example"), links)


def _mail_of(name: str) -> tuple[str, ...]:
    return f"email/{name}.html", f"email/{name}.txt", f"email/{name}.subject.txt"


def _editions() -> Iterator[Edition]:
    edition = sample_edition()
    yield edition
    yield replace(sample_edition(Style.BRIEF), late=timedelta(hours=2))
    yield replace(edition, is_weekly=True, url="https://news.example.org/e/1", trends={})
    yield replace(edition, is_weekly=True, picture=_picture(edition))
    alerted = [story for story in edition.choice.all_stories if story.alerted]
    yield replace(edition, choice=choose([samples.CONSUL], alerted))


def _picture(edition: Edition) -> Picture:
    trend = edition.trends[samples.TIES.id]
    chart = chart_of([(samples.TIES, trend), (samples.TAIWAN, trend)], edition.now, str.isascii)
    if chart is None:
        raise ValueError("a chart of two topics has something to draw")
    return Picture(b"no picture", "What it shows, in words.", chart)
