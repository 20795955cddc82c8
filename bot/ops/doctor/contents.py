"""The stored rows: sources, accounts, articles, and times that a wrong clock has written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from bot.ops.doctor.findings import Finding, healthy, unhealthy, warning

_SILENT = timedelta(hours=1)
_MANY_UNHEALTHY = 0.5  # of all sources
_SEVERAL = 2


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """*since* is the time since a source was last read successfully; None if none ever was.

    *paused*: sources that are not read now, because an operator has paused them. *kinds*: see
    `storage.stats.sources_by_kind`.
    """

    sources: int
    unhealthy: int
    since: timedelta | None
    is_running: bool
    paused: int = 0
    kinds: Mapping[tuple[str, str], int] = field(default_factory=dict)


def judge_accounts(exhausted: int) -> Finding:
    """Judge the number of accounts that have used up a budget today."""
    if not exhausted:
        return healthy("accounts.within", "No account has used up a budget today.")
    accounts = "1 account has" if exhausted == 1 else f"{exhausted} accounts have"
    remedy = "Their own feeds wait until midnight (UTC). docs/reference/limits.md has the budgets."
    return warning("accounts.exhausted", f"{accounts} used up a budget today.", remedy)


def judge_sources(facts: SourceFacts) -> list[Finding]:
    paused = [_paused(facts.paused)] if facts.paused else []
    if not facts.sources and paused:
        return paused
    if not facts.sources:
        remedy = "`dateline sources add --starter` adds some well-known sources."
        return [warning("sources.none", "There are no sources, so there is no news.", remedy)]
    return [_judge_failures(facts), *_judge_kinds(facts.kinds), _judge_silence(facts), *paused]


def _judge_kinds(kinds: Mapping[tuple[str, str], int]) -> list[Finding]:
    """Name the kinds of which all sources fail, several at least, because one is no pattern."""
    failing = {kind: number for (kind, health), number in kinds.items() if health == "unhealthy"}
    failing = {
        kind: number
        for kind, number in failing.items()
        if number >= _SEVERAL and (kind, "healthy") not in kinds
    }
    if not failing:
        return []
    named = ", ".join(f"{kind} ({number})" for kind, number in sorted(failing.items()))
    remedy = (
        "They may have one cause, such as a site that refuses this machine. `dateline sources list "
        "--unhealthy` names them; `dateline sources check URL` tries one of them."
    )
    sentence = f"All sources of these kinds are unhealthy: {named}."
    return [unhealthy("sources.kind-fails", sentence, remedy)]


def _paused(count: int) -> Finding:
    sources = "1 source is" if count == 1 else f"{count} sources are"
    remedy = "`dateline sources list` names them; `dateline sources set URL --resume` reads on."
    return warning("sources.paused", f"{sources} paused.", remedy)


def _judge_failures(facts: SourceFacts) -> Finding:
    if not facts.unhealthy:
        return healthy("sources.well", f"None of {facts.sources} sources is unhealthy.")
    sentence = f"{facts.unhealthy} of {facts.sources} sources are unhealthy."
    remedy = "`dateline sources list --unhealthy` lists them. Most recover by themselves."
    if facts.unhealthy > facts.sources * _MANY_UNHEALTHY:
        more = "Check this machine's network and DNS first."
        return unhealthy("sources.many-unhealthy", sentence, f"{more} {remedy}")
    return warning("sources.some-unhealthy", sentence, remedy)


def _judge_silence(facts: SourceFacts) -> Finding:
    if facts.since is None:
        sentence = "No source has ever been read."
    else:
        minutes = facts.since // timedelta(minutes=1)
        if facts.since <= _SILENT:
            return healthy("sources.read", f"A source was read {minutes} min ago.")
        sentence = f"No source has been read for {minutes} min."
    if facts.is_running:
        remedy = "Check that a process has the role poll, its log, and the network."
        return unhealthy("sources.silent", sentence, remedy)
    return warning("sources.silent", sentence, "Start the bot, which reads them: `dateline run`.")


def judge_selectors(problems: Mapping[int, str]) -> Finding:
    """Judge the sources whose selectors were not used on their last page."""
    if not problems:
        return healthy("sources.selectors", "The selectors of all sources find their parts.")
    count = len(problems)
    sentence = (
        "The selectors of 1 source were not used on its last page."
        if count == 1
        else f"The selectors of {count} sources were not used on their last page."
    )
    remedy = (
        "`dateline sources list --unhealthy` says why; `dateline sources check URL` tries them; "
        "`dateline sources set URL --article SELECTOR` sets others."
    )
    return warning("sources.selectors-unused", sentence, remedy)


def judge_access(sources: int, unreadable: int, older: int, *, is_open: bool) -> list[Finding]:
    """Judge the logins of *sources*: those that cannot be read, and those under an older key.

    *is_open*: other users of the machine may read the file with the keys.
    """
    findings = []
    if unreadable:
        sentence = f"The logins of {unreadable} of {sources} sources cannot be read."
        remedy = (
            "Their key is lost or wrong: restore SECRETS_KEY or the key file, or set them again "
            "with `dateline sources set`."
        )
        findings.append(unhealthy("sources.login-unreadable", sentence, remedy))
    if older:
        sentence = f"The logins of {older} of {sources} sources are sealed with an older key."
        findings.append(warning("sources.older-key", sentence, "Run `dateline sources reseal`."))
    if is_open:
        sentence = "Other users of this machine may read the key for the logins of sources."
        findings.append(unhealthy("sources.key-open", sentence, "chmod 600 on the key file."))
    if not findings:
        findings.append(healthy("sources.logins", f"{sources} sources have a login or headers."))
    return findings


def sources_unknown(reason: str) -> Finding:
    sentence = f"The state of the sources is unknown: {reason}."
    return warning("sources.unknown", sentence, "Fix the database first.")


def judge_stored_times(columns: Sequence[str]) -> Finding:
    """Judge the columns with times so far ahead that only a wrong clock can have stored them."""
    if not columns:
        return healthy("clock.stored", "No stored time is too far ahead.")
    sentence = f"Stored times are too far ahead: {', '.join(columns)}."
    remedy = "The clock was wrong for a while. Check it, then restart the bot, which corrects them."
    return warning("clock.stored-ahead", sentence, remedy)


MOST_PUT_ASIDE: Final = 100  # articles that are counted


def judge_articles(put_aside: Sequence[tuple[int, str]]) -> Finding:
    """Judge the articles that no stage claims any more, each as its id and the stage's error."""
    if not put_aside:
        return healthy("articles.claimed", "No article is put aside.")
    number, error = put_aside[0]
    more = " or more" if len(put_aside) > MOST_PUT_ASIDE else ""
    sentence = (
        f"Articles put aside because a stage failed for them: "
        f"{min(len(put_aside), MOST_PUT_ASIDE)}{more}, the first is {number} ({error})."
    )
    remedy = (
        "Find the error in the log and report it. `dateline trace` shows an article. After a "
        "restart all of them are tried again."
    )
    return warning("articles.put-aside", sentence, remedy)
