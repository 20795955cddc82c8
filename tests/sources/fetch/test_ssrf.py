from ipaddress import IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.fetch.problems import AddressRefused
from bot.sources.fetch.ssrf import AddressPolicy, is_public, unwrapped

GUARD = AddressPolicy()
HOME = AddressPolicy(networks=(ip_network("10.1.0.0/16"), ip_network("fd00:1::/64")))
ONE_PORT = AddressPolicy(endpoints=frozenset({(ip_address("127.0.0.1"), 8081)}))


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("127.0.0.1", id="loopback"),
        pytest.param("::1", id="loopback, v6"),
        pytest.param("0.0.0.0", id="this host"),
        pytest.param("::", id="unspecified"),
        pytest.param("0.1.2.3", id="this network"),
        pytest.param("10.0.0.1", id="private 10"),
        pytest.param("172.16.0.1", id="private 172"),
        pytest.param("192.168.1.1", id="private 192"),
        pytest.param("169.254.169.254", id="link-local: cloud metadata"),
        pytest.param("168.63.129.16", id="a cloud's service to its machines"),
        pytest.param("64:ff9b::a83f:8110", id="NAT64 of a cloud's service"),
        pytest.param("fe80::1", id="link-local, v6"),
        pytest.param("100.64.0.1", id="carrier-grade NAT"),
        pytest.param("198.18.0.1", id="benchmarks"),
        pytest.param("192.88.99.1", id="6to4 relay"),
        pytest.param("224.0.0.1", id="multicast"),
        pytest.param("ff02::1", id="multicast, v6"),
        pytest.param("ff0e::1", id="global multicast, v6"),
        pytest.param("255.255.255.255", id="broadcast"),
        pytest.param("240.0.0.1", id="reserved"),
        pytest.param("fd12:3456::1", id="unique local"),
        pytest.param("fec0::1", id="site-local"),
        pytest.param("2001:db8::1", id="documentation"),
        pytest.param("::ffff:127.0.0.1", id="v4-mapped loopback"),
        pytest.param("::ffff:0:127.0.0.1", id="translated loopback"),
        pytest.param("::127.0.0.1", id="v4-compatible loopback"),
        pytest.param("64:ff9b::7f00:1", id="NAT64 of loopback"),
        pytest.param("64:ff9b:1::a00:1", id="local NAT64 of 10.0.0.1"),
        pytest.param("2002:7f00:1::", id="6to4 of loopback"),
        pytest.param("2001:0:4136:e378:8000:63bf:80ff:fffe", id="Teredo of 127.0.0.1"),
        pytest.param("2606:4700::5efe:7f00:1", id="ISATAP of loopback"),
        pytest.param("2606:4700::1%1", id="zone id"),
    ],
)
def test_nothing_inside_is_public(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("inner", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "168.63.129.16"])
@pytest.mark.parametrize("length", [32, 40, 48, 56, 64])
@pytest.mark.parametrize("prefix", ["64:ff9b::", "64:ff9b:1::"])
@pytest.mark.parametrize("suffix", ["0.0.0.0", "1.1.1.1"])
def test_nat64_of_any_prefix_length_leads_nowhere(prefix, length, inner, suffix):
    before = 64 - length  # the eight bits from 64 on belong to nobody (RFC 6052)
    number = int(ip_address(inner))
    behind = 32 - before
    embedded = (number >> behind << 64) | ((number & ((1 << behind) - 1)) << (56 - behind))
    rest = int(ip_address(suffix)) & ((1 << max(56 - behind, 0)) - 1)
    address = IPv6Address(int(ip_address(prefix)) | embedded | rest)

    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"],
)
def test_the_internet_is_public(address):
    assert is_public(ip_address(address))


@given(st.ip_addresses(v=4))
def test_an_address_that_wraps_another_is_judged_by_the_inner_one(inner):
    number = int(inner)
    mapped = IPv6Address((0xFFFF << 32) | number)
    nat64 = IPv6Address((0x64FF9B << 96) | number)
    sixtofour = IPv6Address((0x2002 << 112) | (number << 80))

    for outer in (mapped, nat64, sixtofour):
        assert unwrapped(outer) == (inner,)
        assert is_public(outer) == is_public(inner)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("file:///etc/passwd", id="file"),
        pytest.param("gopher://example.org/", id="gopher"),
        pytest.param("ftp://example.org/feed", id="ftp"),
        pytest.param("javascript:alert(1)", id="script"),
        pytest.param("example.org/feed", id="no scheme"),
        pytest.param("http:///feed", id="no host"),
        pytest.param("http://ann:secret@example.org/", id="credentials"),
        pytest.param("http://example.org@127.0.0.1/", id="a host that is a name"),
        pytest.param("http://example.org\\@127.0.0.1/", id="backslash"),
        pytest.param("http://example.org:22/", id="ssh"),
        pytest.param("http://example.org:8080/", id="odd port"),
        pytest.param("http://example.org:99999/", id="impossible port"),
        pytest.param("http://127.0.0.1/", id="loopback literal"),
        pytest.param("http://[::1]/", id="loopback literal, v6"),
        pytest.param("http://[fe80::1%25lo]/", id="zone id"),
        pytest.param("http://[::ffff:7f00:1]/", id="v4-mapped literal"),
        pytest.param("http://１２７.0.0.1/", id="full-width digits"),
        pytest.param("http://xn--/", id="broken punycode"),
        pytest.param("http://example.org/\0feed", id="a NUL"),
        pytest.param("http://example.org/" + "a" * 2000, id="too long"),
    ],
)
def test_a_bad_url_is_refused_before_any_request(url):
    with pytest.raises(AddressRefused):
        GUARD.check_url(url)


def test_the_operators_network_may_be_reached_on_any_port():
    assert HOME.check_url("http://10.1.2.3:9000/feed").port == 9000
    assert HOME.check_url("http://feeds.lan:9000/feed").host == "feeds.lan"
    HOME.check_address("::ffff:10.1.2.3", 9000)
    HOME.check_address("fd00:1::5", 9000)


@pytest.mark.parametrize(
    ("policy", "address", "port"),
    [
        pytest.param(HOME, "10.2.0.1", 80, id="another network"),
        pytest.param(HOME, "64:ff9b::a01:203", 80, id="NAT64 of the network"),
        pytest.param(HOME, "127.0.0.1", 80, id="this machine"),
        pytest.param(HOME, "1.1.1.1", 25, id="another port of a public address"),
        pytest.param(ONE_PORT, "127.0.0.1", 8080, id="another port of the endpoint"),
    ],
)
def test_an_allowed_network_opens_nothing_else(policy, address, port):
    with pytest.raises(AddressRefused):
        policy.check_address(address, port)
    with pytest.raises(AddressRefused):
        policy.check_url(f"http://{f'[{address}]' if ':' in address else address}:{port}/")


def test_one_allowed_endpoint_may_be_reached():
    ONE_PORT.check_address("127.0.0.1", 8081)


@given(st.text())
def test_any_text_is_either_a_url_or_refused(text):
    try:
        url = GUARD.check_url(text)
    except AddressRefused:
        return
    assert url.scheme in {"http", "https"}
