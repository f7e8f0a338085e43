"""The mapping tables of SYSPRO in an accountant's words (`ml-connector init` writes them beside the tables)."""

from __future__ import annotations

from collections.abc import Mapping

from systems.legend import Legend

LEGENDS: Mapping[str, Legend] = {
    "business_unit": Legend(
        "Where documents of a ServiceTitan business unit are booked.",
        "The unit's name is looked up first, then its id; a document of a unit without a row is held.",
        {
            "branch": "AP branch of its invoices; empty = payables.branch, else the supplier's own.",
            "gl_part": "What stands for `*` in GL codes, such as the branch in 5000-10.",
            "clearing_vendor": "Supplier of cost without a vendor.",
            "warehouse": "Warehouse of goods whose place has no row in `warehouse`.",
            "currency": "Currency of its documents, ISO 4217 (CAD); empty = that of the ledger.",
        },
        {"business_unit": "Plumbing - Service", "branch": "10", "gl_part": "10", "clearing_vendor": "0000099"},
    ),
    "line_type": Legend(
        "GL codes of the cost of invoice lines.",
        "The sku of the line counts first, then the GL account that ServiceTitan gives it, then its kind; without a row payables.cost_gl_code.",
        {"gl_code": "GL code; `*` in it is the business unit's gl_part."},
        {"line_type": "Material", "gl_code": "5000-*"},
        {"Service, Material, Equipment, PriceModifier": "kinds of line, for all lines of a kind"},
    ),
    "stock_code": Legend(
        "The stock code of a ServiceTitan sku.",
        "The sku's code counts first, then its id; without a row the document is held, unless payables.stock_codes is `same`.",
        {
            "stock_code": "StockCode in SYSPRO.",
            "unit": "Its unit in orders and adjustments; empty = the stocking unit.",
            "factor": "How many of the sku are one of that unit; empty = 1.",
        },
        {"sku": "MAT-PVC2", "stock_code": "PIPE-PVC2", "unit": "EA", "factor": "1"},
    ),
    "technician": Legend(
        "How a technician is named in the notation of a GL distribution.",
        "The technician's ServiceTitan id; without a row the id itself.",
        {"code": "Name or code that people know."},
        {"technician": "7711", "code": "JDOE"},
    ),
    "sku_vendor": Legend(
        "The supplier to whom the cost of a sku is owed.",
        "The sku's code counts first, then its id; without a row the clearing_vendor of the business unit.",
        {"vendor_id": "Supplier code."},
        {"sku": "MAT-PVC2", "vendor_id": "0000042"},
    ),
    "order_vendor": Legend(
        "The supplier of cost that a purchase order brought.",
        "The vendor of the order, by its ServiceTitan id; it counts before the sku's.",
        {"vendor_id": "Supplier code."},
        {"order_vendor": "3041", "vendor_id": "0000042"},
    ),
    "warehouse": Legend(
        "The warehouse of a ServiceTitan inventory location.",
        "The location's name counts first, then its id; without a row the warehouse of the business unit.",
        {"warehouse": "Warehouse in SYSPRO."},
        {"place": "9001", "warehouse": "MA"},
    ),
    "adjustment_type": Legend(
        "Which adjustments of stock are posted: those that a job or receipt costed already are not.",
        "The type of the adjustment; one without a row is held.",
        {
            "post": "yes: posted by quantity; no: left out and counted; taken: left out too, for it follows SYSPRO and ends a line of the work list.",
            "gl_code": "GL code of the adjustment; empty = stock.adjustment_gl_code.",
        },
        {"kind": "Cycle Count", "post": "yes", "gl_code": "5200-00"},
    ),
}
