from hypothesis import given
from hypothesis import strategies as st

from bot.sources.stories.near_duplicates import FEWEST, fingerprint, is_same_text
from bot.text.folding import folded_text

LAYERS = (
    "The government of Norrland announced on Wednesday that ferry operators would receive "
    "compensation for cancelled crossings, provided that passengers were informed at least "
    "twenty-four hours beforehand. Representatives of the transport workers dismissed the "
    "announcement as insufficient and threatened further interruptions throughout September. "
    "Economists estimated that yesterday's interruption had already cost businesses along the "
    "northern coastline approximately eleven million, although insurance companies disputed "
    "that calculation. The responsible minister, who returned from negotiations overseas, "
    "described the situation as regrettable but manageable. Opposition politicians demanded "
    "independent investigations into contracts awarded without competition during previous "
    "administrations, while environmental organisations questioned whether subsidising "
    "old-fashioned vessels remained justifiable."
)
OTHER = (
    "Archaeologists working underneath Kessel airport have discovered remarkably preserved "
    "foundations belonging to a settlement abandoned approximately three thousand years ago. "
    "Excavations revealed ceramic fragments, agricultural implements and decorative ornaments "
    "manufactured from imported materials, suggesting extensive commercial relationships. "
    "Researchers believe inhabitants departed following prolonged drought, although evidence "
    "concerning deliberate destruction remains inconclusive. Construction of additional "
    "terminals continues nevertheless, because preliminary agreements permit investigations "
    "only until December."
)


def alike(one: str, other: str) -> bool:
    first, second = set(fingerprint(folded_text(one))), set(fingerprint(folded_text(other)))
    return bool(first and second) and is_same_text(len(first & second), len(first), len(second))


def test_a_text_that_another_publisher_cut_at_both_ends_is_the_same():
    assert alike(LAYERS, LAYERS[200:700])


def test_a_text_with_another_beginning_and_words_changed_is_the_same():
    edited = "NORRLAND, Sept 3 - " + LAYERS.replace("Wednesday", "Sept 3").replace("million", "m")

    assert alike(LAYERS, edited)


def test_different_texts_are_not_the_same():
    assert not alike(LAYERS, OTHER)


FIRE = (
    "一日午前、岬町の化学工場で火災が発生し、従業員二人と連絡が取れていない。消防車二十台が消火にあたり、"
    "警察は半径一キロの住民に避難を呼びかけている。工場では塗料の原料を製造しており、爆発音を聞いたという"
    "通報が相次いだ。町役場は小学校の体育館に避難所を設け、毛布や飲料水を配った。県は現地に職員を派遣し、"
    "有害な物質が流れ出ていないか調べるとしている。"
)
WEATHER = (
    "来週の天気は全国的に晴れるところが多いでしょう。ただし北部では雪が降る日もあり、交通への影響に注意が"
    "必要です。気温は平年より高く、春の訪れを感じられそうです。花粉の量も増える見込みで、専門家は早めの"
    "対策を勧めています。週末は各地で行楽日和となるでしょう。山沿いでは雪崩や落石に気をつけてください。"
)


def test_characters_are_words_in_scripts_without_spaces():
    assert alike(FIRE, FIRE[40:])
    assert not alike(FIRE, WEATHER)


def test_a_short_text_has_no_fingerprint():
    assert fingerprint("governments announced compensation") == ()


@given(st.text())
def test_a_fingerprint_is_bounded(text):
    passages = fingerprint(folded_text(text))

    assert not passages or FEWEST <= len(passages) <= 64
    assert len(set(passages)) == len(passages)
