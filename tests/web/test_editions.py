from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from bot.publishing import pictures
from storage.articles import Article
from storage.chats import Chat, set_schedule
from storage.schedules import ScheduleTime
from storage.subscriptions import Subscription
from tests.web.conftest import TUESDAY

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)


@pytest.fixture
def link(visitor, chat_id, clock):
    return visitor.links.edition(chat_id, TUESDAY, 0, clock.now)


async def test_an_edition_is_shown_in_full(visitor, link):
    page = await visitor.reads(link)

    assert "Tuesday, 3 March" in page
    assert "<p>8 stories from 1 publisher, 1 minute</p>" in page
    assert all(f'<a href="https://wire.example/{n}"' in page for n in range(1, 9))
    assert "1 story listed above" in page
    assert "Example Wire</a> · <time datetime=" in page
    assert "<b>Words</b> on Title 0." in page


async def test_text_from_outside_is_escaped(visitor, link):
    page = await visitor.reads(link)

    assert "More &lt;words&gt;" in page
    assert "More <words>" not in page


async def test_the_page_is_hidden_from_search_engines_and_shared_caches(visitor, link):
    answer = await visitor.opens(link)

    assert '<meta name="robots" content="noindex, nofollow">' in await answer.text()
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert answer.headers["Cache-Control"] == "private, max-age=300"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_an_edition_has_no_form(visitor, link):
    page = await visitor.reads(link)

    assert "<form" not in page
    assert "/m/" not in page


async def test_an_edition_is_kept_for_ninety_days(visitor, link, clock):
    clock.turn(90 * DAY)
    last = await visitor.opens(link)
    clock.turn(DAY)
    late = await visitor.opens(link)

    assert last.status == 200
    assert late.status == 410
    assert "Digests are kept for 90 days." in await late.text()


async def test_an_edition_of_an_erased_chat_is_gone(visitor, link, storage):
    async with storage.writing() as tx:
        await tx.session.exec(delete(Chat))

    assert (await visitor.opens(link)).status == 410


async def test_an_edition_that_was_never_made_is_gone(visitor, chat_id, clock):
    link = visitor.links.edition(chat_id, TUESDAY + DAY, 0, clock.now)

    assert (await visitor.opens(link)).status == 410


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda link: link.replace("/e/1.", "/e/2."), id="another chat"),
        pytest.param(lambda link: link[:-1], id="cut on its way"),
        pytest.param(lambda link: link.replace("/e/", "/m/"), id="another purpose"),
        pytest.param(lambda _: "https://news.example.org/e/x", id="made up"),
        pytest.param(lambda _: "https://news.example.org/e/%ED%A0%80.0.a", id="no text"),
    ],
)
async def test_other_addresses_do_not_open_the_edition(visitor, link, change):
    answer = await visitor.opens(change(link))

    assert answer.status == 404
    assert "There is nothing here" in await answer.text()


async def test_a_head_request_is_answered(visitor, link):
    answer = await visitor.client.head(visitor._path(link))

    assert answer.status == 200


PICTURE = "https://paper.example/crane.jpg"


@pytest.fixture
async def pictured(storage, link):
    async with storage.writing() as tx:
        await tx.session.exec(update(Article).values(picture_url=PICTURE, picture_alt='A "crane"'))
    return link


async def test_the_page_shows_the_lead_picture_and_allows_its_host_alone(visitor, pictured):
    answer = await visitor.opens(pictured)

    page, policy = await answer.text(), answer.headers["Content-Security-Policy"]
    assert page.count(f'<img src="{PICTURE}" width="720" alt="A &#34;crane&#34;"') == 1
    assert "img-src 'self' https://paper.example;" in policy
    assert "default-src 'none'" in policy
    assert answer.headers["X-Frame-Options"] == "DENY"


async def test_a_page_without_a_picture_allows_no_other_host(visitor, link):
    answer = await visitor.opens(link)

    assert "img-src 'self';" in answer.headers["Content-Security-Policy"]


async def test_a_chat_without_pictures_has_none_on_its_pages(visitor, pictured, storage):
    async with storage.writing() as tx:
        await tx.session.exec(update(Chat).values(pictures=False))

    answer = await visitor.opens(pictured)

    assert PICTURE not in await answer.text()
    assert "img-src 'self';" in answer.headers["Content-Security-Policy"]


@pytest.fixture
def painted(monkeypatch) -> list[object]:
    """What was painted, each as the same picture."""
    asked: list[object] = []

    def paint(_days: object, bands: object) -> bytes:
        asked.append(bands)
        return b"a picture"

    monkeypatch.setattr(pictures, "paint", paint)
    return asked


async def test_the_picture_of_a_weekly_edition_is_drawn_once(
    visitor, link, chat_id, storage, painted
):
    async with storage.writing() as tx:
        await set_schedule(tx, chat_id, [ScheduleTime(0, 8 * 60, weekdays=0b10)])
        for table, moment in ((Subscription, "created_at"), (Article, "stored_at")):
            first = await tx.session.get_one(table, 1)
            setattr(first, moment, getattr(first, moment) - 8 * DAY)

    page = await visitor.reads(link)
    picture = await visitor.opens(f"{link}/week.png")
    await visitor.reads(link)

    assert "Your week in the news" in page
    assert f'<img src="{visitor._path(link)}/week.png" alt="Stories per day' in page
    assert (await picture.read(), picture.content_type) == (b"a picture", "image/png")
    assert len(painted) == 1


async def test_a_daily_edition_has_no_picture(visitor, link, painted):
    assert "<img" not in await visitor.reads(link)
    assert (await visitor.opens(f"{link}/week.png")).status == 404
    assert not painted
