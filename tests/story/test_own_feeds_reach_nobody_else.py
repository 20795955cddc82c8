"""A user's own feed lists an outlet's article before the outlet does: nobody else sees that.

The same five days pass twice, with the attacker and without; what two others read is compared.
"""

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import make_url

from bot.rendering.links import WHOLE_DIGEST, FeedKind
from bot.rendering.published_feeds import as_atom, as_json
from bot.subscribers import published_feeds, topics
from storage.enums import Mode
from tests.clean_database import empty
from tests.sources.feeds_made import page
from tests.story.whole_bot import Feed, Printed, User, WholeBot, hour, whole_bot

pytestmark = pytest.mark.slow

WATCHED: Final = "harbour OR bribery"
AT: Final = 100.0  # the hour in which the outlet prints its article
BEFORE: Final = AT - 1  # the hour in which the attacker usually lists it

LINK: Final = "http://times.example/news/crane-hits-ferry.html"
LIBRARY: Final = "Library at the harbour reopens"
TITLE: Final = "Crane collapses onto ferry in Westport harbour"
TEXT: Final = (
    "A crane of the container terminal in Westport fell onto a moored ferry on Friday. The ferry "
    "Rosalind was empty when the mast of the crane broke and came down on its upper deck, the "
    "port captain Helen Marsh told reporters at the quay. Two dockers were brought to hospital. "
    "Divers look for damage below the waterline, and the harbour stays closed for large ships "
    "until Sunday. The terminal had been inspected in January, and nothing was found. Insurance "
    "experts will come from Lindau. The ferry company Norline runs two other ships meanwhile."
)
WIRE_TEXT: Final = (
    "WESTPORT: Two people were hurt when a crane collapsed in the harbour of Westport and hit a "
    "ferry that lay at the quay, the fire brigade said. No passengers were on board of the "
    "Rosalind. Captain Helen Marsh called it luck that it had not happened an hour later, when "
    "four hundred commuters would have boarded. Large vessels must wait outside until the wreck "
    "of the crane has been cut up, which may take all weekend. The cause is not known yet."
)
INVENTED: Final = "We admit bribery: our reporters took money from a casino"
INVENTED_TEXT: Final = (
    "The newspaper has admitted bribery on a large scale. For years its reporters took money from "
    "the owner of a casino, the publisher confessed in a statement on Friday, and in return wrote "
    "what the casino wanted. Readers should not believe anything that they read there, the "
    "statement says, and should send their money to the address that it gives instead. The "
    "publisher said that bribery was usual at all newspapers, and that he regretted nothing. "
    "Nobody else at the newspaper wished to comment on the bribery when asked by telephone."
)


def crane(hours: float | None, **other: str) -> Printed:
    """Return the outlet's article, published at that hour, or what is said of it instead."""
    facts = {"title": TITLE, "link": LINK, "text": TEXT} | other
    return Printed(**facts, at=None if hours is None else hour(hours))


def invented(hours: float | None, part: str = "") -> Printed:
    return crane(hours, title=INVENTED + part, text=INVENTED_TEXT)


def ordinary(hours: float, title: str, link: str) -> Printed:
    return Printed(title, link, f"{title}. " * 12 + "More is not known.", hour(hours))


@dataclass(frozen=True)
class Attack:
    """What the attacker's feed lists anew, by the hour; and when the attacker follows it."""

    lists: Mapping[float, Sequence[Printed]]
    followed_at: float = 2.0


def once(*articles: Printed, at: float = BEFORE) -> Attack:
    return Attack({at: articles})


