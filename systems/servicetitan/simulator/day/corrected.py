"""The documents that corrections need: sold, billed and paid early in the day, so that they are in the books when they are corrected."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from systems.servicetitan.simulator.day.steps import DayOptions, Morning, Steps

_MADE, _CORRECTED = 0.3, 0.995
_ITEMS = ({"sku": "SVC-TUNE"}, {"sku": "MAT-THERM"})


class Corrected:
    """One group of corrections, the `number`-th of its kind: one customer, one vendor, one unit, and separate names."""

    def __init__(self, steps: Steps, options: DayOptions, morning: Morning, number: int, group: int) -> None:
        self._steps, self._options, self.morning, self.number = steps, options, morning, number
        place = morning.places[(number * 3 + group) % max(1, len(morning.places) // 2)]
        self.location, self.customer = place
        self.unit = morning.units[(number + group) % len(morning.units)][0]
        self.vendor = morning.vendors[(number + group) % len(morning.vendors)] if morning.vendors else 0
        self._prefix = f"x{number}-{group}-"
        self._at_s = options.seconds * _MADE

    @property
    def day(self) -> str:
        """The day itself."""
        return self.morning.day.isoformat()

    @property
    def yesterday(self) -> str:
        """The day before."""
        return (self.morning.day - timedelta(days=1)).isoformat()

    def name(self, word: str) -> str:
        """The name of an event of this group."""
        return f"{self._prefix}{word}"

    def ref(self, word: str) -> str:
        """The reference of later events to it: to the first id that it made."""
        return f"@{self.name(word)}"

    def add(self, do: str, kind: str = "", **members: Any) -> None:
        """Plan an event that prepares documents, a minute after the previous one."""
        self._at_s += 60
        self._steps.add(self._at_s, do, kind, **members)

    def correct(self, do: str, kind: str = "", **members: Any) -> None:
        """Plan an event that corrects."""
        self._steps.correct(self._options.seconds * _CORRECTED, do, kind, **members)

    def sold(self, word: str, date: str = "") -> str:
        """A posted invoice of a job; returns the reference to it."""
        job = f"job-{word}"
        self.add("book_job", name=self.name(job), location=self.location, business_unit=self.unit, date=date or self.day)
        invoice = f"{self.ref(job)}.invoice"
        self.add("add_items", invoice=invoice, items=[dict(item) for item in _ITEMS])
        self.add("complete_job", job=f"{self.ref(job)}.job")
        self.add("post", invoices=[invoice])
        return invoice

    def paid(self, word: str, invoice: str, kind: str = "Check") -> str:
        """A posted payment of all of an invoice."""
        return self._taken(word, kind, invoices=[{"invoice": invoice}])

    def on_account(self, word: str, amount: str) -> str:
        """A posted payment that settles nothing yet."""
        return self._taken(word, "ACH", customer=self.customer, business_unit=self.unit, amount=amount)

    def _taken(self, word: str, kind: str, **members: Any) -> str:
        payment = f"pay-{word}"
        self.add("pay", name=self.name(payment), type=kind, date=self.day, **members)
        self.add("post_payments", payments=[self.ref(payment)])
        return self.ref(payment)

    def billed(self, word: str) -> str:
        """A posted bill of expenses."""
        bill = f"bill-{word}"
        expenses = [{"amount": "120.00", "description": "Fuel"}, {"amount": "34.65", "description": "Uniforms"}]
        self.add("enter_bill", name=self.name(bill), vendor=self.vendor, business_unit=self.unit, expenses=expenses, date=self.day)
        self.add("post_bills", bills=[f"{self.ref(bill)}.bill"])
        return f"{self.ref(bill)}.bill"

    def adjusted(self, kind: str, invoice: str, price: str) -> None:
        """An adjustment of an invoice, posted."""
        items = [{"sku": "SVC-HOUR", "price": price, "taxable": False}]
        self.correct("adjust", kind, name=self.name(kind), invoice=invoice, items=items, date=self.day)
        self.correct("post", invoices=[self.ref(kind)])
