from dataclasses import replace
from datetime import timedelta

from bot.ops.doctor.contents import SourceFacts, judge_selectors, judge_sources
from tests.ops.doctor.judging import cases, problems

SOURCES = SourceFacts(10, 0, timedelta(minutes=3), is_running=True)
KINDS = {("feed", "healthy"): 7, ("channel", "unhealthy"): 2, ("page", "unhealthy"): 1}


@cases(
    "seen, expected",
    {
        "well": (SOURCES, {}),
        "none": (replace(SOURCES, sources=0), {"sources.none": "warning"}),
        "some": (replace(SOURCES, unhealthy=1), {"sources.some-unhealthy": "warning"}),
        "most": (replace(SOURCES, unhealthy=6), {"sources.many-unhealthy": "unhealthy"}),
        "all of a kind": (
            replace(SOURCES, unhealthy=3, kinds=KINDS),
            {"sources.some-unhealthy": "warning", "sources.kind-fails": "unhealthy"},
        ),
        "silence": (replace(SOURCES, since=timedelta(hours=2)), {"sources.silent": "unhealthy"}),
        "nobody reads": (
            replace(SOURCES, since=None, is_running=False),
            {"sources.silent": "warning"},
        ),
    },
)
def test_the_state_of_the_sources_is_judged(seen, expected):
    assert problems(judge_sources(seen)) == expected


def test_selectors_that_were_not_used_are_counted():
    finding = judge_selectors({7: "too_slow", 9: "selects_nothing"})

    assert problems([finding]) == {"sources.selectors-unused": "warning"}
    assert finding.sentence.startswith("The selectors of 2 sources")
    assert problems([judge_selectors({})]) == {}
