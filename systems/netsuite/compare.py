"""Compares what NetSuite keeps with what a command wants: which steps of the document are done, and each field in which it differs. Pure.

Sources: status letters of orders and bills as public lists give them (SYSTEM.md); a record shows amounts as JSON numbers and references as objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from schemas.records import CommandEnvelope, PostingLine
from systems.contract import Document, ResolvedCommand
from systems.netsuite.documents import (
    DEPOSIT,
    INVOICE,
    JOURNAL,
    PURCHASE_ORDER,
    Kind,
    cents,
    day_of,
    default_of,
    fields,
    kind_of,
    party_or_none,
    segments,
    tax_zone,
    typed,
)
from systems.netsuite.masters import address_of
from systems.netsuite.models import Row, reference, sublist
from systems.netsuite.refs import REVERSES, ref_of
from systems.netsuite.settings import Settings
from systems.owners import FIELD_SERVICE, owned
from systems.values.members import money_or_zero, required_id, text
from systems.writing.differences import Line, amount_differs, code_differs, day_differs, differs, lines_differ

ORDER_STEP, BILL_STEP = "order", "bill"
CREATE, UPSERT, APPLY = "create", "upsert", "apply"
_GONE = {"C", "E"}
"""Status letters of a bill that was cancelled or rejected."""
_NOT_BILLABLE = {"A": "waits for approval", "C": "was rejected", "G": "is billed by somebody else", "H": "is closed"}
ZERO = Decimal(0)


def document(row: Row, resolved: ResolvedCommand, settings: Settings) -> Document:
    """The command's document as its record shows it; for a bill, both steps are done. Raises `Malformed`."""
    kind = kind_of(resolved.record, resolved.command)
    steps = (ORDER_STEP, BILL_STEP) if resolved.record == "ap_bill" else (CREATE,)
    return _shown(row, resolved, kind, steps, tuple(_differences(row, resolved, kind, settings)))


def order(row: Row, resolved: ResolvedCommand, settings: Settings) -> Document:
    """The purchase order whose bill is not made yet."""
    found = tuple(_differences(row, resolved, PURCHASE_ORDER, settings))
    return _shown(row, resolved, PURCHASE_ORDER, (ORDER_STEP,), found)


def not_billable(row: Row) -> str:
    """Why an order cannot be billed, in words; "" if it can."""
    why = _NOT_BILLABLE.get(reference(row, "status"), "")
    return f"purchase order {text(row, 'tranId')} {why}: see to it in NetSuite, then release this" if why else ""


def _shown(row: Row, resolved: ResolvedCommand, kind: Kind, steps: tuple[str, ...], wrong: tuple[str, ...]) -> Document:
    command = resolved.command
    return Document(
        erp_id=typed(kind.type, required_id(row)),
        number=text(row, "tranId") or text(row, "transactionNumber"),
        ref=ref_of(text(row, "externalId")),
        amount=command["amount"] if kind is JOURNAL else kind.amount(money_or_zero(row, "total")),
        currency=command["currency"],
        steps_done=steps,
        differences=wrong,
    )


def suspect(row: Row, resolved: ResolvedCommand, kind: Kind) -> Document:
    """A row of SuiteQL that a person typed, with the party, day and amount of the command."""
    command, key = resolved.command, required_id(row)
    return Document(typed(kind.type, key), text(row, "tranid"), "", command["amount"], command["currency"], (CREATE,))


def _differences(row: Row, resolved: ResolvedCommand, kind: Kind, settings: Settings) -> Iterator[str]:
    command = resolved.command
    if kind is not PURCHASE_ORDER and kind.role == "vendor":
        status = reference(row, "status")
        yield from differs("status", status, "open", equal=status not in _GONE or kind.code != "VendBill")
    if kind.party and (own := party_or_none(kind, command, resolved.ids)):
        yield from code_differs(kind.role, reference(row, kind.party), own)
    if kind is not JOURNAL:
        limit = settings.receivables.difference_limit if tax_zone(command) else ZERO
        yield from amount_differs("amount", kind.amount(money_or_zero(row, "total")), cents(command["amount"]), limit)
    yield from day_differs("date", text(row, "tranDate"), day_of(resolved))
    if kind.sublists:
        yield from lines_of_differ(row, fields(command)["lines"], kind, settings)


