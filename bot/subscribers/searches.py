"""The budget of searches: for feeds at a link, and for stories in the archive; by account.

The updates of one Telegram chat are handled in order, so an account runs one search at a time.
"""

from bot.budgets import Cost
from bot.sources.payment import charge_account
from bot.subscribers.errors import TooManySearches
from bot.subscribers.limits import Limits
from storage.db.engine import Storage
from storage.enums import UsageKind
from storage.usage import account_of_chat, used_today


async def count_search(storage: Storage, chat_id: int, *, limits: Limits) -> None:
    """Count a search before it begins; raise TooManySearches if the account has none left today."""
    async with storage.writing() as tx:
        account = await account_of_chat(tx, chat_id)
        today = (await used_today(tx, [account]))[account]
        if not limits.budgets.left(UsageKind.SEARCHES, today):
            raise TooManySearches(limits.budgets.searches)
        await charge_account(tx, account, Cost(searches=1))
