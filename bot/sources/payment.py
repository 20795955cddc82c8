"""Payment: the accounts that follow a private source pay for it, out of their budgets of the day.

A source goes on as long as one of them can pay. A public source is paid for by nobody, and costs no
statement here.
"""

from collections import Counter
from collections.abc import Collection, Mapping

from bot.budgets import NOTICED, Budgets, Cost, room, waits
from bot.sources.fetch.problems import Spent
from storage.db.engine import Transaction
from storage.enums import UsageKind
from storage.usage import Account, note_exhaustion, payers_of, spend, used_today


def cost_of(spent: Spent, *, entries: int = 0, pages: int = 0) -> Cost:
    """Return the cost of a fetch that *spent* this, and of its new entries and pages."""
    return Cost(spent.requests, spent.seconds, spent.received, entries=entries, pages=pages)


async def rooms(
    tx: Transaction, source_ids: Collection[int], kind: UsageKind, budgets: Budgets
) -> dict[int, int]:
    """Return how much of *kind* is left for each of the private sources."""
    if not source_ids:
        return {}
    payers = await payers_of(tx, source_ids)
    today = await used_today(tx, {payer.account for each in payers.values() for payer in each})
    return {
        source_id: room(budgets, kind, [today[one.account] for one in payers.get(source_id, ())])
        for source_id in source_ids
    }


async def charge_sources(tx: Transaction, costs: Mapping[int, Cost], budgets: Budgets) -> set[int]:
    """Charge the *costs* of private sources to their followers; return the sources that wait now.

    An account that is beyond a budget gets a notice, once a day.
    """
    payers = await payers_of(tx, costs) if costs else {}
    if not payers:
        return set()
    amounts: Counter[tuple[Account, UsageKind]] = Counter()
    for source_id, each in payers.items():
        for payer in each:
            for kind, amount in costs[source_id].amounts.items():
                amounts[payer.account, kind] += amount
    await spend(tx, amounts)
    today = await used_today(tx, {payer.account for each in payers.values() for payer in each})
    exhausted = {
        payer: kinds
        for each in payers.values()
        for payer in each
        if (kinds := budgets.exceeded(today[payer.account]).intersection(NOTICED))
    }
    await note_exhaustion(tx, exhausted)
    return {
        source_id
        for source_id, each in payers.items()
        if waits(budgets, [today[payer.account] for payer in each])
    }


async def charge_account(tx: Transaction, account: Account, cost: Cost) -> None:
    """Charge what one account asked for itself."""
    await spend(tx, {(account, kind): amount for kind, amount in cost.amounts.items()})