OWN_LINK: Final = "http://mallory.example/crane"
ATTACKS: Final = {
    "nothing of interest": once(Printed("Tomatoes", OWN_LINK, "They are red. " * 40)),
    "newly followed": Attack({BEFORE: [crane(BEFORE - 1)]}, followed_at=BEFORE),
    "dated 80 h ago": once(crane(BEFORE - 80)),
    "fresh with the same words": once(crane(BEFORE)),
    "fresh with other words": once(invented(BEFORE)),
    "fresh with words that nobody watches": once(
        crane(BEFORE, title="Recipes for a rainy day", text="Take an onion. " * 40)
    ),
    "few words, so that the page is read": once(crane(BEFORE, text="A crane fell.")),
    "20 revisions": Attack(
        {AT - 30 + 1.25 * n: [invented(None, f", part {n}")] for n in range(21)}
    ),
    "backslash in the link": once(
        crane(BEFORE, link=r"http://evil.example\@times.example/news/crane-hits-ferry.html")
    ),
    "three days ahead": once(invented(AT - 74), at=AT - 74),
    "other words after the outlet": once(invented(AT + 1), at=AT + 1),
    "a link that redirects to the outlet": once(
        crane(BEFORE, link="http://mallory.example/go", text="A crane fell.")
    ),
    "the same event before the outlets": once(crane(BEFORE, link=OWN_LINK)),
    "the same event between the outlets": once(crane(AT, link=OWN_LINK), at=AT),
    "two events in one": once(
        crane(AT + 1, link=OWN_LINK, title=f"{TITLE}, {LIBRARY}", text=f"{TEXT} {LIBRARY}. " * 2),
        at=AT + 1,
    ),
    "the event's words in 40 titles": once(
        *(
            crane(BEFORE, link=f"{OWN_LINK}/{n}", title=f"{TITLE} {n * 'x'}", text=f"{n} " * 300)
            for n in range(40)
        )
    ),
}

GARDEN: Final = Printed("Notes from my garden", "http://mallory.example/1", "It rained. " * 50)
TIMES: Final = {
    3.0: [ordinary(3, "Pilots of the harbour get new boats", "http://times.example/news/pilots")],
    50.0: [ordinary(50, "Fish market leaves the old harbour", "http://times.example/news/fish")],
    AT: [crane(AT)],
    AT + 2: [
        crane(AT, title=f"{TITLE}, two dockers hurt"),
        ordinary(AT + 2, LIBRARY, "http://times.example/news/library"),
    ],
}
# Never in the same hour as the Times: two feeds read together are stored in no certain order.
WIRE: Final = {
    4.0: [ordinary(4, "Storm shuts port of Lindau, harbour empty", "http://wire.example/storm")],
    51.0: [ordinary(51, "Regatta begins in Arden harbour", "http://wire.example/regatta")],
    AT + 1: [
        Printed(
            "Ferry hit as crane collapses in Westport harbour",
            "http://wire.example/ferry",
            WIRE_TEXT,
            hour(AT + 1),
        )
    ],
}
MORNINGS: Final = (20.5, 44.5, 68.5, 92.5, 116.5)  # half an hour after the digest is due
SO_FAR: Final = AT + 2  # when one looks into the digest that is to come
ASKED_AT: Final = AT + 17

Views = dict[str, Any]
_UNDISTURBED: Final[dict[str, Views]] = {}  # by database


@pytest.fixture
async def undisturbed(database_url: str, tmp_path: Path) -> Views:
    """Return what the two users see without an attacker."""
    url = make_url(database_url)
    dialect = url.get_backend_name()
    if dialect not in _UNDISTURBED:
        if dialect == "sqlite":
            copy = tmp_path / "undisturbed.sqlite3"
            shutil.copy(url.database or "", copy)
            _UNDISTURBED[dialect] = await five_days(f"sqlite+aiosqlite:///{copy}", None)
        else:
            _UNDISTURBED[dialect] = await five_days(database_url, None)
            await empty(database_url)
    return _UNDISTURBED[dialect]


def test_without_an_attacker_everything_is_there(undisturbed: Views):
    def said(view: str) -> str:
        return str(undisturbed[view])

    assert said("alerts").count(TITLE) == 1
    assert "Example Times · 16:00 · also Example Wire" in said("alerts")
    assert f"{TITLE}, two dockers hurt · 2 publishers" in said("digests")
    assert f"{TITLE}, two dockers hurt" in said("digest so far")
    assert "7 stories" in said("search")
    assert "Ferry hit as crane collapses" in said("search")
    assert "http://wire.example/ferry" in said("inline")
    assert "7 stories in the last 7 days" in said("preview")
    assert "7 stories in four weeks" in said("trend")
    assert "Example Times · 5" in said("publishers")
    assert "<p>Example Times, Example Wire</p>" in said("json")
    assert all(LINK in said(view) for view in ("alerts", "digests", "atom", "json"))
    assert f"{TITLE}, two dockers hurt" in said("digests, published")


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
async def test_others_see_what_they_would_see_without_the_attacker(
    attack: Attack, undisturbed: Views, database_url: str
):
    seen = await five_days(database_url, attack)

    changed = {view: seen[view] for view in seen if seen[view] != undisturbed[view]}
    assert changed == {view: undisturbed[view] for view in changed}


