"""Times and dates typed in each language: names from CLDR, and the words around them."""

from datetime import date, timedelta

import pytest
from babel.dates import format_date, get_day_names
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering.i18n import ENGLISH, LANGUAGES
from bot.rendering.renderer import Renderers
from bot.subscribers.digest_schedule import WeeklyTime
from bot.subscribers.input import AskedInput as Asked
from bot.subscribers.input import Clock, Code, Day, Hours, Keywords, Timetable, read_typed
from storage.schedules import EVERY_DAY, QuietHours

NATIVE = [code for code in LANGUAGES if code != ENGLISH.code]
TODAY = date(2026, 3, 2)  # a Monday
MON, TUE, WED, THU, FRI, SAT, SUN = (1 << day for day in range(7))
WORKDAYS = MON | TUE | WED | THU | FRI
NIGHT = QuietHours(22 * 60, 7 * 60)


def table(*times: tuple[int, int]) -> Timetable:
    return Timetable(tuple(WeeklyTime(minutes, days) for minutes, days in times))


@pytest.mark.parametrize("code", NATIVE)
@pytest.mark.parametrize("width", ["wide", "abbreviated"])
def test_every_day_of_the_week_can_be_typed_by_its_name(code, width):
    for day, name in get_day_names(width, locale=LANGUAGES[code].locale).items():
        typed = read_typed(f"{name} 9:00", language=code)

        assert typed == table((540, 1 << day))


@pytest.mark.parametrize("code", NATIVE)
@given(ahead=st.integers(1, 360))
def test_every_date_is_read_as_its_language_writes_it(code, ahead):
    day, locale = TODAY + timedelta(days=ahead), LANGUAGES[code].locale

    for written in (
        format_date(day, "long", locale=locale),
        format_date(day, "long", locale=locale).upper(),
        format_date(day, "full", locale=locale),
    ):
        assert read_typed(written, Asked.DATE, TODAY, code) == Day(day)


@pytest.mark.parametrize("code", NATIVE)
@given(ahead=st.integers(1, 7))
def test_a_day_of_the_week_is_the_next_one(code, ahead):
    day = TODAY + timedelta(days=ahead)

    for pattern in ("EEEE", "EEE"):
        written = format_date(day, pattern, locale=LANGUAGES[code].locale)
        assert read_typed(written, Asked.DATE, TODAY, code) == Day(day)


@pytest.mark.parametrize(
    ("code", "text", "read"),
    [
        ("ja", "月曜 9:00", table((540, MON))),
        ("ja", "月曜と金曜 午後7時半", table((1170, MON | FRI))),
        ("ja", "平日7時30分、土日 10時", table((450, WORKDAYS), (600, SAT | SUN))),
        ("ja", "月〜金 8:00", table((480, WORKDAYS))),
        ("zh-Hans", "周一至周五 8点", table((480, WORKDAYS))),
        ("zh-Hans", "每天上午9点和晚上8点", table((540, EVERY_DAY), (1200, EVERY_DAY))),
        ("zh-Hant", "週一、週三 晚上8點半", table((1230, MON | WED))),
        ("ko", "매주 월·수 오후 7시 30분", table((1170, MON | WED))),
        ("ko", "평일 8시에", table((480, WORKDAYS))),
        ("fr", "lundi à vendredi à 8h30", table((510, WORKDAYS))),
        ("fr", "les lundis et jeudis à 9 heures", table((540, MON | THU))),
        ("de", "Montag bis Freitag um 8 Uhr", table((480, WORKDAYS))),
        ("de", "Mo, Mi und Fr 8:00", table((480, MON | WED | FRI))),
        ("it", "dal lunedì al venerdì alle 8:00", table((480, WORKDAYS))),
        ("it", "LUNEDI 9:00", table((540, MON))),
        ("es", "todos los días a las 8:00 y a las 18:30", table((480, 127), (1110, 127))),
        ("pt", "terças e quintas às 19h30", table((1170, TUE | THU))),
        ("ru", "по понедельникам в 9:00", table((540, MON))),
        ("ru", "с понедельника по пятницу в 8 часов", table((480, WORKDAYS))),
        ("ar", "الاثنين والخميس ٩:٠٠", table((540, MON | THU))),
        ("vi", "thứ 2 đến thứ 6 lúc 8 giờ 30", table((510, WORKDAYS))),
        ("id", "Senin pukul 9:00", table((540, MON))),
        ("de", "um 8", Clock(480)),
        ("fr", "Monday 9:00", table((540, MON))),
        ("ar", "٠٨:٣٠", Clock(510)),
        ("en", "۰۸:۳۰", Clock(510)),
        ("en", "०८:३०", Clock(510)),
        ("ar", "١٢٣٤٥٦", Code("123456")),
        ("de", "Ruhe 22-7", Hours(NIGHT)),
        ("ja", "静か 22時〜7時", Hours(NIGHT)),
        ("de", "Montag", Keywords("Montag")),
        ("ja", "日本", Keywords("日本")),
        ("zh-Hans", "周一", Keywords("周一")),
        ("en", "Montag 9:00", Keywords("Montag 9:00")),
    ],
)
def test_unasked_text_is_read_in_the_language_of_the_chat(code, text, read):
    assert read_typed(text, language=code) == read


