"""Articles as HTML pages, each outlet in its own layout, and the front page."""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from string import Template

from bot.playground.newsroom.articles import Article
from bot.playground.newsroom.drafts import ROOM, Outlet
from bot.playground.newsroom.feeds import write_paragraphs

TEASER_CHARACTERS = 160


def write_page(article: Article, others: Iterable[Article], base: str) -> str:
    """The page of *article* with *others* in its "Don't Miss" box."""
    outlet = article.outlet
    words = {
        "language": outlet.tongue.code,
        "direction": outlet.tongue.direction,
        "title": article.title,
        "outlet": outlet.name,
        "summary": article.summary,
        "url": base + article.path,
        "feed": f"{base}/news/{outlet.code}.xml",
        "published": article.published.isoformat(),
        "date_line": article.date_line,
        "category": article.category,
        "box_title": outlet.box,
        "year": str(article.published.year),
    }
    return layout(f"{outlet.layout}.html").substitute(
        {name: escape(word) for name, word in words.items()},
        paragraphs=write_paragraphs(article),
        box="\n".join(_teaser(other) for other in others),
        linked_data=_linked_data(article, base),
    )


def write_front(articles: Sequence[Article], outlets: Iterable[Outlet]) -> str:
    return layout("front.html").substitute(
        latest="\n".join(_headline(article) for article in articles),
        feeds="\n".join(
            f'<li><a href="/news/{outlet.code}.xml">{escape(outlet.name)}</a></li>'
            for outlet in outlets
        ),
    )


@cache
def layout(name: str) -> Template:
    return Template((ROOM / "layouts" / name).read_text("utf-8"))


def _headline(article: Article) -> str:
    return (
        f'<li lang="{article.outlet.tongue.code}"><a href="{escape(article.path)}">'
        f'{escape(article.title)}</a><br><span class="meta">{escape(article.outlet.name)} · '
        f"{escape(article.date_line)}</span></li>"
    )


def _teaser(other: Article) -> str:
    start = other.paragraphs[0][:TEASER_CHARACTERS]
    return (
        f'<p><a href="{escape(other.path)}">{escape(other.title)}</a></p>\n<p>{escape(start)} …</p>'
    )


def _linked_data(article: Article, base: str) -> str:
    facts = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": article.title,
        "datePublished": article.published.isoformat(),
        "inLanguage": article.outlet.tongue.code,
        "mainEntityOfPage": base + article.path,
        "publisher": {"@type": "Organization", "name": article.outlet.name},
    }
    # A "<" would let a title close the script element.
    return json.dumps(facts, ensure_ascii=False).replace("<", "\\u003c")
