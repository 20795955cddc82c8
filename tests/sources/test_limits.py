from pathlib import Path

import pytest

from bot.sources import limits

PAGE = Path(__file__).parents[2] / "docs/reference/limits.md"


@pytest.mark.parametrize(
    ("row", "numbers"),
    [
        ("an address of a source, a hub or an article", [limits.LONGEST_URL]),
        ("a fetch, with up to", [limits.MAX_REDIRECTS, limits.FETCH_SECONDS]),
        ("a sitemap", [limits.MOST_SITEMAP_URLS, limits.MOST_SITEMAP_ENTRIES]),
        (
            "a document that is read",
            [limits.LARGEST_DOCUMENT // 1_000_000, limits.MOST_ENTRIES, limits.MOST_TEXT],
        ),
        ("an entry", [limits.LONGEST_TEXT, limits.LONGEST_NAME]),
        ("requests to hosts in hand", [limits.MAX_PUBLIC_IN_FLIGHT, limits.MAX_USER_IN_FLIGHT]),
        ("a pause that a host asks for", [limits.MAX_RETRY_AFTER.days]),
    ],
)
def test_the_page_of_limits_states_the_numbers_of_the_code(row, numbers):
    lines = PAGE.read_text(encoding="utf-8").splitlines()

    line = next(line for line in lines if line.startswith(f"| {row}"))

    assert [f"{number:,}" for number in numbers if f" {number:,} " not in line] == []
