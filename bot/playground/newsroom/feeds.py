"""Articles as RSS 2.0 and Atom, newest first.

RSS dates are in each publisher's own zone, by name if it has one (JST, EST), because real feeds do
so and readers often parse them wrongly.
"""

from collections.abc import Sequence
from email.utils import format_datetime
from html import escape
from xml.etree import ElementTree as ET

from bot.playground.newsroom.content import SampleArticle
from bot.playground.newsroom.pictures import HEIGHT, WIDTH

CONTENT = "http://purl.org/rss/1.0/modules/content/"
DUBLIN = "http://purl.org/dc/elements/1.1/"
ATOM = "http://www.w3.org/2005/Atom"
MEDIA = "http://search.yahoo.com/mrss/"
OFFSET_CHARACTERS = 5

ET.register_namespace("content", CONTENT)
ET.register_namespace("dc", DUBLIN)
ET.register_namespace("atom", ATOM)
ET.register_namespace("media", MEDIA)


def write_rss(title: str, path: str, articles: Sequence[SampleArticle], base: str) -> str:
    """Return the feed as text; *base* is the request's scheme and host without a trailing slash."""
    root = ET.Element("rss", version="2.0")
    channel = ET.SubElement(root, "channel")
    _put(channel, "title", title)
    _put(channel, "link", f"{base}/news/")
    _put(channel, "description", "Invented news for trying things out")
    ET.SubElement(channel, f"{{{ATOM}}}link", rel="self", href=base + path)
    if articles:
        _put(channel, "lastBuildDate", rfc_822(articles[0]))
    for article in articles:
        _put_item(channel, article, base)
    return _write(root)


def write_atom(title: str, path: str, articles: Sequence[SampleArticle], base: str) -> str:
    root = ET.Element(f"{{{ATOM}}}feed")
    _put(root, f"{{{ATOM}}}title", title)
    _put(root, f"{{{ATOM}}}id", f"tag:sample.example,2025:{path}")
    ET.SubElement(root, f"{{{ATOM}}}link", rel="self", href=base + path)
    ET.SubElement(root, f"{{{ATOM}}}link", rel="alternate", href=f"{base}/news/")
    if articles:
        _put(root, f"{{{ATOM}}}updated", articles[0].published.isoformat())
    for article in articles:
        _put_entry(root, article, base)
    return _write(root)


def rfc_822(article: SampleArticle) -> str:
    written = format_datetime(article.published)
    return written[:-OFFSET_CHARACTERS] + str(article.published.tzname())


def _put_item(channel: ET.Element, article: SampleArticle, base: str) -> None:
    item = ET.SubElement(channel, "item")
    _put(item, "title", article.title)
    _put(item, "link", base + article.path)
    _put(item, "guid", f"{article.publisher.code}:{article.slug}").set("isPermaLink", "false")
    _put(item, "pubDate", rfc_822(article))
    _put(item, "category", article.draft.category)
    _put(item, f"{{{DUBLIN}}}language", article.publisher.language.code)
    source = _put(item, "source", article.publisher.name)
    source.set("url", f"{base}/news/{article.publisher.code}.xml")
    _put(item, "description", article.summary)
    if article.has_picture:
        picture = ET.SubElement(item, f"{{{MEDIA}}}content", medium="image", url=article.picture)
        picture.set("width", str(WIDTH))
        picture.set("height", str(HEIGHT))
    if article.publisher.has_full_text:
        _put(item, f"{{{CONTENT}}}encoded", write_paragraphs(article))


def _put_entry(root: ET.Element, article: SampleArticle, base: str) -> None:
    entry = ET.SubElement(root, f"{{{ATOM}}}entry")
    _put(entry, f"{{{ATOM}}}title", article.title)
    _put(entry, f"{{{ATOM}}}id", f"tag:sample.example,2025:{article.slug}")
    ET.SubElement(entry, f"{{{ATOM}}}link", rel="alternate", href=base + article.path)
    _put(entry, f"{{{ATOM}}}published", article.published.isoformat())
    _put(entry, f"{{{ATOM}}}updated", article.published.isoformat())
    author = ET.SubElement(entry, f"{{{ATOM}}}author")
    _put(author, f"{{{ATOM}}}name", article.publisher.name)
    ET.SubElement(entry, f"{{{ATOM}}}category", term=article.draft.category)
    _put(entry, f"{{{ATOM}}}summary", article.summary)
    if article.has_picture:
        link = ET.SubElement(entry, f"{{{ATOM}}}link", rel="enclosure", type="image/png")
        link.set("href", article.picture)


def write_paragraphs(article: SampleArticle) -> str:
    return "\n".join(f"<p>{escape(text)}</p>" for text in article.marked_paragraphs)


def _put(parent: ET.Element, tag: str, text: str) -> ET.Element:
    child = ET.SubElement(parent, tag)
    child.text = text
    return child


def _write(root: ET.Element) -> str:
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode")
