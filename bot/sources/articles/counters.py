"""What changes in a text though nobody has written anything: counters, ages, addresses."""

import re
from typing import Final

_GAP = r"\s{0,2}"
_NUMBER = rf"\d[\d.,'\u00a0\u202f]{{0,12}}{_GAP}(?:[km]\b)?"
# Not "points" and "shares": who gains some, or buys some, is news.
_COUNTED = (
    "comments?|replies|reply|views?|likes?|reads?|reactions?|people watching|min(?:ute)?s? read"
    "|(?:sec(?:ond)?|min(?:ute)?|h(?:ou)?r|day)s? ago"
    "|kommentare?|aufrufe|commentaires?|vues|comentarios?|comentários?|visualizações|vistas"
    "|commenti|visualizzazioni"
    "|комментари(?:й|я|ев)|просмотр(?:а|ов)?|(?:минут[уы]?|час(?:а|ов)?) назад"  # noqa: RUF001 - Russian
    "|件のコメント|回閲覧|分前|時間前|[条條則则]?(?:评论|評論|留言)|次(?:阅读|閱讀|浏览|瀏覽|观看|觀看)"
    "|分[钟鐘]前|小[时時]前|개의 댓글|분 전|시간 전"
)
_NAMED = (
    "comments?|replies|views?|likes?|reads?|points?|votes?|shares?|kommentare?|aufrufe"
    "|commentaires?|vues|comentarios?|comentários?|visualizações|commenti|комментарии|просмотры"
    "|コメント|閲覧数|评论|評論|留言|阅读|閱讀|浏览|瀏覽|댓글|조회수?"
)
_AGE = (
    f"(?:vor|il y a|hace|há) {_NUMBER} (?:sekunde|minute|stunde|seconde|heure|segundo|minuto|hora)"
)
_PASSING: Final = re.compile(
    rf"https?://\S+|(?<!\w){_NUMBER}{_GAP}(?:{_COUNTED})(?!\w)"
    rf"|(?<!\w)(?:{_NAMED}){_GAP}[:：(]{_GAP}{_NUMBER}|(?<!\w){_AGE}\w*",  # noqa: RUF001 - as CJK writes it
    re.IGNORECASE,
)


def without_counters(text: str) -> str:
    return _PASSING.sub(" ", text)
