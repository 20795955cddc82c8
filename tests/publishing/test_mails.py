"""How digests and alerts look as mails."""

import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from bot.mail.compose import (
    FromAddress,
    Mail,
    Mailer,
    Occasion,
    Recipient,
    encoded_size,
    message_bytes,
)
from bot.publishing import samples
from bot.publishing.leads import StoryLead
from bot.publishing.mails import LARGEST_HTML, alert_mail, edition_mail, shorter_and_shorter
from bot.publishing.pages import Picture
from bot.publishing.selection import CAPS, SelectedStory, choose
from bot.publishing.trends import Chart
from bot.rendering.environment import make_environment
from bot.rendering.i18n import LANGUAGES, Translation
from bot.rendering.links import Links, Signer
from bot.rendering.renderer import Renderer
from storage.enums import Style

SIGNER = Signer(b"k" * 32)
ANN = Recipient(5, "ann@example.org", 1)
PAGE = "https://dateline.example/e/1"


def mailer(base: str | None = "https://dateline.example", code: str = "en") -> Mailer:
    sender = FromAddress("news@dateline.example", returns="back@dateline.example")
    return Mailer(
        Renderer(make_environment(Translation(LANGUAGES[code]))), sender, Links(base, SIGNER)
    )


def digest(written: Mailer | None = None, **facts) -> Mail:
    return edition_mail(written or mailer(), ANN, replace(samples.sample_edition(), **facts))


def links(html: str) -> list[str]:
    return [found.replace("&amp;", "&") for found in re.findall(r'href="([^"]+)"', html)]


def test_a_digest_reads_the_same_in_text_and_html():
    mail = digest()

    for words in (
        "Wednesday, 18 November",
        "4 stories",
        "Envoy flies in",
        "listed above",
        "Next: tom",
    ):
        assert words in mail.text
        assert words in mail.html
    assert "<" not in mail.text.replace("<https", "")
    assert "&" not in mail.text


def test_the_subject_says_what_is_new():
    mail = digest()

    assert mail.subject == (
        "Envoy flies in for talks on disputed remark; New consuls-general named for three cities; "
        "2 more"
    )
    assert re.findall(r"<h3[^>]*><a[^>]*>([^<]+)", mail.html)[0] in mail.subject


def test_the_preview_repeats_no_headline_of_the_subject():
    found = re.search(r'class="preheader"[^>]*>(.*?)</div>', digest().html, re.DOTALL)

    assert found
    assert found[1].strip().split("; ") == [
        "Airlines waive fees after travel advice",
        "Harbour town cancels a concert of its Taiwan partner city",
    ]


def test_the_preview_of_a_single_story_is_its_excerpt():
    story = samples.sample_story(0)
    mail = digest(choice=choose([samples.TIES], [story]))

    found = re.search(r'class="preheader"[^>]*>(.*?)</div>', mail.html, re.DOTALL)

    assert mail.subject == "Envoy flies in for talks on disputed remark"
    assert found
    assert found[1].strip().startswith("The envoy is expected to say")


def test_unsubscribe_links_are_at_the_top_at_the_bottom_and_in_the_text():
    mail = digest()

    leaving = [link for link in links(mail.html) if "/u/" in link]
    assert len(leaving) == 2
    assert leaving[0] == leaving[1]
    assert f"Unsubscribe: {leaving[0]}" in mail.text
    assert sum(link.startswith("mailto:back@") for link in links(mail.html)) == 1
    assert sum("/m/" in link for link in links(mail.html)) == 2


def test_mails_without_a_public_address_link_no_pages_and_unsubscribe_by_mail():
    mail = digest(mailer(base=None))

    assert [link for link in links(mail.html) if "news.example.org" not in link] == [
        link for link in links(mail.html) if link.startswith("mailto:back@")
    ]
    assert "Change topics" not in mail.html + mail.text
    assert "Read in browser" not in mail.html + mail.text
    assert "Unsubscribe: mailto:back@dateline.example?subject=unsubscribe%20" in mail.text


def test_stories_link_straight_to_their_articles():
    stories = [link for link in links(digest().html) if "news.example.org" in link]

    assert set(stories) == {f"https://news.example.org/{n}" for n in (*range(1, 6), 11, 12)}


def test_mails_load_nothing_and_run_nothing():
    html = digest(url=PAGE).html

    assert not re.search(r"<(img|script|link|iframe|object|form)|url\(|@import|\son\w+=", html)


def test_a_picture_in_a_mail_has_alt_text():
    picture = Picture(b"\x89PNG", "Stories per day and topic: 3 on Monday", Chart((), ()))

    mail = digest(picture=picture)

    assert re.search(r'<img[^>]+src="cid:week"[^>]+alt="Stories per day and topic: 3', mail.html)
    assert mail.pictures[0].name == "week"


@pytest.mark.parametrize(("code", "direction"), [("en", "ltr"), ("ar", "rtl"), ("zh-Hant", "ltr")])
def test_a_mail_has_the_direction_of_its_language_and_titles_have_their_own(code, direction):
    html = digest(mailer(code=code)).html

    assert f'<html lang="{code}" dir="{direction}"' in html
    assert html.count('dir="auto"') >= 8


def test_hostile_text_is_escaped():
    story = replace(samples.sample_story(0), title='<script>alert("1")</script>&amp;')
    edition = replace(
        samples.sample_edition(),
        choice=choose([samples.TIES], [story]),
        snippets={0: samples.sample_snippet(0)},
    )

    mail = edition_mail(mailer(), ANN, edition)

    assert "<script>" not in mail.html
    assert '<script>alert("1")</script>&amp;' in mail.text
    assert message_bytes(mail)


