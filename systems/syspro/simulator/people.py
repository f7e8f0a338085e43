"""What people do at the screens of the company: anything that a business object takes, payments, and a day of their work.

A screen keeps the rules of its business object; people read warnings and accept them. A payment is simulated as one row of ApInvoicePay (code P).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from runtime.simulator.people import companies
from runtime.simulator.records import Row
from systems.syspro.simulator.company import Company, cents, change, money, new_row
from systems.syspro.simulator.objects import POSTED, SET_UP
from systems.syspro.simulator.objects.orders import COMPLETE
from systems.syspro.simulator.periods import current
from systems.syspro.simulator.posting import Work
from systems.syspro.simulator.reading import Part
from systems.syspro.simulator.seed.books import BRANCHES, STOCK, WAREHOUSES
from systems.syspro.spec import Element, shapes

Body = dict[str, Any]
_ELSEWHERE = 49979687  # companies that no system knows until the day on which they are entered
_LATEST = 6
_BY_SCREEN = {"ValidateOnly": "N", "IgnoreWarnings": "Y"}


def enter(company: Company, body: Body) -> Body:
    """`{"object": "APSTIN", "item": {...}, "parameters": {...}, "action": "add"}`: what a person types; raises ValueError with the words."""
    name = str(body["object"])
    known = {**POSTED, **SET_UP}.get(name)
    if known is None:
        raise ValueError(f"no object {name}; known: {', '.join([*POSTED, *SET_UP])}")
    root = next(one for one in shapes()[name, "document"].children if one.name == known.item)
    told = next(one for one in shapes()[name, "parameters"].children if one.name == "Parameters")
    parameters = _typed(told, {**_BY_SCREEN, **body.get("parameters", {})})
    work = Work(company, parameters, str(body.get("action", "add")))
    outcome = known.take(work, _typed(root, body["item"]))
    if outcome.errors:
        raise ValueError("; ".join(error.text for error in outcome.errors))
    company.commit(work.changes.values())
    return {"key": {key: value for key, value in outcome.key if isinstance(value, str)}, "warnings": outcome.warnings}


def _typed(shape: Element, told: Body) -> Part:
    """An element from names and values as a person typed them."""
    known = {one.name: one for one in shape.children}
    unknown = told.keys() - known.keys()
    if unknown:
        raise ValueError(f"{shape.name} has no {', '.join(sorted(unknown))}")
    made = Part({one.name: one.default for one in shape.children if not one.children}, sent=set(told))
    for name, value in told.items():
        one = known[name]
        if one.children:
            made.parts[name] = [_typed(one, each) for each in (value if isinstance(value, list) else [value])]
        else:
            made.texts[name] = str(value)
    return made


def pay(company: Company, body: Body) -> Body:
    """`{"supplier", "invoice", "amount"}`: a payment of an invoice; without an amount, of everything that remains of it."""
    held = company.row("ApInvoice", str(body["supplier"]), str(body["invoice"]))
    if held is None:
        raise ValueError(f"no invoice {body['invoice']} of supplier {body['supplier']}")
    value = Decimal(str(body.get("amount") or held["MthInvBal1"]))
    if not 0 < value <= money(held["MthInvBal1"]):
        raise ValueError(f"{value} is not between nothing and the {held['MthInvBal1']} that is left")
    month, today, number = current(company), company.today().isoformat(), held["NextPaymEntry"]
    paid = new_row(
        "ApInvoicePay",
        Supplier=held["Supplier"],
        Invoice=held["Invoice"],
        EntryNumber=number,
        TrnType="P",
        JournalDate=today,
        Journal=company.number("journal.pay", first=9001),
        PaymentReference=f"CHECK {company.number('check', 6, 100001)}",
        TrnValue=cents(-value),
        PostValue=cents(-value),
        PostCurrency=held["Currency"],
        TrnYear=str(month.year),
        TrnMonth=str(month.month),
    )
    paid |= {"_lines": [{"account": "1000-00", "amount": cents(-value)}]}
    left = cents(money(held["MthInvBal1"]) - value)
    row = held | {"MthInvBal1": left, "NextPaymEntry": str(int(number) + 1)}
    supplier = company.row("ApSupplier", held["Supplier"]) or new_row("ApSupplier")
    owed = supplier | {"CurrentBalance": cents(money(supplier["CurrentBalance"]) - value)}
    company.commit([change("ApInvoicePay", paid, "create", "paid"), change("ApInvoice", row, ""), change("ApSupplier", owed, "")])
    return {"supplier": held["Supplier"], "invoice": held["Invoice"], "paid": cents(value), "left": left}


def plant_orders(company: Company, count: int) -> dict[str, int]:
    """Enter open orders as people do, until there are that many; there has to be a supplier."""
    held = len(company.rows("PorMasterHdr"))
    draw = random.Random(f"syspro/orders/{company.seed}/{held}")
    for _ in range(max(count - held, 0)):
        _order(company, draw)
    return {"orders": len(company.rows("PorMasterHdr"))}


def play_day(company: Company, asked: Body) -> Body:
    """`{"orders": 2}`: how many of each of `orders`, `order_changes`, `suppliers`, `supplier_changes`, `adjustments`, `invoices` and `payments`;
    returns what was done, in order."""
    draw = random.Random(f"syspro/day/{company.seed}/{company.number('day')}")
    doing: dict[str, Callable[[Company, random.Random], Body]] = {
        "suppliers": _supplier,
        "supplier_changes": _supplier_change,
        "orders": _order,
        "order_changes": _order_change,
        "adjustments": _adjustment,
        "invoices": _invoice,
        "payments": _payment,
    }
    unknown = asked.keys() - doing.keys()
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(doing)}")
    steps = [(name, act) for name, act in doing.items() for _ in range(int(asked.get(name, 0)))]
    return {"events": [{"event": name} | act(company, draw) for name, act in steps]}


def _one_of(rows: list[Row], draw: random.Random, what: str) -> Row:
    if not rows:
        raise ValueError(f"there is no {what}")
    return draw.choice(rows)


def _buyable(company: Company) -> list[Row]:
    """Suppliers that accept orders and invoices without further conditions."""
    wanted = {"OnHold": "N", "PurchOrdAllowed": "Y", "Currency": "USD", "GrnMatchReqd": "N"}
    return [row for row in company.rows("ApSupplier") if wanted.items() <= row.items()]


def _supplier(company: Company, draw: random.Random) -> Body:
    number = int(company.number("supplier"))
    party = companies(company.seed + _ELSEWHERE, number)[-1]
    code = f"{900_000 + number * 10:0{company.settings.supplier_length}d}"
    item = {"Key": {"Supplier": code}, "SupplierName": party.name, "Telephone": party.phone, "Branch": draw.choice(BRANCHES)[0]}
    item |= {"TermsCode": "30", "Bank": "1", "SupAddr1": party.street, "SupAddr3": party.city, "SupAddr4": party.state}
    item |= {"SupPostalCode": party.zip, "TaxRegnNum": party.tax_id, "GrnMatchReqd": "N"}
    return enter(company, {"object": "APSSSP", "action": "add", "item": item}) | {"name": party.name}


def _supplier_change(company: Company, draw: random.Random) -> Body:
    row = _one_of(_buyable(company), draw, "supplier")
    phone = f"(512) 555-{draw.randint(100, 199):04d}"
    item = {"Key": {"Supplier": row["Supplier"]}, "Telephone": phone, "SupplierName": row["SupplierName"]}
    return enter(company, {"object": "APSSSP", "action": "update", "item": item}) | {"telephone": phone}


def _order(company: Company, draw: random.Random) -> Body:
    supplier = _one_of(_buyable(company), draw, "supplier that takes orders")["Supplier"]
    lines = [
        {"LineActionType": "A", "StockCode": code, "OrderQty": str(draw.randint(1, 24)), "Price": cost}
        for code, cost in draw.sample(STOCK, draw.randint(1, 4))
    ]
    header = {"OrderActionType": "A", "Supplier": supplier, "Warehouse": draw.choice(WAREHOUSES[:2])[0]}
    return enter(company, {"object": "PORTOI", "item": {"OrderHeader": header, "OrderDetails": {"StockLine": lines}}})


def _order_change(company: Company, draw: random.Random) -> Body:
    """Increase a line of one of the latest open orders that buyers entered here. Such an order has no customer's order number.

    Which of the earlier ones are still open depends on when they are received, so that a day of the same seed would not be the same day.
    """
    own = [row for row in company.rows("PorMasterHdr") if not row["CustomerPoNumber"]]
    held = [row for row in own if row["OrderStatus"] not in ("*", COMPLETE)]
    order = _one_of(held[-_LATEST:], draw, "open order")["PurchaseOrder"]
    rows = [row for row in company.rows_with("PorMasterDetail", "PurchaseOrder", order) if row["OrderLineStatus"] != "*"]
    line = _one_of([row for row in rows if row["LineType"] == "1"], draw, "line")
    more = str(money(line["MOrderQty"]).quantize(Decimal("1")) + draw.randint(1, 5))
    changed = {"PurchaseOrderLine": line["Line"], "LineActionType": "C", "OrderQty": more}
    item = {"OrderHeader": {"OrderActionType": "C", "PurchaseOrder": order}, "OrderDetails": {"StockLine": [changed]}}
    return enter(company, {"object": "PORTOI", "item": item}) | {"line": line["Line"], "quantity": more}


def _adjustment(company: Company, draw: random.Random) -> Body:
    code, _ = draw.choice(STOCK)
    item = {"Warehouse": draw.choice(WAREHOUSES)[0], "StockCode": code, "Quantity": str(draw.choice((-2, -1, 1, 3)))}
    return enter(company, {"object": "INVTMA", "item": item | {"Reference": "Shelf count"}}) | {"quantity": item["Quantity"]}


def _invoice(company: Company, draw: random.Random) -> Body:
    supplier = _one_of(_buyable(company), draw, "supplier")["Supplier"]
    value = cents(Decimal(draw.randint(2_000, 90_000)) / 100)
    item = {"Supplier": supplier, "TransactionCode": "I", "Invoice": f"{draw.randint(100_000, 999_999)}", "TransactionValue": value}
    item |= {"LedgerDistribution": [{"LedgerCode": "5000-00", "LedgerValue": value}]}
    return enter(company, {"object": "APSTIN", "item": item}) | {"amount": value}


def _payment(company: Company, draw: random.Random) -> Body:
    row = _one_of([row for row in company.rows("ApInvoice") if money(row["MthInvBal1"]) > 0], draw, "open invoice")
    return pay(company, {"supplier": row["Supplier"], "invoice": row["Invoice"]})
