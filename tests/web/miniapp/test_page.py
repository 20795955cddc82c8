"""The page as it is served: its policy, its scripts, its words."""

import re
from pathlib import Path

import pytest

from bot.web.miniapp.page import day_names

pytestmark = pytest.mark.slow

SCRIPTS = sorted((Path(__file__).parents[3] / "bot/web/miniapp/scripts").glob("*.js"))
# Words with a blank between them, in quotes: what a script would say to somebody.
SENTENCE = re.compile(r"""["'`][^"'`\n]*[A-Za-z]{2,} [a-z]{2,} [^"'`\n]*["'`]""")


async def test_the_page_allows_the_frames_of_telegram_only(client):
    answer = await client.get("/app")
    policy = answer.headers["Content-Security-Policy"]

    assert answer.status == 200
    assert policy.endswith("frame-ancestors https://web.telegram.org https://*.telegram.org")
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "X-Frame-Options" not in answer.headers


async def test_other_pages_allow_no_frames(client):
    answer = await client.get("/nothing")

    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


async def test_the_page_has_no_inline_code_and_loads_nothing_from_elsewhere(client):
    page = await (await client.get("/app")).text()

    assert re.findall(r"<script(?![^>]* src=)", page) == []
    assert re.findall(r"<style| style=| on[a-z]+=", page) == []
    assert re.findall(r"""(?:src|href)=["'](?!/)""", page) == []


async def test_the_scripts_share_a_folder_named_after_their_content(client):
    page = await (await client.get("/app")).text()
    found = re.search(r'src="(/static/[0-9a-f]{16})/app\.js"', page)
    assert found

    for script in SCRIPTS:
        answer = await client.get(f"{found[1]}/{script.name}")
        assert answer.content_type == "text/javascript"
        assert "immutable" in answer.headers["Cache-Control"]
        assert await answer.read() == script.read_bytes()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_have_no_sentences_and_no_markup(script: Path):
    code = re.sub(r"^\s*//.*$|\s//.*$", "", script.read_text(encoding="utf-8"), flags=re.MULTILINE)

    assert SENTENCE.findall(code) == []
    assert re.findall(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", code) == []
    assert re.findall(r"https?://(?!\S*telegram)", code) == []


async def test_an_unknown_language_falls_back_to_english(client):
    page = await (await client.get("/app?language=<script>")).text()

    assert '<html lang="en" dir="ltr">' in page


def test_days_are_named_from_monday_on():
    assert day_names("en_GB")[0] == ("Mon", "Monday")
    assert day_names("ja")[6] == ("日", "日曜日")
