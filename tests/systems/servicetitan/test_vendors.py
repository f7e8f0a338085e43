"""Vendors kept up to date: each side keeps its own fields, what the other side changed is told, and nothing but the look-up stands between
one vendor and two."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import orjson
import pytest

from runtime.errors import Broken, Transient
from runtime.exchange import Request, Response, response
from schemas.records import CommandEnvelope
from systems import registry
from systems.contract import Document, ResolvedCommand, Verdict
from systems.servicetitan import documents
from systems.servicetitan.client import Client
from systems.servicetitan.settings import Settings
from systems.servicetitan.sink import open_writer
from tests.contract import examples
from tests.contract.ground import Case, SystemUnderTest, access, ground
from tests.contract.seam import Deliver

SERVICETITAN = registry.system(registry.FIELD_SERVICE)
EXAMPLES = sorted((examples.folder(SERVICETITAN.name) / "examples").glob("vendor.*.requests.json"))
TAX_ID = "12-3456789"


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[SystemUnderTest]:
    async with ground(SERVICETITAN, tmp_path) as made:
        yield made


async def case(on: SystemUnderTest, example: str = "vendor.of_the_erp", **changes: Any) -> Case:
    made = await on.case("vendor", "", example)
    return replace(made, command=cast("CommandEnvelope", {**made.command, **changes}))


async def found(on: SystemUnderTest, case: Case, vendor: str = "") -> Document:
    """What a look-up shows, by the link to `vendor` where one is given."""
    (only,) = (await on.writer.find(ResolvedCommand("vendor", case.command, known_id=vendor))).documents
    return only


async def upserted(on: SystemUnderTest, case: Case, document: Document | None) -> Document:
    await on.writer.reserve(3)
    answer = await on.writer.perform("upsert", ResolvedCommand("vendor", case.command), document)
    assert answer.verdict is Verdict.YES, answer
    assert answer.document is not None
    return answer.document


async def edited(on: SystemUnderTest, vendor: str, **members: Any) -> None:
    """A person's edit in ServiceTitan."""
    event = {"do": "change_vendor", "vendor": int(vendor), **members}
    answer = await on.seam.inner.send(Request("POST", f"{on.url}/__sim__/events", {}, orjson.dumps({"events": [event]})), 5)
    assert answer.status == 200, answer.body


async def row(on: SystemUnderTest, vendor: str) -> dict[str, Any]:
    answer = await on.seam.inner.send(Request("GET", f"{on.url}/__sim__/holdings?entity=vendors"), 5)
    return next(one for one in orjson.loads(answer.body)["holdings"] if str(one["id"]) == vendor)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name.removesuffix(".requests.json"))
def test_the_bodies_are_those_of_the_examples(path: Path) -> None:
    name, on = path.name.removesuffix(".requests.json"), examples.connected(SERVICETITAN)
    settings = on.settings.field_service.own()
    assert isinstance(settings, Settings)
    canonical = examples.canonical(SERVICETITAN.name, name)
    for wanted, body in zip(json.loads(path.read_text()), _commands(canonical, on), strict=True):
        assert documents.create_body(body, settings) == wanted["create"]["body"]
        assert documents.update_body(body, settings) == wanted["update"]["body"]


def _commands(record: dict[str, Any], on: Any) -> list[CommandEnvelope]:
    from topology.rules.envelope import Source, command

    source = Source("vendor", record, "canonical.vendor", 0, 0, b"")
    drafts = SERVICETITAN.to_commands("vendor", record, on.plan_to(SERVICETITAN.name))
    return [cast("CommandEnvelope", command(one, source, on, None)) for one in drafts]  # type: ignore[arg-type]  # drafts alone


async def test_what_is_not_told_the_other_side_is_in_no_request(on: SystemUnderTest) -> None:
    assert examples.canonical(SERVICETITAN.name, "vendor.of_the_erp")["tax_id"] == TAX_ID
    vendor = await case(on)
    made = await upserted(on, vendor, None)
    await upserted(on, await case(on), made)
    sent = b"".join(one.body for one in on.seam.requests)
    assert TAX_ID.encode() not in sent
    assert b"tax" not in sent.lower().replace(b"taxrate", b"")
    assert b"memo" not in sent


