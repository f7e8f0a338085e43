"""`plan` and `apply` over a real broker and registry: what is written, what is refused, and that a secret never shows."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from console.connections.applying import applied, applied_once, in_force, plan_of, planned, settings_of_all
from console.connections.consent import Consent
from console.connections.publish import Publisher
from console.connections.removing import removed
from console.connections.sealing import credentials_in_force
from console.reading import Cluster
from runtime.errors import Broken
from runtime.secrets import KeyRing, new_key, read_ring, write_ring
from tests.integration.console.files import CANARY, SETTINGS, written

pytestmark = pytest.mark.kafka


def test_what_was_applied_is_in_force_and_applying_again_changes_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, "first")
    lines, refused = applied(path, "pat", "start")
    assert not refused
    assert any("credentials webhook" in line for line in lines)
    connected = in_force(Cluster()).connections["first"]
    assert connected.crosswalk.row("business_unit", "Plumbing") == {"subaccount": "PLB-000"}
    assert applied(path, "pat", "again") == ((), [])


def test_a_changed_row_is_one_line_of_the_plan_and_takes_effect(tmp_path: Path) -> None:
    path = written(tmp_path, "rows")
    applied(path, "pat", "start")
    (tmp_path / "crosswalk" / "business_unit.csv").write_text("business_unit,subaccount\nPlumbing,PLB-001\n")
    change, refused = planned(path)
    assert (list(change.lines), refused) == (["~ crosswalk business_unit/Plumbing: subaccount=PLB-001"], [])
    applied(path, "pat", "moved")
    assert in_force(Cluster()).connections["rows"].crosswalk.row("business_unit", "Plumbing") == {"subaccount": "PLB-001"}


def test_identity_does_not_change_under_a_connection(tmp_path: Path) -> None:
    applied(written(tmp_path, "same"), "pat", "start")
    erp = {**SETTINGS["erp"], "settings": {**SETTINGS["erp"]["settings"], "company_id": "OTHER"}}
    _, refused = applied(written(tmp_path, "same", erp=erp), "pat", "oops")
    assert [line.partition(": ")[2] for line in refused] == ["erp.settings.company_id: ACME -> OTHER: identity does not change"]


def test_an_earlier_cut_over_is_refused_until_a_person_accepts_it(tmp_path: Path) -> None:
    applied(written(tmp_path, "cut"), "pat", "start")
    path = written(tmp_path, "cut", flows={"A1": {"cutover_date": "2026-01-01"}})
    _, refused = applied(path, "pat", "more")
    assert len(refused) == 1
    assert "--accept-earlier-cutover" in refused[0]
    assert applied(path, "pat", "more", Consent(earlier_cutover=True))[1] == []


def test_a_flow_that_moves_money_needs_its_cut_over_date(tmp_path: Path) -> None:
    with pytest.raises(Broken, match=r"cutover_date is required"):
        planned(written(tmp_path, "nodate", flows={"A1": {}}), offline=True)


def test_shares_of_one_account_above_its_limit_are_refused(tmp_path: Path) -> None:
    applied(written(tmp_path, "quota-a", "shared"), "pat", "start")
    _, refused = planned(written(tmp_path, "quota-b", "shared"))
    assert any("quota group erp-shared" in line for line in refused)


def test_a_missing_secret_is_named_by_its_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CANARY")
    with pytest.raises(Broken, match="env:CANARY"):
        applied(written(tmp_path, "nosecret"), "pat", "")


def test_a_plan_needs_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CANARY")
    change, refused = planned(written(tmp_path, "lint"), offline=True)
    assert change.lines
    assert refused == []


def test_a_secret_stands_on_no_topic(tmp_path: Path) -> None:
    applied(written(tmp_path, "canary"), "pat", "start")
    found = [seen for seen in Cluster().scan(["connections", "credentials", "crosswalk", "audit"]) if CANARY.encode() in seen.value]
    assert found == []


def test_a_missing_secret_names_every_place_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CANARY")
    with pytest.raises(Broken) as refused:
        applied(written(tmp_path, "nosecrets"), "pat", "")
    assert len(str(refused.value).splitlines()) == 8
    assert "erp.credentials.password: env:CANARY" in str(refused.value)
    assert "webhook_keys[0].secret: env:CANARY" in str(refused.value)


def test_rows_in_force_that_no_table_has_any_more_need_a_word(tmp_path: Path) -> None:
    path = written(tmp_path, "emptied")
    applied(path, "pat", "start")
    (tmp_path / "crosswalk" / "business_unit.csv").unlink()
    change, refused = planned(path)
    assert change.totals == "0 to set, 1 to remove"
    assert "--remove-rows" in refused[0]
    assert applied(path, "pat", "all")[1] == refused
    assert applied(path, "pat", "all", Consent(remove_rows=True))[1] == []
    assert in_force(Cluster()).connections["emptied"].crosswalk.row("business_unit", "Plumbing") is None


def test_going_live_asks_for_the_amount_it_would_write(tmp_path: Path) -> None:
    applied(written(tmp_path, "going", erp=erp_of("GOING")), "pat", "start")
    path = written(tmp_path, "going", erp=erp_of("GOING"), mode="live")
    found = plan_of(path, Consent())
    assert found.refused == []
    assert "would write 0 documents, 0.00 USD; nothing is read yet" in found.to_confirm[-1]
    assert "`check` says of the ERP" in found.to_confirm[0], "its address leads nowhere"
    away = frozenset(f"check={subject}" for subject in ("network", "reachability", "sign-in"))
    assert applied(path, "pat", "live")[1] == found.to_confirm
    assert applied(path, "pat", "live", Consent(amount=Decimal(1), held=away))[1] != []
    assert applied(path, "pat", "live", Consent(amount=Decimal(0)))[1] != []
    assert applied(path, "pat", "live", Consent(amount=Decimal(0), held=away))[1] == []
    second = written(tmp_path, "going-2", erp=erp_of("GOING"), mode="live")
    assert "connection going is live on the same tenant and company already" in planned(second)[1][0]


def erp_of(company: str) -> dict[str, Any]:
    return {**SETTINGS["erp"], "settings": {**SETTINGS["erp"]["settings"], "company_id": company}}


def test_another_key_ring_than_the_one_in_force_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ring: Path) -> None:
    """The services have one ring: what another one sealed, they could not open."""
    path = written(tmp_path, "rings")
    applied(path, "pat", "start")
    other = tmp_path / "other.json"
    write_ring(other, KeyRing((new_key(datetime.now(UTC)),)))
    monkeypatch.setenv("ML_CONNECTOR_KEY_RING", str(other))
    with pytest.raises(Broken, match=r"other\.json is not the key ring in force.*ML_CONNECTOR_KEY_RING"):
        applied(path, "pat", "again")
    write_ring(other, KeyRing((*read_ring(other).keys, *read_ring(ring).keys)))
    assert applied(path, "pat", "again") == ((), [])


def test_a_connection_that_is_removed_can_come_back_with_fewer_rows(tmp_path: Path) -> None:
    path = written(tmp_path, "ended")
    table = tmp_path / "crosswalk" / "business_unit.csv"
    table.write_text("business_unit,subaccount\nPlumbing,PLB-000\nElectrical,ELE-000\n")
    applied(path, "pat", "start")
    lines, refused = removed("ended", "pat", "sold", None)
    assert refused == []
    assert "- 2 crosswalk rows, 7 credential sets" in lines
    snapshot = in_force(Cluster())
    assert "ended" not in snapshot.connections
    assert settings_of_all(snapshot)["ended"].time_zone == SETTINGS["time_zone"], "its documents stay explained in its own time"
    applied_once(snapshot, "ended")
    with pytest.raises(Broken, match="'endet' is not an applied connection"):
        applied_once(snapshot, "endet")
    assert [one for one in credentials_in_force(Cluster()) if one[0] == "ended"] == []
    with pytest.raises(Broken, match="'ended' is not an applied connection"):
        removed("ended", "pat", "sold", None)
    table.write_text("business_unit,subaccount\nPlumbing,PLB-000\n")
    applied(path, "pat", "back")
    again = in_force(Cluster())
    assert list(again.connections["ended"].crosswalk.rows("business_unit")) == ["Plumbing"]
    assert "ended" not in again.removed


def test_rows_of_an_apply_that_stopped_half_way_do_not_keep_the_next_one_out_of_force(tmp_path: Path) -> None:
    """They stayed in the log of rows, which then never matched what the connection names."""
    path = written(tmp_path, "halfway")
    table = tmp_path / "crosswalk" / "business_unit.csv"
    table.write_text("business_unit,subaccount\nElectrical,ELE-000\n")
    half = plan_of(path, Consent()).change
    row = {**half.rows_put[0].as_record(), "connection": "halfway", "crosswalk_version": half.crosswalk_version}
    publisher = Publisher(Cluster())
    record = {**row, "removed": False, "actor": "pat", "at": datetime.now(UTC)}
    publisher.put("crosswalk", "halfway/business_unit/Electrical/", "halfway", "connection.crosswalk_row", record)
    publisher.acked()
    table.write_text("business_unit,subaccount\nPlumbing,PLB-000\n")
    applied(path, "pat", "start")
    assert list(in_force(Cluster()).connections["halfway"].crosswalk.rows("business_unit")) == ["Plumbing"]
