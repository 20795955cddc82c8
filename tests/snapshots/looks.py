"""The looks that are kept: for each name of a file, what must stand in it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bot.publishing import samples
from bot.publishing.bundles import bundle_page
from bot.publishing.choice import Story, choose
from bot.publishing.pages import alert_page, edition_page, now_page, section_page
from bot.publishing.samples import sample_edition
from bot.rendering.as_html import to_html
from bot.rendering.renderer import Renderer
from storage.words import Layout, Style

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bot.rendering.messages import Message

FOLDER = Path(__file__).parent / "kept"
_BETWEEN_BLOCKS = re.compile(r"(?<=>)(?=<(?:h\d|p|ul|li|details|summary|footer|hr|/ul|/details)\b)")


def looks() -> Mapping[str, str]:
    """Return the text of each snapshot by the name of its file."""
    return {f"{name}.txt": written(messages) for name, messages in messages_by_look().items()}


def messages_by_look() -> Mapping[str, Sequence[Message]]:
    renderer = Renderer()
    edition = sample_edition()
    by_url = replace(edition, url="https://news.example.org/e/1")
    editions = {
        "digest": edition,
        "digest_brief": sample_edition(Style.BRIEF),
        "digest_full": sample_edition(Style.FULL),
        "digest_late": replace(edition, late=timedelta(hours=2)),
        "digest_weekly": replace(edition, is_weekly=True),
        "digest_with_a_page": replace(by_url, choice=sample_edition(Style.BRIEF).choice),
        "digest_rich": replace(edition, layout=Layout.RICH),
        "digest_rich_brief": replace(sample_edition(Style.BRIEF), layout=Layout.RICH),
        "digest_empty": replace(edition, choice=choose([], [])),
    }
    pages = {name: edition_page(renderer, one) for name, one in editions.items()}
    pages["digest_plain"] = [message.plain() for message in pages["digest"]]
    pages["now"] = now_page(renderer, replace(edition, day=None))
    pages["section"] = section_page(renderer, edition, samples.TIES.id)
    story = samples.sample_story(samples.ALERTED)
    pages["alert"] = [_alert(renderer, story)]
    pages["alert_of_a_chapter"] = [_alert(renderer, replace(story, is_chapter=True))]
    pages["bundle"] = bundle_page(
        renderer, samples.sample_bundle(), zone=samples.PLAN.zone, now=samples.NOW, is_quiet=True
    )
    return pages


def written(messages: Iterable[Message]) -> str:
    """Write messages as people can compare them: marks as tags, buttons with what they say back."""
    return "\n-----\n".join(_written(message) for message in messages) + "\n"


def _written(message: Message) -> str:
    body = _BETWEEN_BLOCKS.sub("\n", message.rich) if message.rich else str(to_html(message))
    rows = (
        " ".join(f"[{button.text}]({button.data or button.url})" for button in row)
        for row in message.keyboard
    )
    return "\n".join([body, "", *rows]).rstrip()


def _alert(renderer: Renderer, story: Story) -> Message:
    snippet = samples.sample_snippet(samples.ALERTED)
    zone = samples.PLAN.zone
    return alert_page(renderer, story, [samples.CONSUL], snippet, zone=zone, now=story.news_at)