async def test_a_vendor_that_is_equal_differs_in_nothing_and_an_update_leaves_what_is_not_the_erps(on: SystemUnderTest) -> None:
    vendor = await case(on)
    made = await upserted(on, vendor, None)
    assert (await found(on, vendor)).differences == ()
    await edited(on, made.erp_id, memo="call Ann", contact={"phone": "512-555-9999", "fax": "1"}, deliveryOption="EmailAsPdf")
    assert (await found(on, vendor, made.erp_id)).differences == ()
    renamed = await case(on, name="FERRIS SUPPLY LLC")
    seen = await found(on, renamed, made.erp_id)
    assert seen.differences[0] == "name: FERRIS SUPPLY INC, FERRIS SUPPLY LLC"
    assert seen.overruled == ()
    on.seam.forget()
    await upserted(on, renamed, seen)
    assert [one.method for one in on.seam.writes] == ["PATCH"]
    now = await row(on, made.erp_id)
    assert (now["name"], now["memo"], now["contact"]["phone"]) == ("FERRIS SUPPLY LLC", "call Ann", "512-555-9999")


async def test_edited_on_both_sides_the_owners_field_wins_and_the_other_change_is_listed(on: SystemUnderTest) -> None:
    vendor = await case(on)
    made = await upserted(on, vendor, None)
    await edited(on, made.erp_id, name="Ferris (do not use)", address={"street": "9 Side St"})
    changed = await case(on, city="Dallas", phone="214-555-0100")
    seen = await found(on, changed, made.erp_id)
    assert seen.overruled == (
        "name: Ferris (do not use) -> FERRIS SUPPLY INC",
        "street: 9 Side St -> 1 Dock St",
        "phone: 214-555-0100 -> 512-555-0100",
    )
    await upserted(on, changed, seen)
    now = await row(on, made.erp_id)
    assert (now["name"], now["address"]["street"], now["address"]["city"]) == ("FERRIS SUPPLY INC", "1 Dock St", "Dallas")
    assert now["contact"]["phone"] == "512-555-0100"
    assert (await found(on, changed, made.erp_id)).overruled == (), "listed once"


async def test_a_change_of_the_erp_in_a_field_that_servicetitan_owns_is_told_once_and_stays_there(on: SystemUnderTest) -> None:
    vendor = await case(on)
    made = await upserted(on, vendor, None)
    changed = await case(on, email="new@ferris.example")
    seen = await found(on, changed, made.erp_id)
    assert seen.overruled == ("email: new@ferris.example -> ap@ferris.example",)
    assert seen.differences, "the marks are to be written, or it would be listed for ever"
    await upserted(on, changed, seen)
    again = await found(on, changed, made.erp_id)
    assert (again.differences, again.overruled) == ((), ())


async def test_a_matched_vendor_gets_our_ref_keeps_other_keys_and_what_was_there_is_listed(on: SystemUnderTest) -> None:
    guid = on.simulator.credentials["external_data_application_guid"]
    theirs = {"applicationGuid": guid, "externalData": [{"key": "other", "value": "kept"}]}
    hand = {"name": "Ferris", "active": True, "isTruckReplenishment": True, "taxRate": 5, "restrictedMobileCreation": True}
    address = dict.fromkeys(documents.ADDRESS, "")
    client = cast("Client", on.writer.client)  # type: ignore[attr-defined]  # to act as another user of the API
    await on.writer.reserve(1)
    path = f"/inventory/v2/tenant/{client.settings.tenant_id}/vendors"
    answer = await client.write("POST", path, orjson.dumps({**hand, "address": address, "externalData": theirs}))
    linked = str(orjson.loads(answer.body)["id"])
    vendor = await case(on)
    seen = await found(on, vendor, linked)
    assert (seen.ref, seen.refusal) == ("", "")
    assert seen.overruled == ("name: Ferris -> FERRIS SUPPLY INC",), "an empty field was nobody's entry"
    await upserted(on, vendor, seen)
    now = await row(on, linked)
    assert now["external"]["other"] == "kept"
    assert now["external"]["mlConnectorRef"] == vendor.ref
    assert (await found(on, vendor)).erp_id == linked, "found by the ref, too"


