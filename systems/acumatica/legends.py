"""The mapping tables of Acumatica in an accountant's words (`ml-connector init` writes them beside the tables)."""

from __future__ import annotations

from collections.abc import Mapping

from systems.legend import Legend

_SUBACCOUNT = "Subaccount; empty = the business unit's."
_SHARE = "Share of the zone's tax that goes here, as a plain number; empty in every row of the zone = equal shares."
LEGENDS: Mapping[str, Legend] = {
    "business_unit": Legend(
        "Where documents of a ServiceTitan business unit are booked.",
        "The unit's name is looked up first, then its id. A unit without a row holds its documents.",
        {
            "subaccount": "Subaccount of every line of the unit that has none of its own.",
            "branch": "Branch of its documents; empty = `branch` of the settings.",
            "sales_account": "Income account of its lines that have no row in line_type; empty = by kind of line, else accounts.sales.",
            "customer": "With customer_policy summary: the customer that all its documents name.",
            "currency": "Currency of its documents, ISO 4217 (CAD); empty = that of the ledger.",
        },
        {"business_unit": "Plumbing - Service", "subaccount": "PLB-000", "branch": "MAIN", "sales_account": "40100"},
    ),
    "line_type": Legend(
        "The income account of invoice lines.",
        "The sku of the line counts first, then the GL account that ServiceTitan gives it, then the sales_account of its business unit, then its "
        "kind, last accounts.sales (price modifiers: accounts.discount).",
        {"account": "Income account; must not be empty.", "subaccount": _SUBACCOUNT},
        {"line_type": "MEMBER-GOLD", "account": "40500"},
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
            "account": "Tax liability account.",
            "subaccount": _SUBACCOUNT,
            "share": _SHARE,
            "erp_zone": "Only with tax_mode erp: the tax zone by which Acumatica computes.",
        },
        {"tax_zone": "402", "part": "county", "account": "22000", "share": "2.00"},
    ),
    "payment_type": Legend(
        "How a ServiceTitan payment type is entered.",
        "The type's name counts first, then its id. A type without a row holds its payments.",
        {
            "payment_method": "Payment method of Acumatica; must not be empty.",
            "cash_account": "Cash account that takes the money; empty = the default one of the payment method.",
        },
        {"payment_type": "Check", "payment_method": "CHECK", "cash_account": "10200"},
    ),
    "bill_line": Legend(
        "The account of lines of vendor bills and vendor credits.",
        "Of an item its inventory location counts first, then the GL account that ServiceTitan gives it, then its kind; of an expense its GL "
        "account, then expense. Without a row: accounts.bill_line.",
        {"account": "Inventory or expense account; must not be empty.", "subaccount": _SUBACCOUNT},
        {"bill_line": "Material", "account": "12100"},
        {
            "Material, Equipment": "kinds of item",
            "expense": "every line that is not an item and whose GL account has no row",
            "credit": "the one line of a vendor credit that comes without lines",
        },
    ),
    "term": Legend(
        "Payment terms by their ServiceTitan name.",
        "Without a row: default_terms of the settings, else the terms of the customer or vendor.",
        {"terms": "Terms code of Acumatica."},
        {"term": "Net 30", "terms": "30D"},
    ),
    "customer_class": Legend(
        "What a customer is created with, by its ServiceTitan type.",
        "Without a row: customer_class of the settings. Only customers that the connector creates are concerned.",
        {"customer_class": "Customer class.", "terms": "Terms of the customer.", "tax_zone": "Tax zone of the customer."},
        {"kind": "Residential", "customer_class": "RESID", "terms": "30D"},
    ),
    "bill_to": Legend(
        "Whom documents of a customer name, with customer_policy bill_to_parent.",
        "The customer's ServiceTitan id. Without a row its documents name the customer's own partner.",
        {"customer": "Customer of Acumatica that is billed."},
        {"customer_id": "5012", "customer": "C000123"},
    ),
    "project": Legend(
        "Projects of Acumatica that documents of a ServiceTitan project or job belong to.",
        "The ServiceTitan project id is looked up first, then the job number, then the job id. Without a row a document has no project.",
        {
            "project": "Project in Acumatica; a line without a task or cost code needs none if the project has none.",
            "task": "Project task of the lines; may be empty.",
            "cost_code": "Cost code of the lines; may be empty.",
        },
        {"source_project": "77001", "project": "PR00000012", "task": "LABOR", "cost_code": "00-000"},
    ),
    "opening_balance": Legend(
        "Documents from before the cut-over that are in Acumatica already, so that later payments can settle them.",
        "The ServiceTitan id of the invoice or bill. Without a row what settles it is held.",
        {"erp_number": "Its reference number in Acumatica."},
        {"source_id": "900112", "erp_number": "004711"},
    ),
}
