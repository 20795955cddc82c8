"""Which sentence of which report becomes the lead of a story."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.publishing.leads import LONGEST, ReportText, lead_of, leans, shortened

QUAKE = "A strong earthquake hit the north coast of Japan on Tuesday, killing at least 12 people."


def report(
    text: str, title: str = "Quake in Japan", number: int = 1, language: str = "en"
) -> ReportText:
    publisher = f"Paper {number}"
    return ReportText(number, publisher, title, f"https://paper{number}.example", text, language)


def text_of(reports: Sequence[ReportText]) -> str | None:
    lead = lead_of(reports)
    return lead.text if lead else None


@pytest.mark.parametrize(
    "before",
    [
        pytest.param("TOKYO (AP) — ", id="dateline"),
        pytest.param("By Jane Doe TOKYO (AP) — ", id="byline and dateline"),
        pytest.param("By Jane Doe\n", id="byline of its own"),
        pytest.param("• ", id="bullet"),
        pytest.param("Click here to subscribe to our newsletter today. ", id="call to subscribe"),
        pytest.param("We use cookies to improve your experience here. ", id="cookies"),
        pytest.param("(Photo: Jane Doe) ", id="credit"),
        pytest.param("Photo: Jane Doe/AFP\n", id="credit of its own"),
        pytest.param("What do we know about the quake in Japan? ", id="question"),
        pytest.param("He said on Tuesday that Tokyo would send soldiers. ", id="pronoun"),
        pytest.param("Reading time: 4 minutes\n", id="label"),
        pytest.param("Quake in Japan.\n", id="headline"),
    ],
)
def test_a_lead_leaves_out_what_does_not_stand_alone(before: str):
    assert text_of([report(f"{before}{QUAKE}")]) == QUAKE


@pytest.mark.parametrize(
    ("language", "title", "leaning", "good"),
    [
        (
            "de",
            "Beben in Japan",
            "Er sprach am Dienstag von einer Katastrophe in Tokio.",
            "Bei einem Erdbeben sind am Dienstag mindestens 12 Menschen gestorben.",
        ),
        (
            "es",
            "Terremoto en Japón",
            "Sin embargo, Tokio envió el martes a mil soldados.",
            "Al menos 12 personas murieron el martes en un fuerte sismo.",
        ),
        (
            "fr",
            "Séisme au Japon",
            "Selon lui, Tokyo a envoyé mille soldats mardi.",
            "Au moins 12 personnes sont mortes mardi dans un tremblement de terre.",
        ),
        (
            "ru",
            "Землетрясение в Японии",
            "Он сообщил во вторник, что Токио отправит солдат.",
            "Не менее 12 человек погибли во вторник на севере страны.",
        ),
        (
            "zh",
            "日本地震",
            "他表示，東京將派出一千名士兵前往當地救援。",
            "日本北部星期二發生強烈地震，至少12人死亡，數百人受傷。",
        ),
        (
            "ja",
            "日本で地震",
            "しかし、東京は千人の兵士を現地に派遣すると発表した。",
            "火曜日に北日本を強い揺れが襲い、少なくとも12人が死亡した。",
        ),
        (
            "ko",
            "일본 지진",
            "그는 화요일 도쿄가 군인 천 명을 보낼 것이라고 말했다.",
            "화요일 북부 해안에서 강진이 발생해 최소 12명이 숨졌다.",
        ),
        (
            "ar",
            "زلزال في اليابان",
            "وأضاف أن طوكيو سترسل ألف جندي إلى المنطقة يوم الثلاثاء.",
            "قتل 12 شخصا على الأقل في هزة أرضية قوية ضربت الشمال يوم الثلاثاء.",
        ),
    ],
    ids=lambda value: value if len(str(value)) == 2 else "",
)
def test_a_sentence_that_needs_the_one_before_it_is_no_lead(
    language: str, title: str, leaning: str, good: str
):
    assert text_of([report(f"{leaning}\n{good}", title, language=language)]) == good


def test_the_report_that_shares_most_with_other_headlines_gives_the_lead():
    reports = [
        report("Japan has a long coast in the north of the country.", "Quake in Japan", 1),
        report(QUAKE, "Earthquake kills 12 on Japan's north coast", 2),
        report("Rescue workers found survivors in the ruins.", "12 dead in Japan earthquake", 3),
    ]

    lead = lead_of(reports)

    assert lead
    assert (lead.text, lead.article_id, lead.url, lead.publisher) == (
        QUAKE,
        2,
        "https://paper2.example",
        "Paper 2",
    )


def test_the_report_below_its_own_headline_gives_the_lead():
    first = report(
        "An 18-year-old man ran toward the Capitol with a loaded shotgun on Tuesday.",
        "18-year-old man arrested after running toward Capitol with shotgun",
    )
    other = report(
        "Police say a 19-year-old man arrested over a stabbing on Elcho Island has been released.",
        "Man, 19, released without charge after fatal stabbing",
        2,
    )

    assert text_of([other, first]) == first.text


def test_the_lead_tells_the_headline_that_is_shown_not_the_oldest_one():
    closed = report("The navy closed the strait to ships on Tuesday.", "Navy closes strait", 1)
    agreed = report("Envoys agreed on principles for a deal on Tuesday.", "Envoys agree on deal", 2)

    leads = [lead_of([closed, agreed], shown) for shown in (1, 2)]

    assert [lead and lead.text for lead in leads] == [closed.text, agreed.text]


def test_the_lead_of_a_widely_covered_story_tells_the_headline_that_is_shown():
    other = (
        "The president called fears about a video app and its Chinese owner overrated on Friday."
    )
    shown = report(
        "The state takes a tenth of the chip maker under a deal with its chief.",
        "State secures stake in chip maker",
        9,
    )
    titles = (
        "Video app may stay",
        "Fears about video app overrated",
        "President on chip maker",
    )
    others = [
        report(text, title, number)
        for number, (title, text) in enumerate(zip(titles, (other, "", ""), strict=True), 1)
    ]

    lead = lead_of([*others, shown], 9)

    assert lead
    assert lead.text == shown.text


def test_the_headline_above_the_lead_is_not_repeated():
    title = "Monitor finds safety risks in jails of Fulton County"
    reports = [report(f"{title}.", title, number) for number in range(3)]

    assert text_of(reports) is None
    assert text_of([report(QUAKE, "Jails in Fulton", 4), *reports]) == QUAKE


def test_a_publisher_does_not_vote_for_itself():
    own = [report("The council met about a new swimming pool.", "Pool", 1) for _ in range(5)]
    others = [report(QUAKE, "Quake on coast", 2), report("Short.", "Coast of Japan: quake", 3)]

    assert text_of([*own, *others]) == QUAKE


def test_a_short_next_sentence_joins_the_lead():
    both = (
        "Nadia Mohamed won 58 percent of the vote on Tuesday. She beat Dale Anderson by 17 points."
    )

    assert text_of([report(both, "Mohamed wins the vote for mayor")]) == both


def test_the_lead_is_in_the_language_of_the_first_report():
    german = report("Bei einem Erdbeben starben 12 Menschen.", "Beben", 1, "de")
    english = [report(QUAKE, "Earthquake kills 12", number) for number in (2, 3)]

    assert text_of([german, *english]) == QUAKE
    assert text_of([*english, german]) == german.text


def test_a_word_of_boilerplate_that_is_in_the_headline_is_news():
    news = "Regulators in Berlin fined three companies on Monday over cookies without consent."

    assert text_of([report(news, "Fines over cookies")]) == news


@pytest.mark.parametrize(
    "text", ["", "Comments", "Quake in Japan.", "Quake in Japan - Paper 1", "?!", "Article URL: x"]
)
def test_a_text_without_news_has_no_lead(text: str):
    assert text_of([report(text)]) is None


@pytest.mark.parametrize("language", ["en", "", "xx"])
def test_an_article_is_no_pronoun_of_another_language(language: str):
    assert text_of([report(QUAKE, language=language)]) == QUAKE


def test_no_reports_have_no_lead():
    assert lead_of([]) is None


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        pytest.param("word " * 60, "word " * 46 + "word…", id="word"),
        pytest.param("a" * 150 + ", " + "b " * 80, "a" * 150 + "…", id="clause"),
        pytest.param("日" * 300, "日" * 239 + "…", id="no blanks"),
        pytest.param("short", "short", id="short"),
    ],
)
def test_a_long_sentence_is_cut_at_a_border(text: str, cut: str):
    assert shortened(text.strip()) == cut


def test_the_summary_that_its_feed_cut_off_ends_in_an_ellipsis():
    text = (
        f"{'Rescue workers from Sendai searched the ruins for survivors on Tuesday, ' * 3}and fou"
    )

    lead = text_of([report(text.strip())])

    assert lead
    assert lead.endswith("…")
    assert not lead.endswith("fou…")


@given(st.lists(st.tuples(st.text(max_size=400), st.text(max_size=80)), max_size=4))
def test_a_lead_has_words_of_its_report_and_bounded_length(texts: list[tuple[str, str]]):
    reports = [report(text, title, number) for number, (text, title) in enumerate(texts)]

    lead = lead_of(reports)

    if lead:
        assert 0 < len(lead.text) <= LONGEST
        source = reports[lead.article_id].text
        assert "".join(lead.text.removesuffix("…").split()) in "".join(source.split())


@pytest.mark.parametrize(
    "text", ["a" * 200_000, "By A" * 50_000, "日。" * 100_000, "(" * 200_000, "e\u0301" * 100_000]
)
@pytest.mark.timeout(60)  # a second at most, unless the work grows with the square of the text
def test_long_texts_have_short_leads_in_bounded_time(text: str):
    reports = [report(text, text, number) for number in range(1_000)]

    lead = lead_of(reports)

    assert lead is None or len(lead.text) <= LONGEST


def test_an_article_is_no_pronoun_that_differs_by_an_accent():
    assert leans("Él dijo que no.", "es")
    assert not leans("El terremoto deja doce muertos.", "es")
