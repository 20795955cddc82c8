"""Addresses of databases, as people write them."""

import pytest
from sqlalchemy import make_url

from bot.database_urls import with_driver


def opened(url: str) -> dict[str, object]:
    """Return what the driver is told when *url* is opened."""
    parsed = make_url(with_driver(url))
    _, said = parsed.get_dialect()().create_connect_args(parsed)
    return dict(said)


def test_servers_are_separated_by_commas():
    assert opened("postgresql://me:word@h1:5433,h2:5434/news") == {
        "host": ["h1", "h2"],
        "port": [5433, 5434],
        "user": "me",
        "password": "word",
        "database": "news",
    }


def test_a_missing_port_is_the_default_one():
    said = opened("postgresql://me@h1,h2:5434/news")

    assert (said["host"], said["port"]) == (["h1", "h2"], [5432, 5434])


def test_a_server_may_be_an_ipv6_address():
    assert opened("postgresql://me@[fd00::1]:5433/news")["host"] == "fd00::1"

    said = opened("postgresql://me@[fd00::1]:5433,[fd00::2],10.0.0.3/news")

    assert said["host"] == ["fd00::1", "fd00::2", "10.0.0.3"]
    assert said["port"] == [5433, 5432, 5432]


@pytest.mark.parametrize("servers", ["h1", "h1:5433,h2", "[::1]:5433,h2"])
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("p%40ss%2Fw%3Ard", "p@ss/w:rd"),
        ("p@ss", "p@ss"),
        ("p@s/s?w#rd", "p@s/s?w#rd"),
        ("50%off+", "50%off+"),
        ("a:b", "a:b"),
    ],
)
def test_a_password_may_contain_any_character(servers: str, written: str, meant: str):
    said = opened(f"postgresql://me:{written}@{servers}/news")

    assert (said["user"], said["password"], said["database"]) == ("me", meant, "news")


def test_options_get_the_names_of_the_driver():
    said = opened(
        "postgres://me@h1,h2/news?sslmode=require&connect_timeout=2&target_session_attrs=primary"
    )

    assert said["ssl"] == "require"
    assert said["timeout"] == "2"
    assert said["target_session_attrs"] == "primary"


def test_a_socket_may_be_named_by_its_folder():
    said = opened("postgresql:///news?host=/var/run/postgresql")

    assert (said["host"], said["database"]) == ("/var/run/postgresql", "news")


@pytest.mark.parametrize(
    "url",
    [
        "news",
        "mysql://me@h1/news",
        "postgresql://me@h1:port/news",
        "postgresql://me@h1,/news",
        "postgresql://me@fd00::1/news",
    ],
)
def test_an_invalid_address_is_refused(url: str):
    with pytest.raises(ValueError, match="write"):
        with_driver(url)
