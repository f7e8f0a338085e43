"""What the demo needs to know about PeopleSoft's simulator: sign-in, a crosswalk for its seeded books, what it keeps, its people, planned faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from systems.demo import (
    ACTIVE,
    BALANCES,
    NAME,
    NO,
    TOGETHER,
    YES,
    Act,
    Ask,
    Balances,
    BookedDocument,
    Expected,
    Issued,
    at_cost,
    planned,
    whole,
)
from systems.flow import Flow
from systems.peoplesoft.mapping_memo import CREDIT_MEMO
from systems.peoplesoft.settings import Settings
from systems.peoplesoft.simulator.services import Naming
from systems.peoplesoft.simulator.settings import Settings as Switches
from systems.peoplesoft.simulator.wsdl import wsdl
from systems.peoplesoft.wsdl import pinned

_SETID = "SHARE"
_KINDS = ("Journal", "Voucher", "Vendor")
_UNITS = (
    # business unit of the field service, of the ledger, of payables; department, operating unit, product
    ("Plumbing - Service", "US001", "AP001", "21000", "AUSTIN", "PLMB"),
    ("HVAC - Service", "US002", "AP002", "22000", "RROCK", "HVAC"),
    ("HVAC - Install", "US002", "AP002", "22500", "RROCK", "HVAC"),
    ("Electrical - Service", "US001", "AP001", "23000", "AUSTIN", "ELEC"),
)
_LINES = (
    # kind of line, revenue, cost
    ("Service", "400000", "503000"),
    ("Material", "401000", "501000"),
    ("Equipment", "403000", "502000"),
    ("PriceModifier", "409000", "409000"),
    ("25100", "230000", "501000"),
    ("12500", "125000", "501000"),
    ("42000", "420000", "501000"),
    ("42100", "421000", "501000"),
    ("project", "400000", "503000"),
)
_PAYMENTS = (("Cash", "100200"), ("Check", "100200"), ("Refund", "100200"), ("Credit Card", "100300"), ("ACH", "100400"))
_RECEIVABLE, _SUSPENSE = "120000", "199999"
_OWED = (_RECEIVABLE,)
"""Accounts of what customers owe, less what they prepaid."""
_WINDOW = "cron: 0 */2 * * *"
_LISTENER = "ServiceListeningConnector"
_CREATE = "CI_ML_JOURNAL_CI_C"
_CLEARING = "0000000001"


class PeopleSoftDemo:
    """See `systems.demo.Demo`."""

    @property
    def connection(self) -> str:
        """Id of the demo's connection."""
        return "blue-ridge"

    @property
    def label(self) -> str:
        """The name of its contractor."""
        return "Blue Ridge Mechanical, demo"

    def simulator_settings(self, scale: float, number: int = 0) -> Mapping[str, str]:
        """Vendors that already exist, and a batch that runs every half second."""
        return {"vendors": "40", "batch_seconds": "0.5"}

    def section(self, url: str, ready: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
        """Own settings, quota and secrets for that simulator; its WSDLs are accepted."""
        own = {
            "base_url": url,
            "node": ready["node"],
            "instance_id": "blue-ridge-demo",
            "company_id": ready["company_id"],
            "database_zone": ready["database_zone"],
            "wsdl_hashes": _accepted(int(ready["seed"])),
            "request_s": 3,
            "batch_poll_s": 300,
            "accounts": {"receivable": _RECEIVABLE, "suspense": _SUSPENSE, "rounding": "799900"},
        }
        quota = {"group": "peoplesoft-demo", "calls": 6000, "per_s": 60, "at_once": 36}
        shares = {"poller": 0.2, "sink": 0.65, "check": 0.05, "kept": 0.1}
        names = ("username", "password", "client_id", "client_secret")
        return own, quota | shares, {name: str(ready[name]) for name in names}

    def crosswalk(self) -> Mapping[str, tuple[Mapping[str, str], ...]]:
        """Business units, line types, tax zones, payment types and payment terms on the seeded values."""
        columns = ("business_unit", "gl_business_unit", "ap_business_unit", "department", "operating_unit", "product")
        return {
            "business_unit": tuple(dict(zip(columns, unit, strict=True)) | {"clearing_vendor": _CLEARING} for unit in _UNITS),
            "line_type": tuple({"line_type": kind, "account": account, "cost_account": cost} for kind, account, cost in _LINES),
            "tax_zone": (
                {"tax_zone": "401", "account": "220000"},
                {"tax_zone": "402", "part": "county", "account": "220100", "share": "0.0200"},
                {"tax_zone": "402", "part": "state", "account": "220000", "share": "0.0625"},
            ),
            "payment_type": tuple({"payment_type": name, "account": account} for name, account in _PAYMENTS),
        }

    def paths(self) -> tuple[str, ...]:
        """The path of every kind of object that is asked for."""
        return (BALANCES, *(f"documents?kind={kind}" for kind in _KINDS))

    def issued(self, entity: str, ask: Ask) -> list[Issued]:
        """Vendors of the SETID that is read, whatever their class and status."""
        rows = ask("documents?kind=Vendor")["documents"] if entity == "vendor" else ()
        return [_issued(row) for row in rows if row["SETID"] == _SETID]

    def read(self, flow: str, ask: Ask) -> set[str]:
        """Nothing: no flow only reads from PeopleSoft."""
        return set()

    def expected(self, flow: Flow, one: Issued, settings: BaseModel) -> Sequence[Expected]:
        """An invoice is a journal. Under profile `voucher` it is a payable at cost to the clearing vendor, which every business unit names."""
        if flow.entity == "invoice" and isinstance(settings, Settings) and settings.profile == "voucher":
            return at_cost("payable", one, lambda _: _CLEARING)
        return whole(flow.purpose, one)

    def booked(self, ask: Ask) -> list[BookedDocument]:
        """Journals and vouchers with their ref, done when PeopleSoft has posted them; vendors by their id. The two documents of a correction count as
        one, with the amount by which they change the books."""
        found = together("journal", ask("documents?kind=Journal")["documents"])
        found += together("ap_bill", ask("documents?kind=Voucher")["documents"])
        vendors = ask("documents?kind=Vendor")["documents"]
        return found + [BookedDocument("vendor", row["id"], "", Decimal("0.00"), "", True) for row in vendors]

    def balances(self, ask: Ask) -> Balances:
        """Journals name no customer, so all customers together owe the balance of the receivable account over every ledger unit. Vouchers count by
        vendor."""
        told = ask(BALANCES)
        owed = [Decimal(row["balance"]) for row in told["accounts"] if row["account"] in _OWED]
        return Balances({TOGETHER: sum(owed, Decimal(0))}, {row["id"]: Decimal(row["balance"]) for row in told["vendors"]})

    def flow_settings(self) -> Mapping[str, Mapping[str, Any]]:
        """Payments wait for a window every other hour."""
        return {"P2": {"window": _WINDOW}}

    def acts(self, ask: Ask, links: Mapping[str, Mapping[str, str]]) -> Sequence[Act]:
        """Three vendors are created; one that both sides know is renamed; another gets a phone number, which PeopleSoft does not own."""
        new = [
            Act(f"vendor {name} is created", "vendors", {"NAME1": name, "VENDOR_NAME_SHORT": short, **_ADDRESS})
            for name, short in (
                ("Cedar Fork Supply", "CEDAR-901"),
                ("Mesquite Pipe", "MESQ-902"),
                ("Alamo Sheet Metal", "ALAMO-903"),
            )
        ]
        names = {_id(row): str(row["NAME1"]) for row in ask("documents?kind=Vendor")["documents"]}
        known = sorted(key for key in links.get("vendor", {}) if key in names)
        if len(known) < 2:
            return new
        renamed, called = known[0], known[1]
        new_name = f"{names[renamed][:30]} and Sons"
        return [
            *new,
            Act(f"vendor {renamed} is renamed to {new_name}", "vendors", {**_key(renamed), "NAME1": new_name}),
            Act(f"vendor {called} gets another phone", "vendors", {**_key(called), "PHONE": "5125550199"}),
        ]

    def faults(self) -> Sequence[Act]:
        """An outage; SOAP answers that are lost, truncated, late, or not from the interface; operations that are switched off for a while."""
        soap = {"method": "POST", "path": _LISTENER}
        return (
            planned("an outage of the ERP (100 requests answered 503)", {"kind": "refuse", "status": 503, "count": 100}),
            planned(
                "lost, halved, late and lying answers to SOAP calls",
                {"kind": "lost_answer", "count": 4, "skip": 2, **soap},
                {"kind": "half_answer", "count": 3, "bytes": 200, "skip": 8, **soap},
                {"kind": "html_after", "count": 2, "skip": 12, **soap},
                {"kind": "late_commit", "count": 2, "seconds": 2, "skip": 15, **soap},
                {"kind": "empty_after", "count": 2, "skip": 18, **soap},
            ),
            Act(f"an administrator switches {_CREATE} off", "operations", {"name": _CREATE, "active": False}),
            Act(f"{_CREATE} is active again", "operations", {"name": _CREATE, "active": True}),
        )


_ADDRESS = {"ADDRESS1": "400 Commerce Street", "CITY": "Austin", "STATE": "TX", "POSTAL": "78702", "COUNTRY": "USA"}


def _accepted(seed: int) -> dict[str, str]:
    """Hashes of the WSDLs of a site of that seed, as an administrator accepts them."""
    switches = Switches()
    site = Naming(seed, switches)
    interfaces = (switches.journal_interface, switches.voucher_interface)
    return {name: pinned(name, wsdl(site, name, "http://127.0.0.1").encode()).digest for name in interfaces}


def _id(row: Mapping[str, Any]) -> str:
    return f"{row['SETID']}/{row['VENDOR_ID']}"


def _key(source_id: str) -> dict[str, str]:
    setid, _, number = source_id.partition("/")
    return {"SETID": setid, "VENDOR_ID": number}


def _issued(row: Mapping[str, Any]) -> Issued:
    facts = {NAME: str(row["NAME1"]), ACTIVE: YES if row["VENDOR_STATUS"] == "A" else NO}
    return Issued(_id(row), str(row["VENDOR_ID"]), Decimal("0.00"), facts=facts)


def together(kind: str, rows: Sequence[Mapping[str, Any]]) -> list[BookedDocument]:
    """The documents. The two of a correction, which carry one ref, count as one. Any other two with one ref stay two."""
    by_ref: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_ref.setdefault(row["ref"] or f"without ref {row['id']}", []).append(row)
    made: list[BookedDocument] = []
    for ours in by_ref.values():
        found = [_document(kind, row) for row in sorted(ours, key=_is_reversal)]
        if [_is_reversal(row) for row in sorted(ours, key=_is_reversal)] != [False, True]:
            made += found
            continue
        new, back = found
        made.append(replace(new, amount=new.amount + back.amount, done=new.done and back.done))
    return made


def _is_reversal(row: Mapping[str, Any]) -> bool:
    return " reverses " in row["description"]


def _document(kind: str, row: Mapping[str, Any]) -> BookedDocument:
    """A journal settles nothing, because it credits the receivable account as a whole. A reversing journal moves the same amount in the other
    direction."""
    amount = _of_journal(row) if kind == "journal" else Decimal(str(row["amount"]))
    return BookedDocument(kind, row["id"], row["ref"], amount, row["date"], row["posted"], None)


def _of_journal(row: Mapping[str, Any]) -> Decimal:
    """The amount of a journal: for a credit memo what it takes off the receivable account, for an application what its first line books."""
    lines, sign = row["lines"], -1 if _is_reversal(row) else 1
    if " Applied to " in row["description"]:
        return Decimal(str(lines[0]["amount"]))
    if f" {CREDIT_MEMO}:" in row["description"]:
        return -_moved(lines)
    return sign * _moved([{**line, "amount": sign * Decimal(str(line["amount"]))} for line in lines])


def _moved(lines: Sequence[Mapping[str, Any]]) -> Decimal:
    """The amount of a journal: the cash that it books (with two lines, a debit on suspense counts as cash), else the receivable; negative for a
    refund or credit. The sum of debits would include discounts."""
    cash = [line for line in lines if line["ACCOUNT"] in {account for _, account in _PAYMENTS}]
    if not cash and len(lines) == 2:
        cash = [line for line in lines if line["ACCOUNT"] == _SUSPENSE and Decimal(str(line["amount"])) > 0]
    moved = cash or [line for line in lines if line["ACCOUNT"] == _RECEIVABLE]
    return sum((Decimal(str(line["amount"])) for line in moved), Decimal("0.00"))


DEMO = PeopleSoftDemo()
