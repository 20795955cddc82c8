import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.publishing import samples
from bot.publishing.calendar import Plan
from bot.publishing.developments import Development, NumberChange
from bot.publishing.leads import StoryLead
from bot.publishing.pages import alert_page, edition_page
from bot.publishing.selection import Caps, Hit, SelectedStory, SelectedTopic, choose
from bot.publishing.trends import Trend
from bot.rendering.messages import Message, cut_units
from bot.rendering.renderer import Renderer
from bot.text.snippets import Snippet
from storage.enums import Layout, Style

TOPICS = (samples.TIES, samples.CONSUL)
PAGE = "https://news.example/1"
BROWSER, STORIES = "Read in browser", "Stories ▸"
PLAN, LENGTH = ["Topics", "Time & pause"], ["Longer", "Shorter", "Weekly"]


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
    assert marked(message, "date_time") == ["03:00", "Tue 18:00", "Tue 23:00", "Tue 21:00"]
    assert "Alerted earlier:\n• Ministry asks consul-general to explain post" in message.text
    assert not marked(message, "expandable_blockquote")
    assert [[button.data for button in row] for row in message.keyboard] == [
        ["stories:20261118:0", "mine:0", "times_and_pause"],
        ["detail:full", "detail:brief", "rhythm:1"],
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

    assert "\nConsul-general · 2 stories listed above\n" in message.text
    assert message.text.count("New consuls-general named") == 1


def test_the_stories_told_leave_out_those_only_counted():
    edition = replace(samples.sample_edition(), leads={0: LEAD})
    stories = edition.choice.all_stories
    few = replace(edition, choice=choose([samples.TIES], stories, Caps(per_topic=0, in_all=1)))

    told = {stories[place].id: lead for place, _, lead in edition.frozen}

    assert told[0] == list(LEAD)
    assert set(map(str, told.values())) >= {str(list(LEAD)), "[]"}
    assert {few.choice.all_stories[place].id for place, *_ in few.frozen} == {
        story.id for story in few.choice.listed
    }
    assert all(lead is None for *_, lead in replace(edition, style=Style.BRIEF).frozen)


@pytest.mark.parametrize("layout", list(Layout))
def test_each_longer_style_shows_more(renderer, layout):
    sizes = []
    for style in (Style.BRIEF, Style.STANDARD, Style.FULL):
        edition = replace(samples.sample_edition(style), layout=layout)
        (message,) = edition_page(renderer, edition)
        sizes.append(re.sub(r"</?a\b[^>]*>", "", message.rich or message.text))

    brief, standard, full = sizes
    assert "consul-general takes office" not in brief.replace("<b>", "").replace("</b>", "")
    assert "7\u00a0days" not in brief
    assert "Example Wire and 2 more" in brief
    assert "matter of survival" not in standard
    assert "Example Wire, Example Times, Daily Sample" in full
    assert "matter of survival" in full


def test_a_digest_begins_with_its_first_headlines_and_its_date(renderer):
    (message,) = edition_page(renderer, samples.sample_edition())

    first, date = message.text.split("\n\n")[:2]
    assert first == (
        "Envoy flies in for talks on disputed remark; New consuls-general named for three cities; "
        "2 more"
    )
    assert date == "Wednesday, 18 November · 4 stories from 3 publishers, 1 minute"


def test_a_digest_of_one_story_begins_with_its_headline(renderer):
    edition = samples.sample_edition()
    story = samples.sample_story(1)

    (message,) = edition_page(renderer, replace(edition, choice=choose(TOPICS, [story])))

    assert message.text.startswith(f"{story.title}\n\nWednesday, 18 November · 1 story from 1 pub")


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        pytest.param(timedelta(hours=10), "Next: today at 18:00, Tokyo time.", id="today"),
        pytest.param(timedelta(days=1), "Next: tomorrow at 08:00, Tokyo time.", id="tomorrow"),
        pytest.param(timedelta(days=3), "Next: Saturday at 08:00, Tokyo time.", id="in days"),
        pytest.param(
            timedelta(days=7), "Next: Wednesday, 25 November, at 08:00, Tokyo time.", id="a week"
        ),
    ],
)
def test_a_digest_ends_with_what_it_was_and_the_time_of_the_next(renderer, ahead, said):
    edition = replace(samples.sample_edition(), next_at=samples.NOW + ahead)

    (message,) = edition_page(renderer, edition)

    assert message.text.endswith(
        f"That is all: 4 stories from 3 publishers, about 1 minute. {said}"
    )


