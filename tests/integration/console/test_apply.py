"""`plan` and `apply` over a real broker and registry: what is written, what is refused, and that a secret never shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.connections.applying import applied, in_force, planned
from console.reading import Cluster
from runtime.errors import Broken
from tests.integration.console.files import CANARY, SETTINGS, written

pytestmark = pytest.mark.kafka


def test_what_was_applied_is_in_force_and_applying_again_changes_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, "first")
    lines, refused = applied(path, "pat", "start", False)
    assert not refused
    assert any("credentials webhook" in line for line in lines)
    connected = in_force(Cluster()).connections["first"]
    assert connected.crosswalk.row("business_unit", "Plumbing") == {"subaccount": "PLB-000"}
    assert applied(path, "pat", "again", False) == ((), [])


def test_a_changed_row_is_one_line_of_the_plan_and_takes_effect(tmp_path: Path) -> None:
    path = written(tmp_path, "rows")
    applied(path, "pat", "start", False)
    (tmp_path / "crosswalk" / "business_unit.csv").write_text("business_unit,subaccount\nPlumbing,PLB-001\n")
    change, refused = planned(path)
    assert (list(change.lines), refused) == (["~ crosswalk business_unit/Plumbing: subaccount=PLB-001"], [])
    applied(path, "pat", "moved", False)
    assert in_force(Cluster()).connections["rows"].crosswalk.row("business_unit", "Plumbing") == {"subaccount": "PLB-001"}


def test_identity_does_not_change_under_a_connection(tmp_path: Path) -> None:
    applied(written(tmp_path, "same"), "pat", "start", False)
    erp = {**SETTINGS["erp"], "settings": {**SETTINGS["erp"]["settings"], "company_id": "OTHER"}}
    _, refused = applied(written(tmp_path, "same", erp=erp), "pat", "oops", False)
    assert refused == ["erp.settings.company_id: ACME -> OTHER: identity does not change"]


def test_an_earlier_cut_over_is_refused_until_a_person_accepts_it(tmp_path: Path) -> None:
    applied(written(tmp_path, "cut"), "pat", "start", False)
    path = written(tmp_path, "cut", flows={"A1": {"cutover_date": "2026-01-01"}})
    _, refused = applied(path, "pat", "more", False)
    assert len(refused) == 1
    assert "--accept-earlier-cutover" in refused[0]
    assert applied(path, "pat", "more", True)[1] == []


def test_a_flow_that_moves_money_needs_its_cut_over_date(tmp_path: Path) -> None:
    with pytest.raises(Broken, match=r"cutover_date is required"):
        planned(written(tmp_path, "nodate", flows={"A1": {}}), offline=True)


def test_shares_of_one_account_above_its_limit_are_refused(tmp_path: Path) -> None:
    applied(written(tmp_path, "quota-a", "shared"), "pat", "start", False)
    _, refused = planned(written(tmp_path, "quota-b", "shared"))
    assert any("quota group erp-shared" in line for line in refused)


def test_a_missing_secret_is_named_by_its_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CANARY")
    with pytest.raises(Broken, match="env:CANARY"):
        applied(written(tmp_path, "nosecret"), "pat", "", False)


def test_a_plan_needs_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CANARY")
    change, refused = planned(written(tmp_path, "lint"), offline=True)
    assert change.lines
    assert refused == []


def test_a_secret_stands_on_no_topic(tmp_path: Path) -> None:
    applied(written(tmp_path, "canary"), "pat", "start", False)
    found = [seen for seen in Cluster().scan(["connections", "credentials", "crosswalk", "audit"]) if CANARY.encode() in seen.value]
    assert found == []
