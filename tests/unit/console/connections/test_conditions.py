"""What the ERP lacks stops going live, unless a person accepted it by name."""

from __future__ import annotations

from console.connections.conditions import unmet
from console.connections.consent import Consent
from systems.contract import Finding

FOUND = [
    Finding("ok", "branch", "3 branches checked: ok"),
    Finding("warning", "tax", "customer classes with a tax zone: TAXED"),
    Finding("error", "account", "account 49999 of business_unit HVAC - Service is not in Acumatica.", "Create it."),
    Finding("error", "period", "the period 112026 is closed."),
    Finding("error", "credentials", "the credentials in force are for another address.", "Apply the connection again."),
]


def test_each_error_of_the_erp_stops_going_live_and_is_accepted_by_its_subject() -> None:
    """An account that the ERP does not have maps well: `check` named it, and the connection went live all the same."""
    account, period = unmet(FOUND, Consent())
    assert account.place == ("mode", "check=account")
    assert account.words == (
        "`check` says of the ERP: account 49999 of business_unit HVAC - Service is not in Acumatica. Create it. "
        "Do that, or apply with --accept-held 'check=account'"
    )
    assert list(unmet(FOUND, Consent(held=frozenset({"check=account"})))) == [period]
