from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.publishing import samples
from bot.publishing.calendar import Plan
from bot.publishing.pages import alert_page, edition_page
from bot.publishing.selection import SelectedStory, SelectedTopic, choose
from bot.rendering.messages import Message, cut_units
from bot.rendering.renderer import Renderer
from bot.text.snippets import Snippet
from storage.enums import Layout, Style
from storage.schedules import ScheduleTime

TOPICS = (samples.TIES, samples.CONSUL)


def marked(message: Message, kind: str) -> list[str]:
    return [cut_units(message.text, e.offset, e.length) for e in message.entities if e.type == kind]


def alert(
    renderer: Renderer, topics: list[SelectedTopic], story: SelectedStory | None = None
) -> Message:
    sample = samples.sample_story(samples.ALERTED)
    snippet = samples.sample_snippet(samples.ALERTED)
    return alert_page(
        renderer, story or sample, topics, snippet, zone="Asia/Tokyo", now=sample.news_at
    )


def test_a_digest_marks_words_and_links_titles(renderer):
    (message,) = edition_page(renderer, samples.sample_edition())

    assert "consul-general" in marked(message, "bold")
    assert "Envoy flies in for talks on disputed remark" in marked(message, "text_link")
    assert marked(message, "date_time") == ["Tue 18:00", "03:00", "Tue 23:00", "Tue 21:00"]
    assert "Alerted earlier:\n• Ministry asks consul-general to explain post" in message.text
    assert not marked(message, "expandable_blockquote")
    assert [[button.data for button in row] for row in message.keyboard] == [
        ["mine:0", "times_and_pause"]
    ]


def test_zones_of_one_offset_share_the_news_of_a_topic():
    renderer, edition = Renderer(), samples.sample_edition()

    tokyo = edition_page(renderer, edition)
    seoul = edition_page(renderer, replace(edition, plan=Plan("Asia/Seoul")))

    assert tokyo[0].text.replace("Tokyo", "Seoul") == seoul[0].text
    assert sum("edition/topic_news.html" in str(key) for key in renderer.kept) == len(TOPICS)


def test_each_story_has_its_local_time_when_clocks_change_between_them(renderer):
    edition, hour = samples.sample_edition(), timedelta(hours=1)
    change = datetime(2026, 10, 25, 1, tzinfo=UTC)
    stories = [
        replace(samples.sample_story(number), news_at=at, published=at)
        for number, at in enumerate((change - hour / 2, change + hour / 2))
    ]

    (message,) = edition_page(
        renderer,
        replace(
            edition,
            choice=choose(TOPICS, stories),
            plan=Plan("Europe/London"),
            now=change + 7 * hour,
        ),
    )

    assert sorted(marked(message, "date_time")) == ["01:30", "01:30"]
    assert len({e.unix_time for e in message.entities if e.unix_time}) == 2


def test_several_alerted_stories_are_folded(renderer):
    edition = samples.sample_edition()
    choice = replace(edition.choice, alerted=edition.choice.alerted * 4)

    (message,) = edition_page(renderer, replace(edition, choice=choice))

    (folded,) = marked(message, "expandable_blockquote")
    assert folded.startswith("Alerted earlier: Ministry asks consul-general to explain post; Mini")


def test_stories_listed_above_are_counted_on_the_line_of_their_topic(renderer):
    edition = samples.sample_edition()
    stories = [replace(story, alerted=False) for story in edition.choice.all_stories]

    (message,) = edition_page(renderer, replace(edition, choice=choose(TOPICS, stories)))

    assert "\nConsul-general · 1 story, and 1 listed above\n" in message.text
    assert message.text.count("New consuls-general named") == 1


@pytest.mark.parametrize("layout", list(Layout))
def test_each_longer_style_shows_more(renderer, layout):
    sizes = []
    for style in (Style.BRIEF, Style.STANDARD, Style.FULL):
        edition = replace(samples.sample_edition(style), layout=layout)
        (message,) = edition_page(renderer, edition)
        sizes.append(message.rich or message.text)

    brief, standard, full = sizes
    assert "consul-general takes office" not in brief.replace("<b>", "").replace("</b>", "")
    assert "7\u00a0days" not in brief
    assert "3 publishers · " in standard
    assert "matter of survival" not in standard
    assert "Example Wire, Example Times, Daily Sample" in full
    assert "matter of survival" in full


def test_a_digest_gives_its_reason_if_asked_to(renderer):
    said = "You subscribe to 2 topics, every day at 08:00 Tokyo time."

    (first,) = edition_page(renderer, samples.sample_edition())
    (second,) = edition_page(renderer, replace(samples.sample_edition(), gives_reason=False))

    assert first.text.endswith(said)
    assert said not in second.text
    assert second.keyboard == first.keyboard


def test_a_weekly_digest_says_that_it_is_weekly(renderer):
    (message,) = edition_page(renderer, samples.sample_edition(weekly=True))

    assert message.text.startswith("Your week in the news")
    assert message.text.endswith("every Wednesday at 08:00 Tokyo time.")


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


def test_a_preview_says_that_it_changes_nothing(renderer):
    (message,) = edition_page(renderer, replace(samples.sample_edition(), day=None))

    assert message.text.startswith("Your digest so far · since Tue 08:00\n4 stories")
    assert message.text.endswith("your digest still comes every day at 08:00 Tokyo time.")


def test_the_sample_alert_is_rendered(renderer):
    message = alert(renderer, [samples.CONSUL])

    assert (
        message.text
        == """\
Consul-general · Ministry asks consul-general to explain post
The consul-general in the western city was called in on Monday over a post that lawmakers \
of three parties had called a threat. The post was gone by the evening. The ministry said that \
it had asked for an explanation within the week.
Example Wire · 12:00 · also Example Times, Daily Sample"""
    )
    assert marked(message, "bold") == ["Consul-general", "consul-general"]


def test_an_alert_with_many_names_stays_one_message(renderer):
    topics = [SelectedTopic(number, f"SelectedTopic {number} {'x' * 180}") for number in range(40)]
    publishers = tuple(f"Publisher {number}" for number in range(30))
    story = SelectedStory(1, 1, "Title " * 500, "https://a.example", publishers, samples.NOW)

    message = alert(renderer, topics, story=story)

    assert "(+35)" in message.text
    assert message.text.endswith("also Publisher 1, Publisher 2, Publisher 3 (+26)")
