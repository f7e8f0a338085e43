"""What a person has to agree to, the end of a connection, and an `apply` that stopped half-way, on a cluster in memory."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from console.cli.main import app
from console.connections.applying import applied, in_force, plan_of, planned
from console.connections.consent import Consent
from console.connections.publish import Author, Publisher, row_record
from console.connections.removing import removed
from console.connections.sealing import credentials_in_force
from console.reading import Cluster as Console
from runtime.clock import ScaledClock
from runtime.errors import Broken
from runtime.secrets import KeyRing, new_key, read_ring, write_ring
from runtime.settings import Settings
from services.credentials import CredentialStore
from tests.integration.console.files import SETTINGS, written
from tests.toy import blank
from tests.unit.following.console import operator
from tests.unit.following.log import CODEC, Cluster

LEDGER = "ledger.acumatica"


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, cluster: Cluster, tmp_path: Path) -> Settings:
    """Of the operator."""
    return operator(monkeypatch, cluster, tmp_path)


def invoked(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False)


def table(folder: Path, *rows: str) -> Path:
    """The connection `acme` with these units, and the path of its file."""
    path = written(folder, "acme")
    lines = ["business_unit,subaccount", *(f"{row},{row[:3].upper()}-000" for row in rows)]
    (folder / "crosswalk" / "business_unit.csv").write_text("\n".join(lines) + "\n")
    return path


def units() -> list[str]:
    return sorted(in_force(Console()).connections["acme"].crosswalk.rows("business_unit"))


def test_rows_in_force_that_no_table_has_any_more_are_counted_and_need_a_word(tmp_path: Path) -> None:
    applied(table(tmp_path, "Plumbing", "Electrical"), "pat", "start")
    path = table(tmp_path, "Plumbing")
    said = invoked("plan", str(path))
    assert said.exit_code == 1
    assert "- crosswalk business_unit/Electrical" in said.stdout
    assert "1 row(s) in force are no longer in any table and would be removed (business_unit 1)" in said.stdout
    assert said.stdout.splitlines()[-1] == "0 to set, 1 to remove, 1 refused"
    assert invoked("apply", str(path), "--reason", "gone").exit_code == 1
    assert units() == ["Electrical", "Plumbing"]
    assert invoked("plan", str(path), "--remove-rows").exit_code == 0
    assert invoked("apply", str(path), "--reason", "gone", "--remove-rows").exit_code == 0
    assert units() == ["Plumbing"]


def test_going_live_is_agreed_to_by_its_amount(tmp_path: Path) -> None:
    applied(table(tmp_path, "Plumbing"), "pat", "start")
    path = table(tmp_path, "Plumbing")
    path.write_text(path.read_text() + "mode: live\n")
    said = invoked("plan", str(path))
    assert said.exit_code == 1
    assert "would write 0 documents, 0.00 USD; nothing is read yet" in said.stdout
    for wrong in ((), ("--yes", "1.00")):
        said = invoked("apply", str(path), "--reason", "go", *wrong)
        assert said.exit_code == 1
        assert "apply with --yes 0.00" in said.stdout
    assert in_force(Console()).connections["acme"].settings.mode == "observe"
    assert invoked("apply", str(path), "--reason", "go", "--yes", "0").exit_code == 0
    assert in_force(Console()).connections["acme"].settings.mode == "live"
    second = written(tmp_path, "acme-2", mode="live")
    assert "connection acme is live on the same tenant and company already" in planned(second)[1][0]


def test_a_missing_secret_names_every_place_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CANARY")
    with pytest.raises(Broken) as refused:
        applied(table(tmp_path, "Plumbing"), "pat", "")
    lines = str(refused.value).splitlines()
    assert len(lines) == 8
    assert lines[0].startswith("field_service.credentials.app_key: env:CANARY: the environment has no CANARY")


def test_another_ring_than_the_one_in_force_is_refused_until_it_is_said_to_be_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """The services have one ring: what another one sealed and signed does not count for them."""
    path = table(tmp_path, "Plumbing")
    applied(path, "pat", "start")
    other = tmp_path / "other.json"
    write_ring(other, KeyRing((new_key(datetime.now(UTC)),)))
    monkeypatch.setenv("ML_CONNECTOR_KEY_RING", str(other))
    with pytest.raises(Broken, match=r"other\.json is not the key ring in force: it lacks the key\(s\) k1 .*ML_CONNECTOR_KEY_RING"):
        applied(path, "pat", "again")
    assert invoked("apply", str(path), "--reason", "lost", "--another-key-ring").exit_code == 0
    assert units() == ["Plumbing"]
    assert settings.key_ring is not None
    write_ring(other, KeyRing((*read_ring(settings.key_ring).keys, *read_ring(other).keys)))
    assert applied(path, "pat", "again")[1] == []


def entry(state: str, amount: str) -> dict[str, Any]:
    known = {
        "connection": "acme",
        "system": "acumatica",
        "state": state,
        "amount": Decimal(amount),
        "op_key": amount,
        "ref": f"ST-{amount}",
    }
    return blank("result.ledger") | known


def test_a_connection_ends_and_can_come_back_with_fewer_rows(tmp_path: Path, settings: Settings) -> None:
    applied(table(tmp_path, "Plumbing", "Electrical"), "pat", "start")
    said = invoked("remove", "acme", "--reason", "sold")
    assert said.exit_code == 0, said.stdout
    assert "2 crosswalk rows, 7 credential sets" in said.stdout
    assert in_force(Console()).connections == {}
    assert credentials_in_force(Console()) == {}
    store = CredentialStore(settings, CODEC, ScaledClock()).start()
    store.stop()
    with pytest.raises(Broken, match="there are no credentials"):
        store.get("acme", "acumatica.sink")
    with pytest.raises(Broken, match="'acme' is not an applied connection; there are: none"):
        removed("acme", "pat", "sold", None)
    applied(table(tmp_path, "Plumbing"), "pat", "back")
    assert units() == ["Plumbing"]


def test_what_is_held_or_waits_has_to_be_agreed_to_by_its_amount(tmp_path: Path, cluster: Cluster) -> None:
    applied(table(tmp_path, "Plumbing"), "pat", "start")
    for state, amount in (("HELD", "10.50"), ("WAITING", "2.00"), ("POSTED", "99.00")):
        cluster.put(LEDGER, amount.encode(), CODEC.encode(LEDGER, "result.ledger", entry(state, amount)))
    said = invoked("remove", "acme", "--reason", "sold")
    assert said.exit_code == 1
    assert "2 document(s), 12.50, are held or wait and would never be posted" in said.stdout
    assert "acme" in in_force(Console()).connections
    cluster.put(LEDGER, b"7", CODEC.encode(LEDGER, "result.ledger", entry("INTENT", "7.00")))
    assert "1 document(s) are being written (ST-7.00)" in invoked("remove", "acme", "--reason", "sold", "--yes", "12.50").stdout
    cluster.put(LEDGER, b"7", CODEC.encode(LEDGER, "result.ledger", entry("POSTED", "7.00")))
    assert invoked("remove", "acme", "--reason", "sold", "--yes", "12.50").exit_code == 0
    assert in_force(Console()).connections == {}


def test_rows_of_an_apply_that_stopped_half_way_do_not_keep_the_next_one_out_of_force(tmp_path: Path) -> None:
    """They stayed in the log of rows, which then never matched what the connection names."""
    half = plan_of(table(tmp_path, "Electrical"), Consent()).change
    record = row_record(half.rows_put[0], ("acme", half.crosswalk_version), Author("pat", "", datetime.now(UTC)))
    Publisher(Console()).put("crosswalk", "acme/business_unit/Electrical/", "acme", "connection.crosswalk_row", record)
    applied(table(tmp_path, "Plumbing"), "pat", "start")
    assert units() == ["Plumbing"]


def test_a_removal_that_stopped_half_way_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    applied(table(tmp_path, "Plumbing", "Electrical"), "pat", "start")
    acked, calls = Publisher.acked, []

    def once(publisher: Publisher) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise Broken("the broker went away")
        acked(publisher)

    monkeypatch.setattr(Publisher, "acked", once)
    with pytest.raises(Broken, match="went away"):
        removed("acme", "pat", "sold", None)
    assert in_force(Console()).connections == {}
    assert removed("acme", "pat", "sold", None)[1] == []
    applied(table(tmp_path, "Plumbing"), "pat", "back")
    assert units() == ["Plumbing"]


def test_nothing_of_another_connection_is_touched(tmp_path: Path) -> None:
    applied(table(tmp_path, "Plumbing"), "pat", "start")
    erp = {**SETTINGS["erp"], "settings": {**SETTINGS["erp"]["settings"], "company_id": "OTHER"}}
    applied(written(tmp_path, "other", erp=erp), "pat", "start")
    removed("other", "pat", "sold", None)
    assert units() == ["Plumbing"]
    assert {connection for connection, _ in credentials_in_force(Console())} == {"acme"}


def test_what_an_ended_connection_posted_stays_explained(tmp_path: Path, cluster: Cluster) -> None:
    applied(table(tmp_path, "Plumbing"), "pat", "start")
    cluster.put(LEDGER, b"99", CODEC.encode(LEDGER, "result.ledger", entry("POSTED", "99.00")))
    removed("acme", "pat", "sold", None)
    for options in ((), ("--connection", "acme")):
        said = invoked("explain", "ST-99.00", *options)
        assert said.exit_code == 0, said.output
        assert "ST-99.00" in said.stdout
    said = invoked("explain", "ST-unknown", "--connection", "acme")
    assert (said.exit_code, "no document with that ref, number or id is known" in said.output) == (1, True)


def invoice(source_id: str, total: str, unit: str, customer: str = "5001") -> dict[str, Any]:
    """A posted invoice of one line, as hop 1 writes it."""
    line = {
        "line_id": "1",
        "kind": "Service",
        "quantity": Decimal(1),
        "unit_price": Decimal(total),
        "unit_cost": None,
        "amount": Decimal(total),
        "cost": None,
    }
    texts = ("sku_id", "sku_code", "description", "business_unit_id", "business_unit_name", "gl_account")
    rest = {**dict.fromkeys(texts, ""), "taxable": False, "service_date": None, "from_inventory": False}
    return blank("canonical.invoice") | {
        "connection": "acme",
        "system": "servicetitan",
        "entity": "invoice",
        "source_id": source_id,
        "number": source_id,
        "status": "Posted",
        "active": True,
        "invoice_date": date(2026, 3, 2),
        "currency": "USD",
        "total": Decimal(total),
        "subtotal": Decimal(total),
        "customer_id": customer,
        "business_unit_name": unit,
        "lines": [line | rest],
    }


def test_the_plan_of_going_live_counts_what_was_observed(tmp_path: Path, cluster: Cluster) -> None:
    erp = {**SETTINGS["erp"], "settings": {**SETTINGS["erp"]["settings"], "accounts": {"sales": "40000"}}}
    path = written(tmp_path, "acme", erp=erp)
    applied(path, "pat", "start")
    for one in (invoice("1", "324.75", "Plumbing"), invoice("2", "10.00", "Roofing"), invoice("3", "5.00", "Plumbing", "6001")):
        value = CODEC.encode("canonical.invoice", "canonical.invoice", one)
        cluster.put("canonical.invoice", f"acme/servicetitan/invoice/{one['source_id']}".encode(), value)
    link = {"connection": "acme", "entity": "customer", "source_system": "servicetitan", "source_id": "5001"}
    pair = blank("connection.link") | link | {"target_system": "acumatica", "target_id": "C1"}
    cluster.put("links", b"acme/customer/5001", CODEC.encode("links", "connection.link", pair))
    path = written(tmp_path, "acme", erp=erp, mode="live")
    said = invoked("plan", str(path))
    assert said.exit_code == 1, said.output
    assert (
        "would write 1 document, 324.75 USD; 2 held (1 unmapped business unit, 1 unmatched customer), 15.00 USD; "
        "apply with --yes 324.75" in said.stdout
    )
    refused = invoked("apply", str(path), "--reason", "go", "--yes", "324.75")
    assert refused.exit_code == 1, "what would be held has to be accepted by name"
    assert "or apply with --accept-held 'business_unit=Roofing'" in refused.stdout
    accepted = ["--accept-held", "business_unit=Roofing", "--accept-held", "unmatched customer"]
    assert invoked("apply", str(path), "--reason", "go", "--yes", "324.75", *accepted).exit_code == 0
