"""Role `publish`: what chats get, as rows of the outbox; and what was deleted, gone for good."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from bot.loops import Loop

if TYPE_CHECKING:
    from bot.app.surroundings import Surroundings


def publishing_loops(around: Surroundings) -> list[Loop]:
    from bot.app.mails import make_mailer
    from bot.publishing.alerts import publish_alerts
    from bot.publishing.broadcasts import publish_broadcasts
    from bot.publishing.bundles import publish_bundles
    from bot.publishing.digests import Digests
    from bot.publishing.edits import edit_alerts
    from bot.publishing.notices import publish_notices
    from bot.subscribers.deletion import Retention, purge_deleted

    storage, settings, mailer = around.storage, around.settings, make_mailer(around)
    common = (storage, around.renderer, around.owner)
    digests = Digests(*common, links=around.links, mailer=mailer)
    a_day, pace = settings.alerts_per_chat, settings.send_per_second
    retention = Retention(
        storage,
        around.owner,
        articles=timedelta(days=settings.keep_articles_days),
        deliveries=timedelta(days=settings.keep_deliveries_days),
    )
    return [
        Loop("notice", partial(publish_notices, *common, settings.admin_ids)),
        Loop("digest", digests.run_once),
        Loop("alert", partial(publish_alerts, *common, mailer=mailer, a_day=a_day)),
        Loop("bundle", partial(publish_bundles, *common, mailer=mailer)),
        Loop("also", partial(edit_alerts, *common)),
        Loop("broadcast", partial(publish_broadcasts, *common, pace)),
        Loop("tidy", partial(purge_deleted, storage)),
        Loop("forget", retention.run_once),
    ]
