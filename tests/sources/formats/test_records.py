import json
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.sources.formats.records import Document, FeedPace, Item, Kind


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(Document(Kind.TEXT), id="nothing but a kind"),
        pytest.param(
            Document(
                Kind.FEED,
                "Harbour News",
                "https://ex.org/",
                "en",
                (
                    Item(
                        "1", "https://ex.org/1", "A", published=datetime(2026, 3, 2, 9, tzinfo=UTC)
                    ),
                    Item("2", "https://ex.org/2", "B", published=date(2026, 3, 2)),
                ),
                FeedPace(timedelta(minutes=30), frozenset({3, 4}), frozenset({6})),
            ),
            id="a feed with everything",
        ),
    ],
)
def test_a_document_survives_json(document: Document):
    assert Document.from_json(json.loads(json.dumps(document.to_json()))) == document
