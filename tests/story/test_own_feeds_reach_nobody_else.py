"""A user's own feed that lists a publisher's article first is invisible to all other users.

The same five days pass with and without attackers. Two other users must see the same. On SQLite
each attacker is alone, because one attack could hide what another does. On PostgreSQL, where a run
takes longer, all attack at once.
"""

import asyncio
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import make_url

from bot.rendering.links import WHOLE_DIGEST, FeedKind
from bot.rendering.published_feeds import as_atom, as_json
from bot.subscribers import own_feeds, topics
from storage.enums import Mode
from tests.sources.feeds_made import page
from tests.story.whole_bot import Feed, Item, User, WholeBot, hour, whole_bot

pytestmark = pytest.mark.slow

QUERY: Final = "harbour OR bribery"
AT: Final = 100.0  # the hour in which the publisher publishes its article
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


def crane(hours: float | None, **other: str) -> Item:
    """Return the publisher's article, dated *hours*, or a variant with *other* fields."""
    facts = {"title": TITLE, "link": LINK, "text": TEXT} | other
    return Item(**facts, published_at=None if hours is None else hour(hours))


def invented(hours: float | None, part: str = "") -> Item:
    return crane(hours, title=INVENTED + part, text=INVENTED_TEXT)


def ordinary(hours: float, title: str, link: str) -> Item:
    return Item(title, link, f"{title}. " * 12 + "More is not known.", hour(hours))


@dataclass(frozen=True)
class Attack:
    """The items of the attacker's feed by hour, and the hour in which the attacker follows it."""

    lists: Mapping[float, Sequence[Item]]
    followed_at: float = 2.0


def once(*articles: Item, at: float = BEFORE) -> Attack:
    return Attack({at: articles})


