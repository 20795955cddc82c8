from dataclasses import replace
from pathlib import Path

import pytest

from bot.app.resources import make_renderer
from bot.publishing.pages import EditionPage, edition_values
from bot.publishing.samples import sample_edition
from bot.rendering.renderer import Renderer
from bot.web.samples import PAGE_LINKS, page_samples


@pytest.mark.parametrize("sample", [*page_samples()], ids=lambda sample: sample.templates[0])
def test_every_sample_can_be_rendered(sample):
    assert sample.show(Renderer())


def test_the_passage_that_matched_is_left_out_if_the_lead_has_its_words():
    edition = sample_edition()
    leads = {
        number: lead._replace(text=f"{edition.snippets[number].text} More is to come.")
        for number, lead in edition.leads.items()
    }

    def matches(shown: EditionPage) -> int:
        values = edition_values(shown)
        page = Renderer().text("web/edition.html", site=PAGE_LINKS, story_link=None, **values)
        return page.count("Matched:")

    assert matches(edition) > matches(replace(edition, leads=leads)) == 0


def test_a_broken_page_of_the_operator_is_not_used(tmp_path: Path):
    told: list[str] = []
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "error.html").write_text("{{ cod }}")
    (tmp_path / "web" / "unsubscribe.html").write_text("<h1>Leave {{ language }}</h1>")

    renderer = make_renderer(tmp_path, told.append)

    assert told == ["web/error.html, line 1: 'cod' is undefined. The shipped one is used."]
    assert "<h1>" in renderer.text("web/error.html", site=PAGE_LINKS, code=404, purpose=None)
    assert (
        renderer.text("web/unsubscribe.html", site=PAGE_LINKS, is_done=False) == "<h1>Leave en</h1>"
    )
