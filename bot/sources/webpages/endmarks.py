# ruff: noqa: RUF001 - words of many scripts are its matter
"""The words by which news sites end an article, as patterns.

`END_MARKS`: an agency's end mark, anywhere in a paragraph. `RIGHTS`: a copyright line, alone or
at the end of a paragraph. `NOTICES`: the beginning of a short paragraph that is no part of the
story.
"""

import re

END_MARKS = re.compile(
    r"(?:^|(?<=[\s.!?。」’”\"')])|(?=[(（\[【]))(?:(?:THE )?END\s*(?=[\[(]|$)|\[(?:Copyright|©"
    r"|\(c\))[^\]]*\]?|-\s?30\s?-(?=\s*$)|#\s?#\s?#(?=\s*$)"
    r"|[-–—]{1,2}\s?ENDS?\s?[-–—]{0,2}(?=\s*$)|(?:ENDS|FIN|ENDE)(?=\s*$)"
    r"|[(（\[【<](?:ENDS?|End|Ends|FIN|Fin|FINE|ENDE|Ende|KONIEC|終わり|おわり|了|完|終|끝|конец"
    r"|Конец|النهاية|انتهى)[)）\]】>](?=\s*$)"
    r"|[【((]?(?:記事終わり|終わり|終わる)[】))]?(?=\s*$))"
)

# Of these every end mark has one; to look for the pattern takes fifty times as long.
END_SIGNS = (
    *("END", "End", "FIN", "Fin", "KONIEC", "онец", "النهاية", "انتهى", "30", "#", "opyright"),
    *("©", "(c)", "終", "おわり", "了", "完", "끝"),
)

RIGHTS = re.compile(
    r"^\W*(?:©|\(c\)|copyright\b|all rights reserved|tous droits réservés"
    r"|alle rechte vorbehalten|todos los derechos|todos os direitos|tutti i diritti"
    r"|все права защищены|無断転載|版权所有|版權所有|무단\s?전재|wszelkie prawa zastrzeżone)"
    r"|(?<=[.!?。」”\")]\s)(?:©|\(c\)|copyright\s(?:©|\(c\)|\d{4}))[^\n]{1,100}$",
    re.IGNORECASE,
)

# Of these every copyright line has one in its lower case.
RIGHTS_SIGNS = (
    *("©", "(c)", "copyright", "reserved", "droits", "rechte", "derechos", "direitos", "diritti"),
    *("права", "無断転載", "版权所有", "版權所有", "무단", "prawa"),
)

NOTICES = re.compile(
    r"(?:never miss|sign up (?:to|for|here)|subscribe (?:to|now|for)|get (?:the (?:latest|best)"
    r"|our)|follow us|click here to|join our (?:newsletter|channel)|crédits? photos?|photo credits?"
    r"|image credits?|abonnez-vous|jetzt abonnieren|newsletter abonnieren|suscríbete"
    r"|assine (?:a|o) |síguenos|suivez-nous|folgen sie uns|seguici|siga-nos)",
    re.IGNORECASE,
)

# What blogs' software puts under each entry of a feed; the site's name in it would match a query.
FIRST_APPEARED = re.compile(
    r"(?:the post .+ (?:appeared first|first appeared) on|l['’]article .+ est apparu en premier sur"
    r"|der beitrag .+ erschien zuerst auf|la entrada .+ (?:aparece|se publicó) primero en"
    r"|l['’]articolo .+ (?:proviene da|sembra essere il primo su)|o post .+ apareceu primeiro em"
    r"|het bericht .+ verscheen eerst op|inlägget .+ dök först upp på|indlægget .+ blev først"
    r" udgivet|innlegget .+ dukket først opp på|artykuł .+ pochodzi z serwisu|příspěvek .+"
    r" pochází z|запись .+ впервые появилась|сообщение .+ появились сначала на"
    r"|投稿 .+ は .+ に最初に表示されました"
    r"|this (?:article|story|post) (?:was )?"
    r"(?:originally (?:appeared|published)|first (?:appeared|published)) (?:on|in|at|by)"
    r"|read (?:the )?(?:full|whole|entire|rest of(?: the)?) (?:article|story|post)"
    r"|(?:continue reading|read more)(?:[\s\u2026.\u00bb\u2192>]*$"
    r"|\s(?:here|at|about|of|on|the main)\b.{0,80}$))",
    re.IGNORECASE,
)


def may_end(text: str) -> bool:
    """Whether some paragraph of *text* may hold an end mark or a copyright line; quick."""
    return _has_any(END_SIGNS, text) or _has_any(RIGHTS_SIGNS, text.lower())


def end_mark(paragraph: str) -> re.Match[str] | None:
    return END_MARKS.search(paragraph) if _has_any(END_SIGNS, paragraph) else None


def rights_line(paragraph: str) -> re.Match[str] | None:
    return RIGHTS.search(paragraph) if _has_any(RIGHTS_SIGNS, paragraph.lower()) else None


def _has_any(signs: tuple[str, ...], text: str) -> bool:
    return any(sign in text for sign in signs)
