"""One spelling for all addresses of a mailbox: case, tags, and the rules of providers."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple


class _Rule(NamedTuple):
    """One provider's rule; see `providers.toml`."""

    host: str  # under which the mailbox is counted
    ignored: str = ""
    tags: str = "+"
    has_subdomains: bool = False


def counted_as(address: str) -> str:
    """Return the spelling under which requests for the mailbox of *address* are counted.

    The domain of *address* is in A-labels, as `headers.read_address` returns it.
    """
    name, _, host = address.lower().rpartition("@")
    subdomain, _, parent = host.partition(".")
    if (rule := _rules().get(parent)) and rule.has_subdomains:
        name = subdomain
    else:
        rule = _rules().get(host, _Rule(host))
    # A name that begins with the sign of a tag has no tag.
    base = re.split(f"[{re.escape(rule.tags)}]", name, maxsplit=1)[0] or name
    bare = base.translate(dict.fromkeys(map(ord, rule.ignored)))
    return f"{bare or base}@{rule.host}"


@cache
def _rules() -> dict[str, _Rule]:
    text = Path(__file__).with_name("providers.toml").read_text("utf-8")
    return {
        host: _Rule(
            provider["hosts"][0] if provider.get("same") else host,
            provider.get("ignored", ""),
            provider.get("tags", "+"),
            provider.get("subdomains", False),
        )
        for provider in tomllib.loads(text)["provider"]
        for host in provider["hosts"]
    }
