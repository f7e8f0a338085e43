"""The mapping tables of Oracle Fusion in an accountant's words (`ml-connector init` writes them beside the tables)."""

from __future__ import annotations

from collections.abc import Mapping

from systems.legend import Legend

_COMBINATION = "All segments of the account combination; * stands for the segment of the business unit's row."
LEGENDS: Mapping[str, Legend] = {
    "business_unit": Legend(
        "Where documents of a ServiceTitan business unit are booked.",
        "The unit's name is looked up first, then its id. A unit without a row holds its documents.",
        {
            "erp_unit": "Business unit of Fusion in which its invoices and receipts are entered; empty = `business_unit` of the settings.",
            "segments": "An account combination whose segments (the cost center) stand where another combination has *.",
            "receivable": "Receivable account of its invoices; empty = accounts.receivable of the settings.",
            "sales_account": "Revenue account of its lines that have no row in line_type; empty = by kind of line, else accounts.sales.",
            "customer": "With customer_policy summary: ACCOUNT/SITE of the customer that all its documents name.",
            "currency": "Currency of its documents, ISO 4217 (CAD); empty = that of the ledger.",
        },
        {"business_unit": "Plumbing - Service", "segments": "01-410-*-*", "sales_account": "01-*-4110-000"},
    ),
    "line_type": Legend(
        "The revenue account of invoice lines.",
        "The sku of the line counts first, then the GL account that ServiceTitan gives it, then the sales_account of its business unit, then its "
        "kind, last accounts.sales (price modifiers: accounts.discount).",
        {"account": f"Revenue account; must not be empty. {_COMBINATION}"},
        {"line_type": "MEMBER-GOLD", "account": "01-*-2510-000"},
        {
            "Service, Material, Equipment": "kinds of line, for all lines of a kind",
            "PriceModifier": "kind of line of discounts; it never takes the sales account of a unit",
            "membership, interest, project": "lines of memberships, of interest and of project invoices that have no row of their own",
        },
    ),
    "tax_zone": Legend(
        "The liability account of the sales tax of a ServiceTitan tax zone.",
        "The zone's id counts first, then its code. Without a row: accounts.sales_tax. Several rows of one zone divide its tax.",
        {
            "part": "Name of a part of the zone, if several rows divide its tax: city, county, state.",
            "account": f"Tax liability account. {_COMBINATION}",
            "share": "Share of the zone's tax that goes here, as a plain number; empty in every row of the zone = equal shares.",
            "tax_code": "Only with tax_mode erp: the tax classification code by which Fusion computes.",
        },
        {"tax_zone": "402", "part": "county", "account": "01-000-2310-000", "share": "2.00"},
    ),
    "payment_type": Legend(
        "How a ServiceTitan payment type is entered.",
        "The type's name counts first, then its id. A type without a row holds its payments.",
        {
            "receipt_method": "Receipt method of Fusion.",
            "bank_account": "Number of the remittance bank account that takes the money.",
            "account": "Account combination of the cash; the journal profile only.",
        },
        {"payment_type": "Check", "receipt_method": "Manual", "bank_account": "10271-17621-619"},
    ),
    "term": Legend(
        "Payment terms by their ServiceTitan name.",
        "Without a row: receivables.payment_terms of the settings, else the terms of the customer.",
        {"terms": "Payment terms of Fusion."},
        {"term": "Net 30", "terms": "30 Net"},
    ),
    "bill_to": Legend(
        "Whom documents of a customer name, with customer_policy bill_to_parent.",
        "The customer's ServiceTitan id. Without a row its documents name the customer's own partner.",
        {"customer": "ACCOUNT/SITE of the customer that is billed."},
        {"customer_id": "5012", "customer": "1008/14"},
    ),
    "opening_balance": Legend(
        "Invoices from before the cut-over that are in Fusion already, so that later payments can settle them.",
        "The ServiceTitan id of the invoice. Without a row what settles it is held.",
        {"erp_number": "Its transaction number in Fusion."},
        {"source_id": "900112", "erp_number": "10047"},
    ),
    "receiving_place": Legend(
        "Where goods of an order come in, by the ServiceTitan warehouse or truck that received them.",
        "The name of the place counts first, then its id. A place without a row holds its receipts.",
        {
            "organization": "Code of the inventory organization that the order's schedules ship to.",
            "subinventory": "Subinventory; empty = that of the order.",
        },
        {"place": "Main Warehouse", "organization": "ACM", "subinventory": "Stores"},
    ),
}
