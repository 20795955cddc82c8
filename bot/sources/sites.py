"""Finds the feeds that belong to the link of a channel, a repository, a subreddit and the like.

`sites.toml` has the rules and says how to write one. A pattern is split into parts of a path, each
with one placeholder at most, so that matching takes time in proportion to the length of a link.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from bot.sources.urls import WEB_SCHEMES, absolute, as_typed, is_link

Values: TypeAlias = Mapping[str, Sequence[str]]
"""What the placeholders stand for; one that ends in + stands for several parts of a path."""

_LONGEST_VALUE = 200  # characters
_MOST_PARAMETERS = 30
_DEFAULT_PORTS = (None, 80, 443)
_IS_FEED = re.compile(r"\.(?:rss|atom|rdf|xml)$", re.IGNORECASE)
_PART = re.compile(r"([^{}]*)(?:\{(\w+)(\+?)\}([^{}]*))?")
_PLACEHOLDER = re.compile(r"\{(\w+)\+?\}")
_ADDRESS = re.compile(r"https://(?:\{(\w+)\}\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)+/|\{site\}/")
_LABEL = re.compile("[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_ANY_HOST = "*"
_BELOW = "*"  # the last part of a path: whatever follows
_SITE = "site"
_UNESCAPED_IN_PATH = "@:+,~!$()*"
_UNESCAPED_IN_QUERY = "@:,~/"


@dataclass(frozen=True, slots=True)
class SiteLookup:
    """The document at *url*, which has the value of the placeholder *name*.

    The value stands at the JSON *pointer* (RFC 6901), or else is the group of the first of
    *patterns* that is found.
    """

    url: str
    name: str
    pointer: str = ""
    patterns: tuple[re.Pattern[str], ...] = ()

    def value_in(self, text: str) -> str:
        """Return the value in *text*; "" if there is none."""
        if self.pointer:
            return _at_pointer(text, self.pointer)
        matches = (pattern.search(text) for pattern in self.patterns)
        return next((match[1] for match in matches if match), "")


@dataclass(frozen=True, slots=True)
class SiteLink:
    """A link that a rule knows; *feeds*: the addresses to read, the best first.

    With a *lookup*, they lack its value: see `completed`. *where*: the form of that value.
    """

    site: str
    feeds: tuple[str, ...]
    lookup: SiteLookup | None = None
    where: re.Pattern[str] | None = None

    def completed(self, text: str) -> "SiteLink | None":
        """Return the link with the value that the lookup finds in *text*; None without one."""
        if self.lookup is None:
            return self
        name, value = self.lookup.name, self.lookup.value_in(text)
        if self.feeds == (f"{{{name}}}",):
            url = absolute(value, self.lookup.url)
            return replace(self, feeds=(url,), lookup=None) if url else None
        if not _is_value(value, self.where):
            return None
        feeds = tuple(_filled(feed, {name: (value,)}) for feed in self.feeds)
        return replace(self, feeds=feeds, lookup=None)


def site_link(url: str) -> SiteLink | None:
    """Return what the rules say about *url*; None if they do not know it, or if it is a feed.

    A rule for any host only applies to hosts without rules of their own.
    """
    parts = _split(url)
    if parts is None or _IS_FEED.search(parts.path):
        return None
    for site in _sites_at(parts):
        if found := site.link(parts):
            return None if url in found.feeds else found
    return None


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a path: text, or a placeholder *name* between text; *many*: one or more parts."""

    before: str
    name: str
    after: str
    many: bool

    @classmethod
    def of(cls, pattern: str) -> "_Part":
        found = _PART.fullmatch(pattern)
        if found is None:
            raise ValueError(f"{pattern!r} has more than one placeholder")
        return cls(found[1], found[2] or "", found[4] or "", bool(found[3]))

    def value(self, given: str) -> str | None:
        """Return what the placeholder stands for in *given*, "" without one; None: no match."""
        if not self.name:
            return "" if given == self.before else None
        rest = given.removeprefix(self.before)
        if self.before and rest == given:
            return None
        value = rest.removesuffix(self.after)
        return value if value and (not self.after or value != rest) else None


