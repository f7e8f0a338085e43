"""Job invoices as payables at cost, from canonical to one order and bill for each vendor (flow N1). Pure (accounting.md 10, 11, 16).

What an invoice owes to each vendor: `systems/postings/at_cost.py`. The order and the bill that is made from it are two steps of one command, whose
amount is counted once. If payroll posts labor to the jobs, service lines are excluded and counted from the first day of that flow, so that no hour is
booked twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from schemas.records import InvoiceLine, Parent, PostingLine
from systems.mapped import Draft, NoCommand
from systems.netsuite.allocation import PRODUCT, Mapped, header, job_type_of, runs_on, segments, told, unit_named
from systems.netsuite.mapping_labor import LABOR
from systems.netsuite.settings import Settings
from systems.postings.at_cost import LINKED, Owing, Part, Places, ended, part_draft, payables, worth_of
from systems.postings.document import EMPTY, Row, Target, own_unit, wanted
from systems.postings.lines import ZERO, Place, header_text, human_number, item_text, line
from systems.postings.receivable import original_of

PAYABLE = Target("N1", "payable", PRODUCT)
SERVICE = "Service"
"""Kind of line that is labor."""


@dataclass(frozen=True)
class _Places(Places[Settings]):
    """Where a line of this invoice is booked, given its business unit and job type."""

    record: Mapping[str, Any]
    header: Row
    job_type: Row

    def unit(self, one: InvoiceLine, made: Mapped) -> Row:
        """The business unit of a line: the one that the line names, else the document's."""
        own = own_unit(one, self.record)
        return unit_named(made, *own) if own else self.header

    def line(self, one: InvoiceLine, worth: Any, unit: Row, made: Mapped) -> PostingLine:
        """The cost of a line, on the account or item of its row, else on the account of the settings."""
        keys = (one["sku_code"], one["gl_account"], one["kind"])
        row = made.row("cost_line", keys)
        item, account = (row or {}).get("item", ""), (row or {}).get("account", "")
        if row is None:
            account = made.default("cost_line", wanted(keys), made.settings.payables.cost_account)
        elif not item and not account:
            made.missing("cost_line.account", wanted(keys))
        place = Place("" if item else account, segments(made, unit, self.job_type, row or EMPTY))
        return {**line(place, "line", worth, item_text(one), one["line_id"]), "item": item}


def payable_commands(record: Mapping[str, Any], made: Mapped) -> Sequence[Draft | NoCommand]:
    """What a job invoice owes to vendors: an order and its bill for each vendor."""
    unit, job_type = unit_named(made, record["business_unit_name"], record["business_unit_id"]), job_type_of(made, record)
    record, by_payroll = _without_labor(record, made)
    places = _Places(record, unit, job_type)
    found = payables(record, made, Owing(PAYABLE, made.settings.payables.amount_basis, places, links_vendors=True))
    found.excluded += by_payroll
    if over := ended(record, found, PAYABLE, made.plan.time_zone):
        return over
    body = _header(record, header(made, unit, job_type), made)
    return [*(_draft(record, body, named, made) for named in found.by_vendor.items()), *found.excluded]


def _without_labor(record: Mapping[str, Any], made: Mapped) -> tuple[Mapping[str, Any], list[NoCommand]]:
    """The invoice without the labor that payroll posts, and the excluded amount. The day of the work decides whether payroll posts it; a line without
    such a day counts as done on the invoice date."""

    def is_paid(one: InvoiceLine) -> bool:
        return one["kind"] == SERVICE and runs_on(made.plan, LABOR.flow, one["service_date"] or record["invoice_date"])

    labor = [one for one in record["lines"] if is_paid(one)]
    cost = sum((worth_of(one, made.settings.payables.amount_basis) or ZERO for one in labor), ZERO)
    kept = {**record, "lines": [one for one in record["lines"] if not is_paid(one)]}
    words = f"labor of {len(labor)} line(s): flow {LABOR.flow} posts it by payroll"
    return kept, [NoCommand("excluded", words, PAYABLE.flow, cost, made.currency_of(record))] if cost else []


def _header(record: Mapping[str, Any], dimensions: Mapping[str, str], made: Mapped) -> dict[str, Any]:
    made.dated("invoice_date", record["invoice_date"])
    return {
        "date": record["invoice_date"],
        "due_date": None,
        "terms": made.settings.payables.terms,
        "description": header_text(record),
        "human_number": human_number(record),
        "dimensions": dict(dimensions),
        "pay_hold": False,
        "tax_total": ZERO,
    }


def _draft(record: Mapping[str, Any], body: Mapping[str, Any], named: tuple[str, Part], made: Mapped) -> Draft:
    vendor, part = named
    linked = vendor.removeprefix(LINKED) if vendor.startswith(LINKED) else ""
    dimensions = {**body["dimensions"], **({"vendor": vendor} if vendor and not linked else {})}
    fitting = replace(part, lines=told(part.lines, record))
    draft = part_draft(record, {**body, "dimensions": dimensions}, (vendor, fitting), made, PAYABLE)
    if linked:
        draft = replace(draft, parents=(*draft.parents, Parent(role="vendor", entity="vendor", source_id=linked)))
    return _adjusting(record, draft, made) if record["adjustment_to_id"] else draft


def _adjusting(record: Mapping[str, Any], draft: Draft, made: Mapped) -> Draft:
    """The draft of an adjustment. An increase is a separate order and bill. A decrease is a vendor credit, which is applied to the bill of the
    original as far as both are open."""
    foreign = made.foreign(record) or ("", "")
    draft = replace(draft, hold=foreign[0], hold_detail=foreign[1])
    originals = tuple(Parent(**{**one, "purpose": PAYABLE.purpose, "part": draft.part}) for one in original_of(record, made))
    if draft.amount >= 0:
        return draft
    kept = {name: draft.body[name] for name in ("date", "description", "human_number", "dimensions", "tax_total")}
    body = {**kept, "lines": draft.body["lines"], "applications": []}
    return replace(draft, record="ap_credit", body=body, parents=(*draft.parents, *originals))
