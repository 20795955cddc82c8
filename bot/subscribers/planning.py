"""When a chat's next digest comes, after anything that it depends on has changed."""

from bot.publishing.calendar import Plan, next_due
from storage.chats import Chat
from storage.editions import last_edition
from storage.engine import Unit
from storage.subscriptions import wants_digest


def plan_of(chat: Chat) -> Plan:
    return Plan(chat.digest_minutes, chat.zone, chat.digest_weekdays)


async def replan(unit: Unit, chat: Chat) -> None:
    """Set the chat's next moment in this unit; none where no subscription asks for a digest."""
    chat_id = chat.id or 0
    await unit.session.flush()
    if await wants_digest(unit, chat_id):
        last = await last_edition(unit, chat_id)
        last_day = last.local_date if last else None
        chat.next_digest_at = next_due(plan_of(chat), unit.now, last_day)
    else:
        chat.next_digest_at = None
    unit.session.add(chat)
    await unit.session.flush()
