"""The layouts that have snapshots, as text by the name of the snapshot's file."""

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from aiohttp import ClientSession

from bot.publishing import samples
from bot.publishing.pages import EditionPage, edition_page, section_page
from bot.publishing.samples import (
    sample_alert,
    sample_alert_mail,
    sample_bundle,
    sample_edition,
    sample_mail,
)
from bot.publishing.selection import FOLD_FROM, choose
from bot.rendering.html import to_html
from bot.rendering.messages import Message
from bot.rendering.renderer import Renderer, Renderers
from storage.enums import Layout, Style
from tests.web.showing import DAY, showing

FOLDER = Path(__file__).parent / "kept"
# Beside English: a right-to-left language, and one without spaces or plurals.
KEPT = ("ar", "ja")
_FINGERPRINT = re.compile(r"/static/[0-9a-f]+-")  # of an asset's bytes
_BETWEEN_BLOCKS = re.compile(r"(?<=>)(?=<(?:h\d|p|ul|li|details|summary|footer|hr|/ul|/details)\b)")


def looks() -> Mapping[str, str]:
    """Return the text of each snapshot by the name of its file."""
    looks = {f"{name}.txt": written(messages) for name, messages in messages_by_look().items()}
    looks |= _mails() | {"page.html": asyncio.run(_page())}
    return looks | {
        f"{code}/{name}": text for code in KEPT for name, text in looks_in(code).items()
    }


def looks_in(code: str) -> dict[str, str]:
    """Return each layout in another language than English."""
    pages = messages_in_language(code)
    mail = sample_mail(Renderers().of(code), replace(sample_edition(), language=code))
    return {f"{name}.txt": written(messages) for name, messages in pages.items()} | {
        "mail.txt": f"{mail.subject}\n\n{mail.text}\n",
        "mail.html": f"{mail.html}\n",
        "page.html": asyncio.run(_page(code)),
    }


def messages_in_language(code: str) -> Mapping[str, Sequence[Message]]:
    renderer, edition = Renderers().of(code), replace(sample_edition(), language=code)
    digest = edition_page(renderer, edition)
    return {
        "alert": [sample_alert(renderer)],
        "bundle": sample_bundle(renderer),
        "digest": digest,
        "digest_plain": [message.plain() for message in digest],
        "digest_rich": edition_page(renderer, replace(edition, layout=Layout.RICH)),
        "digest_weekly": edition_page(
            renderer, replace(sample_edition(weekly=True), language=code)
        ),
    }


def kept() -> set[str]:
    """Return the names of the stored snapshots; other languages have folders of their own."""
    files = (path for path in FOLDER.rglob("*") if path.is_file())
    return {path.relative_to(FOLDER).as_posix() for path in files}


def messages_by_look() -> Mapping[str, Sequence[Message]]:
    renderer = Renderer()
    edition = sample_edition()
    editions = {
        "digest": edition,
        "digest_brief": sample_edition(Style.BRIEF),
        "digest_full": sample_edition(Style.FULL),
        "digest_late": replace(edition, late=timedelta(hours=2)),
        "digest_weekly": sample_edition(weekly=True),
        "digest_with_a_page": replace(with_folds(), url="https://news.example.org/e/1"),
        "digest_without_next": replace(edition, next_at=None),
        "digest_with_folds": with_folds(),
        "digest_rich_with_folds": replace(with_folds(), layout=Layout.RICH),
        "digest_rich": replace(edition, layout=Layout.RICH),
        "digest_rich_brief": replace(sample_edition(Style.BRIEF), layout=Layout.RICH),
        "digest_empty": replace(edition, choice=choose([], [])),
    }
    pages = {name: edition_page(renderer, edition) for name, edition in editions.items()}
    pages["digest_plain"] = [message.plain() for message in pages["digest"]]
    pages["now"] = edition_page(renderer, replace(edition, day=None))
    pages["section"] = section_page(renderer, edition, samples.TIES.id)
    pages["alert"] = [sample_alert(renderer)]
    pages["alert_of_a_chapter"] = [sample_alert(renderer, is_chapter=True)]
    pages["bundle"] = sample_bundle(renderer)
    return pages


def with_folds() -> EditionPage:
    """Return a digest with more stories, alerted or not, than a topic may list."""
    edition = sample_edition()
    known = edition.choice.all_stories
    more = [
        replace(story, id=10 * n + story.id, title=f"{story.title} ({n})")
        for n in range(1, FOLD_FROM)
        for story in known
    ]
    snippets = {story.id: edition.snippets[story.id % 10] for story in more}
    return replace(
        edition,
        choice=choose([samples.TIES, samples.CONSUL], [*known, *more]),
        snippets={**edition.snippets, **snippets},
        trends={},
    )


def _mails() -> dict[str, str]:
    renderer, edition = Renderer(), sample_edition()
    mails = {
        "mail": sample_mail(renderer, edition),
        "mail_brief": sample_mail(renderer, sample_edition(Style.BRIEF)),
        "mail_full": sample_mail(renderer, sample_edition(Style.FULL)),
        "mail_weekly": sample_mail(renderer, sample_edition(weekly=True)),
        "mail_alert": sample_alert_mail(renderer),
        "mail_alert_of_a_chapter": sample_alert_mail(renderer, is_chapter=True),
    }
    texts = {f"{name}.txt": f"{mail.subject}\n\n{mail.text}\n" for name, mail in mails.items()}
    return texts | {f"{name}.html": f"{mail.html}\n" for name, mail in mails.items()}


async def _page(language: str = "") -> str:
    """Return the digest's page as a browser gets it, with an address that never changes."""
    async with showing(language) as links, ClientSession() as session:
        address = str(links.edition(7, DAY, 0, samples.NOW))
        async with session.get(address) as response:
            text = await response.text()
    text = _FINGERPRINT.sub("/static/", text)
    return text.replace(str(links.base), "https://dateline.example") + "\n"


def written(messages: Iterable[Message]) -> str:
    """Write messages for a diff: entities as tags, buttons with their data or URL."""
    return "\n-----\n".join(_written(message) for message in messages) + "\n"


def _written(message: Message) -> str:
    body = _BETWEEN_BLOCKS.sub("\n", message.rich) if message.rich else str(to_html(message))
    rows = (
        " ".join(f"[{button.text}]({button.data or button.url})" for button in row)
        for row in message.keyboard
    )
    return "\n".join([body, "", *rows]).rstrip()
