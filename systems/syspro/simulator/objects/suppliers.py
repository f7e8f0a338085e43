"""APSSSP: suppliers, added and updated.

Sources: element tree with its defaults (GrnMatchReqd and PurchOrdAllowed are Y if they are left out); Add fails if the supplier exists and Update if
it does not; numeric codes are padded with zeros. Assumed: branch, terms and bank are required; an update changes what is sent, and an empty element
clears its column.
"""

from __future__ import annotations

from runtime.simulator.records import Row
from systems.syspro.simulator.company import is_supplier_key, new_row
from systems.syspro.simulator.objects.fields import all_fit, fits, known, ledger_code
from systems.syspro.simulator.posting import Object, Outcome, Work
from systems.syspro.simulator.reading import Part
from systems.syspro.spec import tables

CURRENCIES = ("USD", "CAD")
_TABLES = ("ApSupplier", "ApSupplierAddr")


def take_supplier(work: Work, item: Part) -> Outcome:
    """One item of the document; `action` is add or update."""
    outcome = Outcome(errors=list(item.errors))
    key = item.one("Key")
    code = fits(outcome, key, "Supplier", 15) if "Supplier" in key.texts else ""
    outcome.key = [("Supplier", code)]
    held = {table: work.row(table, code) for table in _TABLES}
    _judge_code(work, outcome, code, held["ApSupplier"])
    rows = {table: _changed(table, held[table], item) | {"Supplier": code} for table in _TABLES}
    for table in _TABLES:
        all_fit(outcome, item, table)
    if not outcome.errors:
        _judge_supplier(work, outcome, rows["ApSupplier"])
    if not outcome.errors:
        for table, row in rows.items():
            made = "create" if held[table] is None else "update"
            work.put(table, row, made if table == "ApSupplier" else "", f"APSSSP {work.action}")
    return outcome


def _judge_code(work: Work, outcome: Outcome, code: str, held: Row | None) -> None:
    if not code:
        outcome.blank("Supplier")
    elif work.action == "add" and held is not None:
        outcome.wrong("Supplier", code, 110020, f"Supplier '{code}' already exists")
    elif work.action == "update" and held is None:
        outcome.wrong("Supplier", code, 110001, f"Supplier '{code}' not found")
    elif work.action == "add" and not is_supplier_key(code, work.company.settings.supplier_length):
        outcome.wrong("Supplier", code, 110021, f"Supplier code '{code}' is not of the form of this company")


def _changed(table: str, held: Row | None, item: Part) -> Row:
    """The row with what was sent; a new one has the defaults too."""
    names = [column.name for column in tables()[table] if column.name in item.texts]
    sent = {name: item[name] for name in names if held is None or name in item.sent}
    return (held or new_row(table, **_begun(table))) | sent


def _begun(table: str) -> dict[str, str]:
    return {"CurrentBalance": "0.00"} if table == "ApSupplier" else {}


def _judge_supplier(work: Work, outcome: Outcome, row: Row) -> None:
    company = work.company
    if not row["SupplierName"]:
        outcome.blank("SupplierName")
    if not row["Bank"]:
        outcome.blank("Bank")
    known(outcome, company, "Branch", row["Branch"], ("ApBranch", "Branch"))
    known(outcome, company, "TermsCode", row["TermsCode"], ("TblApTerms", "Terms code"))
    row["Currency"] = row["Currency"] or CURRENCIES[0]
    row["DateSuppAdded"] = row["DateSuppAdded"] or company.today().isoformat()
    if row["Currency"] not in CURRENCIES:
        outcome.wrong("Currency", row["Currency"], 110022, f"Currency '{row['Currency']}' not found")
    for name in ("MerchGlCode", "FreightGlCode"):
        if row[name]:
            ledger_code(outcome, company, name, row[name])


SUPPLIERS = Object("APSSSP", "7.0.019", "Item", take_supplier, is_setup=True, applies="N")
