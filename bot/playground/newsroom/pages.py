"""Articles as HTML pages, each publisher in its own layout, and the front page."""

import json
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from html import escape
from string import Template

from bot.playground.newsroom.content import FOLDER, SampleArticle, SamplePublisher
from bot.playground.newsroom.feeds import write_paragraphs
from bot.playground.newsroom.pictures import HEIGHT, WIDTH

TEASER_CHARACTERS = 160


def write_page(article: SampleArticle, others: Iterable[SampleArticle], base: str) -> str:
    """Return the page of *article* with *others* in its "Don't Miss" box."""
    publisher = article.publisher
    fields = {
        "language": publisher.language.code,
        "direction": publisher.language.direction,
        "title": article.title,
        "publisher": publisher.name,
        "summary": article.summary,
        "url": base + article.path,
        "feed": f"{base}/news/{publisher.code}.xml",
        "published": article.published.isoformat(),
        "date_line": article.date_line,
        "category": article.draft.category,
        "box_title": publisher.box_title,
        "year": str(article.published.year),
    }
    return layout(f"{publisher.layout}.html").substitute(
        {name: escape(text) for name, text in fields.items()},
        paragraphs=write_paragraphs(article),
        box="\n".join(_teaser(other) for other in others),
        linked_data=_linked_data(article, base),
        picture=_picture_tags(article),
    )


def write_front(articles: Sequence[SampleArticle], publishers: Collection[SamplePublisher]) -> str:
    return layout("front.html").substitute(
        latest="\n".join(_headline(article) for article in articles),
        alternates="\n".join(
            f'<link rel="alternate" type="application/rss+xml" title="{escape(publisher.name)}" '
            f'href="/news/{publisher.code}.xml">'
            for publisher in publishers
        ),
        feeds="\n".join(
            f'<li><a href="/news/{publisher.code}.xml">{escape(publisher.name)}</a></li>'
            for publisher in publishers
        ),
    )


def _picture_tags(article: SampleArticle) -> str:
    if not article.has_picture:
        return ""
    facts = {"image": article.picture, "image:width": WIDTH, "image:height": HEIGHT}
    tags = (
        f'<meta property="og:{name}" content="{escape(str(value))}">\n'
        for name, value in {**facts, "image:alt": article.title}.items()
    )
    return "".join(tags)


@cache
def layout(name: str) -> Template:
    return Template((FOLDER / "layouts" / name).read_text("utf-8"))


def _headline(article: SampleArticle) -> str:
    return (
        f'<li lang="{article.publisher.language.code}"><a href="{escape(article.path)}">'
        f'{escape(article.title)}</a><br><span class="meta">{escape(article.publisher.name)} · '
        f"{escape(article.date_line)}</span></li>"
    )


def _teaser(other: SampleArticle) -> str:
    start = other.paragraphs[0][:TEASER_CHARACTERS]
    return (
        f'<p><a href="{escape(other.path)}">{escape(other.title)}</a></p>\n<p>{escape(start)} …</p>'
    )


def _linked_data(article: SampleArticle, base: str) -> str:
    facts = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": article.title,
        "datePublished": article.published.isoformat(),
        "inLanguage": article.publisher.language.code,
        "mainEntityOfPage": base + article.path,
        "publisher": {"@type": "Organization", "name": article.publisher.name},
    }
    # A "<" would let a title close the script element.
    return json.dumps(facts, ensure_ascii=False).replace("<", "\\u003c")
