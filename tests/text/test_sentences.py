import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.datelines import dateline_end
from bot.text.sentences import sentences


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(["The ferry left on Nov. 25 at noon.", "It came back."], id="a month"),
        pytest.param(["Gov. Ada Berg met Gen. J. R. Holm.", "They ate."], id="titles, initials"),
        pytest.param(["Pier No. 5 is shut.", "He said no.", "Then he left."], id="a number"),
        pytest.param(["The U.S. Navy came at 5 p.m. Monday.", "Rain fell."], id="dotted letters"),
        pytest.param(["It sold in the U.S.", "The price fell."], id="dotted letters at the end"),
        pytest.param(["It costs 3.5 million.", "The rest is paid."], id="a decimal"),
        pytest.param(["“Why now?” he asked.", "“Why not!”", "She left."], id="a question inside"),
        pytest.param(["Wait... and see.", "Harbour Co. Ltd. Monday said so."], id="dots, a firm"),
        pytest.param(["Am 17. November kam die Fähre.", "Dr. Berg blieb."], id="a German day"),
        pytest.param(["Das gilt z. B. für Boote.", "Mehr als 3 Mio. Euro fehlen."], id="German"),
        pytest.param(["Mme. Roy part le 2 janv. 2026.", "M. Petit reste."], id="French"),
        pytest.param(["El Sr. Ruiz viajó a EE. UU. ayer.", "Volvió hoy."], id="Spanish"),
        pytest.param(["В 2025 г. открыли мост.", "Он длинный."], id="Russian"),
        pytest.param(["今日は晴れ。", "「雨だ。」", "明日は？", "雪。"], id="Japanese"),
        pytest.param(["هل وصل؟", "نعم."], id="Arabic"),
        pytest.param(["वह आया।", "फिर गया।"], id="Hindi"),
        pytest.param(["A headline", "Its text."], id="lines"),
    ],
)
def test_a_text_is_parted_into_its_sentences(parts: list[str]):
    text = "\n".join(parts) if parts[0] == "A headline" else " ".join(parts)

    assert [text[start:end] for start, end in sentences(text)] == parts


@pytest.mark.parametrize(
    ("dateline", "rest"),
    [
        ("Taipei, Nov. 25 (Example Wire)–", "A consul spoke."),
        ("TOKYO, March 2 (Harbour Press) -- ", "The ferry was late."),
        ("Port Elin (HP) - ", "“Late,” he said."),
        ("WASHINGTON — ", "The ferry was late."),
        ("NEW YORK, Nov. 25 - ", "The ferry was late."),
        ("Paris, le 2 mars (HP) – ", "Le bac est en retard."),
        ("Berlin (hp) - ", "Die Fähre kam spät."),
        ("Madrid, 2 mar (HP).- ", "El barco llegó tarde."),
        ("(HP) - ROMA, 2 MAR - ", "Il traghetto è in ritardo."),
        ("МОСКВА, 2 марта. /ПРИМЕР/. ", "Паром опоздал."),
        ("МОСКВА, 2 мар — Пример Новости. ", "Паром опоздал."),
        ("【東京共同】", "船が遅れた。"),
        ("【北京＝山田太郎】", "船が遅れた。"),
        ("（中央社記者王小明台北25日電）", "渡輪誤點。"),
        ("例新社北京3月2日电（记者 张三）", "渡轮晚点。"),
        ("(서울=보기통신) 홍길동 기자 = ", "배가 늦었다."),
    ],
)
def test_a_dateline_ends_where_the_first_sentence_begins(dateline: str, rest: str):
    assert dateline_end(dateline + rest, 0, len(dateline + rest)) == len(dateline)


@pytest.mark.parametrize(
    "text",
    [
        "The ferry (the old one) - as ever - was late.",
        "The Harbour Board (HB) - Its chairman resigned.",
        "Harbour News (a weekly) was sold.",
        "Rain – and fog – kept it in port.",
        "He left.",
        "「遅い」と彼は言った。",
    ],
)
def test_text_that_only_looks_like_a_dateline_stays(text: str):
    assert dateline_end(text, 0, len(text)) == 0


@given(st.text(st.sampled_from("ab A1.?!。 \n()-–【】")))
def test_sentences_are_in_order_and_hold_every_word(text: str):
    places = sentences(text)

    assert "".join("".join(text[start:end].split()) for start, end in places) == "".join(
        text.split()
    )
    assert all(start < end for start, end in places)
