"""Every catalogue says all that the templates say, and says it well."""

import os
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from bot.rendering.i18n import LANGUAGES, shipped_translations
from hatch_build import compile_catalogues, compiled
from tests.catalogues.__main__ import FOLDER, main
from tests.catalogues.checking import faults, gaps, is_missing
from tests.catalogues.pseudo import PSEUDO, pseudo_catalogue
from tests.catalogues.writing import written

# Whoever changes a sentence need not know thirteen languages.
pytestmark = pytest.mark.slow

SHIPPED = sorted(FOLDER.glob("*.po"))
STORY = ("One story", "%(count)s stories")
STORIES = ("%(count)s story", "%(count)s stories")
NEWS = "%(count)s новость"
DUAL = "خبران"
FEW = "%(count)s أخبار"

Said = str | tuple[str, ...]


def test_no_shipped_catalogue_has_a_fault():
    found = {path.stem: list(faults(read(path), LANGUAGES[path.stem])) for path in SHIPPED}

    assert {code: some[:20] for code, some in found.items() if some} == {}


def read(path: Path) -> Catalog:
    return read_po(BytesIO(path.read_bytes()), locale=LANGUAGES[path.stem].locale)


def test_a_language_is_offered_where_it_has_a_catalogue():
    assert list(shipped_translations()) == [
        code for code in LANGUAGES if code == "en" or (FOLDER / f"{code}.po") in SHIPPED
    ]


def test_a_made_up_catalogue_is_without_fault():
    assert list(faults(pseudo_catalogue(), PSEUDO)) == []


def template(*ids: Said) -> Catalog:
    found = Catalog()
    for one in ids:
        found.add(one)
    return found


def catalogue(code: str, message: Said, said: Said, *flags: str) -> Catalog:
    """Return a catalogue that has one message."""
    made = Catalog(LANGUAGES[code].locale, fuzzy=False)
    made.add(message, said, flags=flags)
    return made


@pytest.mark.parametrize(
    ("code", "message", "said", "fault"),
    [
        pytest.param("fr", "Yes", "Yes", "is the same as in English", id="left as it was"),
        pytest.param("fr", "At %(a)s", "À %(b)s", "places that are not filled", id="another place"),
        pytest.param("fr", "At %(a)s", "Plus tard", "leaves out ['a']", id="a place less"),
        pytest.param("fr", "<b>Yes</b>", "Oui", "has other tags", id="a tag less"),
        pytest.param("fr", "See /help", "Voir", "leaves out ['/help']", id="a command less"),
        pytest.param("ru", STORIES, (NEWS, NEWS), "2 forms instead of 3", id="too few forms"),
        pytest.param("ja", STORY, ("記事",), "leaves out ['count']", id="a number less"),
        pytest.param(
            "ru", STORIES, ("новость", NEWS, NEWS), "leaves out ['count']", id="21 is said alike"
        ),
    ],
)
def test_faults_are_found(code: str, message: Said, said: Said, fault: str):
    found = faults(catalogue(code, message, said), LANGUAGES[code])

    assert any(fault in one for one in found)


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        pytest.param("fr", "Telegram", "Telegram", id="a name"),
        pytest.param("fr", "%(a)s: %(b)s", "%(a)s: %(b)s", id="no words"),
        pytest.param("de", STORY, ("Eine", "%(count)s Dinge"), id="one needs no number"),
        pytest.param("ar", STORIES, (FEW, FEW, DUAL, FEW, FEW, FEW), id="a dual needs no number"),
    ],
)
def test_differences_that_are_no_faults_pass(code: str, message: Said, said: Said):
    found = faults(catalogue(code, message, said), LANGUAGES[code])

    assert list(found) == []


def test_messages_that_are_missing_or_too_many_are_gaps():
    found = list(gaps(catalogue("fr", "No", "Non"), template("Yes")))

    assert found == ["is not translated: Yes", "is said no more: No"]
    assert list(gaps(catalogue("fr", "Yes", ""), template("Yes"))) == ["is not translated: Yes"]


@pytest.mark.parametrize(
    ("catalog", "is_complete"),
    [
        pytest.param(catalogue("fr", "Yes", "Oui"), True, id="complete"),
        pytest.param(catalogue("fr", "Yes", ""), False, id="with a gap"),
        pytest.param(catalogue("fr", "Yes", "Oui", "fuzzy"), False, id="with a guess"),
        pytest.param(catalogue("fr", "Yes", "Oui\nou non"), True, id="of several lines"),
        pytest.param(catalogue("fr", STORY, ("Une", "%(count)s faits")), True, id="all forms"),
        pytest.param(catalogue("fr", STORY, ("Une", "")), False, id="with a form missing"),
    ],
)
def test_gaps_and_guesses_are_missing(catalog: Catalog, is_complete: bool):
    assert any(is_missing(message) for message in catalog) is not is_complete


@pytest.mark.parametrize("flags", [("fuzzy",), ()], ids=["a guess", "a gap"])
def test_missing_translations_stay_english(flags):
    made = catalogue("fr", "Yes", "Oui")
    made.add("No", "Non" if flags else "", flags=flags)
    sentences = GNUTranslations(BytesIO(compiled(written(made), "fr")))

    assert [sentences.gettext(one) for one in ("Yes", "No", "Maybe")] == ["Oui", "No", "Maybe"]


def test_a_catalogue_is_compiled_when_it_is_newer_than_what_was_compiled(tmp_path):
    source, target = tmp_path / "fr.po", tmp_path / "fr.mo"
    source.write_bytes(written(catalogue("fr", "Yes", "Oui")))
    compile_catalogues(tmp_path)
    first = target.read_bytes()
    target.write_bytes(b"kept")
    compile_catalogues(tmp_path)
    kept = target.read_bytes()
    os.utime(target, (0, 0))
    compile_catalogues(tmp_path)

    assert (kept, target.read_bytes()) == (b"kept", first)


def test_a_catalogue_is_begun_and_brought_up_to_date(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("tests.catalogues.__main__.FOLDER", tmp_path)
    main(["vi"])
    path = tmp_path / "vi.po"
    translated = 'msgid "Mute story"\nmsgstr "Ẩn"\n'
    begun = path.read_text(encoding="utf-8")
    path.write_text(begun.replace('msgid "Mute story"\nmsgstr ""\n', translated), encoding="utf-8")

    main([])

    assert translated in path.read_text(encoding="utf-8")
    assert "to be translated" in capsys.readouterr().out


def test_a_release_waits_for_the_translations_that_are_missing(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.catalogues.__main__.FOLDER", tmp_path)
    main(["vi"])

    with pytest.raises(SystemExit, match=r"vi\.po \(\d+ in all\): is not translated: .+"):
        main(["--complete"])

    (tmp_path / "vi.po").unlink()
    main(["--complete"])
