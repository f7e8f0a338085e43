"""What a webhook is about: an object to read again, or the reason why nothing follows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.errors import Malformed
from systems.contract import Signing
from systems.mapped import Fetch, Filtered
from systems.servicetitan.mapping import to_canonical
from systems.servicetitan.settings import EventRule, Settings, Webhook
from systems.servicetitan.webhook import hints, signing
from tests.systems.servicetitan.examples import READING, SETTINGS, raw


def event(kind: str, data: Any = None, **more: Any) -> bytes:
    return json.dumps({"eventId": "e", "eventType": kind, "tenantId": 1234567890, "data": data or {"id": 7}, **more}).encode()


@pytest.mark.parametrize(
    ("kind", "entity"),
    [
        ("invoice.created", "invoice"),
        ("invoice.updated", "invoice"),
        ("Invoice.Updated", "invoice"),
        ("payment.created", "payment"),
        ("customer.updated", "customer"),
        ("location.created", "location"),
        ("job.completed", "job"),
        ("vendor.updated", "vendor"),
        ("inventory-bill.created", "bill"),
        ("inventorybill.updated", "bill"),
        ("bill.updated", "bill"),
        ("ap-bill.canceled", "bill"),
    ],
)
def test_a_registered_event_says_which_object_to_read_again(kind: str, entity: str) -> None:
    assert hints(event(kind), SETTINGS) == [Fetch(entity, "7", "hint")]


def test_a_receipt_says_which_bill_it_made() -> None:
    assert hints(event("receipt.created", {"id": 5, "billId": 8}), SETTINGS) == [Fetch("bill", "8", "hint")]
    (found,) = hints(event("purchase-order.updated"), SETTINGS)
    assert isinstance(found, Filtered)


def test_the_normaliser_reads_a_webhook_by_the_same_rules() -> None:
    assert to_canonical(raw("webhook", event("invoice.updated"), "hint"), READING) == [Fetch("invoice", "7", "hint")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"not json",
        b'{"data": {"id": 7}}',
        b'{"eventType": 5, "data": {"id": 7}}',
        b'{"eventType": "invoice.updated"}',
        b'{"eventType": "invoice.updated", "data": {"id": null}}',
        b'{"eventType": "invoice.updated", "data": {"id": true}}',
        b'{"eventType": "invoice.updated", "data": {"id": 7.5}}',
        b'{"eventType": "invoice.updated", "data": {"id": "7 or 1"}}',
        b'{"eventType": "invoice.updated", "data": {"id": [7]}}',
        b'{"eventType": "invoice.updated", "data": {"id": 7, "id": 8}}',
        b'{"eventType": "invoice.updated", "data": {"id": 12345678901234567890}}',
    ],
)
def test_a_payload_that_does_not_say_what_changed_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        hints(body, SETTINGS)


def test_another_envelope_is_a_matter_of_settings() -> None:
    rule = EventRule(pattern="paymentreceived", entity="payment", id_path="payload.paymentId")
    webhook = Webhook(event_path="type", tenant_path="account.tenant", events=(rule,))
    settings = SETTINGS.model_copy(update={"webhook": webhook})
    body = b'{"type": "paymentReceived", "account": {"tenant": "1234567890"}, "payload": {"paymentId": "44"}}'
    assert hints(body, settings) == [Fetch("payment", "44", "hint")]


def test_how_it_is_signed_is_a_matter_of_settings() -> None:
    assert signing(SETTINGS) == Signing("body-hmac", "x-servicetitan-signature", "hex", "")
    webhook = Webhook(scheme="standard-webhooks", header="X-ST-Signature", encoding="base64", prefix="sha256=")
    assert signing(SETTINGS.model_copy(update={"webhook": webhook})) == Signing(
        "standard-webhooks", "X-ST-Signature", "base64", "sha256="
    )


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"tenant_id": "12 34"}, "tenant_id"),
        ({"tenant_id": "0"}, "tenant_id"),
        ({"environment": "prod"}, "environment"),
        ({"api_url": "https://api.servicetitan.io"}, "environment"),
        ({"environment": "production", "auth_url": "https://auth-integration.servicetitan.io"}, "environment"),
        ({"webhook": {"header": "x signature"}}, "header"),
        ({"webhook": {"encoding": "rot13"}}, "encoding"),
        ({"unknown": 1}, "unknown"),
        ({"page_size": 5001}, "page_size"),
        ({"external_data_application_guid": "abc"}, "external_data_application_guid"),
    ],
)
def test_a_wrong_setting_is_named(wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Settings.model_validate({"environment": "test", "tenant_id": 1234567890, **wrong})


def test_the_vendors_hosts_follow_the_environment() -> None:
    production = Settings(environment="production", tenant_id="1")
    assert (production.api, production.auth) == ("https://api.servicetitan.io", "https://auth.servicetitan.io")
    test = Settings(environment="test", tenant_id="1")
    assert (test.api, test.auth) == ("https://api-integration.servicetitan.io", "https://auth-integration.servicetitan.io")
