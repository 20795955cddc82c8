"""Reads the metadata of a parsed page: JSON-LD and meta tags, even if they are broken."""

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

from bot.sources.feeds import language
from bot.sources.feeds.text import one_line
from bot.sources.lead_pictures import LeadPicture, pixels

_ARTICLE = re.compile(r"Article|BlogPosting|Report\b|LiveBlog|NewsStory|Review", re.IGNORECASE)
_DATA: Final = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_TITLES = _DATA["titles"].split()
_PUBLISHED = _DATA["published"].split()
_PICTURES = _DATA["pictures"].split()
_AUTHORS = _DATA["authors"].split()
_SECTIONS = _DATA["sections"].split()
_DEEPEST = 6
_LOOSE_COMMA = re.compile(r",\s*([}\]])")


@dataclass(frozen=True, slots=True)
class PageMeta:
    headline: str  # of JSON-LD
    body: str  # of JSON-LD, as markup or as text
    published: tuple[str, ...]  # as written, the most trusted first
    titles: tuple[str, ...]  # og, twitter …
    description: str
    site: str
    canonical: str
    tag: str  # of its language, as declared
    language: str
    pictures: tuple[LeadPicture, ...]  # as written, the most trusted first
    author: str  # as markup
    categories: tuple[str, ...]  # as markup


def page_meta(root: Any) -> PageMeta:
    metas = dict(_metas(root))
    articles = [thing for thing in _things(root) if _ARTICLE.search(str(thing.get("@type", "")))]
    dates = [_string(thing, "datePublished") for thing in articles]
    dates += [metas[name] for name in _PUBLISHED if name in metas]
    tag = root.get("lang") or metas.get("og:locale") or metas.get("content-language")
    return PageMeta(
        headline=next((text for thing in articles if (text := _string(thing, "headline"))), ""),
        body=max((_raw(thing, "articleBody") for thing in articles), key=len, default=""),
        published=tuple(filter(None, dates)),
        titles=tuple(one_line(metas[name]) for name in _TITLES if metas.get(name)),
        description=one_line(metas.get("og:description") or metas.get("description") or ""),
        site=one_line(metas.get("og:site_name", "")),
        canonical=_canonical(root) or metas.get("og:url", ""),
        tag=tag or "",
        language=language.declared(tag),
        pictures=(*_meta_pictures(metas), *chain.from_iterable(map(_data_pictures, articles))),
        author=_data_authors(articles) or _first(metas, _AUTHORS),
        categories=(*_data_sections(articles), *filter(None, map(metas.get, _SECTIONS))),
    )


def _meta_pictures(metas: dict[str, str]) -> Iterator[LeadPicture]:
    for name in _PICTURES:
        if url := metas.get(f"{name}:secure_url") or metas.get(name) or metas.get(f"{name}:url"):
            yield LeadPicture(
                url,
                pixels(metas.get(f"{name}:width")),
                pixels(metas.get(f"{name}:height")),
                metas.get(f"{name}:alt", ""),
            )


def _data_pictures(thing: dict[str, Any]) -> Iterator[LeadPicture]:
    """Yield the pictures of JSON-LD: an address, an ImageObject, or a list of them."""
    found = thing.get("image")
    for image in found if isinstance(found, list) else [found]:
        if isinstance(image, str):
            yield LeadPicture(image.strip())
        elif isinstance(image, dict):
            yield LeadPicture(
                _raw(image, "url").strip() or _raw(image, "contentUrl").strip(),
                pixels(image.get("width")),
                pixels(image.get("height")),
                _raw(image, "caption"),
            )


def _first(metas: dict[str, str], names: list[str]) -> str:
    return next((metas[name] for name in names if name in metas), "")


def _data_authors(articles: list[dict[str, Any]]) -> str:
    """Return the authors of JSON-LD: a name, a Person, or a list of them."""
    for thing in articles:
        found = thing.get("author")
        names = [
            _raw(each, "name") if isinstance(each, dict) else each
            for each in (found if isinstance(found, list) else [found])
        ]
        if line := ", ".join([name for name in names if isinstance(name, str) and name]):
            return line
    return ""


def _data_sections(articles: list[dict[str, Any]]) -> Iterator[str]:
    for thing in articles:
        found = thing.get("articleSection")
        yield from (
            each
            for each in (found if isinstance(found, list) else [found])
            if isinstance(each, str)
        )


def _metas(root: Any) -> Iterator[tuple[str, str]]:
    seen = set()
    for meta in root.iter("meta"):
        attributes = (meta.get("property"), meta.get("name"), meta.get("itemprop"))
        for name in (*attributes, meta.get("http-equiv")):
            content = (meta.get("content") or meta.get("value") or "").strip()
            if name and content and name.lower() not in seen:
                seen.add(name.lower())
                yield name.lower(), content


def _things(root: Any) -> Iterator[dict[str, Any]]:
    for script in root.iter("script"):
        if "ld+json" in (script.get("type") or ""):
            text = _LOOSE_COMMA.sub(r"\1", (script.text or "").strip().rstrip(";"))
            try:
                yield from _flat(json.loads(text, strict=False))
            except (ValueError, RecursionError):
                continue


def _flat(thing: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    if depth > _DEEPEST:
        return
    if isinstance(thing, list):
        for inner in thing:
            yield from _flat(inner, depth + 1)
    elif isinstance(thing, dict):
        yield thing
        yield from _flat(thing.get("@graph"), depth + 1)
        yield from _flat(thing.get("mainEntity"), depth + 1)


def _string(thing: dict[str, Any], name: str) -> str:
    return one_line(_raw(thing, name))


def _raw(thing: dict[str, Any], name: str) -> str:
    found = thing.get(name)
    return found if isinstance(found, str) else ""


def _canonical(root: Any) -> str:
    links = (link for link in root.iter("link") if "canonical" in (link.get("rel") or "").split())
    return next((link.get("href") or "" for link in links), "").strip()
