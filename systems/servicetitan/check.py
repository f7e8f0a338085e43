"""Proves a connection's ServiceTitan settings by using them: sign-in, app key, every read scope by one row, write scopes by the token's own list of
scopes, what the writing of orders needs (`check_orders.py`), clock. Read-only.

Keys of webhooks belong to the connection and are checked with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import count

from runtime.errors import ConnectorError
from runtime.json import members
from systems.checks import failed
from systems.contract import Access, Finding
from systems.mapped import Crosswalk
from systems.servicetitan.check_orders import OrderChecks
from systems.servicetitan.client import Client
from systems.servicetitan.mapping_commands import VENDOR
from systems.servicetitan.models import list_page
from systems.servicetitan.order_lines import ORDER
from systems.servicetitan.resources import (
    EQUIPMENT,
    FEEDS,
    FETCHABLE,
    INVENTORY_BILLS,
    MATERIALS,
    ORDER_TYPES,
    RESOURCES,
    WRITE_SCOPE,
    Resource,
)
from systems.values.codes import code

_UNIT = "business_unit"
SKEW = timedelta(minutes=2)


class Checker:
    """A read-only session (see `systems.contract.Checker`)."""

    def __init__(self, access: Access) -> None:
        self._client = Client(access)
        self._writes = access.writes

    async def check(self, crosswalk: Crosswalk) -> Sequence[Finding]:
        """One line for sign-in, for each scope and for the clock, and one for each business unit whose row names no currency. The check ends early if
        sign-in fails."""
        signed_in = await self._sign_in()
        if signed_in.level == "error":
            return [signed_in]
        asked = (ORDER_TYPES, MATERIALS, EQUIPMENT) if ORDER in self._writes else ()
        scopes = [await self._scope(resource) for resource in (*self._read(), INVENTORY_BILLS, *asked)]
        units = await self._units(crosswalk) if crosswalk.rows(_UNIT) else []
        orders = await OrderChecks(self._client, crosswalk).findings() if ORDER in self._writes else []
        return [signed_in, *scopes, *units, *self._writing(), *orders, self._clock()]

    async def close(self) -> None:
        """End the session."""
        await self._client.close()

    def _read(self) -> list[Resource]:
        off = self._client.settings.feeds_off
        polled = {feed.entity for feed in FEEDS if feed.name not in off}
        return [RESOURCES[entity] for entity in FETCHABLE if entity in polled]

    async def _sign_in(self) -> Finding:
        settings = self._client.settings
        subject = f"servicetitan sign-in at {settings.auth}"
        try:
            await self._client.calls.sign_in.ensure()
        except ConnectorError as error:
            return failed(subject, error, "Check auth_url, network and proxy; then try again.")
        return Finding("ok", subject, f"tenant {settings.tenant_id}, environment {settings.environment}")

    async def _scope(self, resource: Resource) -> Finding:
        subject = f"servicetitan {resource.module}/{resource.name} ({resource.scope})"
        path = resource.path(self._client.settings.tenant_id)
        if resource is INVENTORY_BILLS:
            path += "/paginated"
        try:
            await self._client.get(path, [("page", "1"), ("pageSize", "1")], resource.scope)
        except ConnectorError as error:
            return failed(subject, error, "Try again; if it stays, look at the vendor's status page.")
        return Finding("ok", subject, "can be read")

    async def _units(self, crosswalk: Crosswalk) -> list[Finding]:
        """Business units of a tenant with several currencies. Documents do not name their currency, so each unit's row has to."""
        resource, found = RESOURCES[_UNIT], list[tuple[str, str, str]]()
        path, subject = resource.path(self._client.settings.tenant_id), "servicetitan currencies of business units"
        try:
            for number in count(1):
                query = [("page", str(number)), ("pageSize", "500"), ("includeTotal", "true"), *resource.inactive]
                page = list_page(await self._client.get(path, query, resource.scope), path)
                found += [_unit_of(element.body) for element in page.elements]
                if not page.has_more or not page.elements:
                    break
        except ConnectorError as error:
            return [failed(subject, error, "Try again; if it stays, look at the vendor's status page.")]
        currencies = sorted({currency for _, _, currency in found if currency})
        silent = [one for one in found if one[2] and _said(crosswalk, one) != one[2]] if len(currencies) > 1 else []
        return [
            Finding(
                "error",
                subject,
                f"{name or source_id} is in {currency}",
                f"Write {currency} in the column currency of its row in business_unit.",
            )
            for source_id, name, currency in silent
        ] or [Finding("ok", subject, ", ".join(currencies) or "none told")]

    def _writing(self) -> list[Finding]:
        """Check, without writing, whether the token has the scopes for what this connection's flows write here."""
        found = [self._may_write(WRITE_SCOPE[record]) for record in sorted(self._writes & set(WRITE_SCOPE))]
        if VENDOR in self._writes and not self._client.settings.external_data_application_guid:
            remedy = "Take the External Data Application GUID of the app from the developer portal and write it into the settings."
            found.append(Finding("error", "servicetitan external data", "there is no GUID, so our ref has no place", remedy))
        return found

    def _may_write(self, scope: str) -> Finding:
        subject, granted = f"servicetitan write scope {scope}", self._client.granted
        remedy = f"Add {scope} to the app in the developer portal and let the tenant's admin accept the new version."
        if granted is None:
            return Finding("warning", subject, "it is not known whether it is granted: the token names no scopes", remedy)
        if scope not in granted:
            return Finding("error", subject, "it is not granted, and a flow of this connection writes", remedy)
        return Finding("ok", subject, "granted")

    def _clock(self) -> Finding:
        behind = self._client.calls.behind
        if behind > SKEW:
            words = f"ours is {behind.total_seconds():.0f} s ahead of the server's"
            return Finding("warning", "servicetitan clock", words, "Synchronise this machine's clock (NTP).")
        return Finding("ok", "servicetitan clock", "not ahead of the server's")


def _unit_of(body: bytes) -> tuple[str, str, str]:
    """Id, name and currency of a business unit."""
    row = members(body)
    return str(row.get("id", "")), str(row.get("name") or ""), code(str(row.get("currency") or "")).upper()


def _said(crosswalk: Crosswalk, unit: tuple[str, str, str]) -> str:
    row = crosswalk.row(_UNIT, unit[1]) or crosswalk.row(_UNIT, unit[0])
    return code((row or {}).get("currency", "")).upper()


def open_checker(access: Access) -> Checker:
    """A checking session of a connection."""
    return Checker(access)
