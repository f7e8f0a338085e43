"""Vouchers that correct another one: styles Adjustment and Reversal, and the paid amount of a voucher.

Sources: PeopleBooks (voucher styles; an adjustment or reversal voucher relates to a regular one), staging columns (VOUCHER_STYLE,
VOUCHER_ID_RELATED); the values ADJ and RVRS as remembered. Assumed: the related voucher is regular, posted, unpaid, and of the same business unit and
supplier; a reversal has the whole amount with opposite sign, and occurs once; adjustments and a reversal together never exceed the voucher's amount.
Refusals of set 7030: assumed.
"""

from __future__ import annotations

from decimal import Decimal

from runtime.simulator.records import Change, Row
from systems.peoplesoft.simulator.answers import Message
from systems.peoplesoft.simulator.controls import invalid, required
from systems.peoplesoft.simulator.site import VOUCHER, Site

REGULAR, ADJUSTMENT, REVERSAL = "REG", "ADJ", "RVRS"
_NUMBER = "VOUCHER_ID_RELATED"
_PAID = "PAID_AMT"
_SAME = ("VENDOR_SETID", "VENDOR_ID", "TXN_CURRENCY_CD")


def problems(site: Site, row: Row) -> list[Message]:
    """What is wrong with the style of a voucher and with the voucher that it corrects."""
    style = row["VOUCHER_STYLE"]
    if style not in (REGULAR, ADJUSTMENT, REVERSAL):
        return [invalid("VOUCHER_STYLE", style)]
    if style == REGULAR:
        return [invalid(_NUMBER, row[_NUMBER])] if row[_NUMBER] else []
    if not row[_NUMBER]:
        return [required(_NUMBER)]
    held = site.get(VOUCHER, f"{row['BUSINESS_UNIT']}/{row[_NUMBER]}")
    if held is None or held["VOUCHER_STYLE"] != REGULAR or any(held[name] != row[name] for name in _SAME):
        return [invalid(_NUMBER, row[_NUMBER])]
    return _of_related(site, row, held)


def _of_related(site: Site, row: Row, held: Row) -> list[Message]:
    key, gross = f"{held['BUSINESS_UNIT']}/{held['VOUCHER_ID']}", _amount(row)
    if held["POST_STATUS_AP"] != "P" or held["ENTRY_STATUS"] != "P":
        return [Message(7030, 430, f"The related voucher {key} is not posted.", _NUMBER)]
    if paid(held):
        return [Message(7030, 431, f"The related voucher {key} is paid.", _NUMBER)]
    if row["VOUCHER_STYLE"] == REVERSAL and gross != -_amount(held):
        return [Message(7030, 432, f"A reversal of {key} is {-_amount(held)}, not {gross}.", "GROSS_AMT")]
    left = _amount(held) + sum((_amount(one) for one in corrections_of(site, held)), Decimal(0))
    if left + gross < 0:
        return [Message(7030, 433, f"Of the related voucher {key} {left} is left, less than {-gross}.", "GROSS_AMT")]
    return []


def corrections_of(site: Site, held: Row) -> list[Row]:
    """The adjustments and reversals of a voucher, posted or not. Recycled and deleted ones do not count."""
    return [
        one
        for one in site.rows(VOUCHER)
        if (one["BUSINESS_UNIT"], one.get(_NUMBER)) == (held["BUSINESS_UNIT"], held["VOUCHER_ID"]) and one["ENTRY_STATUS"] == "P"
    ]


def paid(row: Row) -> Decimal:
    """How much of a voucher was paid."""
    return Decimal(row.get(_PAID) or 0)


def pay(site: Site, key: str, amount: Decimal) -> Row:
    """A person pays a posted voucher, within what is open. Raises ValueError."""
    held = site.get(VOUCHER, key)
    if held is None or held["POST_STATUS_AP"] != "P":
        raise ValueError(f"no posted voucher {key}")
    left = _amount(held) + sum((_amount(one) for one in corrections_of(site, held)), Decimal(0)) - paid(held)
    if not 0 < amount <= left:
        raise ValueError(f"voucher {key} has {left} open, not {amount}")
    row = held | {_PAID: f"{paid(held) + amount:.3f}"} | ({"CLOSE_STATUS": "C"} if amount == left else {})
    site.commit([Change(VOUCHER, key, row, "pay", "by a person")])
    return row


def _amount(row: Row) -> Decimal:
    return Decimal(row.get("GROSS_AMT") or 0)