@pytest.mark.parametrize(
    ("code", "text", "read"),
    [
        ("es", "de lunes a viernes a las 8", table((480, WORKDAYS))),
        ("es", "sábados a las 9 de la mañana", table((540, SAT))),
        ("ru", "в среду и пятницу в 8 вечера", table((1200, WED | FRI))),
        ("ar", "من الأحد إلى الخميس الساعة ٨ صباحًا", table((480, SUN | MON | TUE | WED | THU))),
        ("id", "setiap hari jam 7 malam", table((1140, EVERY_DAY))),
        ("vi", "hàng ngày lúc 7 tối", table((1140, EVERY_DAY))),
    ],
)
def test_answers_to_a_question_for_times_need_no_minutes(code, text, read):
    assert read_typed(text, Asked.TIME, TODAY, code) == read


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("ja", "22時から7時まで"),
        ("zh-Hans", "晚上10点到早上7点"),
        ("zh-Hant", "晚上10點到早上7點"),
        ("ko", "22시부터 7시까지"),
        ("fr", "de 22h à 7h"),
        ("fr", "entre 22 h et 7 h"),
        ("de", "von 22 Uhr bis 7 Uhr"),
        ("it", "dalle 22 alle 7"),
        ("es", "de 10 de la noche a 7 de la mañana"),
        ("pt", "das 22h às 7h"),
        ("ru", "с 22 до 7"),
        ("ar", "من ٢٢ إلى ٧"),
        ("vi", "từ 22 giờ đến 7 giờ"),
        ("id", "dari jam 22 sampai jam 7"),
    ],
)
def test_hours_are_read_in_the_language_of_the_chat(code, text):
    assert read_typed(text, Asked.QUIET, TODAY, code) == Hours(NIGHT)


