"""What is compared: an object of the source with the documents it wants, a document as the ERP shows it, and what the ledger knows. Pure.

Everything here comes from canonical records of either side and from the hop's own mapping of them. The ledger only says why something differs, and
which refs belong to an object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any

from console.books.ledgers import DONE
from services.sinks import entry as e
from systems.flow import USUAL_DATES
from systems.mapped import REVERSAL
from systems.writing.differences import plain
from topology.rules.due import local_day

ZERO = Decimal("0.00")
MONEY = ("invoice", "credit_memo", "payment", "bill", "vendor_credit", "ap_payment", "journal")
"""Entities that carry money and whose documents both sides have."""
CREDITS: Mapping[tuple[str, str], int] = {
    ("invoice", "credit_memo"): -1,
    ("invoice", "ar_credit_memo"): -1,
    ("invoice", "vendor_credit"): -1,
    ("invoice", "ap_credit"): -1,
    ("payment", "ar_refund"): -1,
    ("bill", "vendor_credit"): -1,
    ("bill", "ap_credit"): -1,
    ("credit_memo", "invoice"): -1,
    ("vendor_credit", "bill"): -1,
}
"""Documents that are shown as positive amounts and reduce the amounts of the objects they come from, or of what was made of them."""
_POSITIVE = frozenset({("credit_memo", "ar_credit_memo")})
"""Commands with a negative amount, like their effect on the books, whose objects have positive amounts."""
_CONTROL = ("receivable", "cash")
_SILENT = ("ap_application", "ap_pay_hold", "ar_application", "completion", "customer", "vendor", "reversal")
_LATER = ("apply", "unapply", "void", "upsert")
"""Commands and actions without an amount of their own."""

Key = tuple[str, tuple[tuple[str, str], ...]]
"""An account, and further dimensions by name."""
Lines = tuple[tuple[Key, Decimal], ...]
Object = tuple[str, str]
"""(entity, source id)"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A document that an object of the source wants, by the mapping in force now. `control` are the accounts whose sum is a journal's amount; `tax`
    are those that carry only tax."""

    op_key: str
    ref: str
    record: str
    action: str
    purpose: str
    amount: Decimal
    day: date | None
    lines: Lines
    tax: frozenset[str] = frozenset()
    control: frozenset[str] = frozenset()
    tax_total: Decimal | None = None
    account: str = ""
    """Cash account of a receipt."""

    @property
    def is_document(self) -> bool:
        """Whether it adds an amount to the books."""
        return self.record not in _SILENT and self.action not in _LATER


@dataclass(frozen=True, slots=True)
class Issued:
    """An object of the source in one flow. `decision` says why it wants no document ("" = it wants one). `settled` is how much of a payment settles
    documents, None if that is not known."""

    flow: str
    entity: str
    source_id: str
    number: str
    day: date | None
    amount: Decimal
    currency: str
    active: bool
    fingerprint: str
    party: str
    party_name: str
    unit: str
    purposes: frozenset[str] = frozenset()
    wanted: tuple[Wanted, ...] = ()
    decision: str = ""
    words: str = ""
    settled: Decimal | None = None
    settled_on: frozenset[date] = frozenset()
    """Days on which a payment settles documents: an ERP may show the newest of them as the payment's own."""

    @property
    def place(self) -> Object:
        """Which object it is."""
        return self.entity, self.source_id


@dataclass(frozen=True, slots=True)
class Booked:
    """A document as the ERP shows it. `amount` is positive for a credit, as it is shown; a journal has only `lines`."""

    entity: str
    erp_id: str
    number: str
    ref: str
    day: date | None
    period: str
    party: str
    amount: Decimal
    currency: str
    is_there: bool
    lines: Lines = ()
    tax: Decimal | None = None
    settled: Decimal | None = None
    account: str = ""
    is_marked: bool = True
    """Whether the ref is still in the document; if not, the ledger identified it by its id."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows of one op-key."""

    op_key: str
    ref: str
    record: str
    purpose: str
    action: str
    state: str
    reason: str
    detail: str
    amount: Decimal
    source_hash: str
    day: date | None
    updated_at: datetime | None
    command: tuple[int, int] = (-1, -1)
    erp_id: str = ""

    @property
    def took_back(self) -> str:
        """Id of a document that a reversal removed completely: a draft that was deleted, or a document that only changed its status. A reversal by an
        opposite document has its own id."""
        return self.erp_id if self.record == REVERSAL and self.is_done else ""

    @property
    def correction(self) -> int:
        """Which correction of its document it is; 0 for the first one written."""
        number = self.op_key.removeprefix(e.made_key(self.op_key)).rpartition("|")[2]
        return int(number) if number.isdigit() else 0

    @property
    def is_application(self) -> bool:
        """Whether it is an application of a payment or credit, or takes one back; it has no amount of its own."""
        return self.action == "apply" or e.made_key(self.op_key).endswith("|apply")

    @property
    def is_done(self) -> bool:
        """Whether it says that the document is in the ERP."""
        return self.state in DONE

    @property
    def is_on_a_list(self) -> bool:
        """Whether it waits for a person or for time, so that `open` lists it."""
        return self.state not in (*e.TERMINAL, "") and not self.is_done


