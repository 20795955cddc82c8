"""Digests and alerts as mails: which template, which subject, and how much of it.

Some mail programs cut a mail off at 102 KB, its link to unsubscribe included; so the HTML is kept
under 90 KB by listing fewer stories of each topic and counting the others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.mail.compose import Mail, Occasion, Picture, Post, Recipient, encoded_size, subject_of
from bot.matching.snippet import Snippet
from bot.publishing.pages import Bundled, Edition, bundle_values, values_of
from bot.publishing.selection import Choice, Section, Story, Topic
from bot.rendering.filters import local
from bot.sources.urls import host_of

LARGEST_HTML = 90_000  # bytes as they travel
_PICTURE = "week"
_MOST_NAMED = 30  # of those that were alerted earlier


def edition_mail(post: Post, recipient: Recipient, edition: Edition) -> Mail:
    """Return the digest of a day, or the line that says it is empty."""
    post = post.to(recipient)
    mails = (
        _edition_mail(post, recipient, replace(edition, choice=choice))
        for choice in shorter_and_shorter(edition.choice)
    )
    for mail in mails:
        if encoded_size(mail.html) <= LARGEST_HTML:
            break
    return mail


def shorter_and_shorter(choice: Choice) -> Iterator[Choice]:
    """Yield *choice*, then with one story of each topic fewer listed, until none is."""
    yield choice
    longest = max((len(section.listed) for section in choice.sections), default=0)
    for most in range(longest - 1, -1, -1):
        sections = tuple(_cut(section, most) for section in choice.sections)
        yield replace(choice, sections=sections)


def alert_mail(  # noqa: PLR0913 - the parts of an alert, each named
    post: Post,
    recipient: Recipient,
    occasion: Occasion,
    story: Story,
    topics: Sequence[Topic],
    snippet: Snippet,
    *,
    zone: str,
) -> Mail:
    post = post.to(recipient)
    values = {
        "story": story,
        "topics": topics,
        "snippet": snippet,
        "zone": zone,
        "today": local(occasion.now, zone).date(),
        "sender_name": post.sender.name,
    }
    return post.mail(
        "email/alert",
        recipient,
        occasion,
        subject=subject_of(
            lambda heads: post.text("email/alert.subject.txt", {**values, "heads": heads}),
            [story.title or host_of(story.url)],
        )[0],
        values=values,
        label="alerts",
    )


def bundle_mail(
    post: Post,
    recipient: Recipient,
    occasion: Occasion,
    stories: Sequence[Bundled],
    *,
    zone: str,
    is_quiet: bool,
) -> Mail:
    """Return alerts that have waited, *is_quiet*: for quiet hours to end."""
    post = post.to(recipient)
    values = {
        **bundle_values(stories, zone=zone, now=occasion.now, is_quiet=is_quiet),
        "sender_name": post.sender.name,
    }
    subject, values["next_heads"] = subject_of(
        lambda heads: post.text("email/bundle.subject.txt", {**values, "heads": heads}),
        [one.story.title for one in stories],
    )
    return post.mail(
        "email/bundle", recipient, occasion, subject=subject, values=values, label="alerts"
    )


def _edition_mail(post: Post, recipient: Recipient, edition: Edition) -> Mail:
    picture = edition.picture
    values = {
        **values_of(edition),
        "sender_name": post.sender.name,
        "picture": picture and {"name": _PICTURE, "alt": picture.alt},
        "most_named": _MOST_NAMED,
    }
    new = [story for story in edition.choice.all_stories if not story.alerted]
    subject, values["next_heads"] = subject_of(
        lambda heads: post.text("email/digest.subject.txt", {**values, "heads": heads}),
        [story.title for story in new],
    )
    snippets = [edition.snippets[story.id] for story in new[:1] if story.id in edition.snippets]
    values["excerpt"] = snippets[0].text if snippets else ""
    return post.mail(
        "email/digest",
        recipient,
        _occasion(recipient, edition),
        subject=subject,
        values=values,
        label="digests",
        pictures=(Picture(_PICTURE, picture.png),) if picture else (),
    )


def _occasion(recipient: Recipient, edition: Edition) -> Occasion:
    """Name the edition by what is known before its row is made."""
    day = edition.day or edition.today
    return Occasion(f"edition:{recipient.chat_id}:{day:%Y%m%d}:{edition.slot}:email", edition.now)


def _cut(section: Section, most: int) -> Section:
    listed, rest = section.listed[:most], section.listed[most:] + section.rest
    return replace(section, listed=listed, rest=rest, is_crowded=True)
