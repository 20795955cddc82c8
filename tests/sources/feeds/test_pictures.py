"""The lead pictures of entries, as feeds of each kind declare them."""

import json

import pytest

from bot.sources.feeds.jsonfeed import read_json
from bot.sources.feeds.model import Document, DocumentKind, Item
from bot.sources.lead_pictures import LeadPicture
from tests.sources.feeds.test_xml import DECLARING, HOME, atom, fast, slow

A, B = "https://ex.org/a.jpg", "https://ex.org/b.jpg"
NAMESPACES = (
    'xmlns:media="http://search.yahoo.com/mrss/" '
    'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" '
    'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
)


def rss(parts: str) -> bytes:
    item = f"<item><title>Ferry</title><link>https://ex.org/1</link>{parts}</item>"
    return (
        f'<rss version="2.0" {NAMESPACES}><channel><title>H</title>{item}</channel></rss>'.encode()
    )


@pytest.mark.parametrize("read", [fast, lambda data: slow(DECLARING + data)], ids=["fast", "slow"])
@pytest.mark.parametrize(
    ("parts", "picture"),
    [
        pytest.param(
            f'<media:content medium="image" url="{A}" width="800" height="450"/>',
            LeadPicture(A, 800, 450),
            id="Media RSS",
        ),
        pytest.param(
            f'<media:content url="{A}" width="240" type="image/jpeg"/>'
            f'<media:content url="{B}" width="960" type="image/jpeg"/>',
            LeadPicture(B, 960),
            id="the widest of several",
        ),
        pytest.param(f'<media:content url="{A}"/>', LeadPicture(A), id="known by its ending"),
        pytest.param(
            f'<media:group><media:content url="{A}" medium="image"/></media:group>',
            LeadPicture(A),
            id="in a group",
        ),
        pytest.param(
            f'<media:thumbnail url="{A}" width="240" height="135"/>',
            LeadPicture(A, 240, 135),
            id="a thumbnail",
        ),
        pytest.param(
            f'<enclosure url="{A}" type="image/jpeg" length="1"/>',
            LeadPicture(A),
            id="an enclosure",
        ),
        pytest.param(
            f'<enclosure url="https://ex.org/a.mp3" type="audio/mpeg"/><itunes:image href="{A}"/>',
            LeadPicture(A),
            id="a podcast",
        ),
        pytest.param(
            f'<description>&lt;img src="{A}" alt="Fog"&gt;Late.</description>',
            LeadPicture(A, alt="Fog"),
            id="in the text",
        ),
        pytest.param(
            f"<description>Late.</description><content:encoded>&lt;p&gt;&lt;img src='{A}'"
            " width='640'/&gt;&lt;/p&gt;</content:encoded>",
            LeadPicture(A, 640),
            id="in the content",
        ),
        pytest.param(
            f'<media:thumbnail url="{A}" width="75"/>'
            f'<description>&lt;img src="{B}"&gt;</description>',
            LeadPicture(B),
            id="in the text, if the thumbnail is tiny",
        ),
        pytest.param(
            '<media:content medium="video" url="https://ex.org/a.mp4"/>', None, id="a film"
        ),
        pytest.param('<enclosure url="https://ex.org/a.jpg"/>', None, id="of no type"),
        pytest.param('<media:content medium="image" url="http://ex.org/a.jpg"/>', None, id="http"),
        pytest.param("<description>Late.</description>", None, id="none"),
    ],
)
def test_the_lead_picture_of_an_rss_item_is_read(read, parts, picture):
    assert read(rss(parts)).items[0].picture == picture


def test_the_still_inside_a_film_is_its_picture():
    film = (
        '<media:content medium="video" url="https://ex.org/a.mp4">'
        f'<media:thumbnail url="{A}"/></media:content>'
    )

    assert fast(rss(film)).items[0].picture == LeadPicture(A)


def test_the_enclosure_of_an_atom_entry_is_its_picture():
    entry = f'<title>T</title><link rel="enclosure" type="image/png" href="{A}"/>'

    assert fast(atom(entry)).items[0].picture == LeadPicture(A)


@pytest.mark.parametrize(
    ("fields", "picture"),
    [
        pytest.param({"image": A, "banner_image": B}, LeadPicture(A), id="image"),
        pytest.param({"banner_image": "/b.jpg"}, LeadPicture(B), id="a banner"),
        pytest.param({"image": 7}, None, id="a number"),
        pytest.param({"content_html": f'<img src="{A}">'}, LeadPicture(A), id="in the text"),
    ],
)
def test_the_picture_of_a_json_feed_is_read(fields, picture):
    feed = json.dumps({"title": "H", "items": [{"id": "1", "title": "T"} | fields]})

    assert read_json(feed, HOME).items[0].picture == picture


def test_a_picture_passes_between_processes():
    item = Item("g", title="T", picture=LeadPicture(A, 800, 450, "Fog"))
    document = Document(DocumentKind.FEED, items=(item,))

    passed = Document.from_json(json.loads(json.dumps(document.to_json())))

    assert passed == document
    assert isinstance(passed.items[0].picture, LeadPicture)
