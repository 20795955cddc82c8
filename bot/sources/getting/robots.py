"""What a site's robots.txt says of an address.

A feed is read because a person asked for it, as a browser would; so this is told, and decides
nothing.
"""

from urllib.robotparser import RobotFileParser

from bot.sources.formats.charsets import decode
from bot.sources.getting.answers import Answer

AGENT = "Dateline"
LONGEST = 500_000  # bytes that count (RFC 9309)
_FOUND = range(200, 300)
_NONE_THERE = range(400, 500)


def verdict(answer: Answer | None, url: str) -> str:
    """Say what *answer*, to the question for robots.txt, means for *url*; None: there is none."""
    if answer is None:
        return "no answer to the question for robots.txt"
    if answer.status in _NONE_THERE:
        return "no robots.txt there"
    if answer.status not in _FOUND:
        return f"no answer to the question for robots.txt ({answer.status})"
    rules = RobotFileParser()
    rules.parse(decode(answer.body[:LONGEST], answer.content_type).splitlines())
    is_allowed = rules.can_fetch(AGENT, url)
    return "allowed by robots.txt" if is_allowed else "robots.txt asks robots to stay away"
