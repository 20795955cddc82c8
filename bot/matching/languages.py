"""The language codes that `lang:` takes: ISO 639-1, and what people write instead of them."""

from typing import Final

CODES: Final = frozenset(
    """
    aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy
    da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy
    hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li
    ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa
    pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th
    ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
    """.split()  # noqa: SIM905 - codes in lines are read, 180 quoted ones are not
)
# Countries that are no languages, and the names of the languages that most news is written in.
MEANT: Final = {
    "jp": "ja", "cn": "zh", "gr": "el", "cz": "cs", "dk": "da", "il": "he", "us": "en", "gb": "en",
    "mx": "es", "at": "de", "vn": "vi", "ir": "fa", "iw": "he", "in": "hi",
    "english": "en", "german": "de", "deutsch": "de", "french": "fr", "français": "fr",
    "spanish": "es", "español": "es", "portuguese": "pt", "português": "pt", "italian": "it",
    "italiano": "it", "dutch": "nl", "polish": "pl", "russian": "ru", "русский": "ru",
    "ukrainian": "uk", "українська": "uk", "greek": "el", "turkish": "tr", "türkçe": "tr",
    "arabic": "ar", "العربية": "ar", "hebrew": "he", "hindi": "hi", "thai": "th", "ไทย": "th",
    "chinese": "zh", "中文": "zh", "japanese": "ja", "日本語": "ja", "korean": "ko",
    "한국어": "ko", "vietnamese": "vi", "indonesian": "id", "persian": "fa", "swedish": "sv",
}  # fmt: skip
