"""What a connection to NetSuite books, and where amounts go that have no row of their own: the section `books` of its settings.

Every value is the internal id of a NetSuite record, as text. Departments and classes are NetSuite's; a class (or location) is what its users call a
cost center. Sources: fields of the records (SYSTEM.md); accounting rules 10 to 16.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

_ID = r"^[0-9]{0,18}$"
PAYABLE, RECEIVABLE = "payable", "receivable"
"""Profiles of a job invoice."""
PAYMENT, DEPOSIT, JOURNAL = "payment", "deposit", "journal"
"""Ways in which a customer's payment is booked."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True, allow_inf_nan=False)


class Defaults(_Section):
    """What stands in where the crosswalk says nothing. Whatever is posted by one of these is counted with its amount (`defaulted`) and never
    held for it."""

    department: str = Field(
        "", pattern=_ID, description="Department where neither business unit nor job type has a row. Example: 8"
    )
    class_: str = Field("", alias="class", pattern=_ID, description="Class (cost center) where neither of them has one; empty = none.")
    location: str = Field("", pattern=_ID, description="Location where neither of them has one; empty = none.")
    subsidiary: str = Field(
        "", pattern=_ID, description="Subsidiary of journals whose business unit names none; also of created customers and vendors."
    )
    clearing_vendor: str = Field(
        "", pattern=_ID, description="Vendor of costs of which neither an order, a sku nor the business unit names one. Example: 1007"
    )


class Accounts(_Section):
    """General ledger accounts of amounts that have no row. A document that needs an empty one is held."""

    cost: str = Field("", pattern=_ID, description="Cost of a line without a row in `line_type`; counted as defaulted. Example: 20")
    receivable: str = Field(
        "", pattern=_ID, description="What a payment credits that is booked as a journal: receivable or clearing. Example: 4"
    )
    receivable_is_named: bool = Field(
        True, description="Whether lines on that account name the customer; NetSuite requires it of receivables, not of clearing."
    )
    labor: str = Field("", pattern=_ID, description="Job labor, debited by payroll where `pay_type` has no row. Example: 21")
    labor_applied: str = Field("", pattern=_ID, description="Labor applied, credited by payroll. Example: 24")


class Items(_Section):
    """Items of sales lines that have no row: an invoice of NetSuite has items, whose income accounts are NetSuite's."""

    sale: str = Field("", pattern=_ID, description="Item of a line without a row in `line_type`; counted as defaulted.")
    discount: str = Field("", pattern=_ID, description="Item of price modifiers without a row.")
    tax: str = Field("", pattern=_ID, description="Item of sales tax where `tax_zone` has no row; it posts to the liability.")
    rounding: str = Field("", pattern=_ID, description="Item of a difference of lines, tax and total, up to the limit.")


class Books(_Section):
    """What is booked, and how."""

    profile: Literal["payable", "receivable"] = Field(
        PAYABLE, description="What a job invoice becomes: orders and bills at cost, or an invoice to the customer."
    )
    profile_from: date | None = Field(
        None, description="First invoice date of `profile`; earlier invoices keep the other one. Write it when you switch."
    )
    amount_basis: Literal["cost", "price"] = Field("cost", description="What a line is worth as a payable (accounting: cost).")
    collection: Literal["payment", "deposit", "journal"] = Field(
        JOURNAL,
        description="What a payment becomes: a customer payment that is applied to its invoices, a customer deposit, or a journal. Under profile "
        "payable there are no invoices to apply it to: deposit or journal.",
    )
    accounts: Accounts = Field(default_factory=Accounts, description="Accounts of amounts without a row.")
    items: Items = Field(default_factory=Items, description="Items of sales lines without a row.")
    defaults: Defaults = Field(default_factory=Defaults, description="What stands in where the crosswalk says nothing.")
    rounding_limit: Decimal = Field(Decimal("0.05"), ge=0, description="Largest difference of one document; above it, held.")
    tax_difference_limit: Decimal = Field(
        Decimal("0.02"), ge=0, description="tax_mode erp: largest difference to the source's total."
    )

    @model_validator(mode="after")
    def _payments_have_invoices(self) -> Books:
        if self.collection == PAYMENT and self.profile == PAYABLE and self.profile_from is None:
            raise ValueError("collection payment needs profile receivable: there are no invoices to apply it to; choose deposit or journal")
        return self

    def profile_on(self, day: date | None) -> str:
        """The profile of an invoice of that day."""
        if day is None or self.profile_from is None or day >= self.profile_from:
            return self.profile
        return RECEIVABLE if self.profile == PAYABLE else PAYABLE
