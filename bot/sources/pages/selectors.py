"""Selectors, CSS or XPath 1.0, of the parts of a page that an operator or a site rule names.

A selector that begins with `/`, `./` or `(` is XPath, any other is CSS. `check_selector` refuses
what is not a plain path through the page: variables, namespaces, and functions other than those of
XPath 1.0 itself. It also bounds length and steps. A selector may still be slow on a hostile page,
so it is run in a worker, which is killed at its time limit.

Each table `[[site]]` of `sites.toml` may have `article` (a selector) and `drop` (a list of them)
beside its `hosts`, which are separated by blanks. They hold for the subdomains of these hosts, too.
The selectors of a source outrank those of its site.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from cssselect import HTMLTranslator, SelectorError, parse
from lxml import etree

from bot.sources.feeds.model import ReadingRules
from bot.sources.feeds.text import plain_text
from bot.sources.limits import LONGEST_SELECTOR, MOST_SELECTOR_STEPS
from bot.sources.pages.dom import drop

_LONGEST_TRANSLATION: Final = 4_000  # of CSS, whose lists and negations grow as XPath
_UNREAD: Final = ("script", "style", "noscript", "template", "textarea", "select")

_FUNCTIONS: Final = frozenset({
    "boolean", "ceiling", "concat", "contains", "count", "false", "floor", "last", "local-name",
    "name", "normalize-space", "not", "number", "position", "round", "starts-with", "string",
    "string-length", "substring", "substring-after", "substring-before", "sum", "translate", "true",
})  # fmt: skip
_OPERATORS: Final = frozenset({"and", "div", "mod", "or"})
_NO_OPERAND: Final = frozenset({"", "/", "[", "(", ",", "@", ":", "|", "+", "-", "=", "<", ">"})
_NODE_TESTS: Final = frozenset({"comment", "node", "text"})
_TOKEN: Final = re.compile(
    r"""
    (?P<literal> "[^"]*" | '[^']*' )
    | (?P<variable> \$ [\w:.-]* )
    | (?P<axis> [a-z]+(?:-[a-z]+)* \s* :: )
    | (?P<prefix> [^\W\d][\w.-]* : (?!:) )
    | (?P<function> [^\W\d][\w.-]* ) (?= \s* \( )
    | (?P<name> [^\W\d][\w.-]* )
    | (?P<number> \d+ (?:\.\d*)? | \.\d+ )
    | (?P<step> // | / | \[ )
    | (?P<sign> \.\. | [.@*\])(|,+-] | != | [<>]=? | = )
    | (?P<blank> [ ]+ )
    """,
    re.VERBOSE,
)
_COMBINATOR: Final = re.compile(r"[>+~,\[:]|(?<=[^\s>+~,]) +(?=[^\s>+~,])")
_PLACE: Final = re.compile(r"\bat (\d+)")


class SelectorErrorCode(StrEnum):
    EMPTY = "empty"
    TOO_LONG = "too_long"
    TOO_MANY_STEPS = "too_many_steps"
    VARIABLE = "variable"
    PREFIX = "prefix"
    FUNCTION = "function"
    PSEUDO_ELEMENT = "pseudo_element"
    UNREADABLE = "unreadable"


class InvalidSelectorError(ValueError):
    """The selector *text* is refused because of the *length* characters at *position*."""

    def __init__(
        self, code: SelectorErrorCode, text: str, position: int = 0, length: int = 1
    ) -> None:
        super().__init__(f"{code} at {position}")
        self.code = code
        self.text = text
        self.position = position
        self.length = length


def is_xpath(selector: str) -> bool:
    return selector.startswith(("/", "./", "("))


def check_selector(typed: str) -> str:
    """Return the selector without white space around it; raise `InvalidSelectorError`."""
    selector = typed.strip()
    _compiled(selector)
    return selector


@lru_cache(maxsize=256)
def _compiled(selector: str) -> etree.XPath:
    if not selector:
        raise InvalidSelectorError(SelectorErrorCode.EMPTY, selector)
    if len(selector) > LONGEST_SELECTOR:
        raise InvalidSelectorError(SelectorErrorCode.TOO_LONG, selector, LONGEST_SELECTOR)
    if not selector.isprintable():
        place = next(at for at, sign in enumerate(selector) if not sign.isprintable())
        raise InvalidSelectorError(SelectorErrorCode.UNREADABLE, selector, place)
    if is_xpath(selector):
        _check_xpath(selector)
        path = selector
    else:
        path = _translated(selector)
    try:
        return etree.XPath(path, regexp=False, smart_strings=False)
    except etree.XPathError:
        raise InvalidSelectorError(
            SelectorErrorCode.UNREADABLE, selector, 0, len(selector)
        ) from None


def _check_xpath(selector: str) -> None:
    at = steps = 0
    before = ""
    while at < len(selector):
        found = _TOKEN.match(selector, at)
        if found is None:
            raise InvalidSelectorError(SelectorErrorCode.UNREADABLE, selector, at)
        if code := _refusal(found, before):
            raise InvalidSelectorError(code, selector, at, found.end() - at)
        steps += found.lastgroup in {"step", "function"}
        if steps > MOST_SELECTOR_STEPS:
            raise InvalidSelectorError(SelectorErrorCode.TOO_MANY_STEPS, selector, at)
        at = found.end()
        before = before if found.lastgroup == "blank" else found[0]


def _refusal(found: re.Match[str], before: str) -> SelectorErrorCode | None:
    match found.lastgroup:
        case "variable":
            return SelectorErrorCode.VARIABLE
        case "prefix":
            return SelectorErrorCode.PREFIX
        case "function" if found[0] not in _FUNCTIONS | _NODE_TESTS:
            # After an operand, a word before a bracket may be an operator: `a and (b or c)`.
            is_operator = found[0] in _OPERATORS and before[-1:] not in _NO_OPERAND
            return None if is_operator else SelectorErrorCode.FUNCTION
    return None


def _translated(selector: str) -> str:
    """Return the CSS *selector* as XPath."""
    steps = list(_COMBINATOR.finditer(selector))
    if len(steps) > MOST_SELECTOR_STEPS:
        raise InvalidSelectorError(
            SelectorErrorCode.TOO_MANY_STEPS, selector, steps[MOST_SELECTOR_STEPS].start()
        )
    try:
        parsed = parse(selector)
        if any(each.pseudo_element for each in parsed):
            place = max(selector.find("::"), 0)
            raise InvalidSelectorError(
                SelectorErrorCode.PSEUDO_ELEMENT, selector, place, len(selector) - place
            )
        translator = HTMLTranslator()
        path = " | ".join(map(translator.selector_to_xpath, parsed))
    except SelectorError as error:
        place = int(found[1]) if (found := _PLACE.search(str(error))) else 0
        length = 1 if found else len(selector)
        raise InvalidSelectorError(
            SelectorErrorCode.UNREADABLE, selector, min(place, len(selector)), length
        ) from None
    except RecursionError:
        raise InvalidSelectorError(SelectorErrorCode.TOO_MANY_STEPS, selector) from None
    if len(path) > _LONGEST_TRANSLATION:
        raise InvalidSelectorError(SelectorErrorCode.TOO_MANY_STEPS, selector, 0, len(selector))
    return path


def selected(root: Any, selector: str) -> list[Any]:
    """Return the elements that *selector* selects, in the page's order, none inside another.

    A stored selector that is no longer valid selects nothing.
    """
    try:
        found = _compiled(selector)(root)
    except (InvalidSelectorError, etree.XPathError):
        return []
    if not isinstance(found, list):
        return []
    elements = [each for each in found if isinstance(getattr(each, "tag", None), str)]
    inside = set(elements)
    return [each for each in elements if inside.isdisjoint(each.iterancestors())]


def drop_selected(root: Any, selectors: Iterable[str]) -> None:
    """Remove what *selectors* select, but never the page itself."""
    for selector in selectors:
        for element in selected(root, selector):
            drop(element)


def paragraphs_of(elements: Iterable[Any]) -> list[str]:
    """Return the paragraphs of *elements*, all of them, because an operator has chosen them."""
    return [line for element in elements for line in _lines(element)]


def _lines(element: Any) -> Iterator[str]:
    for unread in list(element.iter(*_UNREAD)):
        if unread is not element:
            drop(unread)
    markup = etree.tostring(element, method="html", encoding="unicode", with_tail=False)
    yield from (line for line in plain_text(markup).split("\n") if line)


_SITES: Final = Path(__file__).parent.parent / "sites.toml"


@cache
def _presets() -> Mapping[str, ReadingRules]:
    """Return the selectors of the sites in `sites.toml` that have any, by host."""
    if not _SITES.is_file():
        return {}
    presets: dict[str, ReadingRules] = {}
    for site in tomllib.loads(_SITES.read_text("utf-8")).get("site", ()):
        article, dropped = site.get("article", ""), tuple(site.get("drop", ()))
        if article or dropped:
            hosts = (host.removeprefix("*.") for host in site["hosts"].split() if host != "*")
            presets |= dict.fromkeys(hosts, ReadingRules(article=article, dropped=dropped))
    return presets


def preset_of(host: str) -> ReadingRules | None:
    """Return the selectors for the pages of *host* or of a domain that it belongs to."""
    presets = _presets()
    labels = host.removeprefix("www.").split(".") if presets else []
    domains = (".".join(labels[at:]) for at in range(len(labels)))
    return next((presets[domain] for domain in domains if domain in presets), None)


def with_preset(rules: ReadingRules, host: str) -> ReadingRules:
    """Return *rules* with the selectors of the site, unless the source has selectors of its own."""
    preset = None if rules.has_selectors else preset_of(host)
    return replace(rules, article=preset.article, dropped=preset.dropped) if preset else rules