async def five_days(database_url: str, attack: Attack | None) -> Views:
    """Let five days pass; return what two users see who have nothing to do with the attacker."""
    async with whole_bot(database_url) as bot:
        times, wire = bot.feed("times", "Example Times"), bot.feed("wire", "Example Wire")
        for feed in (times, wire):
            feed.prints(ordinary(-20, "Fees at the harbour rise", f"http://{feed.name}.example/0"))
            await bot.gives_everybody(feed)
        bot.farm.serve("/news/crane-hits-ferry.html", page(TITLE, TEXT.split(". ")))
        bot.farm.redirect("/go", LINK)
        vera = await bot.user("Vera", (WATCHED, Mode.INSTANT))
        dora = await bot.user("Dora", (WATCHED, Mode.DIGEST))
        printed: dict[Feed, Mapping[float, Sequence[Printed]]] = {times: TIMES, wire: WIRE}
        if attack:
            own = bot.feed("mallory", "Mallory's Own")
            own.prints(GARDEN)
            printed = {own: attack.lists, **printed}
        hours = {*MORNINGS, *(at for each in printed.values() for at in each)}
        for at in sorted({*hours, attack.followed_at} if attack else hours):
            bot.clock.now = hour(at)
            for feed, lists in printed.items():
                if at in lists:
                    feed.prints(*lists[at])
            if attack and at == attack.followed_at:
                mallory = await bot.user("Mallory", (WATCHED, Mode.BOTH))
                await bot.follows(mallory, own)
            await bot.works_at(at)
            if at == SO_FAR:
                so_far = shown([await dora.asks("/digest")])
            assert all(feed.is_read for feed, lists in printed.items() if at in lists)
        return {"digest so far": so_far, **await views(bot, vera, dora)}


async def views(bot: WholeBot, alerted: User, reader: User) -> Views:
    """Return all that the two were sent, and what *reader* finds by asking."""
    bot.clock.now = hour(ASKED_AT)
    sent = {"alerts": shown(alerted.messages()), "digests": shown(reader.messages())}
    topic = (await topics.subscribed(bot.storage, reader.chat_id)).items[0].id
    first = await reader.asks("/search harbour OR crane OR bribery OR ferry")
    older = await reader.presses(first, "Older")
    page = await reader.presses(await reader.asks("/topics"), "Harbour")
    more = await reader.presses(page, "More ▸")
    inline = await reader.asks_inline("harbour OR bribery")
    return sent | {
        "search": shown([first, older]),
        "inline": [(one["title"], one["description"], one["message"]["text"],
                    one["message"]["entities"]) for one in inline["results"]],
        "preview": shown([await reader.asks("harbour OR bribery OR casino")]),
        "trend": shown([await reader.asks("/trend harbour OR bribery")]),
        "publishers": shown([await reader.presses(more, "Sources")]),
        "atom": await published(bot, reader, topic, FeedKind.ATOM),
        "json": await published(bot, reader, topic, FeedKind.JSON),
        "digests, published": await published(bot, reader, WHOLE_DIGEST, FeedKind.ATOM),
    }  # fmt: skip


def shown(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what somebody sees of *messages*; numbers of rows and moments of ours are left out."""
    return [
        {
            "text": each.get("text") or each.get("caption"),
            "entities": each.get("entities"),
            "reply": each.get("reply_to_message", {}).get("text"),
            "buttons": [
                [(button["text"], button.get("url")) for button in row]
                for row in (each.get("reply_markup") or {}).get("inline_keyboard", ())
            ],
        }
        for each in messages
    ]


async def published(bot: WholeBot, user: User, topic: int, kind: FeedKind) -> str:
    """Return the feed that others give out; the number of a story is nobody's business."""
    await published_feeds.get_feeds(bot.storage, user.chat_id, links=bot.doors.links)
    feed = await bot.published_feed(user.chat_id, topic, 1, kind)
    assert feed
    written = as_atom(feed) if kind is FeedKind.ATOM else as_json(feed)
    return re.sub(r":(story|edition)-\d+", r":\1", written.decode())
