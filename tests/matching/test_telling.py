import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.matching.suggest import names_in


@pytest.mark.parametrize(
    ("title", "text", "names"),
    [
        pytest.param(
            "Captain of sunken ferry Santa Rosalia detained",
            "Police are questioning him.",
            ["Santa Rosalia"],
            id="a name of two words",
        ),
        pytest.param(
            "Ferry sinks off Bohara, dozens missing", "", ["Bohara"], id="what begins is no name"
        ),
        pytest.param(
            "Captain Of Santa Rosalia Detained By Police",
            "The Santa Rosalia went down. Police held the captain.",
            ["Santa Rosalia"],
            id="with capitals everywhere the text says which are names",
        ),
        pytest.param(
            "Consul-General in Osaka to Visit Taiwan for Talks on Flights",
            "A consul-general based in Osaka will travel to Taiwan.",
            ["Osaka", "Taiwan"],
            id="short words have none in such a title",
        ),
        pytest.param(
            "Talks that began on Tuesday with Erdogan's envoy go on in Tokyo",
            "",
            ["Erdogan", "Tokyo"],
            id="no day, and no s of its owner",
        ),
        pytest.param(
            "Envoy meets Lin in Port Ellery", "He met Lin of Port Ellery.", ["Port Ellery", "Lin"],
            id="the longest first",
        ),
        pytest.param("サントリーニ島で地震", "", ["サントリーニ"], id="katakana"),
        pytest.param("台湾で大きな地震", "", [], id="a script without capitals"),
        pytest.param("", "", [], id="nothing"),
    ],
)  # fmt: skip
def test_what_a_headline_names(title, text, names):
    assert names_in(title, text) == names


@given(st.text(max_size=80), st.text(max_size=200))
def test_every_name_fits_a_button_and_none_is_within_another(title, text):
    names = names_in(title, text)

    assert all(name.strip() and len(name.encode()) <= 40 for name in names)
    assert len(set(names)) == len(names)
