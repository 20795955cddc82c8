"""What people write around hours and dates in each language, beside the names that CLDR has.

Alternatives are parted by `|`; case and accents do not matter. What is the same in two fields of
`to` and `at` is the one before a day and the other before a number (`lundi à vendredi à 8 h`).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """*locales*: whose names of days and months count; *more_days*: other forms, from Monday.

    *glue* says nothing where times or dates are read.
    """

    locales: tuple[str, ...]
    daily: str
    workdays: str
    weekend: str
    conj: str
    to: str
    since: str  # before the beginning of a span
    at: str
    hour: str  # behind a number
    am: str
    pm: str
    quiet: str
    tomorrow: str
    days: str
    weeks: str
    one: str
    glue: str
    more_days: tuple[str, ...] = ("",) * 7


_CHINESE_DAYS = tuple(
    "|".join(f"{week}{day}" for week in ("周", "週", "星期", "礼拜", "禮拜") for day in days)
    for days in ("一", "二", "三", "四", "五", "六", "日天")
)
_CHINESE = {
    "daily": "每天|每日|天天",
    "workdays": "工作日|平日|每个工作日|每個工作日",
    "weekend": "周末|週末|每个周末|每個週末",
    "conj": "和|与|與|及|还有|還有",
    "to": "到|至",
    "since": "从|從|自",
    "at": "在",
    "hour": "",
    "am": "上午|早上|凌晨|清晨",
    "pm": "下午|晚上|傍晚|夜里|夜裡",
    "quiet": "安静|安靜|静音|靜音|免打扰|勿擾",
    "tomorrow": "明天|明日",
    "days": "天后|天後|天",
    "weeks": "周后|週後|个星期后|個星期後|个星期|個星期|周|週|星期",
    "one": "",
    "glue": "每|的|直到|下个|下個|之前|为止|為止",
}

WORDS = {
    "ja": Words(
        locales=("ja",),
        daily="毎日",
        workdays="平日",
        weekend="週末",
        conj="と|および|及び|・",
        to="から|より",
        since="",
        at="",
        hour="",
        am="午前|朝",
        pm="午後|夜|夕方",
        quiet="静か|静音|消音|おやすみ",
        tomorrow="明日|あした|あす",
        days="日間|日後",
        weeks="週間後|週間|週",
        one="",
        glue="毎週|の|に|は|まで|次",
        more_days=("月曜", "火曜", "水曜", "木曜", "金曜", "土曜", "日曜"),
    ),
    "zh-Hans": Words(locales=("zh_Hans",), **_CHINESE, more_days=_CHINESE_DAYS),
    "zh-Hant": Words(locales=("zh_Hant",), **_CHINESE, more_days=_CHINESE_DAYS),
    "ko": Words(
        locales=("ko",),
        daily="매일",
        workdays="평일",
        weekend="주말",
        conj="와|과|및|하고|그리고",
        to="부터|에서",
        since="",
        at="",
        hour="",
        am="오전|아침|새벽",
        pm="오후|저녁|밤",
        quiet="조용히|조용|무음",
        tomorrow="내일",
        days="일 후|일 뒤|일 동안|일간",
        weeks="주 후|주 뒤|주 동안|주일|주간|주",
        one="",
        glue="매주|마다|에|까지|다음|은|는",
    ),
    "fr": Words(
        locales=("fr", "fr_CA"),
        daily="tous les jours|chaque jour|quotidien|quotidiennement",
        workdays="en semaine|jours ouvrables|jours ouvrés",
        weekend="week-end|weekend|week-ends|les week-ends",
        conj="et",
        to="à|au|jusqu'à|jusqu'au|jusque",
        since="de|du|dès",
        at="à|vers",
        hour="heures|heure|h",
        am="du matin|a.m.",
        pm="du soir|de l'après-midi|p.m.",
        quiet="silence|silencieux|heures calmes|calme|au calme",
        tomorrow="demain",
        days="jours|jour",
        weeks="semaines|semaine",
        one="un|une",
        glue="le|les|chaque|tous|prochain|prochaine|dans|pendant|pour|entre",
        more_days=(
            "lundis", "mardis", "mercredis", "jeudis", "vendredis", "samedis", "dimanches",
        ),
    ),
    "de": Words(
        locales=("de", "de_AT"),
        daily="täglich|jeden Tag",
        workdays="werktags|wochentags|an Werktagen|unter der Woche",
        weekend="am Wochenende|Wochenende|wochenends|an Wochenenden",
        conj="und",
        to="bis",
        since="von|ab|vom",
        at="um|gegen",
        hour="Uhr|h",
        am="morgens|vormittags|früh",
        pm="abends|nachmittags|nachts",
        quiet="Ruhe|Ruhezeit|ruhig|still|leise",
        tomorrow="morgen",
        days="Tagen|Tage|Tag",
        weeks="Wochen|Woche",
        one="ein|eine|einer|einem|einen",
        glue="am|jeden|jede|den|der|dem|nächsten|nächster|nächste|kommenden|in|für|zum",
        more_days=(
            "montags", "dienstags", "mittwochs", "donnerstags", "freitags",
            "samstags|sonnabend|sonnabends", "sonntags",
        ),
    ),
    "it": Words(
        locales=("it",),
        daily="ogni giorno|tutti i giorni|quotidianamente",
        workdays="nei giorni feriali|giorni feriali|feriali",
        weekend="nel fine settimana|fine settimana|weekend|nei weekend",
        conj="e|ed",
        to="a|al|alle|fino a|fino al|fino alle|all'",
        since="da|dal|dalle|dall'",
        at="alle|alle ore|ore|all'|a",
        hour="h",
        am="di mattina|del mattino",
        pm="di sera|del pomeriggio",
        quiet="silenzio|silenzioso|quiete",
        tomorrow="domani",
        days="giorni|giorno",
        weeks="settimane|settimana",
        one="un|una|uno",
        glue="il|lo|la|i|le|ogni|di|prossimo|prossima|tra|fra|per|tutti|tutte",
        more_days=("", "", "", "", "", "sabati", "domeniche"),
    ),
    "es": Words(
        locales=("es", "es_MX"),
        daily="todos los días|cada día|a diario|diariamente|diario",
        workdays="entre semana|días laborables|días hábiles|laborables",
        weekend="fin de semana|fines de semana|los fines de semana",
        conj="y|e",
        to="a|al|hasta|hasta el|hasta las|hasta la|a las|a la",
        since="de|del|desde|desde el|desde las|de las",
        at="a las|a la|sobre las",
        hour="horas|hora|h",
        am="de la mañana|a. m.|a.m.|am",
        pm="de la tarde|de la noche|p. m.|p.m.|pm",
        quiet="silencio|silencioso|en silencio|calma",
        tomorrow="mañana",
        days="días|día",
        weeks="semanas|semana",
        one="un|una|uno",
        glue="el|los|la|las|cada|próximo|próxima|en|dentro|por|durante|todos",
        more_days=("", "", "", "", "", "sábados", "domingos"),
    ),
    "pt": Words(
        locales=("pt", "pt_PT"),
        daily="todos os dias|todo dia|todo o dia|cada dia|diariamente",
        workdays="dias úteis|em dias úteis|nos dias úteis|durante a semana",
        weekend="fim de semana|fins de semana|aos fins de semana|nos fins de semana",
        conj="e",
        to="a|à|ao|às|até|até as|até às|até o|até ao",
        since="de|do|da|das|desde|desde as",
        at="às|as|à|pelas",
        hour="horas|hora|h",
        am="da manhã",
        pm="da tarde|da noite",
        quiet="silêncio|silencioso|em silêncio|calma",
        tomorrow="amanhã",
        days="dias|dia",
        weeks="semanas|semana",
        one="um|uma",
        glue="o|a|os|cada|toda|todo|todas|próximo|próxima|em|daqui|por|durante|aos|na|no",
        more_days=(
            "segunda|segundas|segundas-feiras", "terça|terças|terças-feiras",
            "quarta|quartas|quartas-feiras", "quinta|quintas|quintas-feiras",
            "sexta|sextas|sextas-feiras", "sábados", "domingos",
        ),
    ),
    "ru": Words(
        locales=("ru",),
        daily="каждый день|ежедневно",
        workdays="по будням|будни|в будни|по рабочим дням|будние дни",
        weekend="по выходным|выходные|в выходные",
        conj="и",
        to="до|по",
        since="с|со|от",  # noqa: RUF001 - Cyrillic
        at="в|во|к",
        hour="часов|часа|час|ч",
        am="утра",
        pm="вечера|дня",
        quiet="тихо|тишина|тихие часы|без звука",
        tomorrow="завтра",
        days="дней|дня|день",
        weeks="недель|недели|неделю|неделя",
        one="один|одну|одна",
        glue="каждый|каждую|каждое|по|через|на|в|во|следующий|следующую|следующее|года|г",  # noqa: RUF001 - Cyrillic
        more_days=(
            "понедельника|понедельникам", "вторника|вторникам", "среду|среды|средам",
            "четверга|четвергам", "пятницу|пятницы|пятницам", "субботу|субботы|субботам",
            "воскресенья|воскресеньям",
        ),
    ),
    "ar": Words(
        locales=("ar", "ar_SY", "ar_MA", "ar_DZ"),
        daily="كل يوم|يوميا",
        workdays="أيام العمل|أيام الأسبوع",
        weekend="نهاية الأسبوع|عطلة نهاية الأسبوع",
        conj="و",
        to="إلى|حتى|لغاية",
        since="من",
        at="الساعة|عند|في",
        hour="",
        am="صباحا|ص",
        pm="مساء|م",
        quiet="هدوء|ساعات الهدوء|صامت|صمت",
        tomorrow="غدا",
        days="أيام|يوما|يوم",
        weeks="أسابيع|أسبوعا|أسبوع",
        one="واحد",
        glue="كل|يوم|أيام|القادم|المقبل|بعد|لمدة|عام|سنة",
        more_days=("الإثنين", "", "", "", "", "", ""),
    ),
    "vi": Words(
        locales=("vi",),
        daily="mỗi ngày|hàng ngày|hằng ngày",
        workdays="ngày thường|các ngày trong tuần|ngày trong tuần|ngày làm việc",
        weekend="cuối tuần",
        conj="và",
        to="đến|tới",
        since="từ",
        at="lúc|vào lúc|vào",
        hour="giờ|g|h",
        am="sáng|SA",
        pm="chiều|tối|CH",
        quiet="im lặng|yên lặng|yên tĩnh",
        tomorrow="ngày mai|mai",
        days="ngày",
        weeks="tuần",
        one="một",
        glue="ngày|mỗi|hàng tuần|năm|sau|trong|tới|sau đó",
        more_days=("thứ 2", "thứ 3", "thứ 4", "thứ 5", "thứ 6", "thứ 7", ""),
    ),
    "id": Words(
        locales=("id",),
        daily="setiap hari|tiap hari|harian",
        workdays="hari kerja|hari biasa",
        weekend="akhir pekan",
        conj="dan",
        to="sampai|hingga|ke|sampai dengan|s.d.",
        since="dari|mulai",
        at="pukul|jam|pada pukul",
        hour="",
        am="pagi",
        pm="sore|malam|siang",
        quiet="tenang|senyap|jam tenang|hening",
        tomorrow="besok",
        days="hari",
        weeks="minggu|pekan",
        one="satu|se",
        glue="setiap|tiap|hari|pada|depan|dalam|selama|tahun|tanggal",
        more_days=("", "", "", "", "jum'at", "", "ahad"),
    ),
}  # fmt: skip