@pytest.mark.parametrize(
    ("code", "text", "read"),
    [
        ("ja", "12月1日", date(2026, 12, 1)),
        ("ja", "2027年3月4日まで", date(2027, 3, 4)),
        ("ja", "明日", date(2026, 3, 3)),
        ("ja", "10日間", date(2026, 3, 12)),
        ("zh-Hans", "12月1号", date(2026, 12, 1)),
        ("zh-Hant", "禮拜天", date(2026, 3, 8)),
        ("zh-Hans", "10天", date(2026, 3, 12)),
        ("ko", "12월 1일까지", date(2026, 12, 1)),
        ("ko", "10일 후", date(2026, 3, 12)),
        ("fr", "1er decembre 2026", date(2026, 12, 1)),
        ("fr", "jusqu'à lundi prochain", date(2026, 3, 9)),
        ("fr", "mar.", date(2026, 3, 3)),
        ("fr", "une semaine", date(2026, 3, 9)),
        ("de", "3. Jänner", date(2027, 1, 3)),
        ("de", "bis morgen", date(2026, 3, 3)),
        ("it", "tra 10 giorni", date(2026, 3, 12)),
        ("es", "mar", date(2026, 3, 3)),
        ("es", "1 mar", date(2027, 3, 1)),
        ("pt", "1º de dezembro", date(2026, 12, 1)),
        ("pt", "segunda", date(2026, 3, 9)),
        ("ru", "1 декабря 2026 г.", date(2026, 12, 1)),
        ("ru", "до среды", date(2026, 3, 4)),
        ("ar", "١ ديسمبر ٢٠٢٦", date(2026, 12, 1)),
        ("ar", "الاثنين القادم", date(2026, 3, 9)),
        ("vi", "ngày 1 tháng 12 năm 2026", date(2026, 12, 1)),
        ("vi", "10 ngày", date(2026, 3, 12)),
        ("id", "Minggu", date(2026, 3, 8)),
        ("id", "2 minggu", date(2026, 3, 16)),
        ("en", "٢٠٢٦-٠٦-٠١", date(2026, 6, 1)),
    ],
)
def test_dates_are_read_in_the_language_of_the_chat(code, text, read):
    assert read_typed(text, Asked.DATE, TODAY, code) == Day(read)


@pytest.mark.parametrize(
    ("code", "date_shown", "several", "weekly"),
    [
        ("en", "1 June", "8 and 18:30", "Mondays 9:00"),
        ("ja", "6月1日", "8時と18時30分", "月曜 9:00"),
        ("zh-Hans", "6月1日", "8点和18:30", "周一 9:00"),
        ("zh-Hant", "6月1日", "8點和18:30", "週一 9:00"),
        ("ko", "6월 1일", "8시와 18시 30분", "월요일 9:00"),
        ("fr", "1er juin", "8 h et 18 h 30", "le lundi à 9:00"),
        ("de", "1. Juni", "8 und 18:30", "montags 9:00"),
        ("it", "1 giugno", "8 e 18:30", "lunedì 9:00"),
        ("es", "1 de junio", "8 y 18:30", "lunes 9:00"),
        ("pt", "1 de junho", "8h e 18h30", "segunda 9:00"),
        ("ru", "1 июня", "8 и 18:30", "по понедельникам в 9:00"),
        ("ar", "1 يونيو", "8 و18:30", "الاثنين 9:00"),
        ("vi", "1 tháng 6", "8 giờ và 18:30", "thứ Hai 9:00"),
        ("id", "1 Juni", "8 dan 18:30", "Senin 9:00"),
    ],
)
def test_examples_in_questions_can_be_typed(code, date_shown, several, weekly):
    renderer = Renderers().of(code)
    asks_date = renderer.message("chat/questions.html#date").text
    asks_time = renderer.message("chat/questions.html#time").text

    assert date_shown in asks_date
    assert several in asks_time
    assert weekly in asks_time
    assert read_typed(date_shown, Asked.DATE, TODAY, code) == Day(date(2026, 6, 1))
    assert read_typed(several, Asked.TIME, TODAY, code) == table((480, 127), (1110, 127))
    assert read_typed(weekly, Asked.TIME, TODAY, code) == table((540, MON))


@given(st.text(max_size=40), st.sampled_from([None, *Asked]), st.sampled_from(sorted(NATIVE)))
def test_anything_can_be_read_in_any_language(text, asked, code):
    match read_typed(text, asked, TODAY, code):
        case Timetable(times):
            assert all(0 <= one.minutes < 1440 and 0 < one.weekdays <= EVERY_DAY for one in times)
        case Hours(hours):
            assert 0 <= hours.start < 1440
            assert 0 <= hours.end < 1440
        case Clock(minutes):
            assert 0 <= minutes < 1440