@dataclass(frozen=True, slots=True)
class _Pattern:
    """The pattern of a path, such as `/r/{name}/*`, and the parameters that a link must have."""

    parts: tuple[_Part, ...]
    parameters: Mapping[str, _Part]
    is_open: bool

    @classmethod
    def of(cls, pattern: str) -> "_Pattern":
        path, _, query = pattern.partition("?")
        parts = [part for part in path.split("/") if part]
        is_open = parts[-1:] == [_BELOW]
        read = tuple(map(_Part.of, parts[:-1] if is_open else parts))
        if sum(part.many for part in read) + is_open > 1:
            raise ValueError(f"{pattern!r} says in two places that parts may follow")
        named = (pair.partition("=") for pair in query.split("&") if pair)
        return cls(read, {name: _Part.of(value) for name, _, value in named}, is_open)

    def values(self, path: Sequence[str], query: Mapping[str, str]) -> dict[str, list[str]] | None:
        """Return what the placeholders stand for; None if the pattern does not match."""
        given = [query.get(name, "") for name in self.parameters]
        pairs = self._paired(path)
        if pairs is None:
            return None
        found: dict[str, list[str]] = {}
        for part, text in (*pairs, *zip(self.parameters.values(), given, strict=True)):
            value = part.value(text)
            if value is None:
                return None
            if part.name:
                found.setdefault(part.name, []).append(value)
        return found

    def _paired(self, path: Sequence[str]) -> list[tuple[_Part, str]] | None:
        more = len(path) - len(self.parts)
        many = [at for at, part in enumerate(self.parts) if part.many]
        if more < 0 or (more and not many and not self.is_open):
            return None
        parts = [*self.parts]
        if many:
            parts[many[0] : many[0] + 1] = [self.parts[many[0]]] * (more + 1)
        return list(zip(parts, path, strict=not self.is_open))


@dataclass(frozen=True, slots=True)
class _Rule:
    patterns: tuple[_Pattern, ...]
    feeds: tuple[str, ...]
    where: Mapping[str, re.Pattern[str]]
    keep: tuple[str, ...]
    lookup: SiteLookup | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "_Rule":
        lookup = row.get("lookup")
        rule = cls(
            tuple(map(_Pattern.of, row["links"])),
            tuple(row["feeds"]),
            {name: re.compile(form) for name, form in row.get("where", {}).items()},
            tuple(row.get("keep", ())),
            lookup
            and SiteLookup(
                lookup["read"],
                lookup["as"],
                lookup.get("pointer", ""),
                tuple(map(re.compile, lookup.get("find", ()))),
            ),
        )
        rule.check()
        return rule

    def check(self) -> None:
        """Raise ValueError if a placeholder has no value, or could choose the host of an address.

        Only the address that a lookup gives may have any host.
        """
        looked_up = {self.lookup.name} if self.lookup else set()
        for pattern in self.patterns:
            names = {part.name for part in (*pattern.parts, *pattern.parameters.values())}
            given = {_SITE, *names}
            for address in (*self.feeds, *([self.lookup.url] if self.lookup else ())):
                is_whole = bool(looked_up) and address == f"{{{self.lookup and self.lookup.name}}}"
                if not is_whole and not _ADDRESS.match(address):
                    raise ValueError(f"the host of {address!r} is not fixed")
                if unknown := {*_PLACEHOLDER.findall(address)} - given - looked_up:
                    raise ValueError(f"{address!r} has unknown placeholders: {unknown}")

    def link(self, site: str, origin: str, link: "_ReadLink") -> SiteLink | None:
        for pattern in self.patterns:
            given = pattern.values(link.path, link.query)
            values = None if given is None else self._checked(given)
            if values is None:
                continue
            values[_SITE] = [origin]
            kept = [(name, link.query[name]) for name in self.keep if name in link.query]
            feeds = tuple(_with_parameters(_filled(feed, values), kept) for feed in self.feeds)
            if not self.lookup:
                return SiteLink(site, feeds)
            lookup = replace(self.lookup, url=_filled(self.lookup.url, values))
            return SiteLink(site, feeds, lookup, self.where.get(lookup.name))
        return None

    def _checked(self, values: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]] | None:
        """Return *values* if all have the form that the rule wants, or a part of it in brackets."""
        checked: dict[str, Sequence[str]] = {}
        for name, given in values.items():
            form = self.where.get(name)
            if not all(_is_value(value, form) for value in given):
                return None
            matches = [form.fullmatch(value) if form else None for value in given]
            checked[name] = [
                match[1] if match and match.re.groups else value
                for match, value in zip(matches, given, strict=True)
            ]
        labels = [_ADDRESS.match(address) for address in self.feeds]
        hosts = [checked[match[1]] for match in labels if match and match[1] in checked]
        if not all(len(host) == 1 and _LABEL.fullmatch(host[0]) for host in hosts):
            return None
        return checked


