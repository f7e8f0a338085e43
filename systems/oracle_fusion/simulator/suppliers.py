"""What the pod's buyers do to suppliers, for demos and tests: new ones, changes, and sites and addresses that change without the header."""

from __future__ import annotations

from typing import Any

from runtime.simulator.records import Row
from systems.oracle_fusion.simulator.answers import Refused
from systems.oracle_fusion.simulator.draft import draft_of
from systems.oracle_fusion.simulator.pod import USER, Pod
from systems.oracle_fusion.simulator.seed.company import MAIN_UNIT, UNIT_IDS
from systems.oracle_fusion.simulator.seed.suppliers import KIND, blank
from systems.oracle_fusion.simulator.shapes import shapes

_NEW: Row = {
    "Status": "ACTIVE",
    "TaxOrganizationTypeCode": "CORPORATION",
    "BusinessRelationshipCode": "SPEND_AUTHORIZED",
    "BusinessClassificationNotApplicableFlag": False,
}
_NEW_SITE: Row = {
    "ProcurementBU": MAIN_UNIT,
    "Status": "ACTIVE",
    "SitePurposeSourcingOnlyFlag": False,
    "SitePurposePurchasingFlag": True,
    "SitePurposeProcurementCardFlag": False,
    "SitePurposePayFlag": True,
    "SitePurposePrimaryPayFlag": False,
    "IncomeTaxReportingSiteFlag": False,
}
_NEW_ADDRESS: Row = {"Status": "ACTIVE", "CountryCode": "US", "Country": "United States"}


def save_supplier(pod: Pod, body: dict[str, Any]) -> Row:
    """Create a supplier (without SupplierId) or change it; `sites` and `addresses` without their id are added.

    A change of children alone leaves the header's LastUpdateDate unchanged. Raises ValueError.
    """
    try:
        sent = draft_of(shapes()[KIND], body)
    except Refused as refused:
        raise ValueError(str(refused)) from refused
    if "SupplierId" not in sent:
        return _create(pod, sent)
    held = pod.get(KIND, str(sent["SupplierId"]))
    if held is None:
        raise ValueError(f"no supplier {sent['SupplierId']}")
    children = {
        "addresses": _merged(pod, held, sent, "addresses", _NEW_ADDRESS),
        "sites": _merged(pod, held, sent, "sites", _NEW_SITE),
    }
    header = {name: value for name, value in sent.items() if name not in children}
    row = _joined(held | header | children)
    if header.keys() - {"SupplierId"}:
        return pod.save(KIND, row, "update", "by a person")
    change = pod.untouched(KIND, row, "update", "a site or address by a person")
    pod.commit([change])
    return change.body


def _create(pod: Pod, sent: Row) -> Row:
    if not sent.get("Supplier"):
        raise ValueError("a supplier needs its name: Supplier")
    key = pod.new_id()
    row = (
        blank(KIND) | _NEW | {"SupplierId": key, "SupplierPartyId": pod.new_id(), "SupplierNumber": pod.number("supplier", 0, 5001)}
    )
    row |= {"sites": [], "addresses": []}
    addresses, sites = sent.get("addresses") or [{"AddressName": "MAIN"}], sent.get("sites") or [{"SupplierSite": "MAIN"}]
    given = {name: value for name, value in sent.items() if name not in ("sites", "addresses")}
    children = {
        "addresses": _merged(pod, row, {"addresses": addresses}, "addresses", _NEW_ADDRESS),
        "sites": _merged(pod, row, {"sites": sites}, "sites", _NEW_SITE),
    }
    return pod.save(KIND, _joined(row | given | children), "create", "by a person")


def _merged(pod: Pod, held: Row, sent: Row, name: str, new: Row) -> list[Row]:
    """The children, overlaid with what was sent. Each child that changes gets a new change time."""
    shape = shapes()[KIND].children[name]
    rows = {row[shape.key]: row for row in held[name]}
    for one in sent.get(name) or []:
        key = one.get(shape.key)
        if key is not None and key not in rows:
            raise ValueError(f"no {shape.key} {key}")
        at = pod.stamp()
        stamps: Row = {"LastUpdateDate": at, "LastUpdatedBy": USER}
        if key is None:
            key = pod.new_id()
            rows[key] = blank(shape.path) | new | {shape.key: key, "CreationDate": at, "CreatedBy": USER}
        rows[key] = rows[key] | one | stamps
    return list(rows.values())


def _joined(row: Row) -> Row:
    """Sites with the ids of their business unit and address; a site without an address gets the first one."""
    first = row["addresses"][0]
    sites = []
    for site in row["sites"]:
        unit = site["ProcurementBU"]
        if unit not in UNIT_IDS:
            raise ValueError(f"no business unit {unit!r}")
        address = next((one for one in row["addresses"] if one["SupplierAddressId"] == site["SupplierAddressId"]), first)
        names = {"SupplierAddressId": address["SupplierAddressId"], "SupplierAddressName": address["AddressName"]}
        sites.append(site | {"ProcurementBUId": UNIT_IDS[unit]} | names)
    return row | {"sites": sites}
