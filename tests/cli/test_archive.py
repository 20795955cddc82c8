"""`dateline archive`: the digests of channels as pages."""

from datetime import timedelta

import pytest

from storage.articles import Article
from storage.db.engine import Storage
from storage.editions import Edition, EditionStory
from storage.enums import ChatKind, Mode
from tests.cli.conftest import with_storage_at
from tests.publishing.newsroom import Newsroom

pytestmark = pytest.mark.slow

CHANNEL, PRIVATE = -1001234567890, 7


async def fill(storage: Storage) -> None:
    """Store a digest of a channel, and one of a private chat."""
    room = Newsroom(storage)
    source, query = await room.source(), await room.query("words")
    for telegram_id, kind in ((CHANNEL, ChatKind.CHANNEL), (PRIVATE, ChatKind.PRIVATE)):
        chat = await room.chat(telegram_id, kind=kind, name="The desk")
        topic = await room.subscribe(chat, query, "My words", Mode.DIGEST)
        article = await room.article("Envoy flies to Beijing", query, source_id=source)
        async with storage.writing() as tx:
            story = (await tx.get_one(Article, article)).story_id
            edition = Edition(
                chat_id=chat,
                local_date=tx.now.date(),
                due_at=tx.now,
                made_at=tx.now,
                since=tx.now - timedelta(days=1),
                stories=1,
                topics=[(topic, "My words", False)],
            )
            await tx.add(edition)
            await tx.flush()
            await tx.add(
                EditionStory(
                    chat_id=chat,
                    story_id=story,
                    edition_id=edition.id,
                    article_id=article,
                    topic_ids=[topic],
                )
            )


@pytest.fixture
def archive(dateline_on, database_url, tmp_path):
    with_storage_at(database_url, fill)
    folder = tmp_path / "www"
    return folder, lambda *options: dateline_on(database_url)("archive", str(folder), *options)


def test_a_chat_is_archived_once(archive):
    folder, run = archive

    first, second = run("--chat", str(CHANNEL)), run("--chat", str(CHANNEL))

    name = str(-CHANNEL)
    assert (first.exit_code, first.output) == (0, f"{name}: 4 files written\n")
    assert second.output == f"{name}: 0 files written\n"
    assert "Envoy flies to Beijing" in (next((folder / name).glob("2*.html"))).read_text()


def test_all_public_archives_channels_alone(archive):
    folder, run = archive

    done = run("--all-public", "--url", "https://news.example/archive/")

    assert done.exit_code == 0
    assert [path.name for path in folder.iterdir()] == [str(-CHANNEL)]
    feed = (folder / str(-CHANNEL) / "feed.atom").read_text()
    assert f"https://news.example/archive/{-CHANNEL}/" in feed


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param((), "Say which chats", id="no chat"),
        pytest.param(("--chat", "99"), "There is no chat 99.", id="an unknown chat"),
    ],
)
def test_chats_that_cannot_be_archived_are_named(archive, options, said):
    folder, run = archive

    done = run(*options)

    assert done.exit_code != 0
    assert said in done.output
    assert not folder.exists()


def test_a_foreign_file_is_named_and_kept(archive):
    folder, run = archive
    foreign = folder / str(-CHANNEL) / "index.html"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("mine")

    done = run("--chat", str(CHANNEL))

    assert done.exit_code != 0
    assert "was not written by this command" in " ".join(done.output.split())
    assert foreign.read_text() == "mine"