@dataclass(frozen=True, slots=True)
class _ReadLink:
    """The parts of a link's path, and its parameters, without escapes."""

    path: Sequence[str]
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _SiteRules:
    name: str
    rules: tuple[_Rule, ...]

    def link(self, parts: SplitResult) -> SiteLink | None:
        try:
            path = [unquote(part, errors="strict") for part in parts.path.split("/") if part]
            query = parse_qsl(parts.query, errors="strict", max_num_fields=_MOST_PARAMETERS)
        except ValueError:
            return None
        port = "" if parts.port is None else f":{parts.port}"
        origin = f"{parts.scheme}://{_bracketed(parts.hostname or '')}{port}"
        read = _ReadLink(path, dict(reversed(query)))
        links = (rule.link(self.name, origin, read) for rule in self.rules)
        return next(filter(None, links), None)


@cache
def _rules() -> Mapping[str, Sequence[_SiteRules]]:
    """Return the rules by host."""
    rows = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))["site"]
    by_host: dict[str, list[_SiteRules]] = {}
    for row in rows:
        site = _SiteRules(row["name"], tuple(map(_Rule.of, row.get("rule", ()))))
        for host in row["hosts"].split():
            by_host.setdefault(host, []).append(site)
    return by_host


def _sites_at(parts: SplitResult) -> Iterable[_SiteRules]:
    """Return the sites whose rules hold for the host, which must match as a whole."""
    host = (parts.hostname or "").rstrip(".").removeprefix("www.")
    rules = _rules()
    label, _, domain = host.partition(".")
    known = rules.get(host) or (rules.get(f"*.{domain}") if label else ())
    if known is None:
        return rules.get(_ANY_HOST, ())
    return known if parts.port in _DEFAULT_PORTS else ()


def _split(url: str) -> SplitResult | None:
    """Return the parts of *url*; None if it is no plain web address, or has a login."""
    url = as_typed(url)
    if not is_link(url) or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in WEB_SCHEMES and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if is_web and "@" not in parts.netloc else None


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _is_value(value: str, form: re.Pattern[str] | None) -> bool:
    if not 0 < len(value) <= _LONGEST_VALUE or value in {".", ".."} or not value.isprintable():
        return False
    return form is None or form.fullmatch(value) is not None


def _filled(template: str, values: Values) -> str:
    """Return *template* with escaped *values*; placeholders without a value stay."""
    path, mark, query = template.partition("?")
    return f"{_placed(path, values, _UNESCAPED_IN_PATH)}{mark}" + _placed(
        query, values, _UNESCAPED_IN_QUERY
    )


def _placed(template: str, values: Values, unescaped: str) -> str:
    def place(found: re.Match[str]) -> str:
        parts = values.get(found[1])
        if parts is None:
            return found[0]
        if found[1] == _SITE:
            return parts[0]
        return "/".join(quote(part, safe=unescaped) for part in parts)

    return _PLACEHOLDER.sub(place, template)


def _with_parameters(url: str, kept: Iterable[tuple[str, str]]) -> str:
    pairs = "&".join(f"{name}={quote(value, safe=_UNESCAPED_IN_QUERY)}" for name, value in kept)
    return f"{url}{'&' if '?' in url else '?'}{pairs}" if pairs else url


def _at_pointer(text: str, pointer: str) -> str:
    """Return the text at a JSON pointer; "" if *text* is no JSON, or has no text there."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    for step in _steps(pointer):
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            return ""
    return found if isinstance(found, str) else ""


def _steps(pointer: str) -> Iterator[str]:
    for step in pointer.split("/")[1:]:
        yield step.replace("~1", "/").replace("~0", "~")
