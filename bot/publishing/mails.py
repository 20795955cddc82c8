"""Digests, alerts and bundles as mails: their templates, their subjects and their size.

Some mail programs cut off a mail at 102 KB, together with its link to unsubscribe. Digests stay
under 90 KB by listing fewer stories of each topic and counting the others.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from bot.mail.compose import (
    InlinePicture,
    Mail,
    Mailer,
    Occasion,
    Recipient,
    encoded_size,
    subject_of,
)
from bot.publishing.developments import AlertLead
from bot.publishing.pages import (
    MAIL_WIDTH,
    Bundled,
    EditionPage,
    alert_values,
    bundle_values,
    edition_values,
    only_story,
)
from bot.publishing.selection import Choice, Section, SelectedStory, SelectedTopic
from bot.rendering.shown_pictures import shown_picture
from bot.sources.hosts import host_shown
from bot.subscribers.text import one_line
from bot.text.snippets import Snippet

LARGEST_HTML = 90_000  # bytes in transfer encoding
_PICTURE = "week"
_MOST_NAMED = 30  # headlines of stories that the chat was already alerted to


def edition_mail(mailer: Mailer, recipient: Recipient, edition: EditionPage) -> Mail:
    """Return a digest as a mail, shortened until it is small enough.

    The mail of an empty digest is a line that says so.
    """
    mails = (
        _edition_mail(mailer, recipient, replace(edition, choice=choice))
        for choice in shorter_and_shorter(edition.choice)
    )
    for mail in mails:
        if encoded_size(mail.html) <= LARGEST_HTML:
            break
    return mail


def shorter_and_shorter(choice: Choice) -> Iterator[Choice]:
    """Yield *choice*, then with one listed story fewer per topic each time, down to none.

    The top stories stay.
    """
    yield choice
    longest = max((len(section.listed) for section in choice.sections), default=0)
    for most in range(longest - 1, -1, -1):
        sections = tuple(_cut(section, most) for section in choice.sections)
        yield replace(choice, sections=sections)


def alert_mail(
    mailer: Mailer,
    recipient: Recipient,
    occasion: Occasion,
    story: SelectedStory,
    topics: Sequence[SelectedTopic],
    snippet: Snippet,
    *,
    zone: str,
    lead: AlertLead | None = None,
) -> Mail:
    """Return an alert as a mail; *lead* stands above the passage that matched."""
    values = alert_values(story, topics, snippet, zone=zone, now=occasion.now) | {"lead": lead}
    titles = [story.title or host_shown(story.url)]
    return _mail(mailer, recipient, occasion, "alert", values, titles)


def bundle_mail(
    mailer: Mailer,
    recipient: Recipient,
    occasion: Occasion,
    stories: Sequence[Bundled],
    *,
    unlisted: int,
    zone: str,
    is_quiet: bool,
) -> Mail:
    """Return a bundle as a mail; *is_quiet* if it has waited for the end of quiet hours.

    A single story is an ordinary alert.
    """
    if alone := only_story(stories, unlisted):
        story, topics, snippet, lead = alone
        return alert_mail(mailer, recipient, occasion, story, topics, snippet, zone=zone, lead=lead)
    values = bundle_values(
        stories, unlisted=unlisted, zone=zone, now=occasion.now, is_quiet=is_quiet
    )
    titles = [bundled.story.title for bundled in stories]
    return _mail(mailer, recipient, occasion, "bundle", values, titles)


def _edition_mail(mailer: Mailer, recipient: Recipient, edition: EditionPage) -> Mail:
    picture, choice = edition.picture, edition.choice
    first = [edition.shown[story.id] for story in islice(choice.listed, 1)]
    lead = edition.lead if edition.mails_lead else None
    proxy = mailer.renderer.picture_proxy
    values = {
        **edition_values(edition, shown_picture(lead, proxy, MAIL_WIDTH) if lead else None),
        "picture": picture and {"name": _PICTURE, "alt": picture.alt},
        "most_named": _MOST_NAMED,
        "excerpt": first[0].text if first else "",
        "next_heads": edition.next_heads,
    }
    # Named by date and schedule number, because the edition has no row and no id yet.
    day = edition.day or edition.today
    name = f"edition:{recipient.chat_id}:{day:%Y%m%d}:{edition.schedule_number}:email"
    mailer = mailer.to(recipient)
    return mailer.mail(
        "email/digest",
        recipient,
        Occasion(name, edition.now),
        subject=one_line(mailer.text("email/digest.subject.txt", values)),
        values={**values, "sender_name": mailer.sender.name},
        label="digests",
        pictures=(InlinePicture(_PICTURE, picture.png),) if picture else (),
    )


def _mail(
    mailer: Mailer,
    recipient: Recipient,
    occasion: Occasion,
    name: str,
    values: Mapping[str, Any],
    titles: Sequence[str],
) -> Mail:
    """Return the mail of the templates *name*, with as many *titles* in its subject as fit."""
    mailer = mailer.to(recipient)
    values = {**values, "sender_name": mailer.sender.name}
    subject, next_heads = subject_of(
        lambda heads: mailer.text(f"email/{name}.subject.txt", {**values, "heads": heads}), titles
    )
    return mailer.mail(
        f"email/{name}",
        recipient,
        occasion,
        subject=subject,
        values={**values, "next_heads": next_heads},
        label="alerts",
    )


def _cut(section: Section, most: int) -> Section:
    listed, rest = section.listed[:most], section.listed[most:] + section.rest
    return replace(section, listed=listed, rest=rest, is_crowded=True)
