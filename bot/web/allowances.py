"""How often each client may do something: a few times at once, then evenly (GCRA, ITU-T I.371).

In memory, and each process by itself: it is to keep a mad client from the database, no more.
Beyond *most* clients the one not seen for longest is forgotten.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(eq=False)
class Allowances:
    per_minute: int = 30
    at_once: int = 30
    most: int = 10_000
    clock: Callable[[], float] = time.monotonic
    _arrivals: OrderedDict[str, float] = field(default_factory=OrderedDict)

    def take(self, client: str) -> float:
        """Return 0 where *client* may go on, or else the seconds after which it may."""
        now, interval = self.clock(), 60 / self.per_minute
        arrival = max(self._arrivals.get(client, now), now) + interval
        wait = arrival - now - self.at_once * interval
        if wait > 0:
            return wait
        self._arrivals[client] = arrival
        self._arrivals.move_to_end(client)
        if len(self._arrivals) > self.most:
            self._arrivals.popitem(last=False)
        return 0.0
