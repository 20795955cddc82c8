"""What one of each thing costs, as measured; each figure with the command that gave it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from math import log10
from typing import Self

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Costs:
    figures: Mapping[str, float]

    @classmethod
    def measured(cls) -> Self:
        found = json.loads(files("benchmarks.simulating").joinpath("costs.json").read_text())
        return cls({name: float(one["value"]) for name, one in found.items()})

    def __getitem__(self, name: str) -> float:
        return self.figures[name]

    def match_ms(self, queries: float, hits: float) -> float:
        """Return CPU for an article: what grows by each tenfold of queries, and what by each hit.

        Measured up to a million; beyond that the same growth is supposed to go on.
        """
        tenfolds = log10(max(queries, 1) / _MILLION)
        base = self["match_us_at_million"] + tenfolds * self["match_us_a_tenfold"]
        return (base + hits * self["match_us_a_hit"]) / 1e3

    def index_gb(self, queries: float) -> float:
        return queries * self["index_bytes_a_query"] / 1e9
