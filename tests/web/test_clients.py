from ipaddress import ip_network

import pytest

from bot.web.requests import client_of

OURS = (ip_network("127.0.0.0/8"), ip_network("::1/128"), ip_network("10.0.0.0/24"))


@pytest.mark.parametrize(
    ("remote", "forwarded", "client"),
    [
        pytest.param("203.0.113.7", "", "203.0.113.7", id="it came by itself"),
        pytest.param("8.8.8.8", "9.9.9.9", "8.8.8.8", id="a stranger says what it likes"),
        pytest.param("127.0.0.1", "9.9.9.9", "9.9.9.9", id="our proxy names it"),
        pytest.param("10.0.0.2", "1.2.3.4, 9.9.9.9", "9.9.9.9", id="our proxy's word is the last"),
        pytest.param("10.0.0.2", "9.9.9.9, 10.0.0.3", "9.9.9.9", id="one proxy behind another"),
        pytest.param("10.0.1.2", "9.9.9.9", "10.0.1.2", id="a neighbour that is no proxy"),
        pytest.param("127.0.0.1", "10.0.0.2", "10.0.0.2", id="the proxy's own machine"),
        pytest.param("127.0.0.1", "nonsense", "127.0.0.1", id="no address"),
        pytest.param("127.0.0.1", "9.9.9.9, nonsense", "127.0.0.1", id="no address at the end"),
        pytest.param("127.0.0.1", "", "127.0.0.1", id="on this machine"),
        pytest.param("2001:4860:4860::8888", "", "2001:4860:4860::/64", id="its own network"),
        pytest.param("::1", "2001:4860:1:2:3::4", "2001:4860:1:2::/64", id="proxied, IPv6"),
        pytest.param("::ffff:8.8.8.8", "", "8.8.8.8", id="IPv4 at a socket for both"),
        pytest.param("::ffff:127.0.0.1", "9.9.9.9", "9.9.9.9", id="our proxy, at such a socket"),
        pytest.param("fe80::1%eth0", "", "fe80::/64", id="with its interface"),
        pytest.param(None, "9.9.9.9", "None", id="a socket without addresses"),
    ],
)
def test_whom_a_request_is_counted_for(remote, forwarded, client):
    assert client_of(remote, forwarded, OURS) == client


def test_no_number_of_names_is_followed_for_long():
    assert (
        client_of("127.0.0.1", "9.9.9.9," + "127.0.0.1," * 1000 + "10.0.0.1", OURS) == "127.0.0.1"
    )
