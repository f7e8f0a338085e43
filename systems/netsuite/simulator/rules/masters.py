"""Vendors, customers and projects: names, numbers, subsidiary, addresses.

Source: fields that a vendor and a customer need (fact tables); names of vendors are unique. Assumed: the words; customers get numbers if the account
numbers them; a project belongs to a customer.
"""

from __future__ import annotations

from systems.netsuite.simulator.account import Row
from systems.netsuite.simulator.answers import invalid, user_error
from systems.netsuite.simulator.rules.dimensions import check_account, set_currency
from systems.netsuite.simulator.rules.work import Work, needed, require

_ADDRESS = ("attention", "addressee", "addr1", "addr2", "addr3")
_PREFIXES = {"customer": "CUST", "vendor": "VEND"}


def party(work: Work) -> None:
    """A vendor or customer."""
    row, kind = work.row, work.row["_kind"]
    row.setdefault("isPerson", False)
    row.setdefault("isInactive", False)
    if row["isPerson"]:
        require(row, "firstName", "lastName")
    else:
        require(row, "companyName")
    _subsidiary(work)
    name = f"{row['firstName']} {row['lastName']}" if row["isPerson"] else row["companyName"]
    _number(work, str(name))
    if kind == "customer":
        row.setdefault("taxable", False)
        if row.get("parent") == row["id"]:
            raise invalid("A customer is not its own parent.", "parent")
    for field, types in (("expenseAccount", frozenset[str]()), ("payablesAccount", frozenset({"AcctPay"}))):
        if row.get(field):
            check_account(work, row[field], field, types)
    if row.get("receivablesAccount"):
        check_account(work, row["receivablesAccount"], "receivablesAccount", frozenset({"AcctRec"}))
    _addresses(work)


def _subsidiary(work: Work) -> None:
    row, before = work.row, work.before
    if work.account.settings.oneworld:
        require(row, "subsidiary")
    row.setdefault("subsidiary", "1")
    if before is not None and before["subsidiary"] != row["subsidiary"]:
        raise user_error("The primary subsidiary cannot be changed.", "subsidiary")
    set_currency(work)
    row.pop("exchangeRate", None)


def _number(work: Work, name: str) -> None:
    row, kind, settings = work.row, work.row["_kind"], work.account.settings
    numbered = settings.auto_number_customers if kind == "customer" else settings.auto_number_vendors
    if not row.get("entityId"):
        row["entityId"] = f"{_PREFIXES[kind]}{work.account.number(kind, 5)}" if numbered else name
    held = work.account.found(kind, "entityId", row["entityId"])
    if held is not None and held["id"] != row["id"]:
        text = f"A {kind} record with the name {row['entityId']} already exists. Every {kind} record must have a unique name."
        raise user_error(text, "entityId")


def _addresses(work: Work) -> None:
    row = work.row
    for place, line in enumerate(row.get("addressBook") or []):
        address = line.get("addressBookAddress") or {}
        line.setdefault("addressId", line["id"])
        lines = [str(address[name]) for name in _ADDRESS if address.get(name)]
        town = " ".join(filter(None, (address.get("city"), address.get("state"), address.get("zip"))))
        address["addrText"] = "\n".join([*lines, *([town] if town else [])])
        if not address.get("country") and town:
            raise needed("Country", path=f"addressBook.items[{place}].addressBookAddress.country")
        line["addressBookAddress"] = address
    for flag in ("defaultBilling", "defaultShipping"):
        chosen = [line for line in row.get("addressBook") or [] if line.get(flag)]
        for line in chosen[:-1]:
            line[flag] = False
        if chosen and flag == "defaultBilling":
            row["defaultAddress"] = chosen[-1]["addressBookAddress"].get("addrText", "")


def project(work: Work) -> None:
    """A job: a project of a customer."""
    row: Row = work.row
    row.setdefault("isInactive", False)
    row.setdefault("parent", row.get("customer"))
    require(row, "parent")
    row["customer"] = row["parent"]
    customer = work.account.get("customer", row["parent"]) or {}
    row.setdefault("subsidiary", customer.get("subsidiary", "1"))
    row.setdefault("entityId", row.get("jobName") or f"PRJ{work.account.number('job', 5)}")
    set_currency(work)
    row.pop("exchangeRate", None)
    row["companyName"] = row["entityId"]