def test_a_digest_without_a_next_one_names_no_time(renderer):
    (message,) = edition_page(renderer, replace(samples.sample_edition(), next_at=None))

    assert message.text.endswith("about 1 minute.")


def test_publishers_of_a_wide_story_are_linked_to_their_own_reports(renderer):
    (message,) = edition_page(renderer, samples.sample_edition())

    urls = {
        cut_units(message.text, e.offset, e.length): e.url
        for e in message.entities
        if e.type == "text_link"
    }
    assert urls["Example Times"] == "https://news.example.org/11"
    assert urls["Daily Sample"] == "https://news.example.org/12"


LEAD = StoryLead("The envoy left on Monday.", 9, "https://times.example/9", "Example Times")


@pytest.mark.parametrize("layout", [Layout.CLASSIC, Layout.RICH])
def test_a_lead_replaces_the_passage_that_matched(renderer, layout):
    edition = replace(samples.sample_edition(), leads={0: LEAD}, layout=layout)

    (message,) = edition_page(renderer, edition)

    shown = message.rich or message.text
    assert LEAD.text in shown
    assert "is expected to say" not in shown


def developed(story: SelectedStory) -> SelectedStory:
    changes = (NumberChange("12", "31", "dead"),)
    development = Development("Talks ended.", 9, "https://times.example/9", "Times", changes)
    return replace(
        story, development=development, listed_at=samples.NOW - timedelta(days=3, hours=1)
    )


@pytest.mark.parametrize("layout", [Layout.CLASSIC, Layout.RICH])
def test_a_story_that_comes_again_says_what_is_new(renderer, layout):
    edition = samples.sample_edition()
    first, *others = edition.choice.all_stories
    choice = choose(TOPICS, [developed(first), *others])

    (message,) = edition_page(renderer, replace(edition, choice=choice, layout=layout))

    shown = re.sub(r"<[^>]+>", "", message.rich or message.text)
    assert "New since Sunday: 12 → 31 dead. Talks ended. (Times)" in shown


def test_a_full_digest_keeps_the_passage_that_matched_behind_why(renderer):
    edition = replace(samples.sample_edition(Style.FULL), leads={0: LEAD})

    (message,) = edition_page(renderer, edition)

    (why,) = marked(message, "expandable_blockquote")
    assert why.startswith("Why: The envoy is expected to say")


def test_a_day_without_news_says_what_is_quiet(renderer):
    edition = replace(samples.sample_edition(), choice=choose([], []))

    (message,) = edition_page(renderer, edition)

    assert message.text == (
        "Nothing new on Cross-strait ties and Consul-general since yesterday.\n"
        "Next: tomorrow at 08:00, Tokyo time."
    )


def test_a_day_without_news_shows_the_nearest_story(renderer):
    nearest = samples.sample_story(0).view
    edition = replace(samples.sample_edition(), choice=choose([], []), nearest=nearest)

    (message,) = edition_page(renderer, edition)

    assert f"\nNearest: {nearest.title} · Example Wire and 2 more · " in message.text


def test_a_weekly_digest_says_that_it_is_weekly(renderer):
    (message,) = edition_page(renderer, samples.sample_edition(weekly=True))

    assert "\n\nYour week in the news · 18 November · 4 stories" in message.text
    assert "\n\nThe biggest of the week\n\n" in message.text
    assert message.text.endswith("Next: Wednesday, 25 November, at 08:00, Tokyo time.")


