from dataclasses import replace
from datetime import timedelta

import pytest

from bot.matching.snippet import Snippet
from bot.publishing import samples
from bot.publishing.calendar import Plan
from bot.publishing.pages import alert_page, edition_page, now_page
from bot.publishing.selection import Story, Topic
from bot.rendering.messages import Message, cut_units
from bot.rendering.renderer import Renderer
from storage.enums import ScheduleTime


def marked(message: Message, kind: str) -> list[str]:
    return [cut_units(message.text, e.offset, e.length) for e in message.entities if e.type == kind]


def alert(renderer: Renderer, topics: list[Topic], story: Story | None = None) -> Message:
    sample = samples.sample_story(samples.ALERTED)
    snippet = samples.sample_snippet(samples.ALERTED)
    return alert_page(
        renderer, story or sample, topics, snippet, zone="Asia/Tokyo", now=sample.news_at
    )


def test_a_digest_marks_words_links_titles_and_folds_what_was_alerted(renderer):
    (message,) = edition_page(renderer, samples.sample_edition())

    assert "consul-general" in marked(message, "bold")
    assert "Envoy flies in for talks on disputed remark" in marked(message, "text_link")
    assert marked(message, "date_time") == ["Tue 18:00", "03:00", "Tue 23:00", "Tue 21:00"]
    assert marked(message, "expandable_blockquote") == [
        "You were alerted to: Ministry asks consul-general to explain post"
    ]
    assert [[button.data for button in row] for row in message.keyboard] == [
        ["mine:0", "times_and_pause"]
    ]


def test_an_alert_marks_the_words_that_only_its_title_has(renderer):
    story = samples.sample_story(samples.ALERTED)
    snippet = Snippet("Lawmakers spoke.", in_title=((0, 8),))

    message = alert_page(renderer, story, [], snippet, zone="Asia/Tokyo", now=samples.NOW)

    assert marked(message, "bold") == [story.title[:8]]
    assert story.title in "".join(marked(message, "text_link"))


@pytest.mark.parametrize(
    ("late", "said"),
    [
        pytest.param(timedelta(minutes=10), False, id="minutes: not worth a word"),
        pytest.param(timedelta(hours=2), True, id="hours: said"),
    ],
)
def test_a_late_digest_says_so(renderer, late, said):
    edition = replace(samples.sample_edition(), now=samples.NOW + late, late=late)

    (message,) = edition_page(renderer, edition)

    assert ("This one is about 2 hours late: it was due at 08:00." in message.text) is said


def test_a_digest_on_chosen_days_in_utc_says_when(renderer, monkeypatch):
    monkeypatch.setattr(samples, "PLAN", Plan("UTC", (ScheduleTime(0, 450, 0b0010101),)))

    (message,) = edition_page(renderer, samples.sample_edition())

    assert message.text.endswith("2 topics, every Monday, Wednesday and Friday at 07:30 UTC.")


def test_the_digest_so_far_says_that_it_changes_nothing(renderer):
    (message,) = now_page(renderer, samples.sample_edition())

    assert message.text.startswith("Your digest so far · since Tue 08:00\n4 stories")
    assert message.text.endswith("your digest still comes every day at 08:00 Tokyo time.")


def test_the_sample_alert_reads_like_this(renderer):
    message = alert(renderer, [samples.CONSUL])

    assert (
        message.text
        == """\
"consul-general" · Ministry asks consul-general to explain post
The consul-general in the western city was called in on Monday over a post that lawmakers \
of three parties had called a threat.
Example Wire · 12:00 · also: Example Times, Daily Sample"""
    )
    assert marked(message, "bold") == ['"consul-general"', "consul-general"]


def test_an_alert_with_much_to_name_stays_one_message(renderer):
    topics = [Topic(number, f"Topic {number} {'x' * 180}") for number in range(40)]
    outlets = tuple(f"Outlet {number}" for number in range(30))
    story = Story(1, 1, "Title " * 500, "https://a.example", outlets, samples.NOW)

    message = alert(renderer, topics, story=story)

    assert "(+35)" in message.text
    assert message.text.endswith("also: Outlet 1, Outlet 2, Outlet 3 (+26)")
