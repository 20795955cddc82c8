from decimal import Decimal

import pytest

from bot.text.numbers import numbers_in


@pytest.mark.parametrize(
    ("text", "language", "values"),
    [
        pytest.param("1.5 million people, 1,234 cars", "en", ["1500000", "1234"], id="english"),
        pytest.param("1,5 Millionen, 1.234 Autos", "de", ["1500000", "1234"], id="german"),
        pytest.param("12 000 euros, 3,5 milliards", "fr", ["12000", "3500000000"], id="french"),
        pytest.param("6,5 млрд рублей", "ru", ["6500000000"], id="russian"),
        pytest.param("1億2000万円、150万人", "ja", ["120000000", "1500000"], id="japanese"),
        pytest.param("三千人と二十三件", "ja", ["3000", "23"], id="han"),
        pytest.param("5만 명", "ko", ["50000"], id="korean"),
        pytest.param("٣٫٥ و ٣٬٥٠٠", "ar", ["3.5", "3500"], id="arabic digits"),
        pytest.param("twenty-two men, five thousand", "en", ["22", "5000"], id="words"),
        pytest.param("zweiundzwanzig Schiffe", "de", ["22"], id="compounds"),
        pytest.param("18 November at 14:05", "en", ["18", "11", "14", "5"], id="dates"),
        pytest.param("11月18日", "ja", ["11", "18"], id="dates in Han writing"),
        pytest.param("two hundred and six, two dozen", "en", ["206", "24"], id="joined"),
        pytest.param("several hundred people and many thousand", "en", [], id="vague"),
        pytest.param("a hundred and twenty thousand", "en", ["120000"], id="a hundred thousand"),
        pytest.param(
            "zwölf, zweihundertfünfzig, dreitausend", "de", ["12", "250", "3000"], id="de"
        ),
        pytest.param("quatre-vingt-douze et soixante et onze", "fr", ["92", "71"], id="fr"),
        pytest.param("deux cent cinquante-trois", "fr", ["253"], id="fr hundreds"),
        pytest.param("treinta y cinco, doscientos", "es", ["35", "200"], id="es"),
        pytest.param("ventuno e duecentotrenta", "it", ["21", "230"], id="it"),
        pytest.param("trinta e dois, cento e vinte", "pt", ["32", "120"], id="pt"),
        pytest.param("сто двадцать пять и сорок", "ru", ["125", "40"], id="ru"),
        pytest.param("dua ratus tiga puluh lima, dua belas", "id", ["235", "12"], id="id"),
        pytest.param("hai trăm ba mươi lăm, mười hai", "vi", ["235", "12"], id="vi"),
        pytest.param("خمسة وعشرون، مئة", "ar", ["25", "100"], id="ar"),
        pytest.param("خمسة عشر قتيلا", "ar", ["15"], id="ar teens"),
        pytest.param("열두 명, 서른한 명, 세 가지", "ko", ["12", "31"], id="ko with counters"),
        pytest.param("三十人、十人、数十人、第三", "ja", ["30", "10"], id="ja"),
        pytest.param("兩百五十人", "zh", ["250"], id="zh-Hant"),
        pytest.param("twenty-one men, one million, one man", "en", ["21", "1000000"], id="ones"),
        pytest.param("vingt et une et trente et un", "fr", ["21", "31"], id="fr ones"),
        pytest.param("treinta y un muertos, un hombre", "es", ["31"], id="es ones"),
        pytest.param("двадцать один человек, один дом", "ru", ["21"], id="ru ones"),
        pytest.param("einhunderteinundzwanzig, ein Mann", "de", ["121"], id="de ones"),
        pytest.param("one of many", "en", [], id="one is an article"),
    ],
)
def test_numbers_have_one_value_in_every_language(text, language, values):
    assert numbers_in(text, language) == {Decimal(value).normalize() for value in values}
