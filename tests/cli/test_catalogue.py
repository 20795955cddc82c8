"""`dateline catalogue`, through the command itself."""

import json

import pytest


@pytest.fixture
def run(dateline):
    return lambda *arguments: dateline("catalogue", *arguments)


def test_topics_are_added_changed_moved_and_retired(run):
    assert run().stdout == "The catalogue is empty; the first start fills it.\n"
    assert run("add", "Ports", "port").stdout == "Added Ports as 1.\n"
    assert run("add", "Ships", "ship").stdout == "Added Ships as 2.\n"
    assert run("rename", "2", "Boats").stdout == "Renamed 2.\n"
    assert run("query", "2", "boat OR ship").stdout == "Changed 2.\n"
    assert run("move", "2", "-1").stdout == "Moved 2.\n"

    listed = [json.loads(line) for line in run("list", "--json").stdout.splitlines()]
    shown = run().stdout
    retired = run("retire", "1").stdout

    assert [(one["name"], one["typed"]) for one in listed] == [
        ("Boats", "boat OR ship"),
        ("Ports", "port"),
    ]
    assert "boat OR ship" in shown
    assert retired == "Retired 1.\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(["retire", "9"], "The catalogue has no such topic.", id="no such topic"),
        pytest.param(["add", " ", "port"], "A name needs at least", id="no name"),
        pytest.param(["add", "Ports", "(port"], "(port", id="no query"),
    ],
)
def test_a_refusal_is_one_sentence(run, arguments, sentence):
    refused = run(*arguments)

    assert refused.exit_code == 2
    assert sentence in refused.stderr
