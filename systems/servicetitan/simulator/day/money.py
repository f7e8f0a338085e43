"""The day's payments: full, partial, for several invoices, taken first and applied later, refunded."""

from __future__ import annotations

import random
from collections import defaultdict
from typing import Any

from systems.servicetitan.simulator.day.sales import Sale
from systems.servicetitan.simulator.day.steps import DayOptions, Morning, Steps
from systems.servicetitan.simulator.seed.catalogue import PAYMENT_TYPES
from systems.servicetitan.simulator.tenant import cents

_PAID, _PARTIAL, _AHEAD = 0.62, 0.15, 0.08
_REFUNDS = 3


class Payments:
    """Plans payments; `taken` are (when, name), to be posted in batches."""

    def __init__(self, steps: Steps, options: DayOptions, morning: Morning) -> None:
        self._steps, self._options, self._morning = steps, options, morning
        self._draw = random.Random(f"day/{options.seed}/payments")
        self.taken: list[tuple[float, str]] = []
        self._paid: set[str] = set()

    def take(self, at_s: float, **members: Any) -> str:
        """Plan a payment; returns the name by which events refer to it."""
        name = f"p{len(self.taken)}"
        at_s = min(at_s, self._options.seconds * 0.985)
        kind = self._draw.choice(PAYMENT_TYPES)
        self._steps.add(at_s, "pay", name=name, type=kind, date=self._morning.day.isoformat(), **members)
        self.taken.append((at_s, name))
        return f"@{name}"

    def plan(self, sales: list[Sale]) -> None:
        """Payments of posted invoices that have an amount, then refunds."""
        several = self._several(sales)
        self._paid |= several
        for sale in sales:
            if sale.posted_s and sale.subtotal > 0 and sale.name not in several and self._draw.random() < _PAID:
                self._one(sale)
        self._refunds(sales)

    def unpaid(self, sales: list[Sale]) -> list[Sale]:
        """The posted invoices with an amount for which no payment is planned."""
        return [sale for sale in sales if sale.posted_s and sale.subtotal > 0 and sale.name not in self._paid]

    def _one(self, sale: Sale) -> None:
        self._paid.add(sale.name)
        chance = self._draw.random()
        after = sale.posted_s + self._draw.uniform(60, 2400)
        if chance < _AHEAD:
            amount = str(cents(sale.subtotal / 2))
            ahead = max(60.0, sale.posted_s - self._draw.uniform(300, 1500))
            name = self.take(ahead, customer=sale.place[1], business_unit=sale.unit, amount=amount, memo="Deposit")
            self._steps.add(min(after, self._options.seconds * 0.988), "apply", payment=name, invoice=sale.invoice)
        elif chance < _AHEAD + _PARTIAL:
            self.take(after, invoices=[{"invoice": sale.invoice, "share": self._draw.choice(("0.25", "0.4", "0.5"))}])
        else:
            self.take(after, invoices=[{"invoice": sale.invoice}])

    def _several(self, sales: list[Sale]) -> set[str]:
        """Sometimes one payment for two invoices of a customer; returns the names of the invoices that are settled."""
        by_customer: dict[object, list[Sale]] = defaultdict(list)
        for sale in sales:
            if sale.posted_s and sale.subtotal > 0:
                by_customer[sale.place[1]].append(sale)
        pairs = [found[:2] for found in by_customer.values() if len(found) > 1]
        settled: set[str] = set()
        for pair in pairs[: self._options.share(0.02, 2)]:
            at_s = max(sale.posted_s for sale in pair) + self._draw.uniform(60, 900)
            self.take(at_s, invoices=[{"invoice": sale.invoice} for sale in pair])
            settled |= {sale.name for sale in pair}
        return settled

    def _refunds(self, sales: list[Sale]) -> None:
        chosen = [sale for sale in sales if sale.subtotal > 0][-_REFUNDS:]
        for number, sale in enumerate(chosen):
            at_s = self._options.seconds * (0.3 + number * 0.2)
            name = self.take(at_s, customer=self._known(sale), business_unit=sale.unit, amount="120.00", memo="Paid twice")
            amount = ("120.00", "45.50")[number % 2]
            self._steps.add(
                at_s + 600, "refund", name=f"r{number}", payment=name, amount=amount, date=self._morning.day.isoformat()
            )
            self.taken.append((at_s + 600, f"r{number}"))

    def _known(self, sale: Sale) -> object:
        """The sale's customer if it existed in the morning, else the first one that did."""
        return sale.place[1] if isinstance(sale.place[1], int) else self._morning.places[0][1]

    def post(self) -> None:
        """Batches through the day; the last few payments stay pending."""
        taken = sorted(self.taken)
        pending = max(1, len(taken) // 50)
        posted, length = taken[: len(taken) - pending], self._options.seconds / 8
        for number in range(1, 9):
            end = self._options.seconds * 0.99 if number == 8 else number * length
            batch = [f"@{name}" for at_s, name in posted if (number - 1) * length <= at_s < (end if number < 8 else 1e12)]
            if batch:
                self._steps.add(end, "post_payments", payments=batch)
