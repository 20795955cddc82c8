import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.publishing.headlines import WIDTH, columns, short_headline


@pytest.mark.parametrize(
    ("title", "short"),
    [
        pytest.param(
            "Airlines waive fees after travel advice",
            "Airlines waive fees after travel advice",
            id="a short one stays whole",
        ),
        pytest.param(
            "Envoy flies to Beijing over prime minister's remark",
            "Envoy flies to Beijing",
            id="ends before a clause",
        ),
        pytest.param(
            "Central bank raises rates to two per cent, the most in thirty years",
            "Central bank raises rates to two per cent",
            id="ends at a comma",
        ),
        pytest.param(
            "Oil fund sells its stakes worth 1,300,000 crowns in a dozen companies",
            "Oil fund sells its stakes worth 1,300,000…",
            id="a comma in a number ends nothing",
        ),
        pytest.param(
            "In Rome, ministers of nine countries agree on a common price for gas",
            "In Rome, ministers of nine countries agree…",
            id="a clause that is too short says nothing",
        ),
        pytest.param(
            "台湾、半導体の輸出を規制へ、来月から新しい許可制を導入すると発表",
            "台湾、半導体の輸出を規制へ",
            id="Japanese, at its own comma",
        ),
        pytest.param(
            "Russia hammers Ukraine again as U.S. brokers third talks",
            "Russia hammers Ukraine again as U.S. brokers third talks",
            id="one that is a little too long stays whole",
        ),
        pytest.param(
            "Prosecutors in Austria charge man of 21 with terrorism after plot on concert",
            "Prosecutors in Austria charge man of 21 with terrorism",
            id="a clause that is a little too long",
        ),
        pytest.param(
            "Senators of both parties, the president strike a deal",
            "Senators of both parties, the president strike a deal",
            id="the first of a list is no clause",
        ),
        pytest.param("台" * 40, f"{'台' * 22}…", id="wide characters count double"),
        pytest.param("  Two\n lines ", "Two lines", id="one line"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_a_headline_is_shortened_at_a_clause_or_a_word(title, short):
    assert short_headline(title) == short


def test_a_family_of_joined_emoji_is_not_split():
    family = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}"

    short = short_headline(family * 30)

    assert short.removesuffix("…") == family * (len(short) // len(family))


@given(st.text(max_size=200))
def test_a_short_headline_fits_and_is_the_beginning_of_its_title(title):
    short = short_headline(title)

    assert columns(short) <= WIDTH * 4 / 3
    assert columns(short) <= WIDTH or not short.endswith("…") or short in " ".join(title.split())
    assert " ".join(title.split()).startswith(short.removesuffix("…"))
