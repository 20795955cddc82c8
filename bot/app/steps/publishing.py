"""Role `publish`: what chats get, as rows of the outbox; and what was deleted, gone for good."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.loops import Loop

if TYPE_CHECKING:
    from bot.app.surroundings import Surroundings


def publishing_loops(around: Surroundings) -> list[Loop]:
    from bot.app.mails import make_post
    from bot.publishing.publish import Publishing
    from bot.publishing.publish.broadcasting import Broadcasting
    from bot.subscribers.forgetting import Forgetting
    from bot.subscribers.tidying import Tidying

    storage, settings = around.storage, around.settings
    publishing = Publishing(
        storage,
        around.renderer,
        around.owner,
        admins=settings.admin_ids,
        links=around.links,
        post=make_post(around),
        alerts_a_day=settings.alerts_per_chat,
    )
    forgetting = Forgetting(
        storage,
        around.owner,
        articles=timedelta(days=settings.keep_articles_days),
        deliveries=timedelta(days=settings.keep_deliveries_days),
    )
    casting = Broadcasting(storage, around.renderer, around.owner, settings.send_per_second)
    return [
        Loop("notice", publishing.publish_notices),
        Loop("digest", publishing.publish_due),
        Loop("alert", publishing.publish_new),
        Loop("bundle", publishing.publish_bundles),
        Loop("also", publishing.publish_also),
        Loop("broadcast", casting.put_out_next),
        Loop("tidy", Tidying(storage).tidy),
        Loop("forget", forgetting.forget_old),
    ]
