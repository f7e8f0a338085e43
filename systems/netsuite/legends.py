"""The mapping tables of NetSuite, and what they mean in an accountant's words (`ml-connector init` writes them beside the tables).

Values are internal ids of NetSuite. `check` compares each with the account and shows its name.
"""

from __future__ import annotations

from collections.abc import Mapping

from systems.legend import Legend
from systems.values.codes import PART

_DIMENSIONS = {
    "department": "Internal id of the department; empty = defaults.department of the settings, counted as defaulted.",
    "class": "Internal id of the class; empty = defaults.classification of the settings.",
    "location": "Internal id of the location; empty = defaults.location of the settings.",
}
_OWN = {name: f"Internal id of the {name} of such lines; empty = that of the job." for name in ("department", "class", "location")}
TABLES: Mapping[str, tuple[str, ...]] = {
    "business_unit": (
        "business_unit",
        "subsidiary",
        "department",
        "class",
        "location",
        "clearing_vendor",
        "sales_item",
        "customer",
        "currency",
    ),
    "job_type": ("job_type", "department", "class", "location"),
    "cost_line": ("cost_line", "account", "item", "department", "class", "location"),
    "line_type": ("line_type", "item", "department", "class", "location"),
    "pay_type": ("pay_type", "account", "applied_account"),
    "order_vendor": ("order_vendor", "vendor_id"),
    "sku_vendor": ("sku", "vendor_id"),
    "tax_zone": ("tax_zone", PART, "item", "share", "tax_code"),
    "payment_type": ("payment_type", "payment_method", "account", "refund_account"),
    "term": ("term", "terms"),
    "customer_class": ("kind", "terms", "tax_zone"),
    "bill_to": ("customer_id", "customer"),
    "opening_balance": ("source_id", "erp_number"),
}
LEGENDS: Mapping[str, Legend] = {
    "business_unit": Legend(
        "The department, class, location and subsidiary of what a ServiceTitan business unit does.",
        "The unit's name counts first, then its id. A unit without a row posts to the defaults of the settings and is counted as defaulted; it "
        "is never held for that.",
        {
            "subsidiary": "Internal id of the subsidiary; empty = `subsidiary` of the settings.",
            **_DIMENSIONS,
            "clearing_vendor": "Internal id of the vendor that takes cost lines of no known vendor; empty = payables.clearing_vendor.",
            "sales_item": "Internal id of the item of its sales lines without a row in `line_type`; empty = that of their kind.",
            "customer": "With customer_policy summary: internal id of the customer that all its documents name.",
            "currency": "Currency of its documents, ISO 4217 (CAD); empty = that of the connection.",
        },
        {"business_unit": "Plumbing - Service", "department": "3", "class": "1", "location": "1"},
    ),
    "job_type": Legend(
        "The department, class and location of jobs of a type; they count before those of the business unit.",
        "The name of the job's type. A type without a row posts to those of its business unit, else to the defaults.",
        dict(_DIMENSIONS),
        {"job_type": "Solar Install", "department": "4", "class": "2"},
    ),
    "pay_type": Legend(
        "The accounts of payroll by job (flow N1L).",
        "Paid time (Regular, Overtime, DoubleOvertime) counts first, then the kind of pay, last the section `labor` of the settings.",
        {
            "account": "Internal id of the account that is debited with job labor; must not be empty.",
            "applied_account": "Internal id of the account that is credited; empty = labor.applied_account.",
        },
        {"pay_type": "Overtime", "account": "21"},
    ),
    "cost_line": Legend(
        "The account of what a job cost, on purchase orders and vendor bills.",
        "The sku of the line counts first, then the GL account that ServiceTitan gives it, then its kind (Material, Equipment, Service), last "
        "payables.cost_account.",
        {
            "account": "Internal id of an expense or cost account; empty only where `item` is not.",
            "item": "Internal id of an item instead of an account: its own account takes the cost.",
            **_OWN,
        },
        {"cost_line": "Material", "account": "15"},
        {"Service, Material, Equipment": "kinds of line, for all lines of a kind"},
    ),
    "line_type": Legend(
        "The item of lines of invoices to customers; its income account takes the amount.",
        "The sku of the line counts first, then its kind, last receivables.sales_item (price modifiers: receivables.discount_item).",
        {
            "item": "Internal id of the item; must not be empty.",
            **_OWN,
        },
        {"line_type": "Service", "item": "2"},
        {"Service, Material, Equipment, PriceModifier": "kinds of line, for all lines of a kind"},
    ),
    "order_vendor": Legend(
        "Whom the cost of a line is owed to that came by a purchase order.",
        "The vendor of the order by its ServiceTitan id.",
        {"vendor_id": "Internal id of the vendor in NetSuite."},
        {"order_vendor": "3041", "vendor_id": "1021"},
    ),
    "sku_vendor": Legend(
        "Whom the cost of a line is owed to that came by no order.",
        "The sku by its code, then by its id. Without a row: the clearing vendor of the business unit, else the document is held.",
        {"vendor_id": "Internal id of the vendor in NetSuite."},
        {"sku": "COIL-3T", "vendor_id": "1021"},
    ),
    "tax_zone": Legend(
        "Where the sales tax of an invoice lands, by ServiceTitan's tax zone.",
        "The zone's id. A zone with parts has a row for each; without a row: receivables.tax_item, counted as defaulted.",
        {
            PART: "Part of a zone that is split (city, county); empty = the whole zone.",
            "item": "Internal id of the item whose account is the tax liability.",
            "share": "The part's rate; empty in every row of the zone = equal shares.",
            "tax_code": "Only with tax_mode erp: internal id of the tax item by which NetSuite computes.",
        },
        {"tax_zone": "402", PART: "county", "item": "8", "share": "2.00"},
    ),
    "payment_type": Legend(
        "How a ServiceTitan payment type is entered.",
        "The type's name counts first, then its id. A type without a row holds its payments.",
        {
            "payment_method": "Internal id of the payment method.",
            "account": "Internal id of the bank or cash account; empty = undeposited funds.",
            "refund_account": "Internal id of the bank account that pays refunds and bounced checks; empty = account, which then must not be empty.",
        },
        {"payment_type": "Check", "payment_method": "2", "account": "1"},
    ),
    "term": Legend(
        "Payment terms by their ServiceTitan name.",
        "Without a row: receivables.terms of the settings, else the terms of the customer.",
        {"terms": "Internal id of the terms."},
        {"term": "Net 30", "terms": "3"},
    ),
    "customer_class": Legend(
        "Terms and taxation of customers that are created.",
        "The kind of the customer (Residential, Commercial).",
        {
            "terms": "Internal id of the terms; empty = none are sent.",
            "tax_zone": "Internal id of the tax item; empty = none is sent.",
        },
        {"kind": "Residential", "terms": "1"},
    ),
    "bill_to": Legend(
        "Whom documents of a customer name, with customer_policy bill_to_parent.",
        "The customer's ServiceTitan id. Without a row its documents name the customer's own partner.",
        {"customer": "Internal id of the customer that is billed."},
        {"customer_id": "5012", "customer": "1008"},
    ),
    "opening_balance": Legend(
        "Documents from before the cut-over that are in NetSuite already, so that later payments can settle them.",
        "The ServiceTitan id of the document. Without a row what settles it is held.",
        {"erp_number": "Internal id of the document."},
        {"source_id": "900112", "erp_number": "10047"},
    ),
}
