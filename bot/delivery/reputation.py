"""What the world sees of the domain that mails come from, and what to do about it.

- SPF (RFC 7208): one TXT record `v=spf1 …` that ends in `-all` or `~all`
- DKIM (RFC 6376): a key under the selector that mails are signed with
- DMARC (RFC 7489): a record `v=DMARC1` with a policy
- PTR: the address of the mail server has a name, and that name the address
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    GOOD = "good"
    DOUBTFUL = "doubtful"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """*remedy* says what to do, where there is something to be done."""

    name: str
    health: Health
    sentence: str
    remedy: str = ""


def spf(domain: str, records: Sequence[str]) -> Finding:
    """Judge the TXT *records* of *domain*."""
    found = [record for record in records if record.lower().split(" ")[0] == "v=spf1"]
    example = f'"v=spf1 include:<what your mail server\'s provider names> -all" for {domain}'
    if not found:
        return Finding(
            "SPF",
            Health.BAD,
            f"{domain} does not say who may mail for it.",
            f"Add a TXT record {example}.",
        )
    if len(found) > 1:
        return Finding(
            "SPF",
            Health.BAD,
            f"{domain} has {len(found)} SPF records, so none counts.",
            "Leave one that names all your mail servers.",
        )
    terms = found[0].lower().split()
    if "+all" in terms or "all" in terms:
        return Finding(
            "SPF",
            Health.BAD,
            f"{domain} lets everybody mail for it ({terms[-1]}).",
            "Let the record end in -all.",
        )
    if not {"-all", "~all"} & set(terms) and not any(t.startswith("redirect=") for t in terms):
        return Finding(
            "SPF",
            Health.DOUBTFUL,
            f"{domain} does not forbid others to mail for it.",
            "Let the record end in -all or ~all.",
        )
    return Finding("SPF", Health.GOOD, f"{domain}: {found[0]}")


def dkim(domain: str, selector: str | None, records: Sequence[str]) -> Finding:
    """Judge the TXT *records* under *selector*."""
    if selector is None:
        return Finding(
            "DKIM",
            Health.DOUBTFUL,
            "It is not known under which selector mails are signed.",
            "Set DKIM_SELECTOR to the one of your mail server, and it is looked up.",
        )
    place = f"{selector}._domainkey.{domain}"
    keys = [_tags(record) for record in records if "p" in _tags(record)]
    if not keys:
        return Finding(
            "DKIM",
            Health.BAD,
            f"There is no key at {place}.",
            'Put the public key there, as a TXT record "v=DKIM1; k=rsa; p=…".',
        )
    if not keys[0]["p"]:
        return Finding(
            "DKIM",
            Health.BAD,
            f"The key at {place} is withdrawn (p= is empty).",
            "Sign with another selector, or put the key back.",
        )
    if keys[0].get("t") == "y":
        return Finding(
            "DKIM",
            Health.DOUBTFUL,
            f"The key at {place} is for tests only (t=y).",
            "Leave out t=y once it works.",
        )
    return Finding("DKIM", Health.GOOD, f"There is a key at {place}.")


def dmarc(domain: str, records: Sequence[str]) -> Finding:
    """Judge the TXT *records* of `_dmarc.<domain>`."""
    found = [tags for record in records if (tags := _tags(record)).get("v", "").upper() == "DMARC1"]
    if not found:
        return Finding(
            "DMARC",
            Health.BAD,
            f"{domain} has no policy; large mail services ask for one.",
            f'Add a TXT record at _dmarc.{domain}: "v=DMARC1; p=none; rua=mailto:you@{domain}".',
        )
    policy = found[0].get("p", "")
    if len(found) > 1 or policy not in {"none", "quarantine", "reject"}:
        return Finding(
            "DMARC",
            Health.BAD,
            f"The record at _dmarc.{domain} cannot be read.",
            "Leave one, with p=none, p=quarantine or p=reject.",
        )
    return Finding("DMARC", Health.GOOD, f"{domain}: p={policy}")


def ptr(
    host: str, names: Mapping[str, Sequence[str]], back: Mapping[str, Sequence[str]]
) -> Finding:
    """Judge the *names* of each address of *host*, and where each name leads *back* to."""
    if not names:
        return Finding("PTR", Health.BAD, f"{host} has no address.", "Look at SMTP_HOST.")
    for address, called in names.items():
        if not called:
            return Finding(
                "PTR",
                Health.DOUBTFUL,
                f"{address} ({host}) has no name.",
                "If that server mails to the world itself, have its provider set one.",
            )
        if not any(address in back.get(name, ()) for name in called):
            return Finding(
                "PTR",
                Health.DOUBTFUL,
                f"{address} is called {called[0]}, which leads elsewhere.",
                f"Let {called[0]} lead to {address}.",
            )
    return Finding("PTR", Health.GOOD, f"{host} and its name lead to each other.")


def _tags(record: str) -> dict[str, str]:
    """Read `name=value; name=value` (RFC 6376, 3.2)."""
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, sign, value in pairs if sign}
