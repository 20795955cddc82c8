from hypothesis import given
from hypothesis import strategies as st

from bot.rendering.pofiles import Sentences
from tests.catalogues.test_catalogues import catalogue
from tests.catalogues.writing import written

HEADER = """msgid ""
msgstr ""
"Language: ru\\n"
"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : "
"n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\\n"

"""
COUNTED = """#: templates/alert/bundle.html
#, python-format
msgid "%(count)s story"
msgid_plural "%(count)s stories"
msgstr[0] "%(count)s новость"
msgstr[1] "%(count)s новости"
msgstr[2] ""
"%(count)s "
"новостей"
"""
STORIES = ("%(count)s story", "%(count)s stories")


def test_forms_are_those_that_the_header_counts_by():
    sentences = Sentences(HEADER + COUNTED)

    said = [sentences.ngettext(*STORIES, number) for number in (1, 2, 5, 11, 21)]

    assert [form.removeprefix("%(count)s ") for form in said] == [
        *("новость", "новости", "новостей"),
        *("новостей", "новость"),
    ]


def test_what_is_not_there_is_said_in_english():
    sentences = Sentences(HEADER)

    assert sentences.gettext("Mute story") == "Mute story"
    assert [sentences.ngettext("a story", "stories", number) for number in (1, 2)] == [
        "a story",
        "stories",
    ]


def test_what_is_said_no_more_is_not_read():
    sentences = Sentences(HEADER + '#~ msgid "No"\n#~ msgstr "Нет"\n')

    assert sentences.gettext("No") == "No"


@given(st.text(min_size=1).filter(str.strip), st.text(min_size=1))
def test_what_a_translator_wrote_is_what_is_said(message: str, said: str):
    sentences = Sentences(written(catalogue("fr", message, said)).decode())

    assert sentences.gettext(message) == said
