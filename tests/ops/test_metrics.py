"""What is measured: its names, its labels, and that all who speak of it speak of what there is."""

import re
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from bot.ops.instrumentation import Act, Reading, Watch
from bot.ops.metrics import Metrics
from storage.stats import Backlog

ROOT = Path(__file__).parents[2]
BUILD = {"version": "1", "python": "3.11", "database": "sqlite", "roles": "chat"}
NAME = re.compile(r"\b(?:dateline|process)_[a-z_]*[a-z]\b")
OF_A_HISTOGRAM = re.compile(r"_(?:bucket|sum|count)$")
SPEAKING = [
    "docs/reference/metrics.md",
    "deploy/grafana/dateline.json",
    "deploy/prometheus/alerts.yml",
]


@pytest.fixture
def metrics() -> Metrics:
    metrics = Metrics(BUILD)
    metrics.read_off({reading: lambda: 1.0 for reading in Reading})
    return metrics


def names(metrics: Metrics) -> set[str]:
    """Return the names as queries write them, of a histogram that without an ending."""
    return {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in metrics.registry.collect()
    }


def text_of(metrics: Metrics) -> str:
    return generate_latest(metrics.registry).decode()


def test_the_reference_names_every_metric_there_is(metrics):
    told = set(NAME.findall((ROOT / SPEAKING[0]).read_text(encoding="utf-8")))

    assert names(metrics) - told == set()


@pytest.mark.parametrize("path", SPEAKING)
def test_whoever_speaks_of_a_metric_speaks_of_one_there_is(metrics, path):
    text = (ROOT / path).read_text(encoding="utf-8")
    known = names(metrics)
    told = {
        OF_A_HISTOGRAM.sub("", name) if name not in known else name for name in NAME.findall(text)
    }

    assert told - known == set()


def test_names_end_in_their_unit(metrics):
    odd = [
        name for name in names(metrics) if re.search(r"_(ms|milliseconds|minutes|kb|mb)(_|$)", name)
    ]

    assert odd == []


def test_every_act_is_counted(metrics):
    watch = Watch([metrics])

    for act in Act:
        with watch.over(act, "a", host="secret.example", update=7) as seen:
            seen.outcome = "b"

    text = text_of(metrics)
    assert len(re.findall(r'_total{.*"b".*} 1.0', text)) == len(Act)
    assert "secret" not in text


def test_what_was_made_is_counted_by_its_table(metrics):
    metrics.count_made({"article": 2, "story": 5})
    metrics.count_made({"article": 1})

    assert "dateline_articles_total 3.0" in text_of(metrics)


def test_what_waits_is_absent_while_nobody_knows(metrics):
    metrics.show(Backlog({"send": 12.0}, {("held", "email"): 3}, {"active": 9}, 77))
    known = text_of(metrics)
    metrics.show(None)

    assert 'dateline_lag_seconds{step="send"} 12.0' in known
    assert 'dateline_queue{medium="email",state="held"} 3.0' in known
    assert "dateline_queries_change 77.0" in known
    assert "dateline_lag_seconds{" not in text_of(metrics)
