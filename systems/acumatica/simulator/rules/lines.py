"""Lines of invoices and bills: account, subaccount, branch, amount; and the document's tax and total.

Sources: swagger for the fields, field mapping (Amount = CuryTranAmt, which the screen computes). Assumed, see SYSTEM.md: how entered amounts relate,
which line fields are required, and how tax is computed without a tax provider.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.rules.work import Path, Work

CENT = Decimal("0.01")
EXEMPT = "EXEMPT"


@dataclass(frozen=True)
class Columns:
    """The names of a line's numbers on one screen."""

    extended: str
    price: str


INVOICE = Columns("ExtendedPrice", "UnitPrice")
BILL = Columns("ExtendedCost", "UnitCost")


def check_lines(work: Work, columns: Columns, default_branch: str) -> Decimal:
    """Check and complete every line; returns the sum of their amounts."""
    total = Decimal(0)
    drafts = {row.id: row for row in work.draft.details.get("Details", []) if row.id}
    for number, row in enumerate(work.node.rows("Details")):
        path: Path = ("Details", number)
        _dimensions(work, row, path, default_branch)
        fresh = row.hidden.pop("draft", None) is not None
        if fresh or row.id in drafts:
            _amount(work, row, columns, path, row if fresh else drafts[row.id])
        if "LineNbr" in work.tenant.table(work.entity).shape.part("Details").scalars:
            row.values.setdefault("LineNbr", number + 1)
        total += row.money("Amount")
    return total


def _dimensions(work: Work, row: Node, path: Path, default_branch: str) -> None:
    account = _master(work, row, path, "Account", "Account")
    if account is not None and not account.values.get("Active", True):
        work.refuse((*path, "Account"), f"Account '{row.text('Account')}' is inactive.")
    sub = _master(work, row, path, "Subaccount", "Subaccount")
    if sub is not None and not sub.values.get("Active", True):
        work.refuse((*path, "Subaccount"), f"Subaccount '{row.text('Subaccount')}' is inactive.")
    if not row.text("Branch"):
        row.values["Branch"] = default_branch
    if row.text("Branch") not in branches(work):
        work.refuse((*path, "Branch"), f"'{row.text('Branch')}' cannot be found in the system.")
    for name in ("InventoryID", "CostCode"):
        if row.text(name):
            work.refuse((*path, name), f"'{row.text(name)}' cannot be found in the system.")
    if row.text("Project"):
        work.exists("Project", "Project", (*path, "Project"), row.text("Project"))
    work.exists("TaxCategory", "TaxCategory", (*path, "TaxCategory"), row.text("TaxCategory"))


def _master(work: Work, row: Node, path: Path, name: str, entity: str) -> Node | None:
    if not row.text(name):
        work.refuse((*path, name), f"'{name}' cannot be empty.")
        return None
    return work.exists(name, entity, (*path, name), row.text(name))


def branches(work: Work) -> set[str]:
    """The active branches of the company."""
    ledger = work.tenant.table("Ledger").by_keys("ACTUAL")
    return set() if ledger is None else {row.text("BranchID") for row in ledger.details["Branches"] if row.values.get("Active")}


def _amount(work: Work, row: Node, columns: Columns, path: Path, draft: Node) -> None:
    quantity, price = row.values.get("Qty"), row.values.get(columns.price)
    product = None if quantity is None or price is None else (quantity * price).quantize(CENT, ROUND_HALF_UP)
    discount = row.money("DiscountAmount")
    given, extended = draft.values.get("Amount"), draft.values.get(columns.extended)
    if extended is None:
        extended = product if given is None else given + discount
    if extended is None:
        extended = row.money(columns.extended)
    amount = extended - discount
    if given is not None and given != amount:
        work.refuse((*path, "Amount"), f"'{given}' does not agree with {columns.extended} {extended} less the discount.")
    row.values[columns.extended], row.values["Amount"] = extended, amount
    work.cents(row, "Amount", (*path, "Amount"))


def tax_of(work: Work, zone: str) -> Decimal:
    """The document's tax total. Fills TaxDetails if the zone computes the tax; otherwise keeps what was sent.

    Tax follows the `TaxZone` of the customer or vendor, because documents of these endpoints have no tax zone.
    """
    given = work.draft.details.get("TaxDetails")
    if given:
        _check_given(work, zone)
        work.node.hidden["tax_given"] = True
    elif zone and work.tenant.settings.tax_calculation == "automatic" and not work.node.hidden.get("tax_given"):
        work.node.details["TaxDetails"] = _computed(work, zone)
    total = sum((row.money("TaxAmount") for row in work.node.rows("TaxDetails")), Decimal(0))
    work.node.values["TaxTotal"] = total
    work.node.values["IsTaxValid"] = True
    return total


def _check_given(work: Work, zone: str) -> None:
    for number, row in enumerate(work.node.rows("TaxDetails")):
        path: Path = ("TaxDetails", number, "TaxID")
        if not zone:
            work.refuse(path, "The document has no tax zone.")
        elif row.text("TaxID") not in _taxes_of(work, zone):
            work.refuse(path, f"'{row.text('TaxID')}' cannot be found in the system.")
        work.cents(row, "TaxAmount", ("TaxDetails", number, "TaxAmount"))


def _taxes_of(work: Work, zone: str) -> list[str]:
    found = work.tenant.table("TaxZone").by_keys(zone)
    return [] if found is None else [row.text("TaxID") for row in found.details.get("ApplicableTaxes", [])]


def _computed(work: Work, zone: str) -> list[Node]:
    rows = work.node.rows("Details")
    taxable = sum((row.money("Amount") for row in rows if row.text("TaxCategory") != EXEMPT), Decimal(0))
    found: list[Node] = []
    for tax_id in _taxes_of(work, zone):
        tax = work.tenant.table("Tax").by_keys(tax_id)
        rate = Decimal(0) if tax is None else tax.details["TaxSchedule"][0].money("TaxRate")
        amount = (taxable * rate / 100).quantize(CENT, ROUND_HALF_UP)
        values = {"TaxID": tax_id, "TaxRate": rate, "TaxableAmount": taxable, "TaxAmount": amount}
        found.append(Node(id=work.tenant.new_id("tax", work.node.id, tax_id), values=values))
    return found if taxable else []
