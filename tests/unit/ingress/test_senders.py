"""Whose request it is, behind proxies or not, and who leaves first when there are too many."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_network
from types import SimpleNamespace
from typing import cast

import pytest
from aiohttp.web import BaseRequest
from multidict import CIMultiDict, CIMultiDictProxy

from runtime.errors import Broken
from runtime.settings import Ingress, settings_from_environment
from services.ingress.crowd import Crowd, Phase
from services.ingress.rate import address_of, is_trusted, sender
from services.ingress.replays import Replays

TRUSTED = tuple(map(ip_network, ("10.0.0.0/8", "192.0.2.7/32", "fd00::/8")))


def request(peer: str, *forwarded: str) -> BaseRequest:
    headers = CIMultiDictProxy(CIMultiDict([("X-Forwarded-For", one) for one in forwarded]))
    return cast("BaseRequest", SimpleNamespace(remote=peer, headers=headers))


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("203.0.113.5", ("198.51.100.1",), "203.0.113.5"),
        ("10.1.2.3", ("198.51.100.1",), "198.51.100.1"),
        ("::ffff:10.1.2.3", ("198.51.100.1",), "198.51.100.1"),
        ("10.1.2.3", ("198.51.100.1, 10.9.9.9",), "198.51.100.1"),
        ("10.1.2.3", ("6.6.6.6, 198.51.100.1, 192.0.2.7",), "198.51.100.1"),
        ("10.1.2.3", ("6.6.6.6", "198.51.100.1", "10.4.4.4"), "198.51.100.1"),
        ("10.1.2.3", ("198.51.100.1:4711",), "198.51.100.1"),
        ("10.1.2.3", ("[2001:db8:1:2::9]:443",), "2001:db8:1:2::/64"),
        ("fd00::1", ("2001:db8:1:2::9",), "2001:db8:1:2::/64"),
        ("10.1.2.3", ("6.6.6.6, nonsense",), "10.1.2.3"),
        ("10.1.2.3", ("6.6.6.6, ",), "10.1.2.3"),
        ("10.1.2.3", (), "10.1.2.3"),
        ("10.1.2.3", ("10.4.4.4",), "10.1.2.3"),
        ("2001:db8:1:2:3::4", (), "2001:db8:1:2::/64"),
        ("", (), ""),
    ],
)
def test_the_sender_is_the_last_hop_that_is_no_trusted_proxy(peer: str, forwarded: Sequence[str], found: str) -> None:
    assert address_of(request(peer, *forwarded), TRUSTED) == found


def test_a_very_long_list_of_hops_is_read_from_its_end() -> None:
    assert address_of(request("10.1.2.3", ", ".join(["6.6.6.6"] * 5000 + ["198.51.100.1"])), TRUSTED) == "198.51.100.1"
    assert address_of(request("10.1.2.3", ", ".join(["10.0.0.1"] * 5000)), TRUSTED) == "10.1.2.3"


def test_all_addresses_of_a_64_are_one_sender() -> None:
    assert sender("2001:db8::1") == sender("2001:db8::ffff:1") != sender("2001:db8:0:1::1")
    assert is_trusted("10.255.0.1", TRUSTED)
    assert not is_trusted("11.0.0.1", TRUSTED)
    assert not is_trusted("", TRUSTED)


def test_proxies_are_set_as_networks_or_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ML_CONNECTOR_INGRESS__TRUSTED_PROXIES", '["10.0.0.0/8", "192.0.2.7", "fd00::/8"]')
    assert settings_from_environment().ingress.trusted_proxies == TRUSTED
    monkeypatch.setenv("ML_CONNECTOR_INGRESS__TRUSTED_PROXIES", '["10.0.0.1/8"]')
    with pytest.raises(Broken, match="ML_CONNECTOR_INGRESS__TRUSTED_PROXIES__0"):
        settings_from_environment()
    assert Ingress.model_validate_json(Ingress(trusted_proxies=TRUSTED).model_dump_json()).trusted_proxies == TRUSTED


# --- the crowd ---


def entered(crowd: Crowd[str], *names: str, at: str = "a") -> list[str | None]:
    return [crowd.enter(name, at) for name in names]


def test_the_oldest_idle_one_of_the_same_address_leaves_first() -> None:
    crowd: Crowd[str] = Crowd(100, 2)
    assert entered(crowd, "1", "2", at="a") == [None, None]
    assert entered(crowd, "3", "4", at="b") == [None, None]
    crowd.move("1", Phase.RECEIVING)
    assert entered(crowd, "5") == ["2"]
    crowd.leave("2")
    crowd.move("5", Phase.WHOLE)
    assert entered(crowd, "6") == ["1"]
    crowd.leave("1")
    crowd.move("6", Phase.WHOLE)
    assert entered(crowd, "7") == ["7"]  # everybody else is being stored
    crowd.leave("7")
    crowd.leave("7")
    assert sorted(crowd.all()) == ["3", "4", "5", "6"]


def test_of_all_the_unproven_leave_before_the_proven_and_uncounted_ones_have_no_cap_of_their_own() -> None:
    crowd: Crowd[str] = Crowd(4, 1)
    assert entered(crowd, "p", "q", "r", "s", at="") == [None] * 4
    crowd.move("p", Phase.PROVEN_IDLE)
    crowd.move("q", Phase.RECEIVING)
    crowd.move("r", Phase.PROVEN_RECEIVING)
    crowd.move("s", Phase.WHOLE)
    gone = []
    for number in range(4):
        leaver = crowd.enter(f"n{number}", f"address {number}")
        assert leaver is not None
        gone.append(leaver)
        crowd.leave(leaver)
        crowd.move(f"n{number}", Phase.WHOLE)
    assert gone == ["q", "p", "r", "n3"]
    assert len(crowd) == 4


def test_a_sender_that_has_just_come_is_not_the_first_to_leave_because_it_said_nothing_yet() -> None:
    now = [0.0]
    crowd: Crowd[str] = Crowd(3, 10, lambda: now[0])
    entered(crowd, "half a head", "another", at="x")
    crowd.move("half a head", Phase.RECEIVING)
    crowd.move("another", Phase.RECEIVING)
    now[0] = 0.5
    assert crowd.enter("honest", "y") is None
    assert crowd.enter("next", "z") == "half a head"
    crowd.leave("half a head")
    now[0] = 2.0
    assert crowd.enter("last", "z") == "honest"  # it has been idle for long now


def test_nothing_is_kept_of_who_left() -> None:
    crowd: Crowd[str] = Crowd(10, 10)
    for number in range(1000):
        crowd.enter(f"{number}", f"{number}")
        crowd.leave(f"{number}")
        crowd.move(f"{number}", Phase.WHOLE)
    assert len(crowd) == 0
    assert crowd._at == {}
    assert crowd._address == {}


# --- copies ---


async def test_digests_are_remembered_for_a_while_and_up_to_a_number() -> None:
    now, stored = [0.0], list[bytes]()
    replays = Replays(60, lambda: now[0], most=3)

    async def once(digest: bytes) -> None:
        async def store() -> None:
            stored.append(digest)

        await replays.once(digest, store)

    for digest in (b"1", b"1", b"2", b"3", b"1", b"4", b"1"):
        await once(digest)
    assert stored == [b"1", b"2", b"3", b"4", b"1"]  # the fourth pushed the first out
    now[0] = 61
    await once(b"4")
    assert stored[-1] == b"4"