async def test_a_deactivation_is_written_and_found_among_the_inactive(on: SystemUnderTest) -> None:
    vendor = await case(on)
    made = await upserted(on, vendor, None)
    gone = await case(on, status="inactive")
    await upserted(on, gone, await found(on, gone, made.erp_id))
    assert not (await row(on, made.erp_id))["active"]
    assert (await found(on, gone)).differences == ()


async def test_a_term_that_changes_is_written_although_nobody_shows_it(on: SystemUnderTest) -> None:
    vendor = await case(on, "vendor.whose_term_is_mapped")
    made = await upserted(on, vendor, None)
    other = await case(on, "vendor.whose_term_is_mapped", terms="302")
    seen = await found(on, other, made.erp_id)
    assert len(seen.differences) == 1
    await upserted(on, other, seen)
    assert orjson.loads(on.seam.writes[-1].body)["paymentTermId"] == 302


async def test_a_term_that_is_no_id_is_never_sent(on: SystemUnderTest) -> None:
    vendor = await case(on, "vendor.whose_term_is_mapped", terms="Net 30")
    await on.writer.reserve(3)
    on.seam.forget()
    answer = await on.writer.perform("upsert", ResolvedCommand("vendor", vendor.command), None)
    assert (answer.verdict, "vendor_term" in answer.words, on.seam.requests) == (Verdict.REJECT, True, [])


async def test_by_setting_a_change_in_servicetitan_holds_the_vendor_instead(on: SystemUnderTest) -> None:
    vendor = await case(on)
    made = await upserted(on, vendor, None)
    await edited(on, made.erp_id, name="Ferris")
    entered = access(SERVICETITAN, on.url, on.simulator, on.clock, on.seam)
    holding = open_writer(replace(entered, settings=entered.settings.model_copy(update={"owners_change": "hold"})))
    await holding.reserve(3)
    (seen,) = (await holding.find(ResolvedCommand("vendor", vendor.command, known_id=made.erp_id))).documents
    assert (seen.refusal_reason, "Ferris -> FERRIS SUPPLY INC" in seen.refusal) == ("changed_by_other", True)


async def test_a_vendor_that_carries_another_ref_of_ours_is_a_persons(on: SystemUnderTest) -> None:
    made = await upserted(on, await case(on), None)
    other = await case(on, "vendor.whose_term_is_mapped")
    assert (await found(on, other, made.erp_id)).refusal_reason == "linked_elsewhere"


@pytest.mark.parametrize("linked", ["4711", "V-1", "7/../8"])
async def test_a_link_to_a_vendor_that_is_not_there_creates_none(on: SystemUnderTest, linked: str) -> None:
    vendor = await case(on)
    await on.writer.reserve(3)
    assert (await on.writer.find(ResolvedCommand("vendor", vendor.command, known_id=linked))).documents == ()
    on.seam.forget()
    answer = await on.writer.perform("upsert", ResolvedCommand("vendor", vendor.command, known_id=linked), None)
    assert (answer.verdict, on.seam.writes) == (Verdict.REJECT, [])


async def test_a_filter_that_is_not_kept_is_no_proof_that_nothing_is_there(on: SystemUnderTest) -> None:
    """The API ignores options that it does not know; all vendors instead of ours would read as none of ours."""
    vendor = await case(on)
    await upserted(on, vendor, None)
    real = on.seam.inner

    class Deaf:
        async def send(self, request: Request, timeout_s: float) -> Response:
            return await real.send(replace(request, url=request.url.partition("&externalDataKey")[0]), timeout_s)

        async def close(self) -> None:
            await real.close()

    on.seam.inner = Deaf()
    await on.writer.reserve(1)
    with pytest.raises(Transient, match="not kept"):
        await on.writer.find(ResolvedCommand("vendor", vendor.command))
    on.seam.inner = real


