import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.publishing.headlines import WIDTH, columns, is_round_up, short_headline, short_headlines


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
            "Oil fund sells its stakes…",
            id="a comma in a number ends nothing, nor does a number",
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
        pytest.param(
            "'We will not be silenced by anybody': Minister Ann Lee on the new press law in Norway",
            "Minister Ann Lee on the new press law in Norway",
            id="who speaks on what, without the long quotation",
        ),
        pytest.param(
            "'It felt like the end of the world then': who survived on the quake, in ten towns",
            "who survived on the quake, in ten towns",
            id="a comma behind a quotation",
        ),
        pytest.param(
            "'Heartbreaking': Town mourns nine who died, after a storm of four days and nights",
            "'Heartbreaking': Town mourns nine who died",
            id="a short quotation stays with its news",
        ),
        pytest.param(
            "“We can't pay, and we won't pay, and that is final,” says a minister of the isle",
            "“We can't pay, and we won't pay…",
            id="no clause within a quotation",
        ),
        pytest.param(
            "Central bank governor says finance ministry to put billions of kroner into rail",
            "Central bank governor says finance ministry…",
            id="no dangling verb",
        ),
        pytest.param(
            "Parliament approves the spending of $568 billion crowns on new railways",
            "Parliament approves the spending…",
            id="no amount without what it counts",
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
    assert short.removesuffix("…") in " ".join(title.split())


LONG = "Parliament approves the spending of $568 billion crowns on new railways in the north"


@pytest.mark.parametrize(
    ("titles", "shown"),
    [
        pytest.param([], (), id="none"),
        pytest.param(
            ["Envoy flies", "Rates rise", "More"], ("Envoy flies", "Rates rise"), id="two"
        ),
        pytest.param(["Envoy flies", LONG], ("Envoy flies",), id="the second breaks off"),
        pytest.param([LONG, "Envoy flies"], (LONG,), id="the first takes the room of both"),
    ],
)
def test_a_first_line_shows_fewer_headlines_rather_than_half_sentences(titles, shown):
    assert short_headlines(titles, 2) == shown


@pytest.mark.parametrize(
    ("title", "is_one"),
    [
        pytest.param("Week in Politics: a vote; a visit", True, id="a week"),
        pytest.param("Envoy flies; rates rise; storm nears", True, id="three parts"),
        pytest.param("Morning briefing: envoy flies to Beijing", True, id="a briefing"),
        pytest.param("Live updates: quake in the north", True, id="live updates"),
        pytest.param("What to know today", True, id="what to know"),
        pytest.param("Nachrichten am Morgen", True, id="German"),
        pytest.param("Envoy flies; rates rise", False, id="two parts"),
        pytest.param("Envoy flies to Beijing", False, id="plain"),
        pytest.param("Shares end the week in the red", False, id="a week without a review"),
    ],
)
def test_a_round_up_is_told_by_its_parts_or_its_words(title, is_one):
    assert is_round_up(title) is is_one
