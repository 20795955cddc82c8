"""Shows host names so that users cannot take one name for another that looks the same.

As in browsers, a host is shown in its `xn--` form

1. if a label mixes scripts, such as Latin letters and a Cyrillic one that looks the same. Han may
   stand beside kana, Bopomofo or Hangul, and each of these beside Latin, because East Asian names
   are written like that;
2. if all letters of a Cyrillic or Greek label look Latin, and the top-level domain has another
   script (`.com`, but not the Cyrillic domain of Russia);
3. if a Latin label has no other foreign characters than East Asian signs that look like
   punctuation.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final
from unicodedata import category, name, normalize
from urllib.parse import urlsplit

import idna

from bot.sources.urls import host_of

_DOTS: Final = re.compile("[\u3002\uff0e\uff61]")
_FIRST_WORD: Final = re.compile("[A-Z]+")
_SAME_SCRIPT: Final = {"CJK": "HAN", "IDEOGRAPHIC": "HAN"}  # first words of characters' names
_LATIN: Final = "LATIN"
_WRITTEN_TOGETHER: Final = (
    frozenset({_LATIN, "HAN", "HIRAGANA", "KATAKANA"}),
    frozenset({_LATIN, "HAN", "BOPOMOFO"}),
    frozenset({_LATIN, "HAN", "HANGUL"}),
)
_LOOKS_LATIN: Final = {
    "CYRILLIC": frozenset("асԁеһіјӏкорԛѕԝхуьъҽпгѵѡԍ"),
    "GREEK": frozenset("αγικνορτυχωϲϳ"),
}
_LOOKS_LIKE_A_SIGN: Final = frozenset("ー・ノ丶丿一〇ニへヘ〆")


@lru_cache(maxsize=4096)
def shown_host(host: str) -> str:
    """Return *host*, in its `xn--` form if it could be taken for another."""
    if host.isascii():
        return host
    labels = _DOTS.sub(".", normalize("NFKC", host).lower()).split(".")
    domain = set(_scripts(_decoded(labels[-1])))
    if all(_is_clear(label, domain) for label in labels):
        return ".".join(labels)
    return ".".join(map(_encoded, labels))


def host_shown(url: str) -> str:
    """Return the host of *url* as it is shown; "" if there is none."""
    return shown_host(host_of(url))


def shown_url(url: str) -> str:
    """Return *url* with its host as it is shown."""
    if url.isascii():
        return url
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return url
    return parts._replace(netloc=f"{shown_host(host)}{port}").geturl()


def _is_clear(label: str, domain: set[str]) -> bool:
    """Return whether *label* cannot be taken for another; *domain*: scripts of the last label."""
    scripts = set(_scripts(label))
    if len(scripts) > 1:
        signs = all(char in _LOOKS_LIKE_A_SIGN for char in label if not char.isascii())
        return not signs and any(scripts <= together for together in _WRITTEN_TOGETHER)
    letters = {char for char in label if not char.isascii()}
    script = next(iter(scripts), "")
    return script in domain or not letters or not letters <= _LOOKS_LATIN.get(script, set())


def _scripts(label: str) -> Iterator[str]:
    """Yield the script of each character but digits, hyphens and combining marks."""
    for char in label:
        if char.isascii():
            if char.isalpha():
                yield _LATIN
            continue
        found = _FIRST_WORD.match(name(char, ""))
        script = found[0] if found else ""
        if category(char) != "Mn" or script != "COMBINING":
            yield _SAME_SCRIPT.get(script, script)


def _decoded(label: str) -> str:
    try:
        return idna.decode(label)
    except UnicodeError:
        return label


def _encoded(label: str) -> str:
    if label.isascii():
        return label
    try:
        return idna.encode(label, uts46=True).decode()
    except UnicodeError:  # nobody can register such a name
        return f"xn--{label.encode('punycode').decode()}"