def test_a_weekly_digest_names_what_rose_what_was_quiet_and_what_was_saved(renderer):
    edition = samples.sample_edition(weekly=True)
    edition = replace(
        edition,
        trends={samples.TIES.id: Trend((0,) * 7 + (1,) * 7)},
        subscribed=(samples.TIES, samples.CONSUL, samples.TAIWAN),
        saved=(samples.sample_story(1).view,),
    )

    (message,) = edition_page(renderer, edition)

    assert "\nRising: Cross-strait ties, 7 stories this week, none last week.\n" in message.text
    assert "\nQuiet this week: 台湾.\n" in message.text
    assert "\nSaved this week\n• Airlines waive fees after travel advice" in message.text


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


def test_a_preview_says_that_it_changes_nothing(renderer):
    (message,) = edition_page(renderer, replace(samples.sample_edition(), day=None))

    assert message.text.startswith("Your digest so far · since Tue 08:00 · 4 stories")
    assert message.text.endswith("your digest still comes every day at 08:00 Tokyo time.")


def test_the_sample_alert_is_rendered(renderer):
    message = alert(renderer, [samples.CONSUL])

    assert (
        message.text
        == """\
Consul-general · Ministry asks consul-general to explain post
The consul-general in the western city was summoned on Monday over a post that lawmakers \
from three parties had called a threat. The post was deleted by the evening. The ministry said \
it expected an explanation within the week.
Example Wire · 12:00 · also Example Times, Daily Sample"""
    )
    assert marked(message, "bold") == ["Consul-general", "consul-general"]


def test_an_alert_with_many_names_stays_one_message(renderer):
    topics = [
        SelectedTopic(number, f"SelectedTopic {number} {'x' * 180}", is_public=False)
        for number in range(40)
    ]
    publishers = tuple(f"Publisher {number}" for number in range(30))
    story = SelectedStory(1, 1, "Title " * 500, "https://a.example", publishers, samples.NOW)

    message = alert(renderer, topics, story=story)

    assert "(+35)" in message.text
    assert message.text.endswith("also Publisher 1, Publisher 2, Publisher 3 (+26)")


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize(
    ("changes", "rows"),
    [
        pytest.param({"url": PAGE}, [[BROWSER], [STORIES, *PLAN], LENGTH], id="a page"),
        pytest.param({}, [[STORIES, *PLAN], LENGTH], id="no page"),
        pytest.param({"style": Style.FULL}, [[STORIES, *PLAN], LENGTH[1:]], id="the longest"),
        pytest.param({"day": None}, [PLAN, LENGTH], id="a preview"),
        pytest.param({"choice": choose([], []), "url": PAGE}, [PLAN, LENGTH], id="no news"),
        pytest.param({"is_channel": True}, [], id="a channel"),
    ],
)
def test_a_digest_has_at_most_three_rows_of_buttons(renderer, layout, changes, rows):
    edition = replace(samples.sample_edition(), layout=layout, **changes)

    *_, last = edition_page(renderer, edition)

    assert [[button.text for button in row] for row in last.keyboard] == rows


def test_the_buttons_to_counted_stories_share_a_row(renderer):
    story = samples.sample_story(0)
    stories = [
        replace(story, id=number, publishers=("Wire",), hits=(Hit(topic.id, frozenset()),))
        for number, topic in enumerate([samples.TIES, samples.CONSUL] * 15)
    ]
    choice = choose([samples.TIES, samples.CONSUL], stories)
    edition = replace(samples.sample_edition(), choice=choice, leads={})
    edition = replace(edition, snippets=dict.fromkeys(range(30), samples.sample_snippet(0)))

    *_, last = edition_page(renderer, edition)

    first, *others = [[button.text for button in row] for row in last.keyboard]
    assert [label.partition(":")[0] for label in first] == ["All 15", "All 15"]
    assert others == [[STORIES, *PLAN], LENGTH]
