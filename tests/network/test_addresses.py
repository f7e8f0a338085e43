"""Addresses are judged by what they mean, however they are written."""

from __future__ import annotations

import ipaddress

import pytest

from runtime.addresses import Grant, is_loopback, is_public, may_be_called, written_as_number

GRANTS = (Grant.parse("10.20.0.0/16:8443"), Grant.parse("[fd00:20::/32]:8443"))


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "fe80::1",
        "fec0::1",
        "fd00::1",
        "ff02::1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2001:0:5ef5:79fb:0:59d:80ff:fffe",
        "2001:db8::1",
        "3fff::1",
        "2a00:1450::5efe:a00:1",
        "0.1.2.3",
        "192.0.0.0",
        "192.0.0.8",
        "192.0.0.9",
        "192.0.0.10",
        "192.0.0.170",
        "192.0.0.255",
        "192.31.196.1",
        "192.52.193.1",
        "192.175.48.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "233.252.0.1",
        "::ffff:192.0.0.9",
        "::ffff:0:10.0.0.1",
        "::192.0.0.9",
        "64:ff9b::c000:9",
        "2002:c000:9::1",
        "2002:c058:6301::1",
        "100::1",
        "100:0:0:1::1",
        "2001:1::1",
        "2001:2::1",
        "2001:3::1",
        "2001:4:112::1",
        "2001:10::1",
        "2001:20::1",
        "2001:30::1",
        "2620:4f:8000::1",
        "5f00::1",
        "4000::1",
        "fe80::1%1",
        "2606:4700::1%1",
    ],
)
def test_an_address_that_is_or_means_no_public_host_is_refused(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))
    assert not may_be_called(ipaddress.ip_address(text), 443, ())


@pytest.mark.parametrize("text", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"])
def test_a_public_host_may_be_called_at_443_and_nowhere_else(text: str) -> None:
    address = ipaddress.ip_address(text)
    assert may_be_called(address, 443, GRANTS)
    assert [port for port in (22, 80, 8443, 9092) if may_be_called(address, port, GRANTS)] == []


@pytest.mark.parametrize(
    ("text", "port", "may"),
    [
        ("10.20.3.4", 8443, True),
        ("::ffff:10.20.3.4", 8443, True),
        ("64:ff9b::a14:304", 8443, True),
        ("fd00:20::1", 8443, True),
        ("10.20.3.4", 443, False),
        ("10.21.3.4", 8443, False),
        ("fd00:21::1", 8443, False),
        ("127.0.0.1", 8443, False),
    ],
)
def test_a_grant_is_for_its_network_and_its_port_only(text: str, port: int, may: bool) -> None:
    assert may_be_called(ipaddress.ip_address(text), port, GRANTS) is may


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0/0:443",
        "::/0:443",
        "127.0.0.0/8:8443",
        "::1/128:8443",
        "169.254.0.0/16:80",
        "fe80::/10:443",
        "224.0.0.0/4:443",
        "9.0.0.0/8:8443",
        "10.0.0.1/8:8443",
        "10.0.0.0/8",
        "10.0.0.0/8:0",
        "10.0.0.0/8:99999",
        "10.0.0.0/8:http",
        "erp.acme.example:8443",
        "",
    ],
)
def test_what_is_too_wide_local_or_no_network_cannot_be_granted(text: str) -> None:
    with pytest.raises(ValueError):
        Grant.parse(text)


def test_a_grant_is_written_as_it_is_read() -> None:
    assert [str(Grant.parse(text)) for text in ("10.20.0.0/16:8443", "[fd00::/8]:443", "8.8.8.8:8443")] == [
        "10.20.0.0/16:8443",
        "fd00::/8:443",
        "8.8.8.8/32:8443",
    ]


@pytest.mark.parametrize("text", ["127.1", "0x7f000001", "2130706433", "017700000001", "0x7f.1", "::ffff:127.0.0.1"])
def test_a_host_written_as_an_odd_number_is_what_the_system_makes_of_it(text: str) -> None:
    found = written_as_number(text)
    assert found
    assert all(map(is_loopback, found))


def test_zero_is_an_address_and_a_name_is_none() -> None:
    assert [str(one) for one in written_as_number("0")] == ["0.0.0.0"]
    assert written_as_number("erp.acme.example") == ()
