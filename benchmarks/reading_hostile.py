"""Pages of our own that try to pass a box of other stories off as the article: rows for `reading`.

Every layout with every box, in several languages; the story must stay whole, the box must go.
"""

from collections.abc import Iterator
from itertools import product

from bot.sources.feeds.model import Unreadable
from bot.sources.pages.page import read_page

TITLE = "Ferry to the old harbour late again"
STORY = (
    (
        "PORT ELIN, March 2 (Harbour Press) - The ferry to the old harbour was late again on "
        "Monday, the fourth time since the new timetable came into force, and the crew blamed the "
        "fog that lies over the bay."
    ),
    (
        "Passengers who had waited since the morning said that they would write to the mayor, who "
        "answered that a second boat would sail from April on every day of the week."
    ),
    '"Nobody warned us," said a woman with two children.',
    (
        "The fares of everybody who had waited for over an hour will be paid back, the company "
        "said, and it asked for patience until the new radar has been fitted to the old boat."
    ),
)
OTHERS = {
    "Bridge over the river to be painted green": (
        "The bridge over the river will be painted green this spring, the council said after a "
        "debate that split the parties, and the paint has been ordered from a firm in the north."
    ),
    "Museum finds a lost map behind a wall": (
        "A map that had been lost for eighty years was found behind a wall of the museum when "
        "workers laid a cable there, the director said, and it will be shown from June."
    ),
    "Storm takes roofs off three farms": (
        "The storm of last week took the roofs off three farms in the hills and killed some hens."
    ),
}
HEADINGS = (
    "Don't Miss", "Read also", "Most read", "関連記事", "相关阅读", "관련 기사", "À lire aussi",
    "Lesen Sie auch", "Te puede interesar", "Читайте также", "اقرأ أيضا", "You may have missed",
    "Stories you might like", "People are reading", "Aussi à lire", "Auch interessant",
)  # fmt: skip


def _lead() -> str:
    return "".join(f"<p>{part}</p>" for part in STORY)


def _cards(heading: str) -> str:
    cards = "".join(
        f"<div class=c><h4><a href='/{n}'>{head}</a></h4><p>{text}</p></div>"
        for n, (head, text) in enumerate(OTHERS.items())
    )
    return f"<div class=b><h3>{heading}</h3>{cards}</div>"


def _list(heading: str) -> str:
    items = "".join(
        f"<li><a href='/{n}'>{head}</a></li>" for n, (head, _) in enumerate(OTHERS.items())
    )
    return f"<h3>{heading}</h3><ul>{items}</ul>"


def _flat(heading: str) -> str:
    """No element holds the box together, and its headlines are no links."""
    return f"<p><b>{heading}</b></p>" + "".join(
        f"<p>{head}</p><p>{text}</p>" for head, text in OTHERS.items()
    )


def _linked(heading: str) -> str:
    """Each teaser is one link around everything."""
    return f"<section><header><span>{heading}</span></header>" + "".join(
        f"<a href='/{n}'><div><strong>{head}</strong><div>{text}</div></div></a>"
        for n, (head, text) in enumerate(OTHERS.items())
    ) + "</section>"  # fmt: skip


def _rows(heading: str) -> str:
    rows = "".join(
        f"<tr><td><a href='/{n}'>{head}</a></td><td>{text}</td></tr>"
        for n, (head, text) in enumerate(OTHERS.items())
    )
    return f"<table><tr><th colspan=2>{heading}</th></tr>{rows}</table>"


BOXES = {"cards": _cards, "list": _list, "flat": _flat, "linked": _linked, "rows": _rows}
HEAD = f"<h1>{TITLE}</h1><p>March 2, 2026 8:14 PM JST</p>"
LAYOUTS = {
    "after the article": "<main><article>{head}{story}</article>{box}</main>",
    "inside the article": "<article>{head}{story}{box}</article>",
    "inside the block of text": "<div id=x><div>{head}</div><div class=t>{story}{box}</div></div>",
    "after an end mark": "<div>{head}{story}<p>END [Copyright Harbour Press]</p>{box}</div>",
    "above the title": "<div>{box}</div><div>{head}{story}</div>",
}


def hostile_pages() -> Iterator[tuple[str, bool, bool]]:
    """Of each page its name, whether the story is whole, and whether the box is gone."""
    for (place, layout), (kind, box), heading in product(LAYOUTS.items(), BOXES.items(), HEADINGS):
        if place == "above the title" and kind == "flat":
            continue  # nobody could tell where it ends
        body = layout.format(head=HEAD, story=_lead(), box=box(heading))
        page = f"<html><title>{TITLE} | Harbour News</title><body>{body}</body></html>"
        try:
            text = read_page(page, "https://ex.org/ferry").items[0].text
        except Unreadable:
            text = ""
        leaks = (
            any(head in text or teaser in text for head, teaser in OTHERS.items())
            or heading in text
        )
        yield f"{kind}, {place}: {heading}", all(part in text for part in STORY), not leaks
