"""Measured costs of single things; `costs.json` names the command of each figure."""

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
        figures = json.loads(files("benchmarks.simulate").joinpath("costs.json").read_text())
        return cls({name: float(figure["value"]) for name, figure in figures.items()})

    def __getitem__(self, name: str) -> float:
        return self.figures[name]

    def match_ms(self, queries: float, hits: float) -> float:
        """Return the CPU of an article, which grows with each tenfold of queries and each hit.

        The growth was measured up to a million queries and is assumed beyond.
        """
        tenfolds = log10(max(queries, 1) / _MILLION)
        base = self["match_us_at_million"] + tenfolds * self["match_us_a_tenfold"]
        return (base + hits * self["match_us_a_hit"]) / 1e3

    def index_gb(self, queries: float) -> float:
        return queries * self["index_bytes_a_query"] / 1e9
