"""The mapping tables of PeopleSoft in an accountant's words (`ml-connector init` writes them beside the tables)."""

from __future__ import annotations

from collections.abc import Mapping

from systems.legend import Legend

_ANY = {"*": "the row of every value without one, where `policies` says default"}
_FIELDS: Mapping[str, str] = {
    "department": "DEPTID.",
    "operating_unit": "OPERATING_UNIT.",
    "product": "PRODUCT.",
    "fund_code": "FUND_CODE.",
    "class_field": "CLASS_FLD.",
    "program_code": "PROGRAM_CODE.",
    "project": "PROJECT_ID.",
    "activity": "ACTIVITY_ID, an activity or task of the project.",
}
_MOST_SPECIFIC = "Of two rows that fill the same ChartField, the more specific one counts: business unit, location, project, then the line's own."
LEGENDS: Mapping[str, Legend] = {
    "business_unit": Legend(
        "Where documents of a ServiceTitan business unit are booked.",
        f"The unit's name is looked up first, then its id; without a row policies.business_unit decides. {_MOST_SPECIFIC}",
        {
            "gl_business_unit": "Business unit of the General Ledger; must not be empty.",
            "ap_business_unit": "Business unit of Payables, for vouchers.",
            "receivable_account": "Receivable of its documents; empty = accounts.receivable.",
            "clearing_vendor": "Vendor of cost without a vendor (profile voucher).",
            "currency": "Currency of its documents, ISO 4217 (CAD); empty = that of the ledger.",
            **_FIELDS,
        },
        {"business_unit": "Plumbing - Service", "gl_business_unit": "US001", "ap_business_unit": "AP001", "department": "21000"},
        _ANY,
    ),
    "location": Legend(
        "ChartFields of a service location, over those of the business unit.",
        "The location's id counts first, then its name; without a row policies.location decides.",
        dict(_FIELDS),
        {"location": "88123", "operating_unit": "AUSTIN"},
        _ANY,
    ),
    "project": Legend(
        "ChartFields of a ServiceTitan project, over those of the location.",
        "The project's id; a project without a row leaves what the other rows say.",
        dict(_FIELDS),
        {"project_id": "5512", "project": "PRJ000000000002", "activity": "INSTALL"},
    ),
    "line_type": Legend(
        "Accounts of invoice lines.",
        "The sku of the line counts first, then the GL account that ServiceTitan gives it, then its kind; without a row policies.line_type "
        "decides.",
        {
            "account": "Revenue account of journals.",
            "cost_account": "Expense account of vouchers at cost.",
            **_FIELDS,
        },
        {"line_type": "Service", "account": "400000", "cost_account": "503000"},
        {
            **_ANY,
            "Service, Material, Equipment, PriceModifier": "kinds of line, for all lines of a kind",
            "membership, interest, project": "lines of memberships, of interest and of project invoices that have no row of their own",
        },
    ),
    "tax_zone": Legend(
        "The liability account of the sales tax of a ServiceTitan tax zone.",
        "The zone's id counts first, then its code; without a row policies.tax_zone decides. Several rows of one zone divide its tax.",
        {
            "part": "Name of a part of the zone, if several rows divide its tax: city, county, state.",
            "account": "Tax liability account.",
            "share": "Share of the zone's tax that goes here, as a plain number; empty in every row of the zone = equal shares.",
            **_FIELDS,
        },
        {"tax_zone": "402", "part": "county", "account": "220100", "share": "0.0200"},
        _ANY,
    ),
    "payment_type": Legend(
        "The account that takes the money of a ServiceTitan payment type.",
        "The type's name counts first, then its id; without a row policies.payment_type decides.",
        {"account": "Cash or undeposited funds.", **_FIELDS},
        {"payment_type": "Check", "account": "100200"},
        _ANY,
    ),
    "order_vendor": Legend(
        "The vendor of cost that a purchase order brought (profile voucher).",
        "The vendor of the order, by its ServiceTitan id; it counts before the sku's.",
        {"vendor_id": "VENDOR_ID in the SETID of the settings."},
        {"order_vendor": "3041", "vendor_id": "0000000042"},
    ),
    "sku_vendor": Legend(
        "The vendor to whom the cost of a sku is owed (profile voucher).",
        "The sku's code counts first, then its id; without a row the clearing_vendor of the business unit.",
        {"vendor_id": "VENDOR_ID in the SETID of the settings."},
        {"sku": "PIPE-1", "vendor_id": "0000000042"},
    ),
}