OWN_LINK: Final = "http://mallory.example/crane"
ATTACKS: Final = {
    "nothing of interest": once(Item("Tomatoes", OWN_LINK, "They are red. " * 40)),
    "newly followed": Attack({BEFORE: [crane(BEFORE - 1)]}, followed_at=BEFORE),
    "dated 80 h ago": once(crane(BEFORE - 80)),
    "fresh with the same words": once(crane(BEFORE)),
    "fresh with other words": once(invented(BEFORE)),
    "fresh with words that match no topic": once(
        crane(BEFORE, title="Recipes for a rainy day", text="Take an onion. " * 40)
    ),
    "few words, so that the page is fetched": once(crane(BEFORE, text="A crane fell.")),
    "20 revisions": Attack(
        {AT - 30 + 1.25 * n: [invented(None, f", part {n}")] for n in range(21)}
    ),
    "backslash in the link": once(
        crane(BEFORE, link=r"http://evil.example\@times.example/news/crane-hits-ferry.html")
    ),
    "three days ahead": once(invented(AT - 74), at=AT - 74),
    "other words after the publisher": once(invented(AT + 1), at=AT + 1),
    "a link that redirects to the publisher": once(
        crane(BEFORE, link="http://mallory.example/go", text="A crane fell.")
    ),
    "the same event before the publishers": once(crane(BEFORE, link=OWN_LINK)),
    "the same event between the publishers": once(crane(AT, link=OWN_LINK), at=AT),
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

GARDEN: Final = Item("Notes from my garden", "http://mallory.example/1", "It rained. " * 50)
TIMES: Final = {
    3.0: [ordinary(3, "Pilots of the harbour get new boats", "http://times.example/news/pilots")],
    50.0: [ordinary(50, "Fish market leaves the old harbour", "http://times.example/news/fish")],
    AT: [crane(AT)],
    AT + 2: [
        crane(AT, title=f"{TITLE}, two dockers hurt"),
        ordinary(AT + 2, LIBRARY, "http://times.example/news/library"),
    ],
}
# Never in the same hour as the Times, because two feeds fetched together are stored in any order.
WIRE: Final = {
    4.0: [ordinary(4, "Storm shuts port of Lindau, harbour empty", "http://wire.example/storm")],
    51.0: [ordinary(51, "Regatta begins in Arden harbour", "http://wire.example/regatta")],
    AT + 1: [
        Item(
            "Ferry hit as crane collapses in Westport harbour",
            "http://wire.example/ferry",
            WIRE_TEXT,
            hour(AT + 1),
        )
    ],
}
MORNINGS: Final = (20.5, 44.5, 68.5, 92.5, 116.5)  # half an hour after the digest is due
SO_FAR: Final = AT + 2  # the hour of /digest
VIEWED_AT: Final = AT + 17

Views = dict[str, Any]
_UNDISTURBED: Final[dict[str, Views]] = {}  # by database


@pytest.fixture
async def undisturbed(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Views:
    """Return the views of the two users without an attacker."""
    url = make_url(database_url)
    dialect = url.get_backend_name()
    if dialect not in _UNDISTURBED:
        if dialect == "sqlite":
            copy = tmp_path / "undisturbed.sqlite3"
            shutil.copy(url.database or "", copy)
            _UNDISTURBED[dialect] = await five_days(f"sqlite+aiosqlite:///{copy}")
        else:
            _UNDISTURBED[dialect] = await five_days(database_url)
            await asyncio.to_thread(request.getfixturevalue("emptier").empty)
    return _UNDISTURBED[dialect]


def test_every_view_is_filled_without_an_attacker(undisturbed: Views):
    def text(view: str) -> str:
        return str(undisturbed[view])

    assert text("alerts").count(TITLE) == 1
    assert "Example Times · 16:00 · also Example Wire" in text("alerts")
    assert f"{TITLE}, two dockers hurt · " in text("digests")
    assert f"{TITLE}, two dockers hurt" in text("digest so far")
    assert "7 stories" in text("search")
    assert "Ferry hit as crane collapses" in text("search")
    assert "http://wire.example/ferry" in text("inline")
    assert "7 stories in the last 7 days" in text("preview")
    assert "7 stories in four weeks" in text("trend")
    assert "Example Times · 5" in text("publishers")
    assert "<p>Example Times, Example Wire</p>" in text("json")
    assert all(LINK in text(view) for view in ("alerts", "digests", "atom", "json"))
    assert f"{TITLE}, two dockers hurt" in text("digests, published")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
async def test_an_attack_changes_no_view_of_other_users(
    attack: Attack, undisturbed: Views, database_url: str
):
    assert _changes(await five_days(database_url, attack), undisturbed) == {}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_all_attacks_at_once_change_no_view_of_other_users(
    undisturbed: Views, database_url: str
):
    assert _changes(await five_days(database_url, *ATTACKS.values()), undisturbed) == {}


def _changes(views: Views, undisturbed: Views) -> Views:
    """Return the views that changed, as they are and as they were."""
    return {
        name: (views[name], undisturbed[name]) for name in views if views[name] != undisturbed[name]
    }


async def five_days(database_url: str, *attacks: Attack) -> Views:
    """Let five days pass; return the views of two users who do not follow the attackers' feeds."""
    async with whole_bot(database_url) as bot:
        times, wire = bot.feed("times", "Example Times"), bot.feed("wire", "Example Wire")
        for feed in (times, wire):
            feed.publish(ordinary(-20, "Fees at the harbour rise", f"http://{feed.name}.example/0"))
            await bot.add_public(feed)
        bot.web.serve("/news/crane-hits-ferry.html", page(TITLE, TEXT.split(". ")))
        bot.web.redirect("/go", LINK)
        vera = await bot.user("Vera", (QUERY, Mode.INSTANT))
        dora = await bot.user("Dora", (QUERY, Mode.DIGEST))
        own = {_own_feed(bot, f"mallory{n}"): _moved(one, n) for n, one in enumerate(attacks)}
        published_items: dict[Feed, Mapping[float, Sequence[Item]]] = {
            **{feed: attack.lists for feed, attack in own.items()},
            times: TIMES,
            wire: WIRE,
        }
        hours = {
            *MORNINGS,
            *(attack.followed_at for attack in attacks),
            *(at for items_by_hour in published_items.values() for at in items_by_hour),
        }
        for at in sorted(hours):
            bot.clock.now = hour(at)
            for feed, lists in published_items.items():
                if at in lists:
                    feed.publish(*lists[at])
            for feed in (feed for feed, attack in own.items() if at == attack.followed_at):
                mallory = await bot.user("Mallory", (QUERY, Mode.BOTH))
                await bot.follow(mallory, feed)
            await bot.run_at(at)
            if at == SO_FAR:
                so_far = shown([await dora.send("/digest")])
            assert all(feed.is_read for feed, lists in published_items.items() if at in lists)
        return {"digest so far": so_far, **await all_views(bot, vera, dora)}


def _own_feed(bot: WholeBot, name: str) -> Feed:
    feed = bot.feed(name, "Mallory's Own")
    feed.publish(GARDEN)
    return feed


def _moved(attack: Attack, number: int) -> Attack:
    """Return *attack* with its own links on the host of the feed with that *number*."""

    def moved(item: Item) -> Item:
        return replace(item, link=item.link.replace("//mallory.", f"//mallory{number}."))

    return replace(attack, lists={at: [*map(moved, items)] for at, items in attack.lists.items()})


async def all_views(bot: WholeBot, alerted: User, reader: User) -> Views:
    """Return all messages to the two users, and the results of *reader*'s commands."""
    bot.clock.now = hour(VIEWED_AT)
    sent = {"alerts": shown(alerted.messages()), "digests": shown(reader.messages())}
    topic = (await topics.subscribed(bot.storage, reader.chat_id)).items[0].id
    first = await reader.send("/search harbour OR crane OR bribery OR ferry")
    older = await reader.press(first, "Older")
    page = await reader.press(await reader.send("/topics"), "Harbour")
    more = await reader.press(page, "More ▸")
    inline = await reader.search_inline("harbour OR bribery")
    return sent | {
        "search": shown([first, older]),
        "inline": [(result["title"], result["description"], result["message"]["text"],
                    result["message"]["entities"]) for result in inline["results"]],
        "preview": shown([await reader.send("harbour OR bribery OR casino")]),
        "trend": shown([await reader.send("/trend harbour OR bribery")]),
        "publishers": shown([await reader.press(more, "Sources")]),
        "atom": await published(bot, reader, topic, FeedKind.ATOM),
        "json": await published(bot, reader, topic, FeedKind.JSON),
        "digests, published": await published(bot, reader, WHOLE_DIGEST, FeedKind.ATOM),
    }  # fmt: skip


def shown(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the visible parts of *messages*, without ids and timestamps."""
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
    """Return the published feed without the numbers of stories."""
    await own_feeds.get_feeds(bot.storage, user.chat_id, links=bot.resources.links)
    feed = await bot.published_feed(user.chat_id, topic, 1, kind)
    assert feed
    document = as_atom(feed) if kind is FeedKind.ATOM else as_json(feed)
    return re.sub(r":(story|edition)-\d+", r":\1", document.decode())
