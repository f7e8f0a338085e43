"""What the settings alone refuse, and what the addresses of a name refuse; nothing leaves in either case."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from yarl import URL

from runtime.addresses import Grant
from runtime.errors import Broken
from runtime.exchange import NotSent, Request
from runtime.http import HttpTransport
from runtime.reach import CheckedResolver, Proxy, Reach
from tests.network.ground import Names

PRIVATE = Grant.parse("10.20.0.0/16:8443")


@pytest.mark.parametrize(
    "address",
    [
        "http://erp.acme.example/",
        "http://127.0.0.1/",
        "file:///etc/passwd",
        "gopher://erp.acme.example/",
        "ftp://erp.acme.example/",
        "https://user:secret@erp.acme.example/",
        "https://erp.acme.example:22/",
        "https://erp.acme.example:9092/",
        "https://127.1/",
        "https://0x7f000001/",
        "https://2130706433/",
        "https://017700000001/",
        "https://0/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1]/",
        "https://[fe80::1%25eth0]/",
        "https://100.64.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://evil.example#.acme.example/",
        "https://evil.example\\@erp.acme.example/",
        "https://аcme.example/",
        "https://",
    ],
)
async def test_an_address_that_settings_must_not_name_is_refused_before_anything_leaves(address: str) -> None:
    names = Names(["8.8.8.8"])
    transport = HttpTransport(Reach(), lookup=names)
    with pytest.raises(Broken) as refused:
        await transport.send(Request("GET", address), 5)
    assert "secret" not in str(refused.value)
    assert names.asked == []
    await transport.close()


async def test_only_the_hosts_of_the_settings_are_called_wherever_an_answer_points() -> None:
    reach = Reach(hosts=frozenset({"erp.acme.example:443"}))
    reach.require(URL("https://ERP.acme.example./path"))
    with pytest.raises(Broken, match=r"other\.example:443 is not an address of this system's settings.*erp\.acme\.example:443"):
        reach.require(URL("https://other.example/path"))


@pytest.mark.parametrize(
    "answer",
    [
        ["10.1.2.3"],
        ["8.8.8.8", "10.1.2.3"],
        ["10.1.2.3", "8.8.8.8"],
        ["2606:4700::1111", "::ffff:127.0.0.1"],
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["64:ff9b::7f00:1"],
        [],
    ],
)
async def test_one_address_of_a_name_that_may_not_be_called_refuses_the_name(answer: Sequence[str]) -> None:
    names = Names(answer)
    transport = HttpTransport(Reach(), lookup=names)
    with pytest.raises(NotSent, match=r"erp\.acme\.example.*(neither public https nor granted|has no address)"):
        await transport.send(Request("GET", "https://erp.acme.example/"), 5)
    assert len(names.asked) == 1
    await transport.close()


async def test_a_granted_network_is_called_at_its_port_alone() -> None:
    resolver = CheckedResolver(Reach(grants=(PRIVATE,)), Names(["10.20.1.1"]))
    assert [found["host"] for found in await resolver.resolve("erp.acme.example", 8443)] == ["10.20.1.1"]
    with pytest.raises(NotSent, match=r"10\.20\.1\.1, which at port 443"):
        await resolver.resolve("erp.acme.example", 443)
    with pytest.raises(NotSent, match=r"10\.21\.1\.1"):
        await CheckedResolver(Reach(grants=(PRIVATE,)), Names(["10.21.1.1"])).resolve("erp.acme.example", 8443)


async def test_what_a_name_leads_to_is_told_before_any_call_in_one_line() -> None:
    reach = Reach(grants=(PRIVATE,))
    assert await reach.prove("https://erp.acme.example:8443/", lookup=Names(["10.20.1.1"])) == ""
    told = await reach.prove("https://erp.acme.example:8443/", lookup=Names(["10.99.1.1"]))
    assert told == (
        "erp.acme.example is 10.99.1.1, which at port 8443 is neither public https nor granted. "
        "Grant it under network.private_addresses as CIDR:port."
    )
    assert "\n" not in told
    assert "port 22 is granted for no network" in await reach.prove("https://erp.acme.example:22/", lookup=Names(["8.8.8.8"]))


async def test_a_name_without_an_address_is_told_with_what_to_do() -> None:
    async def unknown(_host: str, _port: int) -> Sequence[str]:
        raise OSError(-2, "Name or service not known")

    assert await Reach().prove("https://erp.acme.example/", lookup=unknown) == (
        "erp.acme.example cannot be resolved (Name or service not known). Correct the name, or this machine's resolver."
    )


async def test_a_proxy_is_judged_by_its_own_address() -> None:
    reach, proxy = Reach(grants=(Grant.parse("10.20.0.5/32:3128"),)), Proxy("http://proxy.acme.example:3128")
    assert await reach.prove("https://api.example/", proxy, Names(["10.20.0.5"])) == ""
    assert "10.20.0.6" in await reach.prove("https://api.example/", proxy, Names(["10.20.0.6"]))
    for address in ("http://api.example/", "https://api.example:22/", "https://127.1/"):
        assert "refused" in (said := await reach.prove(address, proxy, Names(["10.20.0.5"]))) or "grant" in said


def test_the_password_of_a_proxy_is_not_in_its_text() -> None:
    assert "hidden" not in repr(Proxy("http://proxy.acme.example:3128", "user", "hidden"))


async def test_the_demo_reaches_this_machine_by_http_and_no_other() -> None:
    demo = Reach(loopback=True)
    for address in ("http://127.0.0.1:8080/", "http://localhost:8080/", "http://[::1]:8080/", "https://127.0.0.1:8443/"):
        demo.require(URL(address))
    for address in ("http://erp.acme.example/", "http://10.0.0.1:8080/", "https://10.0.0.1/"):
        with pytest.raises(Broken):
            demo.require(URL(address))
    with pytest.raises(NotSent):
        await CheckedResolver(demo, Names(["10.0.0.1"])).resolve("localhost", 8080)


async def test_an_environment_that_names_a_proxy_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    reached = asyncio.Event()

    async def proxy(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        writer.close()

    async with await asyncio.start_server(proxy, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        transport = HttpTransport(Reach(loopback=True), lookup=Names(["10.0.0.1"]))
        with pytest.raises(NotSent, match=r"10\.0\.0\.1"):
            await transport.send(Request("GET", "https://erp.acme.example/"), 5)
        await transport.close()
    assert not reached.is_set()
