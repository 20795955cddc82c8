"""Payment: the accounts that follow a private source pay for it from their daily budgets.

A source is polled as long as one of them can pay. Nobody pays for a public source, so these
functions run no statement for one.
"""

from collections import Counter
from collections.abc import Collection, Mapping

from bot.budgets import NOTICED, Budgets, Cost, room, waits
from bot.sources.fetch.problems import Spent
from storage.db.engine import Transaction
from storage.enums import UsageKind
from storage.usage import Account, Payer, note_exhaustion, payers_of, spend, used_today


def cost_of(spent: Spent, *, entries: int = 0, pages: int = 0) -> Cost:
    """Return the cost of a fetch, its new entries and pages included."""
    return Cost(spent.requests, spent.seconds, spent.received, entries=entries, pages=pages)


Payers = Mapping[int, Collection[Payer]]
"""The accounts that pay for each private source, by its id."""


async def rooms(
    tx: Transaction,
    source_ids: Collection[int],
    kind: UsageKind,
    budgets: Budgets,
    payers: Payers | None = None,
) -> dict[int, int]:
    """Return how much of *kind* is left for each of the private sources.

    *payers*: the accounts that pay, if they are not the followers.
    """
    if not source_ids:
        return {}
    if payers is None:
        payers = await payers_of(tx, source_ids)
    today = await used_today(tx, _accounts(payers))
    return {
        source_id: room(
            budgets, kind, [today[payer.account] for payer in payers.get(source_id, ())]
        )
        for source_id in source_ids
    }


async def charge_sources(
    tx: Transaction, costs: Mapping[int, Cost], budgets: Budgets, payers: Payers | None = None
) -> set[int]:
    """Charge the *costs* of private sources to their followers; return those nobody can pay for.

    *payers*: as in `rooms`. An account that is over a budget gets one notice a day.
    """
    if payers is None:
        payers = await payers_of(tx, costs) if costs else {}
    if not payers:
        return set()
    amounts: Counter[tuple[Account, UsageKind]] = Counter()
    for source_id, followers in payers.items():
        for payer in followers:
            for kind, amount in costs[source_id].amounts.items():
                amounts[payer.account, kind] += amount
    await spend(tx, amounts)
    today = await used_today(tx, _accounts(payers))
    exhausted = {
        payer: kinds
        for followers in payers.values()
        for payer in followers
        if (kinds := budgets.exceeded(today[payer.account]).intersection(NOTICED))
    }
    await note_exhaustion(tx, exhausted)
    return {
        source_id
        for source_id, followers in payers.items()
        if waits(budgets, [today[payer.account] for payer in followers])
    }


def _accounts(payers: Payers) -> set[Account]:
    return {payer.account for followers in payers.values() for payer in followers}


async def charge_account(tx: Transaction, account: Account, cost: Cost) -> None:
    """Charge one account for a request of its own."""
    await spend(tx, {(account, kind): amount for kind, amount in cost.amounts.items()})
