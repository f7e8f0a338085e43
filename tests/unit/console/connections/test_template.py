"""What `init` writes: everything that a person has to say, in their order, and nothing unset that `plan` would take."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from console.cli.main import app
from console.connections.checks import refusals
from console.connections.files import read_connection
from console.connections.fitting import Unfit
from console.connections.template import write_template
from runtime.errors import Broken
from systems import registry
from systems.contract import System

ERPS = pytest.mark.parametrize("erp", registry.erps(), ids=lambda erp: erp.name)


def template(folder: Path, erp: System) -> tuple[str, dict[str, Any]]:
    write_template(folder, "acme", erp.name)
    text = (folder / "connection.yaml").read_text()
    return text, yaml.safe_load(text)


@ERPS
def test_every_value_that_nobody_filled_in_is_refused_with_its_line(tmp_path: Path, erp: System) -> None:
    text, _ = template(tmp_path, erp)
    unset = [number for number, line in enumerate(text.splitlines(), 1) if line.strip().endswith(": FILL IN")]
    assert len(unset) > 10
    with pytest.raises(Unfit) as refused:
        read_connection(tmp_path / "connection.yaml")
    assert [int(line.split(":")[1]) for line in refused.value.lines] == unset
    assert all("still says FILL IN" in line for line in refused.value.lines)


def filled(text: str) -> str:
    for key, value in {
        "environment": "test",
        "time_zone": "UTC",
        "calls": "60",
        "cutover_date": "2026-01-01",
        "tenant_id": "1",
    }.items():
        text = text.replace(f"{key}: FILL IN", f"{key}: {value}")
    text = text.replace("token_url: FILL IN", "token_url: https://id.example.com/token")
    text = text.replace("rest_url: FILL IN", "rest_url: https://erp.example.com/rest").replace(
        "odata_url: FILL IN", "odata_url: ''"
    )
    return text.replace("base_url: FILL IN", "base_url: https://erp.example.com").replace("FILL IN", "ACME")


@ERPS
def test_filled_in_it_fits_and_says_nothing_but_the_defaults(tmp_path: Path, erp: System) -> None:
    text, _ = template(tmp_path, erp)
    (tmp_path / "connection.yaml").write_text(filled(text))
    settings = read_connection(tmp_path / "connection.yaml").settings
    assert settings.mode == "observe"
    assert set(settings.flows) == {flow.id for flow in erp.flows}


@ERPS
def test_flows_that_move_no_money_have_no_cut_over_date(tmp_path: Path, erp: System) -> None:
    text, parsed = template(tmp_path, erp)
    money = [flow for flow in erp.flows if flow.moves_money]
    with_a_day = {name for name, own in parsed["flows"].items() if "cutover_date" in own}
    assert with_a_day == {flow.id for flow in money if not flow.off_by_default}
    assert text.count("    # cutover_date: ") == len([flow for flow in money if flow.off_by_default])


@ERPS
def test_the_credentials_of_both_sides_are_there(tmp_path: Path, erp: System) -> None:
    text, parsed = template(tmp_path, erp)
    for key, system in (("field_service", registry.system(registry.FIELD_SERVICE)), ("erp", erp)):
        fields = system.credentials.model_fields
        assert {name for name, field in fields.items() if field.is_required()} <= set(parsed[key]["credentials"])
        assert all(f"{name}: env:{system.name.upper()}_{name.upper()}" in text for name in fields)


@ERPS
def test_roles_that_would_end_each_others_session_have_their_own_sign_in(tmp_path: Path, erp: System) -> None:
    """`plan` refused each template of SYSPRO until a section was added that the template did not have."""
    text, parsed = template(tmp_path, erp)
    assert set(parsed["erp"].get("role_credentials", ())) == ({"sink", "check"} if erp.signs_in_as else set())
    (tmp_path / "connection.yaml").write_text(filled(text))
    assert not [line for line in refusals(read_connection(tmp_path / "connection.yaml"), {}) if "second sign-in" in line]


def test_what_the_default_sign_in_needs_is_asked_for(tmp_path: Path) -> None:
    """Acumatica signs in by OAuth unless it is told otherwise; its client id was not in the file."""
    _, parsed = template(tmp_path, registry.system("acumatica"))
    assert set(parsed["erp"]["credentials"]) == {"username", "password", "client_id", "client_secret"}


@ERPS
def test_every_account_has_a_line_of_its_own(tmp_path: Path, erp: System) -> None:
    text, parsed = template(tmp_path, erp)
    for name in parsed["erp"]["settings"].get("accounts", ()):
        assert f"\n      {name}: " in text


def test_sections_come_in_the_order_in_which_they_are_filled_in(tmp_path: Path) -> None:
    _, parsed = template(tmp_path, registry.erps()[0])
    order = ["connection", "label", "field_service", "erp", "webhook_keys", "flows", "mode"]
    assert [key for key in parsed if key in order] == order
    assert list(parsed["erp"])[:3] == ["system", "settings", "credentials"]


@pytest.mark.parametrize("name", ["Acme", "acme_east", "-acme", "a", "a" * 32, "acme.east", "ácme"])
def test_a_folder_whose_name_is_no_id_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(Broken, match="--connection"):
        CliRunner().invoke(app, ["init", str(tmp_path / name), "--erp", "acumatica"], catch_exceptions=False)
    assert list(tmp_path.iterdir()) == []


def test_the_folder_names_the_connection_unless_another_id_is_given(tmp_path: Path) -> None:
    for folder, options, wanted in (("shop-1", [], "shop-1"), ("Shop", ["--connection", "shop-2"], "shop-2")):
        CliRunner().invoke(app, ["init", str(tmp_path / folder), "--erp", "acumatica", *options], catch_exceptions=False)
        parsed = yaml.safe_load((tmp_path / folder / "connection.yaml").read_text())
        assert parsed["connection"] == wanted
        assert parsed["erp"]["quota"]["group"] == f"acumatica-{wanted}"


def test_the_secrets_folder_is_its_owners_alone_and_not_versioned(tmp_path: Path) -> None:
    write_template(tmp_path / "acme", "acme", "acumatica")
    assert stat.S_IMODE((tmp_path / "acme" / "secrets").stat().st_mode) == 0o700
    assert (tmp_path / "acme" / ".gitignore").read_text() == "/secrets/\n"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Broken, match="file"):
        write_template(tmp_path / "file" / "acme", "acme", "acumatica")


@ERPS
def test_only_an_invoice_is_asked_when_it_is_due_and_only_an_erp_with_customers_whom_documents_name(
    tmp_path: Path, erp: System
) -> None:
    """Payments and bills had a `post_when` that nothing reads, and PeopleSoft a `customer_policy`; SYSPRO has no customers at all."""
    _, parsed = template(tmp_path, erp)
    asked = {name for name, own in parsed["flows"].items() if "post_when" in own}
    assert asked == {flow.id for flow in erp.flows if flow.entity == "invoice" and flow.records}
    assert ("customer_policy" in parsed) == (erp.name not in ("peoplesoft", "syspro"))
    own, to_us = (
        parsed["field_service"]["settings"],
        {flow.entity for flow in erp.flows if flow.target == "servicetitan" and flow.records},
    )
    assert ("orders" in own) == ("purchase_order" in to_us)
    assert ("owners_change" in own) == ("vendor" in to_us)


@ERPS
def test_each_word_of_a_choice_has_a_line_of_its_own(tmp_path: Path, erp: System) -> None:
    text, _ = template(tmp_path, erp)
    if "tax_mode" in erp.without:
        assert "tax_mode" not in text, "what SYSPRO takes is cost, which no sales tax is on"
        return
    for word in ("source", "erp", "none"):
        assert f"\n#   {word}: " in text.partition("# Whose sales tax counts.")[2][:700]


@ERPS
def test_the_legend_explains_every_table_and_column(tmp_path: Path, erp: System) -> None:
    template(tmp_path, erp)
    text = (tmp_path / "TABLES.md").read_text()
    for table, columns in registry.crosswalk_tables(erp.name).items():
        section = text.partition(f"\n## {table}\n")[2].partition("\n## ")[0]
        assert all(f"\n| {column} | " in section for column in columns), table
        assert "\nExample:\n" in section
