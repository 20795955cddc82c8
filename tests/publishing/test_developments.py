"""What the newest reports of a story add to those that a reader knows."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.publishing.developments import NumberChange, development_of
from bot.publishing.leads import ReportText
from bot.text.numbers import value_of

KNOWN = "An earthquake hit the north coast of Japan on Tuesday, leaving 12 dead in Sendai."


def report(text: str, title: str = "Quake hits Japan", number: int = 1, language: str = "en"):
    url = f"https://paper{number}.example"
    return ReportText(number, f"Paper {number}", title, url, text, language)


def changes(before: str, after: str, language: str = "en") -> tuple[NumberChange, ...]:
    found = development_of([report(before, language=language)], [report(after, language=language)])
    return found.changes if found else ()


@pytest.mark.parametrize(
    ("language", "before", "after", "change"),
    [
        ("en", KNOWN, KNOWN.replace("12", "31"), ("12", "31", "dead")),
        (
            "en",
            KNOWN.replace("12", "1,000"),
            KNOWN.replace("12", "1,200"),
            ("1,000", "1,200", "dead"),
        ),
        (
            "de",
            "Nach dem Beben zählt die Polizei 12 Tote in Sendai.",
            "Nach dem Beben zählt die Polizei 31 Tote in Sendai.",
            ("12", "31", "Tote"),
        ),
        (
            "zh",
            "日本北部發生強烈地震，目前已知12人死亡。",
            "日本北部發生強烈地震，目前已知31人死亡。",
            ("12", "31", "人"),
        ),
        (
            "ru",
            "После удара стихии в городе 12 погибших и раненые.",
            "После удара стихии в городе 31 погибших и раненые.",
            ("12", "31", "погибших"),
        ),
        ("en", KNOWN.replace("12", "twelve"), KNOWN.replace("12", "31"), ("twelve", "31", "dead")),
        (
            "en",
            "The flood left two hundred people homeless in Sendai.",
            "The flood left 2,000 people homeless in Sendai.",
            ("two hundred", "2,000", "people"),
        ),
        (
            "en",
            "The company must pay $2 million damages to the victims.",
            "The company must pay $2.5 million damages to the victims.",
            ("$2 million", "$2.5 million", "damages"),
        ),
        (
            "de",
            "Nach dem Beben zählt die Polizei zwölf Tote in Sendai.",
            "Nach dem Beben zählt die Polizei einunddreißig Tote in Sendai.",
            ("zwölf", "einunddreißig", "Tote"),
        ),
        (
            "fr",
            "Le séisme a fait douze morts dans la ville de Sendai.",
            "Le séisme a fait 31 morts dans la ville de Sendai.",
            ("douze", "31", "morts"),
        ),
        (
            "es",
            "El terremoto deja doce muertos en la ciudad de Sendai.",
            "El terremoto deja treinta y un muertos en la ciudad de Sendai.",
            ("doce", "treinta y un", "muertos"),
        ),
        (
            "ja",
            "北海道で起きた地震で、これまでに三十人が死亡した。",
            "北海道で起きた地震で、これまでに45人が死亡した。",
            ("三十", "45", "人"),
        ),
        (
            "ko",
            "센다이 지진으로 지금까지 열두 명이 숨졌다.",
            "센다이 지진으로 지금까지 31 명이 숨졌다.",
            ("열두", "31", "명이"),
        ),
        (
            "en",
            "The central bank raised its key rate to 4% interest a year.",
            "The central bank raised its key rate to 5% interest a year.",
            ("4%", "5%", "interest"),
        ),
    ],
)
def test_a_number_that_changed_is_a_development(language, before, after, change):
    assert changes(before, after, language) == (change,)


def test_the_headline_is_that_of_the_newest_report_with_the_new_numbers():
    more = KNOWN.replace("12", "31")
    newest = [
        report("Schools stay closed on Wednesday.", "Schools closed", number=4),
        report(f"{more} Rescuers go on.", "Toll of quake rises", number=3),
        report(more, "Quake hits Japan", number=2),
    ]

    development = development_of([report(KNOWN)], newest)

    assert development
    assert development.changes == (NumberChange("12", "31", "dead"),)
    assert development.headline_id == 3


def test_the_headline_is_that_of_the_sentence_if_no_other_tells_more():
    more = KNOWN.replace("12", "31")

    development = development_of([report(KNOWN)], [report(more, number=2)])

    assert development
    assert development.headline_id == development.article_id == 2


@pytest.mark.parametrize(
    ("language", "before", "after"),
    [
        pytest.param(
            "en",
            "The quake killed 12 people in Sendai.",
            "The quake left 30 people hurt in Sendai.",
            id="another verb",
        ),
        pytest.param(
            "en",
            "It was the worst since 1995 in Japan.",
            "It was the worst since 2011 in Japan.",
            id="year",
        ),
        pytest.param(
            "en",
            "The council of the city met on March 12 in Sendai.",
            "The council of the city met on March 13 in Sendai.",
            id="date",
        ),
        pytest.param(
            "en",
            "The council of the city met at 9:30 in Sendai.",
            "The council of the city met at 10:30 in Sendai.",
            id="time",
        ),
        pytest.param(
            "en",
            "The council of the city met at 9 am in Sendai.",
            "The council of the city met at 10 am in Sendai.",
            id="hour",
        ),
        pytest.param(
            "en",
            "Police in Sendai saved a 12-year-old girl.",
            "Police in Sendai saved a 31-year-old girl.",
            id="age",
        ),
        pytest.param(
            "en",
            "The vote gave 12% support to the plan.",
            "The vote gave 12 support to the plan.",
            id="percentage and count",
        ),
        pytest.param(
            "en",
            "Some 1,000 people fled from the coast.",
            "Some 1000 people fled from the coast.",
            id="grouped",
        ),
        pytest.param(
            "de",
            "Rund 1.000 Menschen flohen von der Küste.",
            "Rund 1000 Menschen flohen von der Küste.",
            id="grouped by points",
        ),
        pytest.param(
            "zh", "會議於3月12日在東京舉行。", "會議於3月13日在東京舉行。", id="date in Chinese"
        ),
    ],
)
def test_other_numbers_are_no_change(language, before, after):
    assert changes(before, after, language) == ()


def test_the_newest_report_wins():
    newest = [
        report(KNOWN.replace("12", "40"), number=3),
        report(KNOWN.replace("12", "31"), number=2),
    ]

    found = development_of([report(KNOWN)], newest)

    assert found
    assert found.changes == (NumberChange("12", "40", "dead"),)
    assert found.publisher == "Paper 3"


def test_a_number_that_a_newer_report_has_replaced_is_not_told():
    known = "Rescuers search for skiers after an avalanche in the north of California."
    older = (
        "At least 8 skiers were found dead on Wednesday after an avalanche in northern California,"
        " and two are missing, Nevada County Sheriff Shannan Moon said."
    )
    newer = "At least 9 skiers are dead after the avalanche in California, the sheriff said."
    newest = [report(newer, "Toll of avalanche rises to 9 dead", 2)]

    title = "At least 8 skiers found dead"
    found = development_of([report(known, "Avalanche")], [*newest, report(older, title, 3)])

    assert found
    assert found.article_id == 2


def test_a_sentence_with_a_new_name_from_the_headline_is_a_development():
    text = "Prime Minister Sanae Takaichi ordered soldiers to clear roads around Ishinomaki."
    newest = report(f"{KNOWN} {text}", "Takaichi sends soldiers after quake", 2)

    found = development_of([report(KNOWN)], [newest])

    assert found
    assert (found.text, found.article_id, found.url) == (text, 2, "https://paper2.example")
    assert found.changes == ()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(KNOWN, id="the same"),
        pytest.param("On Tuesday an earthquake hit Japan on its north coast.", id="other order"),
        pytest.param("He ordered soldiers from Ishinomaki to clear roads.", id="pronoun"),
        pytest.param("Will Takaichi order soldiers from Ishinomaki to help?", id="question"),
        pytest.param("Click here to get news of Takaichi from Ishinomaki daily.", id="boilerplate"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_report_that_adds_nothing_is_no_development(text: str):
    title = "Takaichi sends soldiers to Ishinomaki"

    assert development_of([report(KNOWN)], [report(text, title, 2)]) is None


def test_a_number_that_is_written_otherwise_has_not_changed():
    assert changes(KNOWN.replace("12", "twelve"), KNOWN) == ()
    assert changes("A fund of 2 million euros opens.", "A fund of 2,000,000 euros opens.") == ()


ELSEWHERE = [
    pytest.param(
        "Gunmen killed 31 dead in a market of Kano, Nigerian police said on Friday.",
        "Market attack in Kano",
        "en",
        id="another event with the same words around its number",
    ),
    pytest.param(
        "Lawmakers in Oslo passed a budget with higher taxes on salmon farms.",
        "Norway raises salmon tax",
        "en",
        id="another event",
    ),
    pytest.param(
        "Bei einem Erdbeben in Japan starben 31 Menschen, wie die Polizei in Sendai mitteilte.",
        "Erdbeben in Japan",
        "de",
        id="another language",
    ),
]


@pytest.mark.parametrize(("text", "title", "language"), ELSEWHERE)
def test_a_report_that_shares_too_little_with_the_story_is_no_development(text, title, language):
    assert development_of([report(KNOWN)], [report(text, title, 2, language)]) is None


@pytest.mark.parametrize(("text", "title", "language"), ELSEWHERE)
def test_a_report_of_another_event_hides_no_development(text, title, language):
    newest = [report(text, title, 3, language), report(KNOWN.replace("12", "31"), number=2)]

    development = development_of([report(KNOWN)], newest)

    assert development
    assert development.headline_id == 2


def test_a_story_without_known_or_new_reports_has_no_development():
    assert development_of([], [report(KNOWN)]) is None
    assert development_of([report(KNOWN)], []) is None


@pytest.mark.parametrize(
    ("digits", "language", "value"),
    [
        ("1,000", "en", "1000"),
        ("1.000", "de", "1000"),
        ("1 000", "fr", "1000"),
        ("1000", "en", "1000"),
        ("1.5", "en", "1.5"),
        ("1,5", "de", "1.5"),
        ("1.000.000", "en", "1000000"),
        ("1,234.5", "xx", "1234.5"),
    ],
)
def test_numbers_are_read_as_their_language_writes_them(digits, language, value):
    assert value_of(digits, language) == Decimal(value)


@given(st.lists(st.text(max_size=300), max_size=3), st.lists(st.text(max_size=300), max_size=3))
def test_equal_reports_never_develop(first: list[str], second: list[str]):
    known = [report(text) for text in first]

    assert development_of(known, known) is None
    development_of(known, [report(text) for text in second])  # raises nothing


@pytest.mark.parametrize(
    "text", ["1 " * 100_000, "1,000" * 40_000, "9" * 200_000, "12 dead " * 25_000]
)
@pytest.mark.timeout(60)  # two seconds at most, unless the work grows with the square of the text
def test_equal_long_texts_never_develop_in_bounded_time(text: str):
    reports = [report(text, text, number) for number in range(1_000)]

    assert development_of(reports, reports) is None