def many(count: int, style: Style = Style.FULL):
    stories = [
        replace(samples.sample_story(0), id=n, title=f"{n} {'広州で協議が始まる' * 12}")
        for n in range(count)
    ]
    text = "台湾をめぐる立場は変わらない。" * 20
    snippet = samples.sample_snippet(0)._replace(text=text, bold=())
    topics = [samples.TIES, samples.CONSUL]
    hits = [samples.sample_story(3).hits[:1], samples.sample_story(4).hits]
    stories = [replace(story, hits=hits[story.id % 2]) for story in stories]
    return replace(
        samples.sample_edition(),
        choice=choose(topics, stories, CAPS[style]),
        snippets={story.id: snippet for story in stories},
        style=style,
        url=PAGE,
    )


def test_a_mail_that_would_be_cut_off_lists_fewer_whole_stories_and_counts_the_others():
    edition = many(20)
    edition = replace(
        edition,
        snippets={
            story: snippet._replace(text=snippet.text * 9)
            for story, snippet in edition.snippets.items()
        },
    )

    mail = edition_mail(mailer(), ANN, edition)

    listed = mail.html.count("<h3")
    assert encoded_size(mail.html) <= LARGEST_HTML
    assert 0 < listed < 20
    assert sum(int(n) for n in re.findall(r"\+(\d+) more", mail.html)) == 20 - listed
    assert mail.html.rstrip().endswith("</html>")
    assert "Unsubscribe" in mail.html[-1500:]


def test_each_shorter_choice_lists_less_and_loses_no_story():
    choice = many(20).choice

    steps = list(shorter_and_shorter(choice))

    listed = [len(list(step.listed)) for step in steps]
    assert listed == sorted(listed, reverse=True)
    assert listed[-1] == len(choice.top)
    assert {sum(s.stories for s in step.sections) for step in steps} == {20 - len(choice.top)}


def test_a_brief_digest_is_titles_alone():
    mail = digest(style=Style.BRIEF)

    assert "The envoy is expected" not in mail.html + mail.text
    assert "Envoy flies in" in mail.html


@pytest.mark.parametrize("style", Style)
def test_the_links_of_a_story_stand_behind_its_last_words(style):
    lines = digest(style=style).html.splitlines()

    with_links = [line for line in lines if "?do=save" in line]
    assert with_links
    assert all("https://news.example.org/" in line for line in with_links)  # its publishers
    assert all(re.search("less</a></span>(</span>)?</p>$", line) for line in with_links)


def test_an_empty_day_is_one_line():
    mail = digest(choice=choose([], []), snippets={})

    said = "Nothing new on Cross-strait ties and Consul-general since yesterday."
    assert mail.subject == said
    assert said in mail.text
    assert said in mail.html


def test_a_lead_replaces_the_passage_that_matched():
    lead = StoryLead("The envoy left on Monday.", 9, "https://times.example/9", "Example Times")

    mail = digest(leads={0: lead})

    for text in (mail.html, mail.text):
        assert lead.text in text
        assert "is expected to say" not in text


def test_a_late_mail_says_so():
    mail = digest(late=timedelta(hours=2))

    for text in (mail.html, mail.text):
        assert "This one is about 2 hours late: it was due at 06:00." in text


ALERT = Occasion("alert:9:email", samples.NOW)


def alert(story: SelectedStory | None = None, occasion: Occasion = ALERT) -> Mail:
    return alert_mail(
        mailer(),
        ANN,
        occasion,
        story or samples.sample_story(samples.ALERTED),
        [samples.CONSUL],
        samples.sample_snippet(samples.ALERTED),
        zone="Asia/Tokyo",
    )


def test_an_alert_mail_shows_its_story():
    mail = alert()

    assert mail.subject == "Ministry asks consul-general to explain post"
    assert "Example Wire, Example Times, Daily Sample · Tue 12:00" in mail.text
    assert mail.header("List-Id") == "Dateline alerts <alerts.dateline.example>"
    assert mail.header("Message-ID") == "<alert.9.email.20261117T230000@dateline.example>"


def test_a_mail_that_follows_another_joins_its_thread():
    first = Occasion("bundle:3:email:1", samples.NOW)
    headers = dict(alert(occasion=Occasion("alert:9:email", samples.NOW, follows=first)).headers)

    assert headers["In-Reply-To"] == "<bundle.3.email.1.20261117T230000@dateline.example>"
    assert headers["References"] == headers["In-Reply-To"]
    assert "References" not in dict(alert().headers)


def test_a_chapter_is_mailed_as_an_update():
    mail = alert(replace(samples.sample_story(samples.ALERTED), is_chapter=True))

    assert mail.subject == "Update: Ministry asks consul-general to explain post"
    assert "Update: Ministry asks" in mail.text
    assert "Update: <a" in mail.html


def test_a_story_without_a_title_is_titled_by_its_host():
    mail = alert(replace(samples.sample_story(0), title=""))

    assert mail.subject == "news.example.org"


def test_a_mail_is_read_back_from_its_bytes():
    mail = digest(url=PAGE)

    message = message_from_bytes(message_bytes(mail), policy=default)

    assert message.defects == []
    read = {name: message[name] for name, _ in mail.headers}
    assert read == dict(mail.headers) | {"To": mail.to}  # this reader removes the brackets
    assert message["Subject"] == mail.subject
