"""The static archive of a channel's digests: pages and an Atom feed, for any web host.

- Each chat has a folder with a page for each edition, an index by month, a feed and a style sheet.
  `dateline-archive.json` there lists them; files that it does not list are never changed.
- A page is made when its edition is first seen, and again only if another edition follows it. It
  stays when the database has forgotten the edition.
- Titles are text of strangers; the templates escape them. No page has a script.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from bot.publishing.contents import load_made_digest
from bot.publishing.pages import EditionPage, edition_values
from bot.rendering.published_feeds import FeedDocument, FeedEntry, as_atom
from bot.rendering.renderer import Renderer
from storage.chats import Chat
from storage.db.engine import Storage
from storage.editions import Edition, editions_to_export

_LIST: Final = "dateline-archive.json"
_STYLE, _INDEX, _FEED = "style.css", "index.html", "feed.atom"
_MOST_EDITIONS = 1000  # more than a chat has before retention deletes them
_MOST_ENTRIES = 30  # of the feed
# Characters that no valid page has, not even as references.
_NO_CHARACTER = re.compile("[\0-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_READABLE, _ENTERABLE = 0o644, 0o755  # because a web server publishes the files


class ForeignFileError(Exception):
    """A file of the archive's name exists, and the archive did not write it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path


@dataclass(frozen=True, slots=True)
class PageListed:
    """A page of the archive; *title* is its line in the index."""

    name: str
    day: date
    title: str
    entry: str = ""  # the HTML of its entry in the feed
    made_at: str = ""

    def to_json(self) -> dict[str, str]:
        return {
            "day": self.day.isoformat(),
            "title": self.title,
            "entry": self.entry,
            "made_at": self.made_at,
        }


@dataclass(slots=True)
class ArchiveFolder:
    """The folder of a chat: the pages that it has, and the hashes of the files in it."""

    path: Path
    pages: dict[str, PageListed] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    written: int = 0

    @classmethod
    def open(cls, path: Path) -> "ArchiveFolder":
        """Read the list of the folder; make the folder if there is none."""
        folder = cls(path)
        for new in [each for each in (path, *path.parents) if not each.exists()][::-1]:
            new.mkdir()
            new.chmod(_ENTERABLE)
        listed = path / _LIST
        if listed.exists():
            stored = json.loads(listed.read_text(encoding="utf-8"))
            folder.files = dict(stored["files"])
            folder.pages = {
                name: PageListed(name, **page | {"day": date.fromisoformat(page["day"])})
                for name, page in stored["pages"].items()
            }
        return folder

    @property
    def ordered(self) -> list[PageListed]:
        return sorted(self.pages.values(), key=lambda page: (page.day, page.made_at, page.name))

    def write(self, name: str, content: bytes) -> None:
        """Write a file if its content is new. Raises ForeignFileError."""
        path, checksum = self.path / name, sha256(content).hexdigest()
        if path.is_symlink() or (path.exists() and name not in self.files):
            raise ForeignFileError(path)
        if self.files.get(name) == checksum and path.exists():
            return
        part = path.with_name(f".{name}.part")
        part.write_bytes(content)
        part.chmod(_READABLE)
        part.replace(path)
        self.files[name] = checksum
        self.written += 1

    def save(self) -> None:
        stored = {
            "files": self.files,
            "pages": {page.name: page.to_json() for page in self.ordered},
        }
        listed = self.path / _LIST
        text = json.dumps(stored, ensure_ascii=False, indent=1, sort_keys=True)
        if not listed.exists() or listed.read_text(encoding="utf-8") != text:
            part = listed.with_name(f".{_LIST}.part")
            part.write_text(text, encoding="utf-8")
            part.replace(listed)


async def archive_chat(
    storage: Storage, renderer: Renderer, chat: Chat, folder: Path, base: str | None
) -> int:
    """Write the archive of a chat into *folder*; return how many files are new or changed.

    *base*: the address at which the folder is published, for the links of its feed. Raises
    ForeignFileError.
    """
    archive, renderer = ArchiveFolder.open(folder), renderer.of(chat.speaks)
    async with storage.reading() as tx:
        editions = await editions_to_export(tx, chat.id, _MOST_EDITIONS)
    new = [edition for edition in editions if _name(edition) not in archive.pages]
    last = next(iter(archive.ordered[-1:]), None)
    shown: dict[str, EditionPage] = {}
    for edition in [*(each for each in editions if last and _name(each) == last.name), *new]:
        day, number = edition.local_date, edition.schedule_number
        page = await load_made_digest(storage, chat.id, day, number)
        if page is not None and page.choice:
            shown[_name(edition)] = page
            archive.pages[_name(edition)] = _listed(renderer, _name(edition), page)
    _write(archive, renderer, chat, shown, base)
    return archive.written


def _write(
    archive: ArchiveFolder,
    renderer: Renderer,
    chat: Chat,
    shown: dict[str, EditionPage],
    base: str | None,
) -> None:
    ordered = archive.ordered
    archive.write(_STYLE, renderer.text("web/style.css").encode())
    for place, listed in enumerate(ordered):
        if listed.name in shown:
            values: dict[str, Any] = edition_values(shown[listed.name]) | {
                "chat": chat.name,
                "before": ordered[place - 1] if place else None,
                "after": next(iter(ordered[place + 1 : place + 2]), None),
            }
            archive.write(listed.name, _page(renderer.text("archive/edition.html", **values)))
    months: dict[tuple[int, int], list[PageListed]] = {}
    for page in reversed(ordered):
        months.setdefault((page.day.year, page.day.month), []).append(page)
    index = renderer.text("archive/index.html", chat=chat.name, months=list(months.values()))
    archive.write(_INDEX, _page(index))
    if ordered:
        archive.write(
            _FEED, as_atom(_feed(renderer, chat, ordered[: -_MOST_ENTRIES - 1 : -1], base))
        )
    archive.save()


def _page(text: str) -> bytes:
    return _NO_CHARACTER.sub("", text).encode()


def _name(edition: Edition) -> str:
    """Return the name of an edition's page; a date may have several."""
    number = f"-{edition.schedule_number}" if edition.schedule_number else ""
    return f"{edition.local_date:%Y-%m-%d}{number}.html"


def _listed(renderer: Renderer, name: str, page: EditionPage) -> PageListed:
    day = page.day or page.today
    stories = page.choice.stories
    return PageListed(
        name=name,
        day=day,
        title=renderer.line("web/feed.html#digest_title", day=day, stories=stories),
        entry=renderer.text("web/feed.html#digest", choice=page.choice, more=0, url=""),
        made_at=page.now.isoformat(),
    )


def _feed(
    renderer: Renderer, chat: Chat, newest: Sequence[PageListed], base: str | None
) -> FeedDocument:
    root = f"{base.rstrip('/')}/" if base else ""
    entries = tuple(
        FeedEntry(
            id=_id(chat, page.name),
            title=page.title,
            url=f"{root}{page.name}",
            published=datetime.fromisoformat(page.made_at),
            updated=datetime.fromisoformat(page.made_at),
            html=page.entry,
        )
        for page in newest
    )
    return FeedDocument(
        id=_id(chat, ""),
        title=chat.name or "Dateline",
        url=f"{root}{_FEED}",
        language=renderer.language.code,
        updated=max(entry.updated for entry in entries),
        entries=entries,
    )


def _id(chat: Chat, name: str) -> str:
    """Return a permanent id, wherever the archive is published (RFC 4122)."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'dateline:{chat.telegram_id}:{name}')}"
