"""`plan --offline` as a person sees it: what differs from the defaults, everything that is refused, totals last."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from console.cli.main import app
from tests.unit.console.connections.ground import file_with


def plan(path: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["plan", str(path), "--offline", *options], catch_exceptions=False)


@pytest.fixture(autouse=True)
def ring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ML_CONNECTOR_KEY_RING", "/nowhere/ring.json")


def test_a_new_connection_is_told_by_what_differs_from_the_defaults(tmp_path: Path) -> None:
    said = plan(file_with(tmp_path, ("branch: MAIN", "branch: MAIN\n    page_size: 200")))
    lines = said.stdout.splitlines()
    assert said.exit_code == 0
    assert "+ erp.settings.branch: MAIN" in lines
    assert "+ flows.A1.cutover_date: 2026-03-01" in lines
    assert "+ flows.A1.enabled: True" in lines
    assert not any(name in said.stdout for name in ("page_size", "licence_tier", "parent_deadline", "kept", "network", "observe"))
    assert lines[-1] == f"{len(lines) - 1} to set"


def test_rows_are_shown_with_their_columns(tmp_path: Path) -> None:
    (tmp_path / "crosswalk").mkdir()
    (tmp_path / "crosswalk" / "business_unit.csv").write_text("business_unit,subaccount\nPlumbing,PLB-000\n")
    assert "+ crosswalk business_unit/Plumbing: subaccount=PLB-000" in plan(file_with(tmp_path)).stdout.splitlines()


def test_what_is_refused_is_counted_last_and_ends_with_1(tmp_path: Path) -> None:
    said = plan(file_with(tmp_path, ("A1: {cutover", "A1: {window: never, cutover"), ("base_url: https://", "base_url: http://")))
    assert said.exit_code == 1
    assert said.stdout.splitlines()[-1].endswith(" to set, 2 refused")
    assert len([line for line in said.stdout.splitlines() if line.startswith("refused: ")]) == 2


def test_a_file_that_does_not_fit_is_told_line_by_line_and_ends_with_78(tmp_path: Path) -> None:
    path = file_with(tmp_path, ("label: Acme", "lable: Acme"), ("password: env:ACU_PASSWORD", "password: canary-7f3a"))
    said = plan(path)
    assert said.exit_code == 78
    assert said.stdout.splitlines()[-1] == "0 to set, 3 refused"
    assert f"refused: {path}:2: lable: " in said.stdout
    assert "canary" not in said.output
    refused = json.loads(plan(path, "--output", "json").stdout)["refused"]
    applied = CliRunner().invoke(app, ["apply", str(path), "--output", "json"], catch_exceptions=False)
    assert (applied.exit_code, json.loads(applied.stdout)["refused"]) == (78, refused), "apply printed no JSON"
    assert len(refused) == 3


def test_a_ring_that_is_not_set_is_named_with_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ML_CONNECTOR_KEY_RING")
    said = plan(file_with(tmp_path))
    assert said.exit_code == 0
    assert "note: ML_CONNECTOR_KEY_RING is not set" in said.stdout


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("env:ACU_PASSWORD", "file:/etc/hostname", "14: erp.credentials.password: "),
        ("env:ACU_PASSWORD", "file:../ring.json", "14: erp.credentials.password: "),
        ("env:ACU_PASSWORD", "file:a/../../ring", "14: erp.credentials.password: "),
        ("env:HOOK", "file:a/../../b", "25: webhook_keys[0].secret: "),
        (
            "webhook_keys:",
            "  network: {client_certificate: file:/etc/c.pem, client_key: env:K}\nwebhook_keys:",
            "24: erp.network.client_certificate: ",
        ),
    ],
)
def test_a_reference_that_apply_can_never_follow_is_refused_by_plan(tmp_path: Path, old: str, new: str, place: str) -> None:
    """`plan --offline` ended with 0, and `apply` refused it."""
    said = plan(file_with(tmp_path, (old, new)))
    assert said.exit_code == 1
    assert f"refused: {tmp_path / 'connection.yaml'}:{place}leads out of the secrets folder {tmp_path / 'secrets'}" in said.stdout


def test_a_reference_into_the_secrets_folder_needs_no_file_to_be_planned(tmp_path: Path) -> None:
    assert plan(file_with(tmp_path, ("env:ACU_PASSWORD", "file:acumatica/password"))).exit_code == 0


@pytest.mark.parametrize("amount", ["much", "nan", "1e999999999"])
def test_an_amount_that_is_none_is_refused(tmp_path: Path, amount: str) -> None:
    said = CliRunner().invoke(app, ["apply", str(file_with(tmp_path)), "--yes", amount])
    assert said.exit_code in (2, 78)
    assert "Traceback" not in said.output