def lines_of_differ(row: Row, ours: Sequence[PostingLine], kind: Kind, settings: Settings) -> Iterator[str]:
    """The difference of the lines. A department, class or location that none of NetSuite's lines has may have been replaced by the default of the
    settings, or by none, because it does not exist (`segments.py`)."""
    theirs = list(their_lines(row, kind))
    kept = [{line[place] for line in theirs} for place in range(_FIRST, _FIRST + len(_SEGMENTS))]
    wanted = []
    for line in wanted_lines(ours, kind):
        where = [
            value if value in there else _stands_in(value, default_of(settings.defaults, name), there)
            for name, value, there in zip(_SEGMENTS, line[_FIRST:], kept, strict=True)
        ]
        wanted.append((*line[:_FIRST], *where))
    return lines_differ(theirs, wanted)


_SEGMENTS, _FIRST = ("department", "class", "location"), 2


def _stands_in(value: str | Decimal, default: str, there: set[str | Decimal]) -> str | Decimal:
    return default if default in there else value


def their_lines(row: Row, kind: Kind) -> Iterator[Line]:
    """The lines as NetSuite keeps them, with the sign of our command: item or account, amount, department, class and location."""
    for name in kind.sublists:
        for line in sublist(row, name):
            where = reference(line, "item" if name == "item" else "account")
            amount = (
                money_or_zero(line, "debit") - money_or_zero(line, "credit") if kind is JOURNAL else money_or_zero(line, "amount")
            )
            yield (
                where,
                kind.amount(amount).quantize(Decimal("0.01")),
                *(reference(line, one) for one in ("department", "class", "location")),
            )


def wanted_lines(lines: Iterable[PostingLine], kind: Kind) -> Iterator[Line]:
    """The lines as our command wants them."""
    for one in lines:
        if kind is JOURNAL and not one["amount"]:
            continue
        named = segments(one["dimensions"])
        where = (named.get(name, {"id": ""})["id"] for name in ("department", "class", "location"))
        yield one["item"] or one["account"], cents(one["amount"]), *where


# --- masters ----------------------------------------------------------------------------------------------------------


def master(row: Row, record: str, command: CommandEnvelope, *, is_ours: bool = False) -> Document:
    """A customer or vendor. Its differences are what a write would change: the fields that our side owns and has values for. With `is_ours` the
    record was just sent, so that one with another ref counts as a difference."""
    wrong = tuple(f"{name}: {theirs}, {ours}" for name, theirs, ours in _owned(row, record, command) if theirs != ours)
    carried = ref_of(text(row, "externalId"))
    is_other = bool(carried) and carried != command["ref"]
    return Document(
        erp_id=required_id(row),
        number=text(row, "entityId"),
        ref=carried if is_ours and is_other else command["ref"],
        amount=ZERO,
        currency="",
        steps_done=() if wrong else (UPSERT,),
        differences=wrong,
        refusal=f"the {record} carries another ref of ours: {carried}" if is_other else "",
        refusal_reason="linked_elsewhere" if is_other else "",
    )


def _owned(row: Row, record: str, command: CommandEnvelope) -> Iterator[tuple[str, str, str]]:
    """Name, their value and ours of each field that our side owns and has a value for."""
    own, names = fields(command), owned(record, FIELD_SERVICE)
    for name, theirs in (("name", "companyName"), ("phone", "phone"), ("email", "email"), ("memo", "comments")):
        ours = str(own.get(name, "")).strip()
        if name in names and ours:
            yield name, text(row, theirs).strip(), ours
    if "street" in names:
        shown = _address(row)
        for name, ours in address_of(own).items():
            yield name, shown.get(name, ""), ours["id"] if isinstance(ours, dict) else str(ours).strip()


