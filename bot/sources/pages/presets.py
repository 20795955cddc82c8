"""The selectors for the pages of known sites, by host, from sites.toml beside this package.

Each table `[[site]]` there may have `article` (a selector) and `drop` (a list of them) beside its
`hosts`, which are separated by blanks. They hold for the subdomains of these hosts, too. The
selectors of a source outrank those of its site.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from bot.sources.feeds.model import ReadingRules

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
