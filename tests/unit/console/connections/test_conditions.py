"""What the ERP lacks stops going live, unless a person accepted it by name."""

from __future__ import annotations

from console.connections.conditions import needed, unmet
from console.connections.consent import Consent
from systems import registry
from systems.contract import Finding
from tests.contract import examples

FOUND = [
    Finding("ok", "branch", "3 branches checked: ok"),
    Finding("warning", "tax", "customer classes with a tax zone: TAXED"),
    Finding("error", "account", "account 49999 of business_unit HVAC - Service is not in Acumatica.", "Create it.", "49999"),
    Finding("error", "period", "the period 112026 is closed."),
    Finding("error", "credentials", "the credentials in force are for another address.", "Apply the connection again."),
]


def test_each_error_of_the_erp_stops_going_live_and_is_accepted_by_its_own_name() -> None:
    """An account that the ERP does not have maps well: `check` named it, and the connection went live all the same."""
    account, period = unmet(FOUND, Consent())
    assert account.place == ("mode", "check=account:49999")
    assert account.words == (
        "`check` says of the ERP: account 49999 of business_unit HVAC - Service is not in Acumatica. Create it. "
        "Do that, or apply with --accept-held 'check=account:49999'"
    )
    assert period.place == ("mode", "check=period")
    assert list(unmet(FOUND, Consent(held=frozenset({"check=account:49999"})))) == [period]


def test_who_accepts_one_finding_does_not_accept_another_one_of_the_same_subject() -> None:
    """`check=account` was accepted for one account, and a second wrong account went live with it unseen."""
    second = Finding("error", "account", "account 48888 of tax_zone 77 is not in Acumatica.", "Create it.", "48888")
    (left,) = unmet([FOUND[2], second], Consent(held=frozenset({"check=account:49999", "check=account"})))
    assert left.place == ("mode", "check=account:48888")
    rights = [Finding("error", "rights", f"no right to read {what}.") for what in ("Account", "TaxZone")]
    names = [str(one.place[1]) for one in unmet(rights, Consent(held=frozenset({"check=rights"})))]
    assert len(set(names)) == 2
    assert list(unmet(rights, Consent(held=frozenset(names)))) == []
    assert [one.place[1] for one in unmet(rights[::-1], Consent(held=frozenset(names[:1])))] == names[1:], "the order matters not"


def test_only_what_the_flows_that_go_live_need_is_asked() -> None:
    """One wrong account of the bills, which only observe, kept the invoices from going live."""
    for erp in registry.erps():
        on = examples.connected(erp)
        for flow in erp.flows:
            asked = needed(on, [flow])
            assert asked.crosswalk.tables.keys() <= erp.tables_of.get(flow.id, frozenset())
            assert {name for name, own in asked.settings.flows.items() if own.enabled} <= {flow.id}
            assert asked.settings.commands_to(erp.name) <= set(flow.records)
    acumatica = examples.connected(registry.system("acumatica"))
    invoices, bills = (next(one for one in acumatica.settings.erp.declared.flows if one.id == name) for name in ("A1", "A3"))
    assert "bill_line" not in needed(acumatica, [invoices]).crosswalk.tables
    assert {"bill_line", "tax_zone"} <= needed(acumatica, [invoices, bills]).crosswalk.tables.keys()