async def test_a_vendor_that_reads_do_not_show_yet_is_no_yes_and_found_later(on: SystemUnderTest) -> None:
    await on.seam.inner.send(Request("POST", f"{on.url}/__sim__/settings", {}, b'{"lookup_lag_s": "30"}'), 5)
    vendor = await case(on)
    await on.writer.reserve(3)
    answer = await on.writer.perform("upsert", ResolvedCommand("vendor", vendor.command), None)
    assert (answer.verdict, "not shown yet" in answer.words or "404" in answer.words) == (Verdict.AMBIGUOUS, True)
    assert (await on.writer.find(ResolvedCommand("vendor", vendor.command))).documents == ()
    on.clock.move(31)
    assert (await found(on, vendor)).differences == ()


async def test_an_update_that_was_dropped_silently_is_no_yes(on: SystemUnderTest) -> None:
    """The API answers 200 and an id whatever it took of the body."""
    made = await upserted(on, await case(on), None)
    renamed = await case(on, name="FERRIS SUPPLY LLC")

    async def drop(request: Request, deliver: Deliver) -> Response:
        body = orjson.loads(request.body)
        return await deliver(replace(request, body=orjson.dumps({"externalData": body["externalData"]})))

    await on.writer.reserve(3)
    on.seam.twist = drop
    answer = await on.writer.perform("upsert", ResolvedCommand("vendor", renamed.command, {}), made)
    assert (answer.verdict, "name" in answer.words) == (Verdict.AMBIGUOUS, True)


async def test_another_vendors_id_in_the_answer_is_no_yes(on: SystemUnderTest) -> None:
    made = await upserted(on, await case(on), None)
    renamed = await case(on, name="FERRIS SUPPLY LLC")

    async def lie(request: Request, deliver: Deliver) -> Response:
        await deliver(request)
        return response(200, b'{"id": 70001}', {"Content-Type": "application/json"})

    await on.writer.reserve(3)
    on.seam.twist = lie
    assert (await on.writer.perform("upsert", ResolvedCommand("vendor", renamed.command, {}), made)).verdict is Verdict.AMBIGUOUS


async def test_a_token_that_ends_in_the_middle_is_a_certain_no_and_the_next_attempt_signs_in(on: SystemUnderTest) -> None:
    vendor = await case(on)
    await on.writer.reserve(3)
    on.clock.move(1000)
    answer = await on.writer.perform("upsert", ResolvedCommand("vendor", vendor.command), None)
    assert (answer.verdict, answer.code) == (Verdict.DEFINITE_NO, "not_sent")
    assert (await on.writer.perform("upsert", ResolvedCommand("vendor", vendor.command), None)).reason == "unreachable", (
        "no token, nothing is sent"
    )
    await upserted(on, vendor, None)


async def test_without_the_apps_guid_nothing_is_begun(on: SystemUnderTest) -> None:
    entered = access(SERVICETITAN, on.url, on.simulator, on.clock, on.seam)
    blind = open_writer(replace(entered, settings=entered.settings.model_copy(update={"external_data_application_guid": ""})))
    on.seam.forget()
    with pytest.raises(Broken, match="external_data_application_guid"):
        await blind.reserve(3)
    assert on.seam.requests == []


async def test_the_journal_of_the_simulator_shows_one_write_with_our_ref(on: SystemUnderTest) -> None:
    vendor = await case(on)
    await upserted(on, vendor, None)
    answer = await on.seam.inner.send(Request("GET", f"{on.url}/__sim__/journal?after=0"), 5)
    ours = [one for one in orjson.loads(answer.body)["commits"] if one["ref"] == vendor.ref]
    assert [(one["kind"], one["operation"], Decimal(one["amount"])) for one in ours] == [("vendors", "create", Decimal(0))]
