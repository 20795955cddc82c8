from decimal import Decimal

import pytest

from bot.model.numbers import numbers_in


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
        pytest.param("one of many", "en", [], id="one is an article"),
    ],
)
def test_numbers_have_one_value_in_every_language(text, language, values):
    assert numbers_in(text, language) == {Decimal(value).normalize() for value in values}