def _address(row: Row) -> dict[str, str]:
    """The address for bills, or the first of the book."""
    lines = sublist(row, "addressBook")
    chosen = next((line for line in lines if line.get("defaultBilling") is True), lines[0] if lines else {})
    found = chosen.get("addressBookAddress")
    if not isinstance(found, dict):
        return {}
    return {name: text(found, name).strip() for name in ("addr1", "addr2", "city", "state", "zip")} | {
        "country": reference(found, "country")
    }


# --- applications -----------------------------------------------------------------------------------------------------


def applied_to(row: Row, target: str) -> Decimal:
    """How much of a payment or credit is applied to the document with this internal id."""
    return sum((money_or_zero(line, "amount") for line in sublist(row, "apply") if reference(line, "doc") == target), ZERO)


def applied_lines(row: Row, name: str = "apply") -> dict[str, Decimal]:
    """How much of a payment or credit is applied to each document, by internal id."""
    found: dict[str, Decimal] = {}
    for line in sublist(row, name):
        key, amount = reference(line, "doc"), money_or_zero(line, "amount")
        if amount and line.get("apply") is not False:
            found[key] = found.get(key, ZERO) + amount
    return found


def is_marked(row: Row, ref: str) -> bool:
    """Whether a payment's memo shows that the application with this ref was entered on it."""
    return ref in text(row, "memo").split()


def _is_taken_off(row: Row, amount: Decimal) -> bool:
    """Whether a payment's memo shows that a command of ours removed an application of this amount (`undo.mark_of`)."""
    marks = (word.partition(":") for word in text(row, "memo").split())
    return any(ref_of(mark) and mark.endswith(REVERSES) and told == f"{amount:.2f}" for mark, _, told in marks)


def application(row: Row, resolved: ResolvedCommand, ids: tuple[str, str], *, is_ours: bool = False) -> Document | None:
    """The command's application on the payment or credit memo that `row` shows; None if it is not there. `ids`: those of payer and document.

    It is there if the payer's memo carries its ref, or if a person entered everything that the command lists for this document. With `is_ours` the
    request was just sent, and only the ref counts. An application that we removed again is not there, although its ref stays in the memo.
    """
    (payer, target), told = ids, fields(resolved.command)["applications"]
    given, own = applied_to(row, target.partition("/")[2]), told[-1]["amount"]
    until = sum((one["amount"] for one in told), ZERO)
    if not is_marked(row, resolved.command["ref"]):
        is_typed = resolved.original is None and not is_ours and given >= until
        return _application(resolved, payer, target, ()) if is_typed else None
    if not given and not is_ours and _is_taken_off(row, own):
        return None
    return _application(resolved, payer, target, () if given >= own else (f"amount: {given}, {own}",))


def deposit_application(row: Row, resolved: ResolvedCommand, ids: tuple[str, str]) -> Document:
    """The application of a deposit, which is a separate record and carries our ref."""
    (payer, target), own = ids, fields(resolved.command)["applications"][-1]["amount"]
    wrong = [*differs("deposit", reference(row, "deposit"), payer.partition("/")[2])]
    wrong += amount_differs("amount", applied_to(row, target.partition("/")[2]), own)
    return _application(resolved, typed("depositApplication", required_id(row)), "", tuple(wrong))


def _application(resolved: ResolvedCommand, payer: str, target: str, wrong: tuple[str, ...]) -> Document:
    command = resolved.command
    number = payer.partition("/")[2]
    erp_id = f"{payer}/{target.partition('/')[2]}" if target else payer
    return Document(erp_id, number, command["ref"], command["amount"], command["currency"], (APPLY,), wrong)


def is_deposit(payer: str) -> bool:
    """Whether what is applied is a deposit."""
    return payer.partition("/")[0] == DEPOSIT.type


def left(row: Row, kind: Kind) -> Decimal:
    """How much of a document is open: not yet paid or applied to, or for a credit or payment, not yet applied."""
    if kind is INVOICE:
        return money_or_zero(row, "amountRemaining")
    if kind.code == "VendBill":
        return money_or_zero(row, "balance")
    return money_or_zero(row, "total") - sum(applied_lines(row).values(), ZERO)
