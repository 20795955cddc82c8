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

RIGHTS = re.compile(
    r"^\W*(?:©|\(c\)|copyright\b|all rights reserved|tous droits réservés"
    r"|alle rechte vorbehalten|todos los derechos|todos os direitos|tutti i diritti"
    r"|все права защищены|無断転載|版权所有|版權所有|무단\s?전재|wszelkie prawa zastrzeżone)"
    r"|(?<=[.!?。」”\")]\s)(?:©|\(c\)|copyright\s(?:©|\(c\)|\d{4}))[^\n]{1,100}$",
    re.IGNORECASE,
)

NOTICES = re.compile(
    r"(?:never miss|sign up (?:to|for|here)|subscribe (?:to|now|for)|get (?:the (?:latest|best)"
    r"|our)|follow us|click here to|join our (?:newsletter|channel)|crédits? photos?|photo credits?"
    r"|image credits?|abonnez-vous|jetzt abonnieren|newsletter abonnieren|suscríbete"
    r"|assine (?:a|o) |síguenos|suivez-nous|folgen sie uns|seguici|siga-nos)",
    re.IGNORECASE,
)
