"""Which part of a feed's title is the name of its publisher."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.publishers import publisher_name


@pytest.mark.parametrize(
    ("title", "site", "name"),
    [
        pytest.param("Example News", "example.com", "Example News", id="only a name"),
        pytest.param("Dawn - World", "dawn.com", "Dawn", id="a section behind it"),
        pytest.param("World - CBSNews.com", "cbsnews.com", "CBSNews.com", id="a section before it"),
        pytest.param("Daily Sample | All stories", "ds.com", "Daily Sample", id="an abbreviation"),
        pytest.param("WSJ.com: World News", "dowjones.io", "WSJ.com", id="the address of another"),
        pytest.param(
            "Al Jazeera – Breaking News, World News and Video from Al Jazeera",
            "feeds.example",
            "Al Jazeera",
            id="a slogan with the name in it",
        ),
        pytest.param("NYT > World News", "nytimes.com", "NYT", id="an arrow"),
        pytest.param("Rest of World -", "restofworld.org", "Rest of World", id="nothing behind it"),
        pytest.param("Le Monde.fr - À la une", "lemonde.fr", "Le Monde.fr", id="blanks in it"),
        pytest.param("Top Stories", "abc.net.au", "", id="only which news it has"),
        pytest.param("Sky-High Farming", "farm.org", "Sky-High Farming", id="a hyphen"),
        pytest.param("Cats - and Dogs", "pets.org", "Cats - and Dogs", id="no part of the address"),
        pytest.param("朝日新聞 | 国際", "asahi.com", "朝日新聞 | 国際", id="another script"),
        pytest.param(
            "Daily News Search Records Found 1000", "daily.in", "Daily", id="the page of a search"
        ),
        pytest.param("Example Times - RSS", "x.io", "Example Times", id="a format"),
        pytest.param("Example Times RSS Feed", "x.io", "Example Times", id="a format in it"),
        pytest.param("Latest from Example Times", "x.io", "Example Times", id="the latest"),
        pytest.param("Latest Stories | Example Times", "x.io", "Example Times", id="a section"),
        pytest.param("Latest India News | Sample", "x.io", "Sample", id="of a country"),
        pytest.param("RSS feed of Example Times", "x.io", "Example Times", id="a feed of it"),
        pytest.param("", "example.com", "", id="no title"),
    ],
)
def test_a_publisher_is_named_by_the_part_of_a_title_that_is_its_own(title, site, name):
    assert publisher_name(title, site) == name


@given(st.text(max_size=80), st.sampled_from(["", "example.com", "x.y"]))
def test_a_name_is_a_part_of_its_title(title, site):
    assert publisher_name(title, site) in title
