"""Coverage: the reports of stories, and the lead that is chosen from them."""

from asyncio import sleep
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from typing import Final

from bot.publishing.developments import Development, development_of
from bot.publishing.excerpts import ContentCache
from bot.publishing.leads import ReportText, StoryLead, lead_of
from bot.sources.hosts import host_shown
from storage.db.engine import Transaction
from storage.publishers import Named, names_by_story
from storage.reports import MOST_REPORTS, reports_of_stories


def _hash_of(reports: Sequence[ReportText]) -> bytes:
    hashed = blake2b(digest_size=16)
    for report in reports:
        hashed.update("\0".join(map(str, report)).encode("utf-8", "surrogatepass"))
    return hashed.digest()


ShownArticle = tuple[int, int]
"""A story, and the article whose headline is shown."""

_leads: Final[ContentCache[StoryLead | None]] = ContentCache()
_developments: Final[ContentCache[Development | None]] = ContentCache()


def development_in(known: Sequence[ReportText], newest: Sequence[ReportText]) -> Development | None:
    """Return `development_of` the reports, which takes milliseconds if it is not cached."""
    key = _hash_of(known) + _hash_of(newest)
    return _developments.find(key, partial(development_of, known, newest))[0]


async def load_leads(
    tx: Transaction,
    shown: Collection[ShownArticle],
    chat_id: int | None = None,
    names: Mapping[int, Sequence[Named]] | None = None,
) -> dict[ShownArticle, StoryLead]:
    """Return the leads of the *shown* stories that have one.

    Without *chat_id* they are chosen from public sources, with it from what the chat sees. *names*
    has the publishers by story, if they have been loaded.
    """
    articles = [article_id for _, article_id in shown]
    stories = {story_id for story_id, _ in shown}
    return await leads_of(shown, await load_reports(tx, stories, chat_id, names, also=articles))


async def load_reports(
    tx: Transaction,
    story_ids: Collection[int],
    chat_id: int | None = None,
    names: Mapping[int, Sequence[Named]] | None = None,
    most: int = MOST_REPORTS,
    also: Collection[int] = (),
) -> dict[int, list[ReportText]]:
    """Return the newest reports of each story, the newest first; see `load_leads`.

    Articles in *also* are among them, however old they are.
    """
    stored = await reports_of_stories(tx, story_ids, chat_id, most, also)
    if names is None:
        names = await names_by_story(tx, stored, chat_id)
    reports = {}
    for story_id, of_story in stored.items():
        publishers: dict[int, str] = {}
        for article_id, name, _ in names.get(story_id, ()):
            publishers.setdefault(article_id, name)
        reports[story_id] = [
            ReportText(
                article_id=one.article_id,
                publisher=publishers.get(one.article_id) or host_shown(one.url),
                title=one.title,
                url=one.url,
                text=one.text,
                language=one.language,
                news_at=one.news_at,
                published=one.published_at or one.published_on,
            )
            for one in of_story
        ]
    return reports


async def leads_of(
    shown: Iterable[ShownArticle], reports: Mapping[int, Sequence[ReportText]]
) -> dict[ShownArticle, StoryLead]:
    """Return the leads of the *shown* stories that have one.

    A lead that is not cached takes up to some milliseconds, so other tasks may run after each.
    """
    leads = {}
    for story_id, article_id in shown:
        of_story = reports.get(story_id, ())
        key = _hash_of(of_story) + article_id.to_bytes(8, "big")
        lead, is_new = _leads.find(key, partial(lead_of, of_story, article_id))
        if lead:
            leads[story_id, article_id] = lead
        if is_new:
            await sleep(0)
    return leads
