"""Lists, single rows and export feeds, as the vendor documents them."""

from __future__ import annotations

import pytest

from tests.systems.servicetitan.simulator.world import World

_MODULES = {
    "crm": ("customers", "locations"),
    "jpm": ("jobs", "job-types"),
    "accounting": (
        *("invoices", "payments", "payment-types", "payment-terms", "tax-zones", "gl-accounts"),
        *("ap-bills", "ap-credits", "ap-payments", "credit-memos", "inventory-bills/paginated"),
    ),
    "inventory": ("vendors", "purchase-orders", "receipts", "warehouses"),
    "settings": ("business-units", "technicians"),
    "pricebook": ("materials", "services"),
}
_LISTS = [f"{module}/{name}" for module, names in _MODULES.items() for name in names]
_FEEDS = [
    *("crm/export/customers", "crm/export/locations", "crm/export/customers/contacts", "jpm/export/jobs"),
    *("accounting/export/invoices", "accounting/export/invoice-items", "accounting/export/payments"),
    *("accounting/export/inventory-bills", "inventory/export/purchase-orders"),
    *("settings/export/business-units", "settings/export/technicians"),
]


@pytest.mark.parametrize("path", _LISTS)
async def test_every_list_answers_a_page_in_its_documented_shape(tenant: World, path: str) -> None:
    page = await tenant.get(f"{path}?includeTotal=true")
    assert page["page"] == 1
    assert page["pageSize"] == 50
    assert page["totalCount"] == len(page["data"])


@pytest.mark.parametrize("path", _FEEDS)
async def test_every_feed_answers_a_page_and_a_token(tenant: World, path: str) -> None:
    page = await tenant.get(f"{path}?includeRecentChanges=true")
    assert page["continueFrom"]
    assert page["hasMore"] is False