def posted(known: Iterable[Known]) -> dict[str, Known]:
    """Id of a document in the ERP -> what the ledger knows about it. A document whose text somebody changed is found by its id and amount. (If each
    kind is numbered separately, the id alone could confuse a payment with an invoice.)"""
    return {
        one.erp_id: one
        for one in known
        if one.is_done and one.erp_id and one.ref and one.record != REVERSAL and not one.is_application
    }


def wanted_of(record: str, command: Mapping[str, Any]) -> Wanted:
    """A command as the hop makes it."""
    lines, kind = command.get("lines", ()), (command["source_entity"], record)
    sign = CREDITS.get(kind, 1)
    is_turned = sign < 0 or kind in _POSITIVE
    return Wanted(
        command["op_key"],
        command["ref"],
        record,
        command["action"],
        command["purpose"],
        sign * abs(command["amount"]) if is_turned else command["amount"],
        command["posting_date"],
        _as_shown(summed((one["account"], _dimensions(one), one["amount"]) for one in lines), is_credit=is_turned),
        frozenset(plain(one["account"]) for one in lines if one["role"] == "tax" and one["account"]),
        frozenset(plain(one["account"]) for one in lines if one["role"] in _CONTROL),
        command["tax_total"] if command.get("tax_zone") else None,
        command.get("cash_account", ""),
    )


def _as_shown(lines: Lines, *, is_credit: bool) -> Lines:
    """The lines with the sign that the ERP's document shows: those of a credit are positive there, but negative in some commands."""
    is_less = is_credit and sum((amount for _, amount in lines), ZERO) < 0
    return tuple((key, -amount) for key, amount in lines) if is_less else lines


def _dimensions(line: Mapping[str, Any]) -> dict[str, str]:
    own = dict(line.get("dimensions", {}))
    return own | ({"Subaccount": line["subaccount"]} if line.get("subaccount") else {})


def booked_of(record: Mapping[str, Any], zone: tzinfo) -> Booked:
    """A canonical record of the ERP."""
    entity = record["entity"]
    total = record.get("total", ZERO)
    settled = total - record["unapplied"] if entity == "payment" else None
    return Booked(
        entity,
        record["source_id"],
        record["number"],
        record["origin_ref"] or "",
        day_of(record, zone),
        record.get("period", ""),
        record.get("customer_id") or record.get("vendor_id") or "",
        total,
        record["currency"],
        bool(record["active"]),
        summed(
            (one.get("gl_account", one.get("account", "")), one.get("dimensions", {}), one["amount"])
            for one in record.get("lines", ())
        ),
        record.get("tax"),
        settled,
        record.get("cash_account", ""),
    )


def known_of(entry: Mapping[str, Any]) -> Known:
    """A ledger entry."""
    return Known(
        entry["op_key"],
        entry["ref"],
        entry["record"],
        entry["purpose"],
        entry["action"],
        entry["state"],
        entry["reason"],
        entry["detail"],
        entry["amount"],
        entry["source_hash"],
        entry["posting_date"],
        entry["updated_at"],
        (entry["command_partition"], entry["command_offset"]),
        entry["erp_id"],
    )


def day_of(record: Mapping[str, Any], zone: tzinfo) -> date | None:
    """The day of a canonical record, in the tenant's zone."""
    return local_day(record.get(USUAL_DATES.get(record["entity"], "")), zone)


def summed(lines: Iterable[tuple[str, Mapping[str, str], Decimal]]) -> Lines:
    """Amounts by account and dimensions, without those that are zero."""
    found: dict[Key, Decimal] = {}
    for account, dimensions, amount in lines:
        key = _key(account, tuple(dimensions.items()))
        found[key] = found.get(key, ZERO) + amount
    return tuple(sorted(item for item in found.items() if item[1]))


@lru_cache(maxsize=65536)
def _key(account: str, dimensions: tuple[tuple[str, str], ...]) -> Key:
    """The key of a line. Keys are cached, because a chart has few of them and hundreds of thousands of lines share them."""
    return plain(account), tuple(sorted((name, plain(code)) for name, code in dimensions if code))


def _without_accounts(lines: Lines) -> Lines:
    return tuple((("", dimensions), amount) for (_, dimensions), amount in lines)


def shifted(wanted: Lines, booked: Lines) -> dict[Key, Decimal]:
    """The ERP's amounts less the wanted ones, by account and by the dimensions that both sides name; empty = equal. If lines are wanted by item, the
    ERP chooses the account, and only dimensions are compared."""
    if any(not account for (account, _), _ in wanted):
        wanted, booked = _without_accounts(wanted), _without_accounts(booked)
    theirs, ours = _named(booked), _named(wanted)
    found: dict[Key, Decimal] = {}
    for sign, lines in ((1, booked), (-1, wanted)):
        for (account, dimensions), amount in lines:
            names = theirs.get(account, _NONE) & ours.get(account, _NONE)
            key = account, tuple(one for one in dimensions if one[0] in names)
            found[key] = found.get(key, ZERO) + sign * amount
    return {key: amount for key, amount in found.items() if amount}


_NONE: frozenset[str] = frozenset()


def _named(lines: Lines) -> dict[str, frozenset[str]]:
    """The dimensions that every line of an account has, by account."""
    found: dict[str, frozenset[str]] = {}
    for (account, dimensions), _ in lines:
        own = frozenset(name for name, _ in dimensions)
        found[account] = found.get(account, own) & own
    return found
