"""Existing suppliers with their addresses and sites; the companies are those of `runtime/simulator/people.py`.

Every second supplier carries the code of the other side as its number. One in eight does not concern the field service: inactive, prospective, only
with a site of another business unit, or with a site that may pay but not purchase. One in five has a second site.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from runtime.simulator.people import Company, companies
from runtime.simulator.records import Change, Row
from systems.oracle_fusion.simulator.pod import TRUTH, Pod, wire_time
from systems.oracle_fusion.simulator.seed.company import MAIN_UNIT, UNIT_IDS, WEST_UNIT
from systems.oracle_fusion.simulator.seed.variants import ELSEWHERE, variants
from systems.oracle_fusion.simulator.shapes import shapes

KIND = "suppliers"
_ODD: tuple[dict[str, Any], ...] = (
    {"InactiveDate": "2025-12-31", "Status": "INACTIVE"},
    {"BusinessRelationshipCode": "PROSPECTIVE", "BusinessRelationship": "Prospective"},
    {"unit": WEST_UNIT},
    {"SitePurposePurchasingFlag": False},
)


def plant_suppliers(pod: Pod, count: int) -> None:
    """Plant suppliers until there are that many."""
    known, strangers = companies(pod.seed, count), companies(pod.seed + ELSEWHERE, count)
    held = {row["number"] for row in pod.rows(TRUTH) if row["of"] == KIND}
    changes: list[Change] = []
    for index, (kind, party) in enumerate(variants(f"pod/suppliers/{pod.seed}", known, strangers)):
        if index in held:
            continue
        odd = _ODD[index // 8 % len(_ODD)] if index % 8 == 7 else {}
        row = _supplier(pod, party, index) | {name: value for name, value in odd.items() if name in shapes()[KIND].attributes}
        row["addresses"] = [_address(pod, party)]
        row["sites"] = [_site(pod, row, odd)] + ([_site(pod, row, {"unit": WEST_UNIT})] if index % 5 == 4 else [])
        told = {"of": KIND, "number": index, "id": row["SupplierId"], "name": row["Supplier"], "kind": kind}
        told["index"] = None if kind == "only_here" else index
        changes += [Change(KIND, str(row["SupplierId"]), row), Change(TRUTH, f"{KIND}/{index:06d}", told)]
    pod.commit(changes)


def _supplier(pod: Pod, party: Company, index: int) -> Row:
    key, at = pod.new_id(), wire_time(pod.clock.now() - timedelta(days=400 - index % 300, seconds=index % 3))
    return (
        blank(KIND)
        | {
            "SupplierId": key,
            "SupplierPartyId": pod.new_id(),
            "Supplier": party.name,
            "SupplierNumber": party.code if index % 2 else f"{1000 + index}",
            "TaxOrganizationTypeCode": "CORPORATION",
            "TaxOrganizationType": "Corporation",
            "SupplierTypeCode": "SUPPLIER",
            "SupplierType": "Supplier",
            "Status": "ACTIVE",
            "BusinessRelationshipCode": "SPEND_AUTHORIZED",
            "BusinessRelationship": "Spend Authorized",
            "TaxpayerCountry": "United States",
            "TaxpayerCountryCode": "US",
            "TaxpayerId": party.tax_id,
            "BusinessClassificationNotApplicableFlag": False,
            "_path": pod.path_key(KIND, key),
        }
        | stamped(at)
    )


def _address(pod: Pod, party: Company) -> Row:
    return (
        blank("suppliers.addresses")
        | {
            "SupplierAddressId": pod.new_id(),
            "AddressName": party.city.upper(),
            "CountryCode": "US",
            "Country": "United States",
            "AddressLine1": party.street,
            "AddressLine2": party.unit or None,
            "City": party.city,
            "State": party.state,
            "PostalCode": party.zip,
            "PhoneNumber": party.phone or None,
            "Email": party.email,
            "AddressPurposeOrderingFlag": True,
            "AddressPurposeRemitToFlag": True,
            "Status": "ACTIVE",
        }
        | stamped(wire_time(pod.clock.now() - timedelta(days=400)))
    )


def _site(pod: Pod, supplier: Row, odd: dict[str, Any]) -> Row:
    unit, address = odd.get("unit", MAIN_UNIT), supplier["addresses"][0]
    return (
        blank("suppliers.sites")
        | {
            "SupplierSiteId": pod.new_id(),
            "SupplierSite": f"{address['AddressName'][:10]}{' W' if unit == WEST_UNIT else ''}",
            "ProcurementBUId": UNIT_IDS[unit],
            "ProcurementBU": unit,
            "SupplierAddressId": address["SupplierAddressId"],
            "SupplierAddressName": address["AddressName"],
            "Status": "ACTIVE",
            "SitePurposeSourcingOnlyFlag": False,
            "SitePurposePurchasingFlag": odd.get("SitePurposePurchasingFlag", True),
            "SitePurposeProcurementCardFlag": False,
            "SitePurposePayFlag": True,
            "SitePurposePrimaryPayFlag": True,
            "IncomeTaxReportingSiteFlag": False,
        }
        | stamped(wire_time(pod.clock.now() - timedelta(days=400)))
    )


def blank(path: str) -> Row:
    """A row of a resource or child with every attribute empty."""
    name, _, rest = path.partition(".")
    shape = shapes()[name].descend(rest) if rest else shapes()[name]
    return dict.fromkeys(shape.attributes) if shape is not None else {}


def stamped(at: str) -> Row:
    """The members that say who made a row, and when."""
    return {"CreatedBy": "SEED", "CreationDate": at, "LastUpdatedBy": "SEED", "LastUpdateDate": at}
