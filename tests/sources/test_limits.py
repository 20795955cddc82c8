from pathlib import Path

import pytest

from bot.sources import limits

PAGE = Path(__file__).parents[2] / "docs/reference/limits.md"


@pytest.mark.parametrize(
    "row",
    [
        f"{limits.LONGEST_URL:,} characters |",
        f"a fetch, with up to {limits.MAX_REDIRECTS} redirects | {limits.FETCH_SECONDS} seconds",
        f"{limits.MOST_SITEMAP_URLS:,} addresses are read, "
        f"the newest {limits.MOST_SITEMAP_ENTRIES:,} are kept",
        f"{limits.LARGEST_DOCUMENT // 1_000_000} MB unpacked, {limits.MOST_ENTRIES:,} entries "
        f"(the newest), {limits.MOST_TEXT:,} characters",
        f"{limits.LONGEST_TEXT:,} characters; {limits.LONGEST_NAME:,} in its title",
        f"{limits.MAX_PUBLIC_IN_FLIGHT} for public sources and the operator, "
        f"{limits.MAX_USER_IN_FLIGHT} for users",
        f"1 hour for the host, {limits.MAX_RETRY_AFTER.days} days for the source",
    ],
)
def test_the_page_of_limits_says_what_the_code_does(row):
    assert row in PAGE.read_text(encoding="utf-8")
