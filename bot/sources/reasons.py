"""Why a source is asked when it is, for whoever wonders."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.sources.durations import span
from bot.sources.getting.cadence import SHORTEST_WISH, Circumstances, interval
from bot.sources.getting.wishes import Wishes


def why(now: datetime, known: Circumstances) -> str:
    """Say what of *known* decided, so that it fits after "every 15 min".

    Found by asking what the interval would be without a fact, or with it alone.
    """
    unhurried = replace(known, wishes=replace(known.wishes, retry_after=None))
    if interval(now, known) > interval(now, unhurried):
        return "it asks for that (Retry-After)"
    if known.busy:
        return "it is busy"
    if known.failures:
        times = "once" if known.failures == 1 else f"{known.failures} times in a row"
        return f"it failed {times}, and each time it is left alone for longer"
    if known.every is not None:
        return _wished(now, known, known.every)
    if known.pushed and interval(now, known) > interval(now, replace(known, pushed=False)):
        return "a hub tells of its news"
    return _suggested(now, known)


def _wished(now: datetime, known: Circumstances, every: timedelta) -> str:
    planned = interval(now, known)
    if planned == every:
        return "you wish so"
    if planned == SHORTEST_WISH:
        return f"you wish {span(every)}, and this is the least"
    return f"you wish {span(every)}, but its headers ask for more"


def _suggested(now: datetime, known: Circumstances) -> str:
    planned, ttl = interval(now, known), known.pace.ttl
    hints = {
        "its ttl asks for that"
        if ttl and ttl == known.rhythm
        else "twice as often as it publishes": (Circumstances(rhythm=known.rhythm)),
        f"its headers ask for that ({_header(known.wishes)})": Circumstances(wishes=known.wishes),
        _silence(now, known): Circumstances(newest=known.newest),
    }
    nothing = Circumstances(shortest=timedelta(), longest=timedelta.max)
    for words, hint in hints.items():
        alone = replace(hint, shortest=known.shortest, longest=known.longest)
        if hint != Circumstances() and interval(now, alone) == planned:
            unbounded = replace(hint, shortest=nothing.shortest, longest=nothing.longest)
            return _bounded(words, interval(now, unbounded), planned)
    return "nothing says how often it changes"


def _bounded(words: str, suggested: timedelta, planned: timedelta) -> str:
    if suggested < planned:
        return "it changes more often, and this is the least"
    return "it changes more seldom, and this is the most" if suggested > planned else words


def _header(wishes: Wishes) -> str:
    return "max-age" if wishes.max_age == wishes.freshness else "Expires"


def _silence(now: datetime, known: Circumstances) -> str:
    if known.newest is None:
        return ""
    return f"its newest entry is {span(now - known.newest)} old"
