"""`$filter`: what is found, what is refused, and that a value is never read as a condition."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yarl import URL

from systems.acumatica.simulator.answers import VendorError
from systems.acumatica.simulator.filters import parse_filter
from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.shapes import shape
from systems.acumatica.simulator.tables import Table
from tests.moved import MovedClock
from tests.systems.acumatica.simulator.world import BASE, Client, World, customer, line, put

INJECTION = "O'Brien' or 1 eq 1 --"


def quoted(text: str) -> str:
    """A text literal."""
    return "'" + text.replace("'", "''") + "'"


async def _names(client: Client, condition: str) -> list[str]:
    answer = await client.call("GET", "/Customer", filter=condition, select="CustomerName")
    assert answer.status == 200, answer.raw
    return sorted(row["CustomerName"]["value"] for row in answer.body)


@pytest.fixture
async def crowd(client: Client) -> Client:
    """Four customers."""
    await customer(client, "Ana Lopez", AccountRef="ST-1", MainContact={"Email": {"value": "ana@example.com"}})
    await customer(client, "ANA LOPEZ", AccountRef="ST-2", Status="Inactive", CreditLimit=500)
    await customer(client, INJECTION, AccountRef="ST-3", CreditLimit=99.5)
    await customer(client, "Zed", AccountRef="ST-4", Terms="DUE")
    return client


async def test_each_documented_operator_finds_what_it_says(crowd: Client) -> None:
    assert await _names(crowd, "AccountRef eq 'ST-1'") == ["Ana Lopez"]
    assert await _names(crowd, "CustomerName eq 'ana lopez'") == ["ANA LOPEZ", "Ana Lopez"]
    assert await _names(crowd, "AccountRef ne 'ST-1' and Terms eq 'DUE'") == ["Zed"]
    assert await _names(crowd, "CreditLimit gt 99.5") == ["ANA LOPEZ"]
    assert await _names(crowd, "CreditLimit ge 99.5m and CreditLimit le 500") == ["ANA LOPEZ", INJECTION]
    assert await _names(crowd, "not (Status eq 'Active')") == ["ANA LOPEZ"]
    assert await _names(crowd, "Terms eq 'DUE' or (Status eq 'Inactive' and AccountRef lt 'ST-3')") == ["ANA LOPEZ", "Zed"]
    assert await _names(crowd, "substringof('LOP',CustomerName) and startswith(AccountRef,'ST-1')") == ["Ana Lopez"]
    assert await _names(crowd, "endswith(AccountRef, '4')") == ["Zed"]
    assert await _names(crowd, "MainContact/Email eq 'ana@example.com'") == ["Ana Lopez"]
    assert await _names(crowd, "CreditLimit eq null and Status eq 'Active'") == ["Ana Lopez", "Zed"]


async def test_a_quoted_value_is_only_a_value(crowd: Client) -> None:
    assert await _names(crowd, f"CustomerName eq {quoted(INJECTION)}") == [INJECTION]
    answer = await crowd.call("GET", "/Customer", filter=f"CustomerName eq '{INJECTION}'")
    assert answer.status == 500


async def test_a_date_window_needs_its_plus_encoded(world: World, crowd: Client) -> None:
    assert len(await _names(crowd, "LastModifiedDateTime ge datetimeoffset'2026-03-16T15:59:59.000+01:00'")) == 4
    bare = f"{world.served.url}{BASE}/Customer?$filter=LastModifiedDateTime%20ge%20datetimeoffset'2026-03-16T15:59:59.000+01:00'"
    async with world.http.get(URL(bare, encoded=True), headers=crowd.headers) as answer:
        assert answer.status == 500
        assert "not recognized as a valid DateTime" in await answer.text()


async def test_a_bare_date_is_taken(crowd: Client) -> None:
    assert len(await _names(crowd, "LastModifiedDateTime gt datetimeoffset'2026-01-01'")) == 4


async def test_what_the_guide_does_not_have_is_refused(crowd: Client) -> None:
    for condition in (
        "CustomerName eq ANA",
        "CustomerName eq 5",
        "CreditLimit eq '5'",
        "CustomerName like 'A%'",
        "tolower(CustomerName) eq 'a'",
        "CustomerName eq 'a' and",
        "(CustomerName eq 'a'",
        "CustomerName eq 'a' CustomerName eq 'b'",
        "1 eq 1",
        "Salespersons/SalespersonID eq 'a'",
        "cf.String(f='Document.UsrNope') eq 'a'",
        "not " * 200 + "Status eq 'Active'",
        "",
    ):
        answer = await crowd.call("GET", "/Customer", filter=condition or " ")
        assert answer.status == 500, condition


async def test_a_prefix_of_the_description_is_found_among_many(client: Client) -> None:
    who = await customer(client)
    for number in range(12):
        await put(
            client,
            "Invoice",
            Customer=who,
            Description=f"ST-{number} job",
            Details=[line(number + 1)],
            Date="2026-03-01T00:00:00+00:00",
        )
    condition = (
        f"startswith(Description,'ST-1 ') or (Customer eq {quoted(who)} and Amount eq 5 and Date eq datetimeoffset'2026-03-01')"
    )
    found = (await client.call("GET", "/Invoice", filter=condition)).body
    assert [row["Description"]["value"] for row in found] == ["ST-1 job", "ST-4 job"]


_TEXT = st.text(alphabet="aB'()=,% -", max_size=8)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_TEXT, min_size=1, max_size=8), _TEXT)
def test_an_index_finds_what_a_scan_finds(descriptions: list[str], wanted: str) -> None:
    table = Table("Invoice", MovedClock())
    for number, text in enumerate(descriptions):
        table.put(
            Node(id=str(number), values={"Type": "Invoice", "ReferenceNbr": str(number), "Description": text, "Customer": text[:2]})
        )
    for condition in (
        f"startswith(Description,{quoted(wanted)})",
        f"Description eq {quoted(wanted)} or Customer eq {quoted(wanted)}",
        f"Customer eq {quoted(wanted[:2])} and startswith(Description,{quoted(wanted[:1])})",
    ):
        found = parse_filter(condition, table.shape, frozenset())
        assert [node.id for node in table.find(found)] == [node.id for node in table if found.matches(node)]


@given(st.text(max_size=40))
def test_no_text_makes_the_parser_fail_in_another_way(text: str) -> None:
    with contextlib.suppress(VendorError):
        parse_filter(text, shape("Customer"), frozenset())
